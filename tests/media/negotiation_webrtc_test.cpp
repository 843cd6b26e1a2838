#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/media/conversation.hpp"
#include "tests/media/sdp_samples.hpp"

namespace assent::media {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string digest =
    "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:"
    "CC:DD:EE:FF";

std::string browser_section(std::string_view setup = "actpass", std::string_view ufrag = "abcd") {
  return "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
         "a=ice-ufrag:" +
         std::string(ufrag) +
         "\r\na=ice-pwd:0123456789012345678901\r\na=ice-options:trickle\r\na=fingerprint:" +
         digest + "\r\na=setup:" + std::string(setup) +
         "\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n";
}

std::string browser(std::string_view section) {
  return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
         std::string(section);
}

const std::string server_answer =
    description(server_address, "m=audio 7000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n");

LocalWebRtc gateway_webrtc() {
  return {{"gateway1", "gateway-password-24chars"},
          *parse_fingerprint(digest),
          {endpoint("198.51.100.1", 39'900), endpoint("2001:db8::1", 39'900)}};
}

// A browser as client, a plain server; the gateway's WebRTC side is the client's.
class WebRtcNegotiation : public testing::Test {
 protected:
  SdpResult<std::string> offer(std::string_view text) {
    const auto needed = call.negotiation.receive_offer(Side::client, text);
    if (!needed) return needed.error();
    return call.negotiation.write_offer(Profile::avp, call.transports(Side::server, 1),
                                        call.entropy);
  }
  SdpResult<std::string> answer(std::string_view text = server_answer) {
    const auto taken = call.negotiation.receive_answer(text);
    if (!taken) return taken.error();
    LocalTransport local{endpoint("198.51.100.1", 39'900), {}, gateway_webrtc()};
    return call.negotiation.write_answer(std::span{&local, 1}, call.entropy);
  }

  Conversation call;
};

TEST_F(WebRtcNegotiation, GivesTheServerPlainRtpAndTheBrowserTheGatewaysIceAndDtls) {
  const auto toward_server = offer(browser(browser_section()));
  ASSERT_TRUE(toward_server) << to_string(toward_server.error());
  EXPECT_THAT(*toward_server, HasSubstr("m=audio 40000 RTP/AVP 111\r\nc=IN IP4 198.51.100.2\r\n"));
  EXPECT_THAT(attributes(*toward_server),
              ElementsAre("rtcp:40001", "mid:0", "rtcp-mux", "rtpmap:111 opus/48000/2"));
  const auto toward_browser = answer();
  ASSERT_TRUE(toward_browser) << to_string(toward_browser.error());
  EXPECT_THAT(*toward_browser, HasSubstr("a=ice-lite\r\na=group:BUNDLE 0\r\nm=audio 39900 "
                                         "UDP/TLS/RTP/SAVPF 111\r\n"));
  EXPECT_THAT(
      attributes(*toward_browser),
      ElementsAre("rtpmap:111 opus/48000/2", "mid:0", "rtcp-mux", "ice-ufrag:gateway1",
                  "ice-pwd:gateway-password-24chars", "fingerprint:" + digest, "setup:passive",
                  "candidate:1 1 udp 2130706431 198.51.100.1 39900 typ host",
                  "candidate:2 1 udp 2130706175 2001:db8::1 39900 typ host", "end-of-candidates"));
}

TEST_F(WebRtcNegotiation, PlansATransportThatFindsAddressAndKeysItself) {
  ASSERT_TRUE(offer(browser(browser_section())));
  ASSERT_TRUE(answer());
  const auto& leg = call.leg(Side::client);
  ASSERT_TRUE(leg.webrtc);
  EXPECT_TRUE(leg.is_secure());
  EXPECT_FALSE(leg.receive_key);
  EXPECT_FALSE(leg.remote_rtp.is_set());
  EXPECT_EQ(leg.webrtc->local, gateway_webrtc().ice);
  EXPECT_EQ(leg.webrtc->remote.ice.ufrag, "abcd");
  EXPECT_EQ(leg.webrtc->role, DtlsRole::server);
  EXPECT_THAT(leg.webrtc->remote.fingerprints, ElementsAre(*parse_fingerprint(digest)));
  EXPECT_EQ(leg.direction, Direction::sendrecv);  // 0.0.0.0 is no hold here
  EXPECT_FALSE(call.leg(Side::server).is_secure());
}

// RFC 8842 §5
TEST_F(WebRtcNegotiation, TakesThePartInTheHandshakeThatTheBrowserLeaves) {
  ASSERT_TRUE(offer(browser(browser_section("passive"))));
  EXPECT_THAT(*answer(), HasSubstr("a=setup:active"));
  EXPECT_EQ(call.leg(Side::client).webrtc->role, DtlsRole::client);
  ASSERT_TRUE(offer(browser(browser_section("actpass"))));  // as it stands, it stays
  EXPECT_THAT(*answer(), HasSubstr("a=setup:active"));
}

TEST_F(WebRtcNegotiation, KnowsAnIceRestartByOtherCredentials) {
  ASSERT_TRUE(offer(browser(browser_section())));
  EXPECT_TRUE(call.negotiation.restarts_ice(0));
  ASSERT_TRUE(answer());
  ASSERT_TRUE(offer(browser(browser_section())));
  EXPECT_FALSE(call.negotiation.restarts_ice(0));
  ASSERT_TRUE(answer());
  ASSERT_TRUE(offer(browser(browser_section("actpass", "efgh"))));
  EXPECT_TRUE(call.negotiation.restarts_ice(0));
}

// facts/safety.md: no fingerprint = failure; clear-text downgrade through SDP.
TEST_F(WebRtcNegotiation, RefusesWhatCannotBeSecuredOrConnected) {
  const auto without = [](std::string_view line) {
    auto section = browser_section();
    const auto at = section.find("a=" + std::string(line));
    section.erase(at, section.find("\r\n", at) + 2 - at);
    return browser(section);
  };
  for (const char* line : {"fingerprint", "ice-ufrag", "ice-pwd", "rtcp-mux"})
    EXPECT_FALSE(offer(without(line))) << line;
  auto weak = browser_section();
  weak.replace(weak.find("sha-256"), 7, "sha-1");
  EXPECT_FALSE(offer(browser(weak)));
  EXPECT_FALSE(offer(browser(browser_section("holdconn"))));
  auto lite = browser(browser_section());
  lite.insert(lite.find("a=group"), "a=ice-lite\r\n");
  const auto refused = offer(lite);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("lite"));
}

TEST_F(WebRtcNegotiation, NeverMakesALegOfDtlsPlainOrKeyedInTheDescription) {
  ASSERT_TRUE(offer(browser(browser_section())));
  ASSERT_TRUE(answer());
  EXPECT_FALSE(offer(description(client_address, "m=audio 5004 RTP/AVP 111\r\n")));
  EXPECT_FALSE(offer(
      description(client_address, "m=audio 5004 RTP/SAVPF 111\r\n" + crypto(1, cm80, key_a))));
  EXPECT_TRUE(offer(browser(browser_section())));
}

TEST_F(WebRtcNegotiation, NeedsAnIceTransportOfTheGatewaysOwn) {
  ASSERT_TRUE(offer(browser(browser_section())));
  ASSERT_TRUE(call.negotiation.receive_answer(server_answer));
  const auto written =
      call.negotiation.write_answer(call.transports(Side::client, 1), call.entropy);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().remedy, HasSubstr("RTP/AVP"));
}

TEST_F(WebRtcNegotiation, OffersItsIceToABrowserThatTheServerCalls) {
  ASSERT_TRUE(call.negotiation.receive_offer(Side::server, server_answer));
  LocalTransport local{endpoint("198.51.100.1", 39'900), {}, gateway_webrtc()};
  const auto toward_browser =
      call.negotiation.write_offer(Profile::dtls_savpf, std::span{&local, 1}, call.entropy);
  ASSERT_TRUE(toward_browser) << to_string(toward_browser.error());
  EXPECT_THAT(*toward_browser, HasSubstr("a=ice-lite\r\nm=audio 39900 UDP/TLS/RTP/SAVPF"));
  EXPECT_THAT(attributes(*toward_browser), Contains("setup:actpass"));
  EXPECT_FALSE(call.negotiation.receive_answer(browser(browser_section("actpass"))));
  ASSERT_TRUE(call.negotiation.receive_answer(browser(browser_section("active"))));
  const auto toward_server =
      call.negotiation.write_answer(call.transports(Side::server, 1), call.entropy);
  ASSERT_TRUE(toward_server) << to_string(toward_server.error());
  EXPECT_EQ(call.leg(Side::client).webrtc->role, DtlsRole::server);
  EXPECT_THAT(*toward_server, Not(HasSubstr("fingerprint")));
}

// RFC 8445 §2.5: the gateway is a full agent toward servers, so that one of them may be lite.
TEST_F(WebRtcNegotiation, TakesALiteServerWithItsCandidates) {
  ASSERT_TRUE(call.negotiation.receive_offer(Side::client, browser(browser_section())));
  LocalTransport local{endpoint("198.51.100.1", 39'900), {}, gateway_webrtc()};
  ASSERT_TRUE(call.negotiation.write_offer(std::nullopt, std::span{&local, 1}, call.entropy));
  auto lite = browser(browser_section("passive", "server") +
                      "a=candidate:1 1 udp 2130706431 192.0.2.9 7000 typ host\r\n"
                      "a=candidate:1 2 udp 2130706430 192.0.2.9 7001 typ host\r\n"
                      "a=candidate:2 1 tcp 2130706429 192.0.2.9 7002 typ host tcptype passive\r\n");
  lite.insert(lite.find("a=group"), "a=ice-lite\r\n");
  const auto taken = call.negotiation.receive_answer(lite);
  ASSERT_TRUE(taken) << to_string(taken.error());
  ASSERT_TRUE(call.negotiation.write_answer(std::span{&local, 1}, call.entropy));
  const auto& leg = *call.leg(Side::server).webrtc;
  EXPECT_TRUE(leg.we_offered);
  EXPECT_TRUE(leg.remote.is_lite);
  EXPECT_EQ(leg.remote.ice.password, "0123456789012345678901");
  EXPECT_THAT(leg.remote.candidates,
              ElementsAre(IceCandidate{endpoint("192.0.2.9", 7000), 2'130'706'431}));
}

std::string video_section(std::string_view more = {}) {
  return "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n" + std::string(more) +
         "a=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n";
}

std::string browser_with_video(std::string_view more = {}) {
  auto text = browser(browser_section()) + video_section(more);
  text.replace(text.find("BUNDLE 0"), 8, "BUNDLE 0 1");
  return text;
}

const std::string own_transport =
    "a=ice-ufrag:video\r\na=ice-pwd:0123456789012345678901\r\n"
    "a=fingerprint:" +
    digest + "\r\na=setup:actpass\r\n";

const std::string two_plain_sections =
    description(server_address,
                "m=audio 7000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n"
                "m=video 7100 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n");

class Bundled : public WebRtcNegotiation {
 protected:
  SdpResult<std::string> exchange(std::string_view offered, std::string_view answered) {
    const auto needed = call.negotiation.receive_offer(Side::client, offered);
    if (!needed) return needed.error();
    const auto written =
        call.negotiation.write_offer(Profile::avp, call.transports(Side::server, 2), call.entropy);
    if (!written) return written.error();
    const auto taken = call.negotiation.receive_answer(answered);
    if (!taken) return taken.error();
    std::vector<LocalTransport> local(2, {endpoint("198.51.100.1", 39'900), {}, gateway_webrtc()});
    local[1].webrtc->ice.ufrag = "gateway2";
    return call.negotiation.write_answer(local, call.entropy);
  }
};

// RFC 8843 §7.3: one transport, described by the m-section that carries it.
TEST_F(Bundled, SectionsShareTheTransportOfTheFirst) {
  const auto told = exchange(browser_with_video(own_transport), two_plain_sections);
  ASSERT_TRUE(told) << to_string(told.error());
  EXPECT_THAT(*told, HasSubstr("a=group:BUNDLE 0 1\r\n"));
  EXPECT_THAT(attributes(*told, 1), Contains("ice-ufrag:gateway1"));
  EXPECT_EQ(call.leg(Side::client, 1).bundled_with, 0U);
  EXPECT_EQ(call.leg(Side::client, 1).webrtc->remote.ice.ufrag, "abcd");
  EXPECT_EQ(call.leg(Side::server, 1).bundled_with, 1U);
}

TEST_F(Bundled, SectionsNeedNotRepeatTheTransport) {
  EXPECT_TRUE(exchange(browser_with_video(), two_plain_sections));
}

TEST_F(Bundled, SectionsMayHaveNoPortOfTheirOwn) {
  auto offered = browser_with_video("a=bundle-only\r\n");
  offered.replace(offered.find("m=video 9"), 9, "m=video 0");
  const auto told = exchange(offered, two_plain_sections);
  ASSERT_TRUE(told) << to_string(told.error());
  EXPECT_THAT(*told, HasSubstr("m=video 39900 UDP/TLS/RTP/SAVPF 96"));
  EXPECT_TRUE(call.negotiation.legs()[1].active);
}

TEST_F(Bundled, SectionsThatAreRefusedLeaveTheRestTogether) {
  auto answered = two_plain_sections;
  answered.replace(answered.find("m=audio 7000"), 12, "m=audio 0");
  const auto told = exchange(browser_with_video(own_transport), answered);
  ASSERT_TRUE(told) << to_string(told.error());
  EXPECT_THAT(*told, HasSubstr("a=group:BUNDLE 1\r\n"));
  EXPECT_THAT(*told, HasSubstr("m=audio 0 UDP/TLS/RTP/SAVPF 111"));
  EXPECT_EQ(call.leg(Side::client, 1).bundled_with, 1U);
  EXPECT_EQ(call.leg(Side::client, 1).webrtc->remote.ice.ufrag, "video");
}

TEST_F(Bundled, SectionsWithoutABundleHaveATransportEach) {
  auto offered = browser_with_video(own_transport);
  offered.erase(offered.find("a=group"), std::string_view{"a=group:BUNDLE 0 1\r\n"}.size());
  ASSERT_TRUE(exchange(offered, two_plain_sections));
  EXPECT_EQ(call.leg(Side::client, 1).bundled_with, 1U);
}

// And toward a server that bundles, too.
TEST_F(Bundled, SectionsAreOfferedToTheServerSoAndGoAsItAnswers) {
  ASSERT_TRUE(call.negotiation.receive_offer(Side::client, browser_with_video(own_transport)));
  std::vector<LocalTransport> local(2, {endpoint("198.51.100.1", 39'900), {}, gateway_webrtc()});
  local[1].webrtc->ice.ufrag = "gateway2";
  const auto toward_server = call.negotiation.write_offer(std::nullopt, local, call.entropy);
  ASSERT_TRUE(toward_server) << to_string(toward_server.error());
  EXPECT_THAT(*toward_server, HasSubstr("a=ice-options:trickle ice2\r\na=group:BUNDLE 0 1\r\n"));
  EXPECT_THAT(*toward_server, Not(HasSubstr("ice-lite")));
  EXPECT_THAT(attributes(*toward_server, 1), Contains("ice-ufrag:gateway2"));
  auto answered = browser_with_video();
  answered.replace(answered.find("actpass"), 7, "active");
  ASSERT_TRUE(call.negotiation.receive_answer(answered));
  ASSERT_TRUE(call.negotiation.write_answer(local, call.entropy));
  EXPECT_EQ(call.leg(Side::server, 1).bundled_with, 0U);
  EXPECT_EQ(call.leg(Side::server, 1).webrtc->local.ufrag, "gateway1");
}

}  // namespace
}  // namespace assent::media
