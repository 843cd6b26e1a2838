#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "media/datagram.hpp"
#include "tests/media/relay_fixture.hpp"
#include "tests/media/sctp_packets.hpp"
#include "tests/media/webrtc_peer.hpp"

namespace assent::media {
namespace {

using namespace tests;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr SectionId audio_section = 0;
constexpr SectionId data_section = 1;
constexpr std::uint32_t tag = 0xabcd;

// A browser and a server that both speak DTLS, each with audio and data channels bundled.
class RelayData : public RelayTest {
 protected:
  struct End {
    WebRtcPeer peer;
    IceCredentials gateway;
    DtlsIdentity identity = make_identity();
    std::uint16_t port = 0;
    LegId leg{};
    DtlsSession::Datagrams heard{};
    std::size_t datagrams = 0;  // of DTLS that it was sent
  };

  void SetUp() override {
    source = relay.add_source(RoomKey{1});
    browser.gateway = {"gateway1", "gateway-password-24chars"};
    server.gateway = {"gateway2", "gateway-password-24chars"};
    browser.port = 7000;
    server.port = 8000;
    join(browser, Side::client);
    join(server, Side::server);
    relay.connect({browser.leg, audio_section}, {server.leg, audio_section});
    relay.connect({browser.leg, data_section}, {server.leg, data_section});
    shake_hands(browser);
    shake_hands(server);
  }

  LegConfig config(End& end, Side side) {
    LegConfig leg;
    leg.source = source;
    leg.side = side;
    leg.webrtc = WebRtcConfig{end.gateway,
                              end.peer.ufrag,
                              DtlsRole::server,
                              {end.peer.identity.fingerprint()},
                              end.identity};
    leg.payload_types[opus_pt] = Codec::opus;
    leg.takes = leg.payload_types;
    leg.data = data_section;
    return leg;
  }
  void join(End& end, Side side) {
    end.peer.expect(DtlsRole::client, end.identity.fingerprint());
    end.leg = relay.add_leg(config(end, side));
  }

  // Delivers what the gateway has sent, to whom it has sent it.
  void deliver() {
    for (End* end : {&browser, &server}) {
      for (const auto& datagram : sent_to(end->leg)) {
        if (classify_datagram(datagram) != DatagramClass::dtls) continue;
        ++end->datagrams;
        end->peer.dtls()->handle(datagram);
        for (auto& message : end->peer.dtls()->take_messages())
          end->heard.push_back(std::move(message));
      }
    }
    outbox.clear();
  }
  void flush(End& end) {
    for (auto& datagram : end.peer.dtls()->take_outgoing())
      arrive(end.leg, end.port, std::move(datagram));
  }
  void shake_hands(End& end) {
    arrive(end.leg, end.port, end.peer.check(end.gateway, true));
    outbox.clear();
    end.peer.dtls()->begin();
    for (int i = 0; i < 8; ++i) {
      flush(end);
      deliver();
    }
    ASSERT_EQ(end.peer.dtls()->state(), DtlsSession::State::connected);
    end.datagrams = 0;
  }

  void say(End& end, const Bytes& message) {
    ASSERT_TRUE(end.peer.dtls()->send(message));
    flush(end);
  }
  DtlsSession::Datagrams heard(End& end) {
    deliver();
    return std::exchange(end.heard, {});
  }
  void perform(bool covers_data = true) {
    relay.set_sink(server_recording, {codecs_forkable, false, true, covers_data});
    relay.open_route(source, server_recording);
  }
  RouteCounters route() { return relay.settle(source).at(0).routes.at(0).second; }
  LegCounters counters(const End& end) { return relay.leg(end.leg).counters; }

