// Where RTCP goes: a=rtcp (RFC 3605) and a=rtcp-mux (RFC 5761), with each side apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "media/negotiation.hpp"
#include "tests/media/conversation.hpp"

namespace assent::media {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string plain_audio = "m=audio 5004 RTP/AVP 0\r\n";

std::string from_client(std::string_view sections) {
  return description(client_address, sections);
}
std::string from_server(std::string_view sections) {
  return description(server_address, sections);
}

TEST(NegotiationRtcp, RtcpOnAnotherThanTheNextPortIsSaid) {
  Conversation call;
  ASSERT_TRUE(call.negotiation.receive_offer(Side::client, from_client(plain_audio)));
  const LocalTransport local{endpoint("198.51.100.2", 4000), endpoint("198.51.100.3", 4007)};
  const auto told = call.negotiation.write_offer(std::nullopt, std::span{&local, 1}, call.entropy);
  ASSERT_TRUE(told);
  EXPECT_THAT(attributes(*told), ElementsAre("rtcp:4007 IN IP4 198.51.100.3"));
}

TEST(NegotiationRtcp, APeersRtcpLineIsReplacedInItsPlace) {
  Conversation call;
  const auto told = call.offer(
      Side::client, from_client(plain_audio + "a=x\r\na=rtcp:1 IN IP4 192.0.2.10\r\na=y\r\n"));
  ASSERT_TRUE(told);
  EXPECT_THAT(attributes(*told), ElementsAre("x", "rtcp:40001", "y"));
}

struct Mux {
  bool offered;
  bool answered;
};

class RtcpMux : public ::testing::TestWithParam<Mux> {};

TEST_P(RtcpMux, IsAgreedWithEachSideApart) {
  const auto [offered, answered] = GetParam();
  const std::string mux = "a=rtcp-mux\r\n";
  Conversation call;
  const auto told = call.exchange(Side::client, from_client(plain_audio + (offered ? mux : "")),
                                  from_server(plain_audio + (answered ? mux : "")));
  EXPECT_EQ(call.leg(Side::client).rtcp_mux, offered);
  EXPECT_EQ(call.leg(Side::server).rtcp_mux, offered && answered);
  EXPECT_EQ(call.leg(Side::client).remote_rtcp.port, offered ? 5004 : 5005);
  EXPECT_EQ(call.leg(Side::server).remote_rtcp.port, offered && answered ? 5004 : 5005);
  EXPECT_EQ(told.answerer.find("rtcp-mux") != std::string::npos, offered);
  EXPECT_EQ(told.offerer.find("rtcp-mux") != std::string::npos, offered);
}

INSTANTIATE_TEST_SUITE_P(All, RtcpMux,
                         ::testing::Values(Mux{false, false}, Mux{false, true}, Mux{true, false},
                                           Mux{true, true}),
                         [](const auto& row) {
                           return std::string(row.param.offered ? "Offered" : "NotOffered") +
                                  (row.param.answered ? "Answered" : "NotAnswered");
                         });

TEST(NegotiationRtcp, AMultiplexedAnswerNamesNoOtherRtcpPort) {
  Conversation call;
  const auto lines = plain_audio + "a=rtcp:5005\r\na=rtcp-mux\r\n";
  const auto told = call.exchange(Side::client, from_client(lines), from_server(lines));
  EXPECT_THAT(attributes(told.answerer), ElementsAre("rtcp:40001", "rtcp-mux"));
  EXPECT_THAT(attributes(told.offerer), ElementsAre("rtcp-mux"));
}

TEST(NegotiationRtcp, AGatewayWithOnePortOffersItForRtcpAndNeedsItTaken) {
  Conversation call;
  call.only_multiplexed = true;
  const auto told = call.offer(Side::client, from_client(plain_audio + "a=rtcp-mux\r\n"));
  ASSERT_TRUE(told);
  EXPECT_THAT(attributes(*told), ElementsAre("rtcp-mux", "rtcp:40000"));
  const auto refused = call.answer(from_server(plain_audio));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().remedy, HasSubstr("a=rtcp-mux"));
  EXPECT_TRUE(call.answer(from_server(plain_audio + "a=rtcp-mux\r\n")));
}

TEST(NegotiationRtcp, NoRtcpPortFollowsTheLastPort) {
  Conversation call;
  call.exchange(Side::client, from_client("m=audio 65535 RTP/AVP 0\r\n"), from_server(plain_audio));
  EXPECT_TRUE(call.leg(Side::client).remote_rtp.is_set());
  EXPECT_FALSE(call.leg(Side::client).remote_rtcp.is_set());
}

}  // namespace
}  // namespace assent::media
