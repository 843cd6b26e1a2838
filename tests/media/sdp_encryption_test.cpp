#include "media/sdp_encryption.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace assent::media {
namespace {

bool encrypted(std::string_view of_session, std::string_view media) {
  const auto sdp = parse_sdp(
      "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
      "t=0 0\r\n" +
      std::string(of_session) + std::string(media));
  EXPECT_TRUE(sdp);
  return sdp && is_end_to_end_encrypted(*sdp);
}

// draft-ietf-avtcore-rtp-sframe, "SFrame SDP negotiation"
TEST(Failure21, EncryptionFromEndToEndIsSeenWhereItIsDescribed) {
  const std::string audio = "m=audio 7000 RTP/AVP 0\r\n";
  EXPECT_FALSE(encrypted("", audio));
  EXPECT_TRUE(encrypted("", audio + "a=sframe\r\n"));
  EXPECT_TRUE(encrypted("", audio + "m=video 7002 RTP/AVP 96\r\na=sframe\r\n")) << "of any";
  EXPECT_TRUE(encrypted("a=sframe\r\n", audio));
  EXPECT_FALSE(encrypted("", audio + "a=sframes\r\n"));
}

TEST(Failure21, AnMSectionThatIsRefusedSaysNothingOfIt) {
  EXPECT_FALSE(encrypted("", "m=audio 0 RTP/AVP 0\r\na=sframe\r\n"));
}

}  // namespace
}  // namespace assent::media
