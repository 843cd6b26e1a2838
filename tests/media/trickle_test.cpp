#include "media/trickle.hpp"

#include <gtest/gtest.h>

namespace assent::media {
namespace {

const Endpoint there = *parse_endpoint("192.0.2.1", 5000);

// RFC 8840 §9, as in its examples.
TEST(SdpFragment, SaysWhichSectionAndGenerationEachCandidateIsOf) {
  const auto fragment = parse_sdp_fragment(
      "a=ice-pwd:asd88fgpdd777uzjYhagZg\r\na=ice-ufrag:8hhY\r\n"
      "m=audio 9 RTP/AVP 0\r\na=mid:1\r\na=candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ host\r\n"
      "a=candidate:2 1 UDP 1 hidden.local 5000 typ host\r\n"
      "m=video 9 RTP/AVP 0\r\na=mid:2\r\na=ice-ufrag:other\r\n"
      "a=candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ host\r\na=end-of-candidates\r\n");
  ASSERT_TRUE(fragment) << to_string(fragment.error());
  ASSERT_EQ(fragment->candidates.size(), 3U);
  EXPECT_EQ(fragment->candidates[0].mid, "1");
  EXPECT_EQ(fragment->candidates[0].ufrag, "8hhY");
  EXPECT_EQ(fragment->candidates[0].candidate, (IceCandidate{there, 2'130'706'431}));
  EXPECT_FALSE(fragment->candidates[1].candidate);
  EXPECT_EQ(fragment->candidates[2].mid, "2");
  EXPECT_EQ(fragment->candidates[2].section, 1U);
  EXPECT_EQ(fragment->candidates[2].ufrag, "other");
  EXPECT_TRUE(fragment->is_end);
}

TEST(SdpFragment, IsBoundedAndHoldsNothingElse) {
  EXPECT_FALSE(parse_sdp_fragment("v=0\r\n"));
  EXPECT_FALSE(parse_sdp_fragment("nonsense"));
  std::string many = "m=audio 9 RTP/AVP 0\r\n";
  for (int i = 0; i < 64; ++i)
    many += "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n";
  EXPECT_TRUE(parse_sdp_fragment(many));
  EXPECT_FALSE(parse_sdp_fragment(many + "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n"));
  EXPECT_FALSE(parse_sdp_fragment("a=" + std::string(5000, 'x')));
  EXPECT_TRUE(parse_sdp_fragment(""));
}

TEST(BrowserCandidate, IsReadAsBrowsersGiveIt) {
  const std::string_view text =
      "candidate:842163049 1 udp 2130706431 192.0.2.1 5000 typ host generation 0 ufrag abcd "
      "network-cost 999";
  EXPECT_EQ(parse_browser_candidate(text), (IceCandidate{there, 2'130'706'431}));
  EXPECT_EQ(ufrag_of_browser_candidate(text), "abcd");
  EXPECT_FALSE(parse_browser_candidate(""));
  EXPECT_EQ(ufrag_of_browser_candidate("candidate:1 1 udp"), "");
}

}  // namespace
}  // namespace assent::media
