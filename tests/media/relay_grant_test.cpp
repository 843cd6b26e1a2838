// What a grant lets through and what a record of it says, where packets are late, come back, or
// share an SSRC. All of these were found by tests/simulation.
#include "tests/media/relay_fixture.hpp"

namespace assent::media::tests {
namespace {

constexpr std::byte silk{0x48};  // may carry audio of the packet before
constexpr std::byte celt{0xfc};  // has none but its own

class RelayGrantTest : public RelayTest {
 protected:
  Participant join_with_route(std::uint16_t ports, SinkId sink) {
    const auto who = join(ports);
    relay.open_route(who.source, sink);
    return who;
  }
  void speak_silk(const Participant& who, std::uint16_t sequence) {
    arrive(who.client, who.client_port, rtp(sequence, speaker_ssrc, opus_pt, silk));
  }
  RouteCounters route_of(SourceId source) { return relay.settle(source).at(0).routes.at(0).second; }
};

TEST_F(RelayGrantTest, Failure09WhatTheFirstPacketAfterAGrantOvertookStaysOut) {
  relay.set_sink(recorder, {});
  const auto a = join_with_route(1000, recorder);
  speak_silk(a, 1);
  relay.set_permit(now, a.source, recorder, open_forever);
  speak_silk(a, 3);  // the first; 2 is late and repeats 1
  speak_silk(a, 2);
  EXPECT_TRUE(sent_to(recorder).empty());
  speak_silk(a, 4);
  EXPECT_EQ(sent_to(recorder).size(), 1U);
  EXPECT_EQ(withheld(a.source, Withheld::before_grant), 2U);
}

TEST_F(RelayGrantTest, Failure02TheServerGetsNothingThatWasCapturedBeforeTheGrant) {
  relay.set_sink(server_recording, {codecs_forkable, false, true});
  const auto a = join_with_route(1000, server_recording);
  speak_silk(a, 1);
  speak_silk(a, 3);
  relay.set_permit(now, a.source, server_recording, open_forever);
  speak_silk(a, 2);  // late
  speak_silk(a, 4);  // repeats 3
  EXPECT_TRUE(sent_to(a.server).empty());
  speak_silk(a, 5);
  EXPECT_EQ(sent_to(a.server).size(), 1U);
  const auto counted = route_of(a.source);
  EXPECT_EQ(counted.withheld[static_cast<std::size_t>(Withheld::no_permit)], 2U);
  EXPECT_EQ(counted.withheld[static_cast<std::size_t>(Withheld::before_grant)], 2U);
}

// RFC 4588 §4, RFC 8627: when the packets that they stand for were captured, they do not say.
TEST_F(RelayGrantTest, Failure07And08TheServerGetsRepairOnlyWhenItCannotBeOfBeforeTheGrant) {
  relay.set_sink(server_recording, {codecs_forkable, false, true});
  const auto a = join_with_route(1000, server_recording);
  constexpr Ssrc repair_ssrc{0x2222};  // a stream of its own, heard for the first time
  const auto repair = [&](std::uint16_t sequence) {
    arrive(a.client, a.client_port, rtp(sequence, repair_ssrc, rtx_pt));
    arrive(a.client, a.client_port, rtp(sequence, speaker_ssrc, fec_pt));
  };
  speak(a, 1);
  relay.set_permit(now, a.source, server_recording, open_forever);
  repair(2);
  now += 4900ms;
  repair(3);
  EXPECT_TRUE(sent_to(a.server).empty());
  EXPECT_EQ(withheld(a.source, Withheld::before_grant), 4U);
  now += 100ms;
  repair(4);
  EXPECT_EQ(sent_to(a.server).size(), 2U);
  relay.set_permit(now, a.source, server_recording, Permit::denied(8));
  relay.set_permit(now, a.source, server_recording, open_forever);
  repair(5);
  EXPECT_EQ(sent_to(a.server).size(), 2U) << "another grant, another time to wait";
}

// RFC 2198 §3: 14 bits of the timestamp's units say how old a block is.
std::vector<std::byte> red(std::uint16_t sequence, std::vector<unsigned> blocks) {
  auto packet = rtp(sequence, speaker_ssrc, red_pt);
  std::fill(packet.begin() + 12, packet.end(), celt);
  std::size_t at = 12;
  for (const unsigned offset : blocks) {
    packet[at] = std::byte{0x80 | opus_pt};
    store_be16(packet, at + 1, static_cast<std::uint16_t>(offset << 2));
    packet[at + 3] = std::byte{2};  // bytes of the block
    at += 4;
  }
  packet[at] = std::byte{opus_pt};
  return packet;
}

TEST_F(RelayGrantTest, Failure09TheServerGetsRedundantAudioOnlyFromTheGrantOn) {
  relay.set_sink(server_recording, {codecs_forkable, false, true});
  const auto a = join_with_route(1000, server_recording);
  const auto say = [&](std::vector<std::byte> packet) {
    arrive(a.client, a.client_port, std::move(packet));
    return sent_to(a.server).size();
  };
  relay.set_permit(now, a.source, server_recording, open_forever);
  EXPECT_EQ(say(red(1, {})), 1U) << "the primary block alone is of now";
  EXPECT_EQ(say(red(2, {960, 160})), 1U);
  now += 119ms;  // 960 units may be as long as 120 ms
  EXPECT_EQ(say(red(3, {160, 960})), 1U);
  now += 1ms;
  EXPECT_EQ(say(red(4, {160, 960})), 2U);
  auto cut_short = red(5, {160});
  cut_short.resize(14);
  EXPECT_EQ(say(cut_short), 2U) << "it says nothing, so it may be as old as can be said";
  now += 7s;
  EXPECT_EQ(say(cut_short), 3U);
}

TEST_F(RelayGrantTest, WhatDidNotReachTheServerIsNotCountedAsDeliveredToIt) {
  relay.set_sink(server_recording, {codecs_forkable, false, true});
  const auto a = join_with_route(1000, server_recording);
  relay.set_permit(now, a.source, server_recording, open_forever);
  speak(a, 1);
  relay.give_back(outbox.outgoing()[0], outbox.bytes(outbox.outgoing()[0]));
  auto hold = relay.leg(a.server).config();
  hold.peer_listens = false;
  relay.reconfigure_leg(a.server, hold);
  speak(a, 2);
  const auto record = relay.settle(a.source).at(0);
  EXPECT_TRUE(record.delivered.empty());
  const auto& counted = record.routes.at(0).second;
  EXPECT_EQ(counted.offered, 2U);
  EXPECT_EQ(counted.withheld[static_cast<std::size_t>(Withheld::sink_full)], 2U);
}

TEST_F(RelayGrantTest, WhatOnePurposeOfTheServerKeepsBackHasNotExpiredForTheOther) {
  constexpr SinkId server_transcription{17};
  relay.set_sink(server_recording, {codecs_forkable, false, true});
  relay.set_sink(server_transcription, {codecs_forkable, false, true});
  const auto a = join_with_route(1000, server_recording);
  relay.open_route(a.source, server_transcription);
  relay.set_permit(now, a.source, server_recording, open_forever);
  speak(a, 1);
  EXPECT_EQ(withheld(a.source, Withheld::no_permit), 1U);
}

TEST_F(RelayGrantTest, ACopyThatComesBackIsTakenOffTheLegThatItCameFrom) {
  relay.set_sink(recorder, {});
  const auto a = join_with_route(1000, recorder);
  const auto second = relay.add_leg(relay.leg(a.client).config());  // another section, same SSRC
  relay.set_permit(now, a.source, recorder, open_forever);
  speak(a, 1);
  arrive(second, a.client_port, rtp(2));
  const auto& lost = outbox.outgoing().back();
  relay.give_back(lost, outbox.bytes(lost));
  const auto record = relay.settle(a.source);
  EXPECT_EQ(record.at(0).delivered.size(), 1U);
  EXPECT_TRUE(record.at(2).delivered.empty());
}

TEST_F(RelayGrantTest, ADecisionToldTwiceCutsWhereItWouldHaveOnce) {
  relay.set_sink(recorder, {});
  const auto a = join_with_route(1000, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  speak(a, 1);
  relay.set_permit(now, a.source, recorder, open_forever);
  const auto cut = relay.set_permit(now, a.source, recorder, Permit::denied(8));
  ASSERT_EQ(cut.size(), 1U);
  EXPECT_EQ(cut[0].last_sequence, 1);
}

TEST_F(RelayGrantTest, WhoIsDeniedKeepsNobodyElsesSsrcFromASink) {
  relay.set_sink(recorder, {codecs_forkable, true, false});
  const auto a = join_with_route(1000, recorder);
  speak(a, 1);
  relay.set_permit(now, a.source, recorder, Permit::denied(1));
  const auto elsewhere = relay.add_source(RoomKey{2});
  LegConfig config = relay.leg(a.client).config();
  config.source = elsewhere;
  const auto leg = relay.add_leg(config);
  relay.open_route(elsewhere, recorder);
  relay.set_permit(now, elsewhere, recorder, open_forever);
  arrive(leg, 1000, rtp(2));
  EXPECT_EQ(sent_to(recorder).size(), 1U);
}

TEST_F(RelayGrantTest, Failure06AnSsrcOfTwoSectionsStaysItsOwnersWhenOneOfThemGoes) {
  const auto a = join(1000);
  const auto b = join(2000);
  const auto second = relay.add_leg(relay.leg(a.client).config());
  speak(a, 1);
  arrive(second, a.client_port, rtp(2));
  relay.remove_leg(second);
  arrive(b.client, b.client_port, rtp(3));
  EXPECT_EQ(drops(b.client, DropReason::foreign_ssrc), 1U);
}

TEST_F(RelayGrantTest, AnSsrcThatIsNoLongerSignalledIsFreeForOthers) {
  const auto a = join(1000);
  const auto b = join(2000);
  auto config = relay.leg(a.client).config();
  config.signalled_ssrcs = {speaker_ssrc};
  relay.reconfigure_leg(a.client, config);
  config.signalled_ssrcs.clear();
  relay.reconfigure_leg(a.client, config);
  arrive(b.client, b.client_port, rtp(1));
  EXPECT_EQ(sent_to(b.server).size(), 1U);
}

}  // namespace
}  // namespace assent::media::tests
