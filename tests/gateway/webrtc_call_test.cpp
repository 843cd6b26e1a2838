#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "media/datagram.hpp"
#include "media/sdp_description.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/media/webrtc_peer.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

// A full ICE agent with DTLS and SRTP on one socket: a browser, or a server.
struct WebRtcEnd {
  [[nodiscard]] std::string description(std::string_view setup, std::uint32_t ssrc) const {
    return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
           "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
           "a=ice-ufrag:" +
           peer.ufrag +
           "\r\na=ice-pwd:password0123456789abcdef\r\na=ice-options:trickle\r\n"
           "a=fingerprint:" +
           to_string(peer.identity.fingerprint()) + "\r\na=setup:" + std::string(setup) +
           "\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=ssrc:" +
           std::to_string(ssrc) + " cname:x\r\n";
  }

  // What the gateway said of itself; `role`: of this end.
  void take(const std::string& text, std::optional<media::DtlsRole> role = {}) {
    const auto parsed = media::parse_sdp(text);
    const auto sections = media::read_description(*parsed);
    gateway = *sections->at(0).webrtc;
    gateway_port = parsed->media.at(0).port;
    if (peer.dtls()) return;
    const bool active = gateway.setup == media::DtlsSetup::active;
    const auto otherwise = active ? media::DtlsRole::server : media::DtlsRole::client;
    peer.expect(role.value_or(otherwise), gateway.fingerprints.at(0));
  }

  void check() { socket.send(peer.check(gateway.ice, true), gateway_port); }

  void connect() {
    check();
    bool begun = false;
    for (int i = 0; i < 20 && peer.dtls()->state() == media::DtlsSession::State::handshaking; ++i) {
      const auto datagram = socket.receive(200ms);
      if (!std::exchange(begun, true)) peer.dtls()->begin();
      if (datagram && media::classify_datagram(*datagram) == media::DatagramClass::dtls)
        peer.dtls()->handle(*datagram);
      for (const auto& outgoing : peer.dtls()->take_outgoing())
        socket.send(outgoing, gateway_port);
    }
    ASSERT_EQ(peer.dtls()->state(), media::DtlsSession::State::connected);
  }

  void send(const Bytes& packet) { socket.send(peer.protect(packet), gateway_port); }
  // The next RTP that the gateway sends here, opened.
  std::optional<Bytes> hear(std::chrono::milliseconds within = 500ms) {
    while (const auto datagram = socket.receive(within)) {
      if (media::classify_datagram(*datagram) == media::DatagramClass::rtp)
        return peer.unprotect(*datagram);
    }
    return std::nullopt;
  }

  Socket socket;
  media::tests::WebRtcPeer peer;
  media::WebRtcDescription gateway;
  std::uint16_t gateway_port = 0;
};

// A participant with a browser.
struct Browser {
  Browser(RunningService& service, const std::string& room, const std::string& name,
          std::uint32_t id)
      : caller{service, room, name, id} {}

  // In front of a plain server.
  void connect(RunningService& service) {
    describe(service);
    end.connect();
  }
  void describe(RunningService& service) {
    const auto body = Caller::offer_body(end.description("actpass", caller.ssrc), "RTP/AVP");
    const auto offered = service.ask("POST", caller.path + "/offer", body);
    toward_server = offered.at("sdp").as_string();
    at_server = port_in(toward_server);
    const auto answered = service.ask("POST", caller.path + "/answer",
                                      Caller::answer_body(sdp(caller.server.port())));
    answer = answered.at("sdp").as_string();
    end.take(answer);
  }
  void speak() { end.send(opus_rtp(caller.next++, caller.ssrc)); }

  Caller caller;
  WebRtcEnd end;
  std::string toward_server;
  std::string answer;
  std::uint16_t at_server = 0;
};

class WebRtcCall : public testing::Test {
 protected:
  void SetUp() override { service.ask("PUT", "/v1/rooms/standup", "{}"); }

  Socket archive;
  RunningService service{{.archive_port = archive.port()}};
};

