#include <algorithm>

#include "tests/media/relay_fixture.hpp"

namespace assent::media::tests {
namespace {

TEST_F(RelayTest, PacketsPassUnchangedBothWays) {
  const auto a = join(1000);
  speak(a, 5);
  ASSERT_EQ(sent_to(a.server).size(), 1U);
  EXPECT_EQ(sent_to(a.server)[0], rtp(5));
  arrive(a.server, a.server_port, rtp(9, Ssrc{0x77}));
  ASSERT_EQ(sent_to(a.client).size(), 1U);
  EXPECT_EQ(sent_to(a.client)[0], rtp(9, Ssrc{0x77}));
}

TEST_F(RelayTest, Row25TheCallIsTheSameByteForByteWithAndWithoutAPermit) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  std::vector<std::vector<std::byte>> spoken;
  for (std::uint16_t sequence = 1; sequence <= 10; ++sequence) {
    if (sequence == 6) relay.set_permit(now, a.source, recorder, open_forever);
    speak(a, sequence);
    spoken.push_back(rtp(sequence));
  }
  EXPECT_EQ(sent_to(a.server), spoken);
  EXPECT_EQ(sent_to(recorder).size(), 5U);
}

TEST_F(RelayTest, NothingReachesASinkWithoutAPermit) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  speak(a, 1);  // no route
  relay.open_route(a.source, recorder);
  speak(a, 2);  // a route, denied
  EXPECT_TRUE(sent_to(recorder).empty());
  EXPECT_EQ(sent_to(a.server).size(), 2U);  // the call goes on
  EXPECT_EQ(withheld(a.source, Withheld::no_permit), 1U);
}

TEST_F(RelayTest, AClosedPermitStopsTheNextPacketAndTellsWhereTheStreamWasCut) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  speak(a, 65535);
  speak(a, 0);
  const auto cut = relay.set_permit(now, a.source, recorder, Permit::denied(8));
  speak(a, 1);
  EXPECT_EQ(sent_to(recorder).size(), 2U);
  ASSERT_EQ(cut.size(), 1U);
  EXPECT_EQ(cut[0].ssrc, speaker_ssrc);
  EXPECT_EQ(cut[0].epoch, 7U);
  EXPECT_EQ(cut[0].last_sequence, 65536);
}

TEST_F(RelayTest, TheCutNamesWhatALegThatIsGoneHadSent) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  speak(a, 5);
  relay.remove_leg(a.client);
  const auto cut = relay.set_permit(now, a.source, recorder, Permit::denied(8));
  ASSERT_EQ(cut.size(), 1U);
  EXPECT_EQ(cut[0].ssrc, speaker_ssrc);
  EXPECT_EQ(cut[0].last_sequence, 5);
  EXPECT_TRUE(relay.set_permit(now, a.source, recorder, Permit::denied(9)).empty());
}

TEST_F(RelayTest, Failure19ADeadlineClosesThePermitWithoutAnyTimer) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, Permit{now + 10ms, 1});
  speak(a, 1);
  now += 10ms;
  speak(a, 2);
  EXPECT_EQ(sent_to(recorder).size(), 1U);
  EXPECT_EQ(withheld(a.source, Withheld::expired), 1U);
}

TEST_F(RelayTest, Failure19ADeadlineClosesAServersGateWithoutAnyTimer) {
  relay.set_sink(server_recording, {codecs_forkable, false, true});
  const auto a = join(1000);
  relay.open_route(a.source, server_recording);
  relay.set_permit(now, a.source, server_recording, Permit{now + 10ms, 1});
  speak(a, 1);
  now += 10ms;
  speak(a, 2);
  EXPECT_EQ(sent_to(a.server).size(), 1U);
  EXPECT_EQ(withheld(a.source, Withheld::expired), 1U);
}

TEST_F(RelayTest, Failure02WhatWasCapturedBeforeTheGrantStaysOutEvenIfItArrivesLate) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  speak(a, 10);
  speak(a, 12);
  relay.set_permit(now, a.source, recorder, open_forever);
  speak(a, 11);  // late, spoken before the grant
  EXPECT_TRUE(sent_to(recorder).empty());
  speak(a, 13);
  EXPECT_EQ(sent_to(recorder).size(), 1U);
}

