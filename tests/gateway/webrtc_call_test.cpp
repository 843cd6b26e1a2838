#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "media/datagram.hpp"
#include "media/sdp_description.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/media/sctp_packets.hpp"
#include "tests/media/webrtc_peer.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

// A full ICE agent with DTLS and SRTP on one socket: a browser, or a server.
struct WebRtcEnd {
  [[nodiscard]] std::string description(std::string_view setup, std::uint32_t ssrc) const {
    const std::string data =
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n"
        "a=sctp-port:5000\r\n" +
        transport(setup);
    return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0" +
           std::string(has_data ? " 1" : "") +
           "\r\n"
           "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n" +
           transport(setup) +
           "a=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=ssrc:" +
           std::to_string(ssrc) + " cname:x\r\n" + (has_data ? data : "");
  }
  [[nodiscard]] std::string transport(std::string_view setup) const {
    return "a=ice-ufrag:" + peer.ufrag + "\r\na=ice-pwd:" + peer.password +
           "\r\na=ice-options:trickle\r\n" + candidate() +
           "a=fingerprint:" + to_string(peer.identity.fingerprint()) +
           "\r\na=setup:" + std::string(setup) + "\r\n";
  }

  [[nodiscard]] std::string candidate() const {
    if (!is_server) return {};
    return "a=candidate:1 1 udp 2130706431 127.0.0.1 " + std::to_string(socket.port()) +
           " typ host\r\n";
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

  void check() { socket.send(peer.check(gateway.ice, !is_server), gateway_port); }

  void connect() {
    if (!is_lite) check();
    bool begun = false;
    for (int i = 0; i < 40 && peer.dtls()->state() == media::DtlsSession::State::handshaking; ++i) {
      const auto datagram = socket.receive(200ms);
      if (datagram) answer(*datagram);
      if (!std::exchange(begun, true)) peer.dtls()->begin();
      if (datagram && media::classify_datagram(*datagram) == media::DatagramClass::dtls)
        peer.dtls()->handle(*datagram);
      for (const auto& outgoing : peer.dtls()->take_outgoing())
        socket.send(outgoing, gateway_port);
    }
    ASSERT_EQ(peer.dtls()->state(), media::DtlsSession::State::connected);
  }

  // The gateway's own checks, where it is a full agent.
  void answer(const Bytes& datagram) {
    const auto from = *media::parse_endpoint("127.0.0.1", gateway_port);
    if (const auto answer = peer.answer(datagram, from)) socket.send(*answer, gateway_port);
  }

  void send(const Bytes& packet) { socket.send(peer.protect(packet), gateway_port); }
  // The next RTP that the gateway sends here, opened.
  std::optional<Bytes> hear(std::chrono::milliseconds within = 500ms) {
    while (const auto datagram = socket.receive(within)) {
      answer(*datagram);
      if (media::classify_datagram(*datagram) == media::DatagramClass::rtp)
        return peer.unprotect(*datagram);
    }
    return std::nullopt;
  }

  // On a data channel.
  void write(const Bytes& message) {
    EXPECT_TRUE(peer.dtls()->send(message));
    for (const auto& outgoing : peer.dtls()->take_outgoing())
      socket.send(outgoing, gateway_port);
  }
  std::optional<Bytes> read(std::chrono::milliseconds within = 500ms) {
    while (const auto datagram = socket.receive(within)) {
      answer(*datagram);
      if (media::classify_datagram(*datagram) != media::DatagramClass::dtls) continue;
      peer.dtls()->handle(*datagram);
      const auto messages = peer.dtls()->take_messages();
      if (!messages.empty()) return messages.front();
    }
    return std::nullopt;
  }

  bool is_server = false;
  bool is_lite = false;
  bool has_data = false;
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
  WebRtcCall() { service.ask("PUT", "/v1/rooms/standup", "{}"); }

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

// A browser in front, and a WebRTC server behind; toward that the gateway is a full agent.
class WebRtcServer : public WebRtcCall {
 protected:
  WebRtcServer() {
    server.is_server = true;
    server.peer.ufrag = "server";
    server.peer.controls = false;
  }

  void offer() {
    const auto offered = service.ask("POST", ann.caller.path + "/offer",
                                     Caller::offer_body(ann.end.description("actpass", 0xabc)));
    toward_server = offered.at("sdp").as_string();
    server.take(toward_server, media::DtlsRole::client);
  }
  void answer(const std::string& description) {
    const auto answered =
        service.ask("POST", ann.caller.path + "/answer", Caller::answer_body(description));
    ann.end.take(std::string(answered.at("sdp").as_string()));
  }
  void pass_both_ways() {
    ann.speak();
    EXPECT_EQ(server.hear(), opus_rtp(1, 0xabc));
    server.send(opus_rtp(9, 0xdef));
    EXPECT_EQ(ann.end.hear(), opus_rtp(9, 0xdef));
  }

  Browser ann{service, "standup", "ann", 0xabc};
  WebRtcEnd server;
  std::string toward_server;
};

TEST_F(WebRtcServer, IsSpokenToByIceAndDtlsOnAPortOfItsOwn) {
  offer();
  EXPECT_THAT(toward_server, Not(HasSubstr("ice-lite")));
  answer(server.description("active", 0xdef));
  EXPECT_FALSE(ann.end.gateway.ice == server.gateway.ice);
  EXPECT_NE(ann.end.gateway_port, server.gateway_port);
  ann.end.connect();
  server.connect();
  pass_both_ways();
}

TEST_F(WebRtcServer, IsWrittenToOnADataChannelUnderConsentOnlyWhileItRecords) {
  ann.end.has_data = server.has_data = true;
  offer();
  EXPECT_THAT(toward_server, HasSubstr("UDP/DTLS/SCTP webrtc-datachannel"));
  answer(server.description("active", 0xdef));
  ann.end.connect();
  server.connect();
  using media::tests::data;
  using media::tests::sctp;
  const auto first = sctp(7, {data(100, "before it records")});
  ann.end.write(first);
  EXPECT_EQ(server.read(), first);
  const auto back = sctp(8, {data(1, "of others")});
  server.write(back);
  EXPECT_EQ(ann.end.read(), back);

  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "server"})");
  ann.end.write(sctp(7, {data(101, "without consent")}));
  const auto instead = server.read();
  EXPECT_TRUE(!instead || media::parse_sctp(*instead)->carries_data() == false);
  service.ask("PUT", ann.caller.path + "/consents/recording", grant());
  ann.end.write(sctp(7, {data(101, "without consent")}));  // SCTP sends it again
  const auto again = server.read();
  EXPECT_TRUE(!again || media::parse_sctp(*again)->carries_data() == false);
  const auto after = sctp(7, {data(102, "with consent")});
  ann.end.write(after);
  EXPECT_EQ(server.read(), after);

