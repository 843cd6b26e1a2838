#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "media/datagram.hpp"
#include "tests/media/relay_fixture.hpp"
#include "tests/media/webrtc_peer.hpp"

namespace assent::media {
namespace {

using namespace tests;

constexpr std::uint16_t browser_port = 7000;
constexpr std::uint16_t server_port = 8000;

// A browser's leg in front of a plain server leg.
class RelayWebRtc : public RelayTest {
 protected:
  void SetUp() override { join_browser(DtlsRole::client); }

  void join_browser(DtlsRole gateway_role) {
    peer = WebRtcPeer{};
    peer.expect(other(gateway_role), identity.fingerprint());
    source = relay.add_source(RoomKey{1});
    LegConfig client;
    client.source = source;
    client.webrtc = config(gateway_role);
    client.payload_types[opus_pt] = Codec::opus;
    client.takes = client.payload_types;
    LegConfig plain;
    plain.source = source;
    plain.side = Side::server;
    plain.remote_rtp = at(server_port);
    plain.remote_rtcp = at(server_port + 1);
    browser = relay.add_leg(std::move(client));
    server = relay.add_leg(std::move(plain));
    relay.connect(browser, server);
  }

  WebRtcConfig config(DtlsRole role) {
    return {credentials, peer.ufrag, role, {peer.identity.fingerprint()}, identity};
  }

  // What the browser gets, and takes to its DTLS where it is DTLS.
  std::vector<std::vector<std::byte>> take_from_gateway() {
    auto datagrams = sent_to(browser);
    outbox.clear();
    return datagrams;
  }

  void shake_hands(std::uint16_t from = browser_port) {
    if (peer.dtls()->state() == DtlsSession::State::handshaking) peer.dtls()->begin();
    for (bool busy = true; busy;) {
      busy = false;
      for (const auto& datagram : take_from_gateway()) {
        if (classify_datagram(datagram) != DatagramClass::dtls) continue;
        peer.dtls()->handle(datagram);
        busy = true;
      }
      for (auto& datagram : peer.dtls()->take_outgoing()) {
        arrive(browser, from, std::move(datagram));
        busy = true;
      }
    }
  }

  void connect() {
    arrive(browser, browser_port, peer.check(credentials, true));
    shake_hands();
    ASSERT_TRUE(relay.leg(browser).webrtc()->keys());
  }