TEST_F(RelayTest, Failure09RedundantAudioInTheFirstPacketAfterAGrantStaysOut) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  const auto silk = std::byte{0x48};  // may carry LBRR frames of the packet before
  arrive(a.client, a.client_port, rtp(1, speaker_ssrc, opus_pt, silk));
  relay.set_permit(now, a.source, recorder, open_forever);
  arrive(a.client, a.client_port, rtp(2, speaker_ssrc, opus_pt, silk));
  EXPECT_TRUE(sent_to(recorder).empty());
  arrive(a.client, a.client_port, rtp(3, speaker_ssrc, opus_pt, silk));
  EXPECT_EQ(sent_to(recorder).size(), 1U);
}

TEST_F(RelayTest, AStreamThatIsNewFindsRoomWhereOneHasFallenSilent) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  for (std::uint32_t i = 0; i < streams_per_leg_max; ++i) {
    now += 1s;  // the later ones are still active when the first is not
    arrive(a.client, a.client_port, rtp(1, Ssrc{100 + i}));
  }
  arrive(a.client, a.client_port, rtp(1, Ssrc{500}));
  EXPECT_EQ(drops(a.client, DropReason::foreign_ssrc), 0U);
  EXPECT_FALSE(relay.leg(a.client).streams().back().ssrc == Ssrc{100});

  // What it had counted is not lost, and the cut names it still.
  const auto record = relay.settle(a.source).at(0);
  EXPECT_EQ(record.delivered.size(), streams_per_leg_max + 1);
  EXPECT_EQ(record.counters.rtp_packets, streams_per_leg_max + 1);
  const auto cut = relay.set_permit(now, a.source, recorder, Permit::denied(8));
  EXPECT_EQ(cut.size(), streams_per_leg_max + 1);
}

TEST_F(RelayTest, NoStreamThatIsActiveMakesRoom) {
  const auto a = join(1000);
  for (std::uint32_t i = 0; i < streams_per_leg_max; ++i)
    arrive(a.client, a.client_port, rtp(1, Ssrc{100 + i}));
  now += stream_idle_min - 1ms;
  arrive(a.client, a.client_port, rtp(1, Ssrc{500}));
  EXPECT_EQ(drops(a.client, DropReason::foreign_ssrc), 1U);
  now += 1ms;
  arrive(a.client, a.client_port, rtp(2, Ssrc{500}));
  EXPECT_EQ(drops(a.client, DropReason::foreign_ssrc), 1U);
}