  service.ask("DELETE", ann.caller.path);
  const auto goodbye = ann.end.read();
  EXPECT_FALSE(goodbye);
  EXPECT_EQ(ann.end.peer.dtls()->state(), media::DtlsSession::State::closed);
}

TEST_F(WebRtcCall, HasNoDataChannelTowardAServerThatSpeaksNoDtls) {
  Browser ann{service, "standup", "ann", 0xabc};
  ann.end.has_data = true;
  const auto offered =
      service.ask("POST", ann.caller.path + "/offer",
                  Caller::offer_body(ann.end.description("actpass", 0xabc), "RTP/AVP"));
  EXPECT_THAT(std::string(offered.at("sdp").as_string()), HasSubstr("m=application 0 "));
}

// RFC 8445 §2.5: the gateway makes the checks that a lite server does not.
TEST_F(WebRtcServer, MayBeALiteAgent) {
  server.is_lite = true;
  offer();
  auto description = server.description("active", 0xdef);
  description.insert(description.find("a=group"), "a=ice-lite\r\n");
  answer(description);
  ann.end.connect();
  server.connect();
  pass_both_ways();
}

// RFC 8445 §7.3.1.3
TEST_F(WebRtcServer, NeedsNoCandidatesWhereItMakesChecksItself) {
  offer();
  auto description = server.description("active", 0xdef);
  const auto at = description.find("a=candidate");
  description.erase(at, description.find("\r\n", at) + 2 - at);
  answer(description);
  ann.end.connect();
  server.connect();
  pass_both_ways();
}

