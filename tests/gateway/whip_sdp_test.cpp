// Descriptions of WHIP and WHEP.
#include "gateway/whip_sdp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/whip_listener.hpp"

namespace assent::gateway::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(WhipOffer, GoesTheWayOfItsEndpoint) {
  for (const auto* way : {"sendonly", "sendrecv"})
    EXPECT_TRUE(check_whip_offer(webrtc_sdp(way), WhipEndpoint::whip)) << way;
  for (const auto* way : {"recvonly", "inactive"})
    EXPECT_FALSE(check_whip_offer(webrtc_sdp(way), WhipEndpoint::whip)) << way;
  for (const auto* way : {"recvonly", "sendrecv"})
    EXPECT_TRUE(check_whip_offer(webrtc_sdp(way), WhipEndpoint::whep)) << way;
  for (const auto* way : {"sendonly", "inactive"})
    EXPECT_FALSE(check_whip_offer(webrtc_sdp(way), WhipEndpoint::whep)) << way;
}

// It would have media sent to whatever address it names.
TEST(WhipOffer, OfPlainRtpIsNone) {
  EXPECT_FALSE(check_whip_offer(sdp(40'404), WhipEndpoint::whep));
}

TEST(WhipOffer, OfNothingIsNone) {
  EXPECT_FALSE(
      check_whip_offer("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", WhipEndpoint::whip));
  EXPECT_FALSE(check_whip_offer("hello", WhipEndpoint::whip));
}

TEST(WhipIce, IsExchangedInADescriptionWithTheRestOfIt) {
  const auto before =
      webrtc_sdp("sendonly", "old", "a=candidate:1 1 udp 1 192.0.2.1 1000 typ host");
  const auto after = with_ice(before, {"new", "newpassword0123456789abc"},
                              {"a=candidate:2 1 udp 1 192.0.2.2 2000 typ host"});
  EXPECT_EQ(ice_words_of(after), (IceWords{"new", "newpassword0123456789abc"}));
  EXPECT_THAT(after, HasSubstr("192.0.2.2"));
  EXPECT_THAT(after, Not(HasSubstr("192.0.2.1 ")));
  EXPECT_THAT(after, HasSubstr("a=sendonly"));
  const auto again = with_ice(before, {"new", "newpassword0123456789abc"}, {});
  EXPECT_THAT(again, HasSubstr("192.0.2.1 ")) << "candidates that nobody replaced";
}

TEST(WhipIce, OfTheFirstSectionIsAFragment) {
  const auto text = ice_fragment_of(
      webrtc_sdp("sendonly", "mine", "a=candidate:1 1 udp 1 192.0.2.1 1000 typ host") +
      "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n");
  EXPECT_EQ(ice_words_of(text)->ufrag, "mine");
  EXPECT_THAT(text, HasSubstr("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"));
  EXPECT_THAT(text, HasSubstr("a=mid:0\r\n"));
  EXPECT_THAT(text, HasSubstr("192.0.2.1"));
  EXPECT_THAT(text, Not(HasSubstr("a=mid:1")));
  EXPECT_THAT(text, Not(HasSubstr("fingerprint")));
}

TEST(WhipIce, OfAFragmentIsBothWordsOrNothing) {
  EXPECT_FALSE(ice_words_of("a=ice-ufrag:abcd\r\n"));
  EXPECT_FALSE(ice_words_of("a=ice-pwd:abcd\r\n"));
  EXPECT_EQ(ice_words_of("a=ice-ufrag:abcd\na=ice-pwd:efgh\n"), (IceWords{"abcd", "efgh"}));
}

}  // namespace
}  // namespace assent::gateway::test