  SourceId source{};
  End browser;
  End server;
};

TEST_F(RelayData, PassesMessagesBothWaysUnchangedInOrderOneADatagram) {
  const auto hello = sctp(tag, {data(1, "hello")});
  const auto world = sctp(tag, {data(2, "world")});
  say(browser, hello);
  say(browser, world);
  EXPECT_THAT(heard(server), ElementsAre(hello, world));
  EXPECT_EQ(server.datagrams, 2U);
  say(server, world);
  say(server, hello);
  EXPECT_THAT(heard(browser), ElementsAre(world, hello));
  EXPECT_EQ(counters(browser).data_packets, 2U);
  EXPECT_EQ(counters(browser).data_forwarded, 2U);
  EXPECT_EQ(counters(server).data_forwarded, 2U);
}

TEST_F(RelayData, IsOpaqueWhileNoPurposeOfTheServersAsks) {
  const Bytes nothing_known{std::byte{1}, std::byte{2}, std::byte{3}};
  say(browser, nothing_known);
  EXPECT_THAT(heard(server), ElementsAre(nothing_known));
}

TEST_F(RelayData, SendsEachMessageOfADatagramByItself) {
  ASSERT_TRUE(browser.peer.dtls()->send(text("a")));
  ASSERT_TRUE(browser.peer.dtls()->send(text("b")));
  Bytes both;
  for (const auto& record : browser.peer.dtls()->take_outgoing())
    both.insert(both.end(), record.begin(), record.end());
  arrive(browser.leg, browser.port, both);
  EXPECT_THAT(heard(server), ElementsAre(text("a"), text("b")));
  EXPECT_EQ(server.datagrams, 2U);
}

// Nothing waits for a leg: SCTP sends it again.
TEST_F(RelayData, DropsAndCountsWhatCannotLeaveAtOnce) {
  now += 31s;  // RFC 7675
  arrive(browser.leg, browser.port, browser.peer.check(browser.gateway, true));
  say(browser, text("x"));
  EXPECT_THAT(heard(server), IsEmpty());
  EXPECT_EQ(drops(browser.leg, DropReason::not_connected), 1U);
  arrive(server.leg, server.port, server.peer.check(server.gateway, true));
  EXPECT_THAT(heard(server), IsEmpty());
  say(browser, text("y"));
  EXPECT_THAT(heard(server), ElementsAre(text("y")));

  relay.disconnect(browser.leg);
  say(browser, text("z"));
  EXPECT_THAT(heard(server), IsEmpty());
  EXPECT_EQ(drops(browser.leg, DropReason::not_connected), 2U);
  const auto counted = counters(browser);
  EXPECT_EQ(counted.data_packets, counted.data_forwarded + 2);
}

TEST_F(RelayData, DropsWhatArrivesBeforeTheOtherLegIsConnected) {
  relay.remove_leg(server.leg);
  server.peer = WebRtcPeer{};
  join(server, Side::server);
  relay.connect({browser.leg, data_section}, {server.leg, data_section});
  say(browser, text("early"));
  EXPECT_EQ(drops(browser.leg, DropReason::not_connected), 1U);
  shake_hands(server);
  EXPECT_THAT(heard(server), IsEmpty());
  say(browser, text("in time"));
  EXPECT_THAT(heard(server), ElementsAre(text("in time")));
}

TEST_F(RelayData, DropsAMessageThatIsLongerThanAPathTakes) {
  const Bytes longest(dtls_message_bytes_max, std::byte{7});
  say(browser, longest);
  ASSERT_EQ(outbox.outgoing().size(), 1U);
  EXPECT_LE(outbox.outgoing()[0].size, 1'452 - 50);
  EXPECT_THAT(heard(server), ElementsAre(longest));
  EXPECT_FALSE(browser.peer.dtls()->send(Bytes(dtls_message_bytes_max + 1)));
  EXPECT_EQ(drops(browser.leg, DropReason::too_long), 0U);
}

TEST_F(RelayData, DropsMessagesOnALegWithoutDataChannels) {
  auto without = config(browser, Side::client);
  without.data.reset();
  relay.reconfigure_leg(browser.leg, without);
  say(browser, text("x"));
  EXPECT_THAT(heard(server), IsEmpty());
  EXPECT_EQ(drops(browser.leg, DropReason::unknown_protocol), 1U);
  say(server, text("x"));
  EXPECT_THAT(heard(browser), IsEmpty());
  EXPECT_EQ(drops(server.leg, DropReason::not_connected), 1U);
  relay.reconfigure_leg(browser.leg, config(browser, Side::client));
  say(browser, text("y"));
  EXPECT_THAT(heard(server), ElementsAre(text("y")));
}

TEST_F(RelayData, TakesNoMoreOfAFullDatagramThanLeavesRoomForAll) {
  Bytes many;
  while (many.size() < 1'800) {
    ASSERT_TRUE(browser.peer.dtls()->send(text("x")));
    for (const auto& record : browser.peer.dtls()->take_outgoing())
      many.insert(many.end(), record.begin(), record.end());
  }
  while (outbox.has_room_for(Relay::datagrams_per_input_max + 1)) {
    outbox.push({});
  }
  arrive(browser.leg, browser.port, many);
  const auto counted = counters(browser);
  EXPECT_GT(drops(browser.leg, DropReason::outbound_full), 0U);
  EXPECT_EQ(counted.data_packets,
            counted.data_forwarded + drops(browser.leg, DropReason::outbound_full));
}

// The whiteboard of a recording: it needs the same consent.
TEST_F(RelayData, WithholdsWhatIsWrittenFromAServerThatRecordsWithoutConsent) {
  perform();
  say(browser, sctp(0, {init(1)}));
  say(browser, sctp(tag, {sack(3)}));
  EXPECT_EQ(heard(server).size(), 2U);
  say(browser, sctp(tag, {data(1, "secret")}));
  EXPECT_THAT(heard(server), ElementsAre(sctp(tag, {forward_tsn(1, {{1, 0}})})));
  EXPECT_EQ(counters(browser).data_packets, 3U);
  EXPECT_EQ(counters(browser).data_withheld, 1U);
  EXPECT_EQ(counters(browser).rtp_packets, 0U);
  const auto counted = route();
  EXPECT_EQ(counted.offered, 0U);
  EXPECT_EQ(counted.data_offered, 1U);
  EXPECT_EQ(counted.data_withheld[static_cast<std::size_t>(Withheld::no_permit)], 1U);
}

TEST_F(RelayData, DeliversWithTheGrantButNothingFromBeforeIt) {
  perform();
  say(browser, sctp(0, {init(1)}));
  const auto secret = sctp(tag, {data(1, "secret")});
  say(browser, secret);
  (void)heard(server);
  relay.set_permit(now, source, server_recording, open_forever);
  say(browser, secret);  // its acknowledgement was lost
  EXPECT_THAT(heard(server), ElementsAre(sctp(tag, {forward_tsn(1, {{1, 0}})})));
  const auto agreed = sctp(tag, {data(2, "with consent", whole, 1, 1)});
  say(browser, agreed);
  EXPECT_THAT(heard(server), ElementsAre(agreed));
  say(server, sctp(0x2222, {sack(2)}));
  auto counted = route();
  EXPECT_EQ(counted.data_offered, 3U);
  EXPECT_EQ(counted.data_delivered, 1U);
  EXPECT_EQ(counted.data_withheld[static_cast<std::size_t>(Withheld::before_grant)], 1U);

  relay.set_permit(now, source, server_recording, Permit::denied(8));
  say(browser, sctp(tag, {data(3, "withdrawn", whole, 1, 2)}));
  EXPECT_THAT(heard(server), ElementsAre(sctp(tag, {forward_tsn(3, {{1, 2}})})));
  now += 1s;
  relay.set_permit(now, source, server_recording, {now + 1s, 9});
  now += 1s;
  say(browser, sctp(tag, {data(4, "too late", whole, 1, 3)}));
  counted = route();
  EXPECT_EQ(counted.data_withheld[static_cast<std::size_t>(Withheld::no_permit)], 1U);
  EXPECT_EQ(counted.data_withheld[static_cast<std::size_t>(Withheld::expired)], 1U);
}

TEST_F(RelayData, StaysWithheldAlsoWhenThePurposeIsOver) {
  perform();
  const auto secret = sctp(tag, {data(1, "secret")});
  say(browser, secret);
  relay.close_route(now, source, server_recording);
  say(browser, secret);
  EXPECT_THAT(heard(server), IsEmpty());
  EXPECT_EQ(counters(browser).data_withheld, 2U);
  const auto open = sctp(tag, {data(2, "not recorded", whole, 1, 1)});
  say(browser, open);
  EXPECT_THAT(heard(server), ElementsAre(open));
}

TEST_F(RelayData, GoesToAServerWhosePurposeIsOfAudioAlone) {
  perform(false);
  const auto written = sctp(tag, {data(1, "words")});
  say(browser, written);
  EXPECT_THAT(heard(server), ElementsAre(written));
  EXPECT_EQ(route().data_offered, 0U);
}

// The listener's own copy of the call.
TEST_F(RelayData, AlwaysPassesWhatTheServerSays) {
  perform();
  const auto written = sctp(tag, {data(1, "somebody else's words")});
  say(server, written);
  EXPECT_THAT(heard(browser), ElementsAre(written));
}

TEST_F(RelayData, WithholdsWhatItCannotRead) {
  perform();
  for (const auto& hostile : {Bytes(11), Bytes(12), sctp(tag, {chunk(0, 3, {})})})
    say(browser, hostile);
  EXPECT_THAT(heard(server), IsEmpty());
  EXPECT_EQ(drops(browser.leg, DropReason::too_short), 1U);
  EXPECT_EQ(drops(browser.leg, DropReason::malformed), 2U);
}

TEST_F(RelayData, NeverGoesToASink) {
  relay.set_sink(recorder, SinkConfig{});
  relay.open_route(source, recorder);
  relay.set_permit(now, source, recorder, open_forever);
  say(browser, sctp(tag, {data(1, "words")}));
  say(server, sctp(tag, {data(1, "words")}));
  for (const auto& outgoing : outbox.outgoing()) {
    EXPECT_NE(outgoing.lane.kind, Lane::Kind::sink_rtp);
    EXPECT_NE(outgoing.lane.kind, Lane::Kind::sink_rtcp);
  }
  const auto counted = route();
  EXPECT_EQ(counted.offered, 0U);
  EXPECT_EQ(counted.data_offered, 0U);
}

TEST_F(RelayData, LeavesAudioAsItIs) {
  arrive(browser.leg, browser.port, browser.peer.protect(rtp(1)));
  const auto sealed = sent_to(server.leg);
  ASSERT_EQ(sealed.size(), 1U);
  EXPECT_EQ(server.peer.unprotect(sealed[0]), rtp(1));
}

// What a peer says after its goodbye, or somebody with its keys, is nothing.
TEST_F(RelayData, ALegIsKeylessOnceItsPeerHasSaidGoodbye) {
  arrive(browser.leg, browser.port, browser.peer.protect(rtp(1)));
  const auto later = browser.peer.protect(rtp(2));
  browser.peer.dtls()->close();
  flush(browser);
  outbox.clear();
  EXPECT_FALSE(relay.leg(browser.leg).config().receive_key);
  arrive(browser.leg, browser.port, later);
  EXPECT_EQ(drops(browser.leg, DropReason::auth_failed), 1U);
  arrive(server.leg, server.port, server.peer.protect(rtp(3)));
  say(server, text("x"));
  EXPECT_TRUE(outbox.outgoing().empty());
  EXPECT_EQ(drops(server.leg, DropReason::not_connected), 1U);
}

TEST_F(RelayData, ALegSaysGoodbyeBeforeItIsRemoved) {
  relay.say_goodbye(now, browser.leg, outbox);
  deliver();
  EXPECT_EQ(browser.peer.dtls()->state(), DtlsSession::State::closed);
  EXPECT_FALSE(relay.leg(browser.leg).config().send_key);
  relay.remove_leg(browser.leg);
  EXPECT_EQ(server.peer.dtls()->state(), DtlsSession::State::connected);
}

}  // namespace
}  // namespace assent::media