TEST_F(RelayTest, AStreamThatComesBackGoesOnWhereItStood) {
  relay.set_sink(recorder, {});
  const auto a = join(1000, key(1), key(2));
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  SrtpOutbound peer{key(1)};
  const auto sealed = [&](std::uint16_t sequence, Ssrc ssrc) {
    auto packet = rtp(sequence, ssrc);
    const auto size = packet.size();
    packet.resize(size + srtp_trailer_bytes_max);
    packet.resize(*peer.protect_rtp(packet, size));
    return packet;
  };
  const auto recorded = sealed(65'535, speaker_ssrc);
  arrive(a.client, 1000, recorded);
  arrive(a.client, 1000, sealed(0, speaker_ssrc));  // in the second cycle
  for (std::uint32_t i = 0; i < streams_per_leg_max; ++i) {
    now += stream_idle_min;
    arrive(a.client, 1000, sealed(1, Ssrc{100 + i}));
  }
  arrive(a.client, 1000, recorded);  // replayed, while it is retired
  EXPECT_EQ(drops(a.client, DropReason::replayed), 1U);
  now += stream_idle_min;
  arrive(a.client, 1000, sealed(1, speaker_ssrc));
  arrive(a.client, 1000, recorded);
  EXPECT_EQ(drops(a.client, DropReason::replayed), 2U);
  const auto cut = relay.set_permit(now, a.source, recorder, Permit::denied(8));
  const auto mark = std::find_if(cut.begin(), cut.end(),
                                 [](const CutMark& of) { return of.ssrc == speaker_ssrc; });
  ASSERT_NE(mark, cut.end());
  EXPECT_EQ(mark->last_sequence, 65'537);
}

TEST_F(RelayTest, UnauthenticatedPacketsTakeNoStream) {
  const auto a = join(1000, key(1), key(2));
  for (std::uint32_t i = 0; i < 2 * streams_per_leg_max; ++i) {
    now += stream_idle_min;
    arrive(a.client, 1000, rtp(1, Ssrc{100 + i}));
  }
  EXPECT_TRUE(relay.leg(a.client).streams().empty());
  EXPECT_TRUE(relay.events().empty());
}

TEST_F(RelayTest, WhatOneKeyAndOneLegRememberHasAnEnd) {
  const auto plain = join(1000);
  const auto secure = join(2000, key(1), key(2));
  SrtpOutbound peer{key(1)};
  constexpr std::uint32_t many = streams_per_leg_max + retired_streams_max + 10;
  for (std::uint32_t i = 0; i < many; ++i) {
    now += stream_idle_min;
    outbox.clear();
    arrive(plain.client, 1000, rtp(1, Ssrc{10'000 + i}));
    auto packet = rtp(1, Ssrc{20'000 + i});
    const auto size = packet.size();
    packet.resize(size + srtp_trailer_bytes_max);
    const auto sealed = peer.protect_rtp(packet, size);
    EXPECT_EQ(sealed.has_value(), i < srtp_streams_per_key_max);
    if (!sealed) continue;
    packet.resize(*sealed);
    arrive(secure.client, 2000, packet);
  }
  EXPECT_EQ(drops(plain.client, DropReason::foreign_ssrc), 0U);
  const auto record = relay.settle(plain.source).at(0);
  EXPECT_EQ(record.counters.rtp_packets, many);
  EXPECT_EQ(record.ssrcs.size(), streams_per_leg_max + retired_streams_max);
  EXPECT_EQ(relay.settle(secure.source).at(0).ssrcs.size(), srtp_streams_per_key_max);
}

TEST_F(RelayTest, OnlyPlainAudioAndVideoGoesToSinks) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  arrive(a.client, a.client_port, rtp(1, speaker_ssrc, dtmf_pt));
  arrive(a.client, a.client_port, rtp(2, speaker_ssrc, 96));  // never negotiated
  EXPECT_TRUE(sent_to(recorder).empty());
  EXPECT_EQ(sent_to(a.server).size(), 2U);
  EXPECT_EQ(withheld(a.source, Withheld::unfit_format), 2U);
}

// All carry packets from another time, perhaps from before the grant, and of other speakers.
TEST_F(RelayTest, Failure07And08RetransmissionsAndRepairPacketsNeverReachASink) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  arrive(a.client, a.client_port, rtp(1, speaker_ssrc, rtx_pt));
  arrive(a.client, a.client_port, rtp(2, speaker_ssrc, fec_pt));
  arrive(a.client, a.client_port, rtp(3, speaker_ssrc, red_pt));
  EXPECT_TRUE(sent_to(recorder).empty());
  EXPECT_EQ(sent_to(a.server).size(), 3U) << "the call itself gets them";
  EXPECT_EQ(withheld(a.source, Withheld::unfit_format), 3U);
}

TEST_F(RelayTest, Failure22ExtensionsAndContributorsAreStrippedTowardSinks) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  auto packet = rtp(1);
  packet[0] = std::byte{0x91};  // one CSRC and an extension
  const std::array<std::byte, 12> inserted{
      std::byte{9}, std::byte{9}, std::byte{9},    std::byte{9}, std::byte{0xbe}, std::byte{0xde},
      std::byte{0}, std::byte{1}, std::byte{0x10}, std::byte{7}, std::byte{0},    std::byte{0}};
  packet.insert(packet.begin() + 12, inserted.begin(), inserted.end());
  arrive(a.client, a.client_port, packet);
  EXPECT_EQ(sent_to(a.server).at(0), packet);
  EXPECT_EQ(sent_to(recorder).at(0), rtp(1));
}

TEST_F(RelayTest, PlainRtpFromAForeignAddressIsDropped) {
  const auto a = join(1000);
  arrive(a.client, 4242, rtp(1));
  EXPECT_TRUE(outbox.outgoing().empty());
  EXPECT_EQ(drops(a.client, DropReason::foreign_source), 1U);
}

TEST_F(RelayTest, ASecureLegFollowsItsPeerOnlyAfterAuthentication) {
  const auto a = join(1000, key(1), key(2));
  SrtpOutbound peer{key(1)};
  const auto sealed = [&](std::uint16_t sequence) {
    auto packet = rtp(sequence);
    const auto size = packet.size();
    packet.resize(size + srtp_trailer_bytes_max);
    packet.resize(*peer.protect_rtp(packet, size));
    return packet;
  };
  auto forged = sealed(1);
  forged.back() ^= std::byte{1};
  arrive(a.client, 4242, forged);
  EXPECT_EQ(drops(a.client, DropReason::auth_failed), 1U);
  EXPECT_EQ(relay.leg(a.client).config().remote_rtp, at(1000));

  const auto genuine = sealed(2);
  arrive(a.client, 4343, genuine);
  EXPECT_EQ(relay.leg(a.client).config().remote_rtp, at(4343));
  EXPECT_EQ(sent_to(a.server).at(0), rtp(2));

  arrive(a.client, 4444, genuine);  // replayed by somebody else
  EXPECT_EQ(drops(a.client, DropReason::replayed), 1U);
  EXPECT_EQ(relay.leg(a.client).config().remote_rtp, at(4343));
  arrive(a.client, 1000, rtp(3));  // clear RTP on a secure leg
  EXPECT_EQ(drops(a.client, DropReason::auth_failed), 2U);
}

TEST_F(RelayTest, LatchingTakesTheFirstAddressAndNoOther) {
  const auto a = join(1000);
  auto config = relay.leg(a.client).config();
  config.latching = true;
  config.remote_rtp = {};
  relay.reconfigure_leg(a.client, config);
  arrive(a.client, 5000, rtp(1));
  arrive(a.client, 6000, rtp(2));
  EXPECT_EQ(sent_to(a.server).size(), 1U);
  EXPECT_EQ(drops(a.client, DropReason::foreign_source), 1U);
  arrive(a.server, a.server_port, rtp(1, Ssrc{0x77}));
  EXPECT_EQ(outbox.outgoing().back().to, at(5000));
}

TEST_F(RelayTest, ALatchClosesAlsoWhenThePeerIsWhereItWasExpected) {
  const auto a = join(1000);
  auto config = relay.leg(a.client).config();
  config.latching = true;
  relay.reconfigure_leg(a.client, config);
  speak(a, 1);
  arrive(a.client, 6000, rtp(2));
  EXPECT_EQ(drops(a.client, DropReason::foreign_source), 1U);
}

TEST_F(RelayTest, ARenegotiationDoesNotOpenTheLatchAgain) {
  const auto a = join(1000);
  auto config = relay.leg(a.client).config();
  config.latching = true;
  const auto signalled = config;
  relay.reconfigure_leg(a.client, config);
  arrive(a.client, 5000, rtp(1));
  relay.reconfigure_leg(a.client, signalled);
  arrive(a.client, 6000, rtp(2));
  EXPECT_EQ(drops(a.client, DropReason::foreign_source), 1U);
  EXPECT_EQ(relay.leg(a.client).config().remote_rtp, at(5000));
}

TEST_F(RelayTest, ADatagramTooLargeToBeSealedIsDroppedWhole) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  auto packet = rtp(1);
  packet.resize(datagram_bytes_max + 1);
  arrive(a.client, a.client_port, packet);
  EXPECT_TRUE(outbox.outgoing().empty());
  EXPECT_EQ(drops(a.client, DropReason::malformed), 1U);
}

TEST_F(RelayTest, Failure06AParticipantCannotSpeakWithAnothersSsrc) {
  const auto a = join(1000);
  const auto b = join(2000);
  speak(a, 1);
  arrive(b.client, b.client_port, rtp(1));
  EXPECT_TRUE(sent_to(b.server).empty());
  EXPECT_EQ(drops(b.client, DropReason::foreign_ssrc), 1U);
  relay.remove_source(a.source);
  arrive(b.client, b.client_port, rtp(2));
  EXPECT_EQ(sent_to(b.server).size(), 1U);
}

TEST_F(RelayTest, Failure06AnSsrcThatTwoRoomsShareIsQuarantinedAtASinkThatGoesByIt) {
  relay.set_sink(recorder, {codecs_forkable, true, false});
  const auto a = join(1000);
  const auto elsewhere = relay.add_source(RoomKey{2});
  LegConfig config = relay.leg(a.client).config();
  config.source = elsewhere;
  const auto leg = relay.add_leg(config);
  for (const auto source : {a.source, elsewhere}) {
    relay.open_route(source, recorder);
    relay.set_permit(now, source, recorder, open_forever);
  }
  speak(a, 1);
  arrive(leg, 1000, rtp(2));
  EXPECT_EQ(sent_to(recorder).size(), 1U);
  EXPECT_EQ(withheld(elsewhere, Withheld::ssrc_collision), 1U);
}

TEST_F(RelayTest, TheServerHearsNobodyWhoRefusesThePurposeItPerforms) {
  relay.set_sink(server_recording, {codecs_forkable, false, true});
  const auto a = join(1000);
  relay.open_route(a.source, server_recording);
  speak(a, 1);
  EXPECT_TRUE(sent_to(a.server).empty());
  relay.set_permit(now, a.source, server_recording, open_forever);
  speak(a, 2);
  EXPECT_EQ(sent_to(a.server).size(), 1U);
  arrive(a.server, a.server_port, rtp(1, Ssrc{0x77}));  // what the participant hears is not touched
  EXPECT_EQ(sent_to(a.client).size(), 1U);
}

TEST_F(RelayTest, WhatTheSystemDidNotTakeIsNotCountedAsDelivered) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  speak(a, 1);
  speak(a, 2);
  for (const auto& outgoing : outbox.outgoing())
    relay.give_back(outgoing, outbox.bytes(outgoing));
  const auto record = relay.settle(a.source).at(0);
  EXPECT_TRUE(record.delivered.empty());
  EXPECT_EQ(record.routes.at(0).second.withheld[static_cast<std::size_t>(Withheld::sink_full)], 2U);
  EXPECT_EQ(record.counters.forwarded_packets, 0U);
  EXPECT_EQ(record.counters.unforwarded[static_cast<std::size_t>(DropReason::outbound_full)], 2U);
}

TEST_F(RelayTest, RtcpPassesAndSinksGetItWithoutNames) {
  relay.set_sink(recorder, {codecs_forkable, true, false});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  speak(a, 1);
  std::vector<std::byte> compound(28 + 16);
  compound[0] = std::byte{0x80};
  compound[1] = std::byte{200};
  store_be16(compound, 2, 6);
  store_be32(compound, 4, 0x1111);
  compound[28] = std::byte{0x81};
  compound[29] = std::byte{202};
  store_be16(compound, 30, 3);
  store_be32(compound, 32, 0x1111);
  compound[36] = std::byte{1};
  compound[37] = std::byte{5};
  std::memcpy(&compound[38], "canary", 5);
  arrive(a.client, 1001, compound, Component::rtcp);
  EXPECT_EQ(sent({Lane::Kind::leg_rtcp, static_cast<std::uint32_t>(a.server)}).at(0), compound);
  const auto report = sent({Lane::Kind::sink_rtcp, static_cast<std::uint32_t>(recorder)}).at(0);
  const std::string text(reinterpret_cast<const char*>(report.data()), report.size());
  EXPECT_EQ(text.find("canar"), std::string::npos);
}

struct Tally {
  std::uint64_t taken_in = 0, accounted = 0, offered = 0, delivered = 0, withheld = 0;

  void add(const LegRecord& leg) {
    taken_in += leg.counters.rtp_packets;
    accounted += leg.counters.forwarded_packets + leg.counters.withheld_from_server;
    for (const auto count : leg.counters.unforwarded)
      accounted += count;
    for (const auto& route : leg.routes) {
      offered += route.second.offered;
      for (const auto count : route.second.withheld)
        withheld += count;
    }
    for (const auto& interval : leg.delivered)
      delivered += interval.packets;
  }
};

TEST_F(RelayTest, OfferedEqualsDeliveredPlusWithheldWhateverHappens) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  Tally tally;
  std::uint32_t state = 12345;
  for (std::uint16_t i = 0; i < 5000; ++i) {
    state = state * 1664525U + 1013904223U;
    switch ((state >> 16) % 8) {
      case 0:
        relay.set_permit(now, a.source, recorder, Permit{now + 3ms, i});
        break;
      case 1:
        relay.set_permit(now, a.source, recorder, Permit::denied(i));
        break;
      case 2:
        for (const auto& lost : outbox.outgoing().last(outbox.outgoing().empty() ? 0 : 1)) {
          relay.give_back(lost, outbox.bytes(lost));
        }
        outbox.clear();
        break;
      case 3:
        outbox.clear();
        for (const auto& leg : relay.settle(a.source))
          tally.add(leg);
        break;
      default:
        speak(a, i);
        now += 1ms;
    }
  }
  for (const auto& leg : relay.settle(a.source))
    tally.add(leg);
  EXPECT_GT(tally.delivered, 100U);
  EXPECT_GT(tally.withheld, 100U);
  EXPECT_EQ(tally.offered, tally.delivered + tally.withheld);
  EXPECT_EQ(tally.taken_in, tally.accounted);
}

}  // namespace
}  // namespace assent::media::tests