// RFC 8838: a lite server that says its candidates later; nothing is found out by its own checks.
TEST_F(WebRtcServer, MayTrickleItsCandidatesBeforeAndAfterItsAnswer) {
  server.is_lite = true;
  offer();
  auto description = server.description("active", 0xdef);
  description.insert(description.find("a=group"), "a=ice-lite\r\n");
  const auto at = description.find("a=candidate");
  description.erase(at, description.find("\r\n", at) + 2 - at);
  const auto path = ann.caller.path + "/candidates";
  const auto said = [&](const std::string& candidate, const char* more) {
    return R"({"from": "server", "candidate": {"candidate": ")" + candidate + "\"" + more + "}}";
  };
  const auto passed_over = boost::json::parse(R"({"taken": 0, "passed_over": 1})");
  for (const auto* other : {"candidate:1 1 tcp 1 127.0.0.1 9 typ host tcptype active",
                            "candidate:1 1 udp 1 hidden.local 5000 typ host",
                            "candidate:1 1 udp 1 169.254.169.254 5000 typ host"})
    EXPECT_EQ(service.ask("POST", path, said(other, R"(, "sdpMid": "0")")), passed_over) << other;
  const auto of_nobody = said(server.candidate().substr(2, server.candidate().size() - 4),
                              R"(, "sdpMid": "7", "usernameFragment": "server")");
  EXPECT_EQ(service.ask("POST", path, of_nobody), passed_over);
  answer(description);
  EXPECT_EQ(
      service
          .ask(
              "POST", path,
              R"({"from": "server", "sdpfrag": "a=ice-ufrag:server\r\nm=audio 9 X 0\r\na=mid:0\r\na=)" +
                  server.candidate().substr(2, server.candidate().size() - 4) + "\\r\\n\"}")
          .at("taken"),
      1);
  ann.end.connect();
  server.connect();
  pass_both_ways();
  // A client's checks show where it is: none of its own is needed.
  EXPECT_EQ(service
                .ask("POST", path,
                     R"({"from": "client", "candidate": {"candidate": "", "sdpMLineIndex": 0}})")
                .at("taken"),
            0);
}

TEST_F(WebRtcServer, HasNoCandidatesBeforeAnOffer) {
  const auto refused =
      service.call("POST", ann.caller.path + "/candidates",
                   R"({"from": "server", "candidate": {"candidate": "", "sdpMid": "0"}})");
  EXPECT_EQ(refused.status, 409U);
}

// RFC 8445 §9: both legs get other credentials, keys and streams go on.
TEST_F(WebRtcServer, GoesOnThroughAnIceRestart) {
  offer();
  answer(server.description("active", 0xdef));
  ann.end.connect();
  server.connect();
  pass_both_ways();
  const auto before = server.gateway.ice;
  ann.end.peer.ufrag = "anew";
  server.peer.ufrag = "server2";
  offer();
  EXPECT_FALSE(server.gateway.ice == before);
  answer(server.description("active", 0xdef));
  ann.end.check();
  server.check();
  ann.speak();
  EXPECT_EQ(server.hear(), opus_rtp(2, 0xabc));
  server.send(opus_rtp(10, 0xdef));
  EXPECT_EQ(ann.end.hear(), opus_rtp(10, 0xdef));
}

// RFC 3264 §4: what was agreed goes on, and the next offer is as if it had been the first.
TEST_F(WebRtcServer, ForgetsAnOfferThatIsRolledBack) {
  offer();
  answer(server.description("active", 0xdef));
  ann.end.connect();
  server.connect();
  const auto before = server.gateway.ice;
  ann.end.peer.ufrag = "anew";
  offer();
  service.ask("DELETE", ann.caller.path + "/offer");
  pass_both_ways();
  ann.end.peer.ufrag = "peer";
  offer();
  EXPECT_TRUE(server.gateway.ice == before);
}

// facts/safety.md, SSRF through candidates.
TEST_F(WebRtcServer, IsNotLookedForWhereOnlyTheGatewayCanKnock) {
  offer();
  for (const auto* forbidden : {"169.254.169.254", "10.0.0.1", "224.0.0.1", "0.0.0.0"}) {
    auto description = server.description("active", 0xdef);
    const auto at = description.find("127.0.0.1", description.find("a=candidate"));
    description.replace(at, 9, forbidden);
    const auto refused =
        service.call("POST", ann.caller.path + "/answer", Caller::answer_body(description));
    EXPECT_EQ(refused.status, 422U) << forbidden;
    EXPECT_THAT(boost::json::serialize(refused.body), HasSubstr("media.candidate_networks"));
  }
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