TEST_F(WebRtcCall, PassesBothWaysBetweenABrowserAndAPlainServer) {
  Browser ann{service, "standup", "ann", 0xabc};
  ann.connect(service);
  ann.speak();
  EXPECT_EQ(ann.caller.server.receive(), opus_rtp(1, 0xabc));
  ann.caller.server.send(opus_rtp(9, 0xdef), ann.at_server);
  EXPECT_EQ(ann.end.hear(), opus_rtp(9, 0xdef));
}

TEST_F(WebRtcCall, DescribesTheGatewayToEitherSideAndNeitherToTheOther) {
  Browser ann{service, "standup", "ann", 0xabc};
  ann.describe(service);
  EXPECT_THAT(ann.answer, HasSubstr("a=ice-lite"));
  EXPECT_THAT(ann.answer, HasSubstr("a=group:BUNDLE 0"));
  EXPECT_THAT(ann.answer, HasSubstr("a=mid:0"));
  EXPECT_THAT(ann.answer, HasSubstr("m=audio " + std::to_string(ann.end.gateway_port) +
                                    " UDP/TLS/RTP/SAVPF 111"));
  EXPECT_THAT(ann.answer, HasSubstr("a=candidate:1 1 udp 2130706431 127.0.0.1 " +
                                    std::to_string(ann.end.gateway_port) + " typ host"));
  for (const char* transport : {"ice-", "fingerprint", "setup", "candidate", "BUNDLE"})
    EXPECT_THAT(ann.toward_server, Not(HasSubstr(transport)));
}

TEST_F(WebRtcCall, ForksUnderConsentOnlyAndNothingAfterItsWithdrawal) {
  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  Browser ann{service, "standup", "ann", 0xabc};
  ann.connect(service);
  ann.speak();
  EXPECT_EQ(ann.caller.server.receive(), opus_rtp(1, 0xabc));
  EXPECT_EQ(archive.receive(50ms), std::nullopt);
  service.ask("PUT", ann.caller.path + "/consents/recording", grant());
  ann.speak();
  EXPECT_EQ(archive.receive(), opus_rtp(2, 0xabc));
  service.ask("PUT", ann.caller.path + "/consents/recording", refusal);
  ann.speak();
  EXPECT_EQ(ann.caller.server.receive(), opus_rtp(2, 0xabc));
  EXPECT_EQ(ann.caller.server.receive(), opus_rtp(3, 0xabc));
  EXPECT_EQ(archive.receive(50ms), std::nullopt);
}

TEST_F(WebRtcCall, TellsManyBrowsersApartOnOnePort) {
  std::vector<std::unique_ptr<Browser>> browsers;
  for (std::uint32_t i = 0; i < 8; ++i) {
    browsers.push_back(
        std::make_unique<Browser>(service, "standup", "p" + std::to_string(i), 0x100 + i));
    browsers.back()->connect(service);
    EXPECT_EQ(browsers.back()->end.gateway_port, browsers.front()->end.gateway_port);
  }
  for (auto& browser : browsers) {
    browser->speak();
    EXPECT_EQ(browser->caller.server.receive(), opus_rtp(1, browser->caller.ssrc));
    browser->caller.server.send(opus_rtp(9, browser->caller.ssrc + 0x1000), browser->at_server);
    EXPECT_EQ(browser->end.hear(), opus_rtp(9, browser->caller.ssrc + 0x1000));
  }
}

// The keys, the replay window and the address stay when a session is described again.
TEST_F(WebRtcCall, GoesOnThroughARenegotiationAndAnIceRestart) {
  Browser ann{service, "standup", "ann", 0xabc};
  ann.connect(service);
  const auto before = ann.end.gateway.ice;
  ann.describe(service);
  EXPECT_EQ(ann.end.gateway.ice, before);
  ann.speak();
  EXPECT_EQ(ann.caller.server.receive(), opus_rtp(1, 0xabc));

  ann.end.peer.ufrag = "anew";
  ann.describe(service);
  EXPECT_FALSE(ann.end.gateway.ice == before);
  ann.end.check();
  ann.speak();
  EXPECT_EQ(ann.caller.server.receive(), opus_rtp(2, 0xabc));
  ann.caller.server.send(opus_rtp(9, 0xdef), ann.at_server);
  EXPECT_EQ(ann.end.hear(), opus_rtp(9, 0xdef));
}

