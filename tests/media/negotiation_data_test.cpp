#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/media/conversation.hpp"

namespace assent::media {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

const std::string digest =
    "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:"
    "CC:DD:EE:FF";

std::string transport(std::string_view ufrag, std::string_view setup) {
  return "a=ice-ufrag:" + std::string(ufrag) +
         "\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:" + digest +
         "\r\na=setup:" + std::string(setup) + "\r\n";
}

std::string audio(std::string_view setup = "actpass") {
  return "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\n"
         "a=rtpmap:111 opus/48000/2\r\n" +
         transport("audio", setup);
}

// RFC 8841 §12.1
std::string data(std::string_view setup = "actpass", std::string_view protocol = "UDP/DTLS/SCTP",
                 std::string_view port = "9") {
  return "m=application " + std::string(port) + ' ' + std::string(protocol) +
         " webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sctp-port:5000\r\n"
         "a=max-message-size:262144\r\n" +
         transport("data", setup);
}

std::string session(std::string_view sections, std::string_view bundle = "0 1") {
  return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" +
         (bundle.empty() ? std::string{} : "a=group:BUNDLE " + std::string(bundle) + "\r\n") +
         std::string(sections);
}

const std::string both = session(audio() + data());
const std::string both_answered = session(audio("active") + data("active"));
const std::string removed = "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n";

class DataNegotiation : public testing::Test {
 protected:
  static std::vector<LocalTransport> transports(std::string_view host, std::size_t sections) {
    std::vector<LocalTransport> local(sections);
    for (std::size_t i = 0; i < sections; ++i) {
      local[i].rtp = endpoint(host, static_cast<std::uint16_t>(39'900 + i));
      local[i].rtcp = endpoint(host, static_cast<std::uint16_t>(39'950 + i));
      local[i].webrtc = LocalWebRtc{{"gateway" + std::to_string(i), "gateway-password-24chars"},
                                    *parse_fingerprint(digest),
                                    {local[i].rtp}};
    }
    return local;
  }
  SdpResult<std::string> offer(std::string_view text, std::optional<Profile> wanted = {},
                               Side from = Side::client) {
    const auto needed = call.receive_offer(from, text);
    if (!needed) return needed.error();
    return call.write_offer(wanted, transports("198.51.100.2", 4), entropy);
  }
  SdpResult<std::string> answer(std::string_view text) {
    const auto taken = call.receive_answer(text);
    if (!taken) return taken.error();
    return call.write_answer(transports("198.51.100.1", 4), entropy);
  }

  Negotiation call;
  Entropy entropy = [](std::span<std::byte> bytes) {
    for (auto& byte : bytes)
      byte = std::byte{5};
  };
};

TEST_F(DataNegotiation, PassesDataChannelsOnWithTheGatewaysTransportInTheirPlace) {
  ASSERT_TRUE(call.receive_offer(Side::client, both));
  EXPECT_TRUE(call.passes(1, std::nullopt));
  EXPECT_EQ(call.profile_toward(Side::server, 1, Profile::dtls_savpf), Profile::dtls_sctp);
  const auto told = offer(both);
  ASSERT_TRUE(told) << to_string(told.error());
  EXPECT_THAT(*told, HasSubstr("a=group:BUNDLE 0 1\r\n"));
  EXPECT_THAT(*told, HasSubstr("m=application 39901 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                               "c=IN IP4 198.51.100.2\r\n"));
  EXPECT_THAT(
      attributes(*told, 1),
      ElementsAre("mid:1", "sctp-port:5000", "max-message-size:262144", "ice-ufrag:gateway1",
                  "ice-pwd:gateway-password-24chars", "fingerprint:" + digest, "setup:actpass",
                  "candidate:1 1 udp 2130706431 198.51.100.2 39901 typ host", "end-of-candidates"));
  const auto answered = answer(both_answered);
  ASSERT_TRUE(answered) << to_string(answered.error());
  EXPECT_THAT(*answered, HasSubstr("a=group:BUNDLE 0 1\r\n"));
  EXPECT_THAT(attributes(*answered, 1),
              IsSupersetOf({"mid:1", "sctp-port:5000", "max-message-size:262144",
                            "ice-ufrag:gateway0", "setup:passive"}));
  EXPECT_THAT(attributes(*answered, 1), Not(Contains("rtcp-mux")));
  EXPECT_THAT(attributes(*answered, 0), Contains("rtcp-mux"));
  EXPECT_THAT(call.refused(), IsEmpty());
}

TEST_F(DataNegotiation, PlansDataChannelsOnTheTransportOfTheirBundle) {
  ASSERT_TRUE(offer(both));
  ASSERT_TRUE(answer(both_answered));
  const auto& plan = call.legs()[1];
  EXPECT_TRUE(plan.active);
  EXPECT_EQ(plan.kind, MediaKind::data);
  for (const auto side : {Side::client, Side::server}) {
    EXPECT_EQ(plan.leg(side).profile, Profile::dtls_sctp);
    EXPECT_EQ(plan.leg(side).bundled_with, 0U);
    EXPECT_EQ(plan.leg(side).webrtc->remote.ice.ufrag, "audio");
    EXPECT_TRUE(plan.leg(side).is_secure());
    EXPECT_EQ(plan.leg(side).payload_types, PayloadTypes{});
  }
}

TEST_F(DataNegotiation, CarriesAudioWhereDataChannelsComeFirst) {
  const auto first = session(data() + audio(), "1 0");
  ASSERT_TRUE(offer(first));
  const auto told = answer(session(data("active") + audio("active"), "1 0"));
  ASSERT_TRUE(told) << to_string(told.error());
  EXPECT_THAT(*told, HasSubstr("a=group:BUNDLE 1 0\r\n"));
  EXPECT_EQ(call.legs()[1].client.bundled_with, 0U);
}

TEST_F(DataNegotiation, NeedsNoOtherMediaAndNoBundle) {
  for (const auto* bundle : {"1", ""}) {
    Negotiation alone;
    std::swap(call, alone);
    ASSERT_TRUE(offer(session(data(), bundle)));
    const auto told = answer(session(data("active"), bundle));
    ASSERT_TRUE(told) << to_string(told.error());
    EXPECT_TRUE(call.legs()[0].active);
  }
  ASSERT_TRUE(offer(session(data() + audio(), "")));
  ASSERT_TRUE(answer(session(data("active") + audio("active"), "")));
  EXPECT_EQ(call.legs()[1].client.bundled_with, 1U);
}

TEST_F(DataNegotiation, MayHaveNoPortOfItsOwnInABundle) {
  const auto told =
      offer(session(audio() + data("actpass", "UDP/DTLS/SCTP", "0") + "a=bundle-only\r\n"));
  ASSERT_TRUE(told) << to_string(told.error());
  EXPECT_THAT(*told, HasSubstr("m=application 39901 UDP/DTLS/SCTP"));
}

TEST_F(DataNegotiation, GoesFromAServerToAClientToo) {
  const auto told = offer(both, Profile::dtls_savpf, Side::server);
  ASSERT_TRUE(told) << to_string(told.error());
  EXPECT_THAT(*told, HasSubstr("a=ice-lite\r\n"));
  ASSERT_TRUE(answer(both_answered));
  EXPECT_TRUE(call.legs()[1].active);
}

// Never anything but DTLS on both sides.
TEST_F(DataNegotiation, IsRefusedTowardASideThatIsNotSpokenToInDtls) {
  for (const auto profile : {Profile::avp, Profile::savpf}) {
    Negotiation fresh;
    std::swap(call, fresh);
    ASSERT_TRUE(call.receive_offer(Side::client, both));
    EXPECT_FALSE(call.passes(1, profile));
    EXPECT_TRUE(call.passes(0, profile));
    const auto told = call.write_offer(profile, transports("198.51.100.2", 2), entropy);
    ASSERT_TRUE(told) << to_string(told.error());
    EXPECT_THAT(*told, HasSubstr("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    EXPECT_THAT(attributes(*told, 1),
                ElementsAre("mid:1", "sctp-port:5000", "max-message-size:262144"));
    ASSERT_EQ(call.refused().size(), 1U);
    EXPECT_EQ(call.refused()[0].section, 1U);
    EXPECT_THAT(call.refused()[0].why, HasSubstr("DTLS"));
  }
  ASSERT_TRUE(call.roll_back());
  ASSERT_TRUE(offer(both, Profile::avp));
  // Even if the server takes it, it stays refused.
  const auto told = answer(
      description(server_address,
                  "m=audio 7000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n" + data("active")));
  ASSERT_TRUE(told) << to_string(told.error());
  EXPECT_THAT(*told, HasSubstr("m=application 0 UDP/DTLS/SCTP"));
  EXPECT_THAT(*told, HasSubstr("a=group:BUNDLE 0\r\n"));
  EXPECT_FALSE(call.legs()[1].active);

  // Nor later, without a word on how the server is spoken to: as so far.
  ASSERT_TRUE(call.receive_offer(Side::client, both));
  EXPECT_FALSE(call.passes(1, std::nullopt));
}

TEST_F(DataNegotiation, KnowsOneWayToSpeakOfThem) {
  for (const auto* protocol : {"DTLS/SCTP", "TCP/DTLS/SCTP", "UDP/DTLS/SCTPX", "SCTP"}) {
    const auto told = offer(session(audio() + data("actpass", protocol)));
    ASSERT_TRUE(told) << to_string(told.error());
    EXPECT_THAT(*told, HasSubstr("m=application 0 " + std::string(protocol)));
    ASSERT_EQ(call.refused().size(), 1U);
    EXPECT_THAT(call.refused()[0].why, HasSubstr("m=application"));
  }
  auto other = both;
  other.replace(other.find("webrtc-datachannel"), 18, "something");
  EXPECT_THAT(*offer(other), HasSubstr("m=application 0 UDP/DTLS/SCTP something"));
  // Nor is it a way to speak RTP.
  EXPECT_FALSE(parse_profile("UDP/DTLS/SCTP"));
  EXPECT_FALSE(offer(session("m=audio 9 UDP/DTLS/SCTP 111\r\n" + transport("a", "actpass"), "")));
}

TEST_F(DataNegotiation, RefusesASecondAssociation) {
  auto second = data();
  second.replace(second.find("mid:1"), 5, "mid:2");
  const auto told = offer(session(audio() + data() + second, "0 1 2"));
  ASSERT_TRUE(told) << to_string(told.error());
  EXPECT_THAT(*told, HasSubstr("a=group:BUNDLE 0 1\r\n"));
  ASSERT_EQ(call.refused().size(), 1U);
  EXPECT_EQ(call.refused()[0].section, 2U);
}

TEST_F(DataNegotiation, RefusesWhatCannotBeSecuredOrConnected) {
  for (const char* line : {"fingerprint", "ice-ufrag", "ice-pwd", "sctp-port"}) {
    auto section = data();
    const auto at = section.find("a=" + std::string(line));
    section.erase(at, section.find("\r\n", at) + 2 - at);
    EXPECT_FALSE(offer(session(section, ""))) << line;
  }
  for (const char* port : {"0", "65536", "", "5000x", "-1"}) {
    auto section = data();
    section.replace(section.find("5000"), 4, port);
    EXPECT_FALSE(offer(session(section, ""))) << port;
  }
  ASSERT_TRUE(offer(both));
  EXPECT_FALSE(answer(session(audio("active") + data("actpass"), "")));
  EXPECT_TRUE(answer(both_answered));
}

TEST_F(DataNegotiation, IsAnsweredWithPortZero) {
  ASSERT_TRUE(offer(both));
  const auto told = answer(session(audio("active") + removed, "0"));
  ASSERT_TRUE(told) << to_string(told.error());
  EXPECT_THAT(*told, HasSubstr("m=application 0 UDP/DTLS/SCTP"));
  EXPECT_THAT(*told, HasSubstr("a=group:BUNDLE 0\r\n"));
  EXPECT_FALSE(call.legs()[1].active);
  EXPECT_TRUE(call.legs()[0].active);
}

TEST_F(DataNegotiation, IsAddedLaterRemovedAndAddedAgain) {
  ASSERT_TRUE(offer(session(audio(), "0")));
  ASSERT_TRUE(answer(session(audio("active"), "0")));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(offer(both));
    ASSERT_TRUE(answer(both_answered));
    EXPECT_TRUE(call.legs()[1].active);
    EXPECT_EQ(call.legs()[1].server.bundled_with, 0U);
    ASSERT_TRUE(offer(session(audio() + removed, "0")));
    const auto told = answer(session(audio("active") + removed, "0"));
    ASSERT_TRUE(told) << to_string(told.error());
    EXPECT_FALSE(call.legs()[1].active);
    EXPECT_TRUE(call.legs()[0].active);
  }
}

TEST_F(DataNegotiation, IsRolledBackWithItsOffer) {
  ASSERT_TRUE(offer(session(audio(), "0")));
  ASSERT_TRUE(answer(session(audio("active"), "0")));
  ASSERT_TRUE(offer(both));
  ASSERT_TRUE(call.roll_back());
  EXPECT_EQ(call.legs().size(), 1U);
  ASSERT_TRUE(offer(both));
  ASSERT_TRUE(answer(both_answered));
  EXPECT_TRUE(call.legs()[1].active);
}

}  // namespace
}  // namespace assent::media