  DtlsIdentity identity = make_identity();
  IceCredentials credentials{"gateway1", "gateway-password-24chars"};
  WebRtcPeer peer;
  SourceId source{};
  LegId browser{};
  LegId server{};
};

TEST_F(RelayWebRtc, CarriesSpeechBothWaysOnceIceAndDtlsAreDone) {
  connect();
  arrive(browser, browser_port, peer.protect(rtp(1)));
  EXPECT_THAT(sent_to(server), testing::ElementsAre(rtp(1)));
  outbox.clear();
  arrive(server, server_port, rtp(9, Ssrc{0x2222}));
  const auto received = take_from_gateway();
  ASSERT_EQ(received.size(), 1U);
  EXPECT_NE(received[0], rtp(9, Ssrc{0x2222}));
  EXPECT_EQ(peer.unprotect(received[0]), rtp(9, Ssrc{0x2222}));
}

TEST_F(RelayWebRtc, TakesEitherPartInTheHandshake) {
  join_browser(DtlsRole::server);
  connect();
  arrive(browser, browser_port, peer.protect(rtp(1)));
  EXPECT_EQ(sent_to(server).size(), 1U);
}

// facts/safety.md, DTLS ClientHello race; CVE-2023-49786.
TEST_F(RelayWebRtc, DoesNotLookAtDtlsFromWhereNoAuthenticCheckCameFrom) {
  join_browser(DtlsRole::server);
  peer.dtls()->begin();
  for (const auto& hello : peer.dtls()->take_outgoing())
    arrive(browser, browser_port, hello);
  EXPECT_EQ(drops(browser, DropReason::foreign_source), 1U);
  arrive(browser, browser_port, peer.check(credentials, true));
  outbox.clear();

  WebRtcPeer stranger;
  stranger.expect(DtlsRole::client, identity.fingerprint());
  stranger.dtls()->begin();
  const auto hello = stranger.dtls()->take_outgoing().at(0);
  for (int i = 0; i < 1000; ++i)
    arrive(browser, 6666, hello);
  EXPECT_EQ(drops(browser, DropReason::foreign_source), 1001U);
  EXPECT_TRUE(outbox.outgoing().empty());

  peer.expect(DtlsRole::client, identity.fingerprint());
  shake_hands();
  EXPECT_TRUE(relay.leg(browser).webrtc()->keys());
}

TEST_F(RelayWebRtc, IsDeafAndMuteBeforeTheHandshakeIsDone) {
  arrive(browser, browser_port, peer.check(credentials, true));
  outbox.clear();
  arrive(browser, browser_port, rtp(1));  // clear, on a leg that was signalled as secure
  EXPECT_EQ(drops(browser, DropReason::auth_failed), 1U);
  EXPECT_TRUE(sent_to(server).empty());
  arrive(server, server_port, rtp(9, Ssrc{0x2222}));
  EXPECT_TRUE(sent_to(browser).empty());
  EXPECT_TRUE(relay.leg(browser).is_secure());
}

TEST_F(RelayWebRtc, NeverKeysALegForAnotherCertificate) {
  peer.identity = make_identity();  // after its fingerprint was said
  peer.expect(DtlsRole::server, identity.fingerprint());
  arrive(browser, browser_port, peer.check(credentials, true));
  shake_hands();
  EXPECT_FALSE(relay.leg(browser).webrtc()->keys());
  EXPECT_EQ(relay.leg(browser).webrtc()->dtls()->state(), DtlsSession::State::failed);
  arrive(browser, browser_port, rtp(1));
  EXPECT_TRUE(sent_to(server).empty());
}

TEST_F(RelayWebRtc, TakesNoMediaFromAnAddressWithoutACheck) {
  connect();
  arrive(browser, 6666, peer.protect(rtp(1)));
  EXPECT_TRUE(sent_to(server).empty());
  EXPECT_EQ(drops(browser, DropReason::foreign_source), 1U);
}

TEST_F(RelayWebRtc, FollowsThePeerToTheAddressItNominates) {
  connect();
  arrive(browser, 7001, peer.check(credentials, false));
  outbox.clear();
  arrive(server, server_port, rtp(9, Ssrc{0x2222}));
  ASSERT_EQ(outbox.outgoing().size(), 1U);
  EXPECT_EQ(outbox.outgoing()[0].to, at(browser_port));
  arrive(browser, 7001, peer.check(credentials, true));
  outbox.clear();
  arrive(server, server_port, rtp(10, Ssrc{0x2222}));
  ASSERT_EQ(outbox.outgoing().size(), 1U);
  EXPECT_EQ(outbox.outgoing()[0].to, at(7001));
  arrive(browser, 7001, peer.protect(rtp(1)));
  EXPECT_EQ(sent_to(server).size(), 1U);
}

// RFC 7675: who has stopped asking is sent nothing.
TEST_F(RelayWebRtc, SendsNothingOnceConsentIsThirtySecondsOld) {
  connect();
  now += 29s;
  arrive(server, server_port, rtp(9, Ssrc{0x2222}));
  EXPECT_EQ(sent_to(browser).size(), 1U);
  outbox.clear();
  now += 1s;
  arrive(server, server_port, rtp(10, Ssrc{0x2222}));
  EXPECT_TRUE(sent_to(browser).empty());
  arrive(browser, browser_port, peer.check(credentials, false));
  outbox.clear();
  arrive(server, server_port, rtp(11, Ssrc{0x2222}));
  EXPECT_EQ(sent_to(browser).size(), 1U);
}

TEST_F(RelayWebRtc, KeepsKeysAndAddressWhenTheSessionIsDescribedAgain) {
  connect();
  const auto first = peer.protect(rtp(1));
  arrive(browser, browser_port, first);
  LegConfig again = relay.leg(browser).config();
  again.remote_rtp = {};
  again.receive_key.reset();
  again.send_key.reset();
  relay.reconfigure_leg(browser, again);
  outbox.clear();
  arrive(browser, browser_port, peer.protect(rtp(2)));
  EXPECT_EQ(sent_to(server).size(), 1U);
  arrive(browser, browser_port, first);  // the replay window is the same one
  EXPECT_EQ(drops(browser, DropReason::replayed), 1U);
  EXPECT_EQ(sent_to(server).size(), 1U);
}

// RFC 8445 §9
TEST_F(RelayWebRtc, KeepsTheCallWhileIceRestarts) {
  connect();
  LegConfig again = relay.leg(browser).config();
  credentials = {"gateway2", "another-password-24chars"};
  peer.ufrag = "peer2";
  again.webrtc = config(DtlsRole::client);
  relay.reconfigure_leg(browser, again);
  arrive(browser, browser_port, peer.protect(rtp(1)));
  EXPECT_EQ(sent_to(server).size(), 1U);
  arrive(browser, 7001, peer.check(credentials, true));
  outbox.clear();
  arrive(browser, 7001, peer.protect(rtp(2)));
  EXPECT_EQ(sent_to(server).size(), 1U);
  arrive(server, server_port, rtp(9, Ssrc{0x2222}));
  EXPECT_EQ(outbox.outgoing().back().to, at(7001));
}

TEST_F(RelayWebRtc, SendsItsHelloAgainWhenNobodyAnswers) {
  arrive(browser, browser_port, peer.check(credentials, true));
  ASSERT_EQ(take_from_gateway().size(), 2U);  // the answer and the hello
  const auto due = relay.next_timeout();
  ASSERT_TRUE(due);
  std::this_thread::sleep_for(*due - now);
  now = *due;
  relay.handle_timeout(now, outbox);
  const auto again = take_from_gateway();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(classify_datagram(again[0]), DatagramClass::dtls);
  EXPECT_GT(relay.next_timeout(), due);
  relay.remove_leg(browser);
  EXPECT_FALSE(relay.next_timeout());
}

TEST_F(RelayWebRtc, ObeysThePermitLikeAnyOtherLeg) {
  connect();
  relay.set_sink(recorder, SinkConfig{});
  relay.open_route(source, recorder);
  arrive(browser, browser_port, peer.protect(rtp(1)));
  EXPECT_TRUE(sent_to(recorder).empty());
  relay.set_permit(now, source, recorder, open_forever);
  arrive(browser, browser_port, peer.protect(rtp(2)));
  EXPECT_EQ(sent_to(recorder).size(), 1U);
  outbox.clear();
  const auto cut = relay.set_permit(now, source, recorder, Permit::denied(8));
  ASSERT_EQ(cut.size(), 1U);
  arrive(browser, browser_port, peer.protect(rtp(3)));
  EXPECT_TRUE(sent_to(recorder).empty());
  EXPECT_EQ(sent_to(server).size(), 1U);
}

}  // namespace
}  // namespace assent::media