TEST_F(WebRtcCall, LeavesNothingBehindForWhoReturns) {
  for (std::uint32_t i = 0; i < 3; ++i) {
    Browser ann{service, "standup", "ann", 0xabc};
    ann.connect(service);
    ann.speak();
    EXPECT_EQ(ann.caller.server.receive(), opus_rtp(1, 0xabc));
    service.ask("DELETE", ann.caller.path);
    ann.speak();
    EXPECT_EQ(ann.caller.server.receive(50ms), std::nullopt);
  }
}

// Toward a server that is a full ICE agent itself: both of the gateway's legs answer its checks.
TEST_F(WebRtcCall, SpeaksDtlsTowardTheServerToo) {
  Browser ann{service, "standup", "ann", 0xabc};
  WebRtcEnd server;
  server.peer.ufrag = "server";
  const auto offered = service.ask("POST", ann.caller.path + "/offer",
                                   Caller::offer_body(ann.end.description("actpass", 0xabc)));
  server.take(std::string(offered.at("sdp").as_string()), media::DtlsRole::client);
  const auto answered = service.ask("POST", ann.caller.path + "/answer",
                                    Caller::answer_body(server.description("active", 0xdef)));
  ann.end.take(std::string(answered.at("sdp").as_string()));
  EXPECT_FALSE(ann.end.gateway.ice == server.gateway.ice);
  ann.end.connect();
  server.connect();
  ann.speak();
  EXPECT_EQ(server.hear(), opus_rtp(1, 0xabc));
  server.send(opus_rtp(9, 0xdef));
  EXPECT_EQ(ann.end.hear(), opus_rtp(9, 0xdef));
}

// RFC 8843: one ICE, one DTLS, and on the server's side a leg for each m-section.
TEST_F(WebRtcCall, CarriesTheAudioAndVideoOfABundleOnOneTransport) {
  Browser ann{service, "standup", "ann", 0xabc};
  Socket video_server;
  auto offer = ann.end.description("actpass", 0xabc) +
               "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=rtcp-mux\r\n"
               "a=rtpmap:96 VP8/90000\r\na=ssrc:2748 cname:x\r\n";
  offer.replace(offer.find("BUNDLE 0"), 8, "BUNDLE 0 1");
  const auto offered =
      service.ask("POST", ann.caller.path + "/offer", Caller::offer_body(offer, "RTP/AVP"));
  const auto toward_server = *media::parse_sdp(std::string(offered.at("sdp").as_string()));
  const std::string more = "m=video " + std::to_string(video_server.port()) +
                           " RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\na=rtcp-mux\r\n";
  const auto body = Caller::answer_body(sdp(ann.caller.server.port(), "RTP/AVP", more));
  const auto answered = service.ask("POST", ann.caller.path + "/answer", body);
  const std::string answer{answered.at("sdp").as_string()};
  EXPECT_THAT(answer, HasSubstr("a=group:BUNDLE 0 1"));
  ann.end.take(answer);
  ann.end.connect();

  Bytes picture = opus_rtp(1, 0xccc);
  picture[1] = std::byte{96};
  ann.end.send(picture);
  EXPECT_EQ(video_server.receive(), picture);
  ann.speak();
  EXPECT_EQ(ann.caller.server.receive(), opus_rtp(1, 0xabc));
  media::store_be32(picture, 8, 0xddd);
  video_server.send(picture, toward_server.media.at(1).port);
  EXPECT_EQ(ann.end.hear(), picture);
  ann.caller.server.send(opus_rtp(9, 0xdef), toward_server.media.at(0).port);
  EXPECT_EQ(ann.end.hear(), opus_rtp(9, 0xdef));
}

}  // namespace
}  // namespace assent::gateway::test
