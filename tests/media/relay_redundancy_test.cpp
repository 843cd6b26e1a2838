// Media that comes along with other media: repeated (RFC 4588), as redundancy (RFC 2198), inside of
// Opus, or as parity (RFC 5109, RFC 8627). None of it may be from before a grant or after its end,
// neither at a sink nor at a server that performs a purpose itself.
#include <algorithm>

#include "media/earlier_media.hpp"
#include "media/sdp_attributes.hpp"
#include "tests/media/relay_fixture.hpp"

namespace assent::media::tests {
namespace {

constexpr std::byte silk{0x48};
constexpr std::byte celt{0xfc};
constexpr std::uint8_t unknown_audio_pt = 110;
constexpr std::uint8_t undescribed_pt = 120;

using Packet = std::vector<std::byte>;

// RFC 2198 §3, one older block of `size` bytes, if any, and the primary one.
struct Red {
  std::uint8_t older_pt = 0;  // 0: there is none
  unsigned offset = 0;
  std::byte older = celt;
  std::uint8_t primary_pt = opus_pt;
  std::byte primary = celt;

  [[nodiscard]] Packet build(std::uint16_t sequence) const {
    Packet packet = rtp(sequence, speaker_ssrc, red_pt);
    packet.resize(12);
    constexpr unsigned size = 3;
    if (older_pt != 0) {
      packet.resize(16);
      packet[12] = static_cast<std::byte>(0x80 | older_pt);
      store_be16(packet, 13, static_cast<std::uint16_t>(offset << 2));
      packet[15] = std::byte{size};
    }
    packet.push_back(std::byte{primary_pt});
    if (older_pt != 0) packet.insert(packet.end(), size, older);
    packet.insert(packet.end(), 40, primary);
    return packet;
  }
};

// RFC 6716 §3.2.5: code 3, one frame, and `padding` at the end.
Packet padded_opus(std::uint16_t sequence, const Packet& padding) {
  Packet packet = rtp(sequence, speaker_ssrc, opus_pt, std::byte{0xff});
  packet[13] = std::byte{0x41};
  packet[14] = static_cast<std::byte>(padding.size());
  const auto end = packet.size();
  packet.resize(end + padding.size());
  std::copy(padding.begin(), padding.end(), packet.begin() + static_cast<std::ptrdiff_t>(end));
  return packet;
}
// draft-ietf-mlcodec-opus-extension: an identifier, and what it stands for.
Packet with_redundancy(std::uint16_t sequence) {
  return padded_opus(sequence, {std::byte{0xfd}, std::byte{0x21}, std::byte{0x07}});
}

class RelayRedundancy : public RelayTest {
 protected:
  void SetUp() override {
    relay.set_sink(recorder, {codecs_forkable, true, false});
    relay.set_sink(server_recording, {codecs_forkable, false, true});
    who = join(1000);
    auto config = relay.leg(who.client).config();
    config.payload_types[unknown_audio_pt] = Codec::other_audio;
    relay.reconfigure_leg(who.client, config);
    for (const auto place : places)
      relay.open_route(who.source, place);
  }
  void grant() {
    for (const auto place : places)
      relay.set_permit(now, who.source, place, open_forever);
  }
  void withdraw() {
    for (const auto place : places)
      relay.set_permit(now, who.source, place, Permit::denied(8));
  }
  struct Heard {
    std::size_t sink;
    std::size_t server;
    bool operator==(const Heard&) const = default;
  };
  // How many of the sink and of the server have it.
  Heard say(Packet packet) {
    outbox.clear();
    arrive(who.client, who.client_port, std::move(packet));
    return {sent_to(recorder).size(), sent_to(who.server).size()};
  }
  // From the moment on that the grant has stood so long, and not before.
  template <class Build>
  void expect_server_after(Duration wait, Build&& build) {
    const auto granted = now;
    EXPECT_EQ(say(build()), (Heard{0, 0}));
    now = granted + wait - 1ms;
    EXPECT_EQ(say(build()), (Heard{0, 0}));
    now = granted + wait;
    EXPECT_EQ(say(build()), (Heard{0, 1}));
  }

  static constexpr std::array places{recorder, server_recording};
  static constexpr Heard nobody{0, 0};
  static constexpr Heard both{1, 1};
  Participant who{};
  std::uint16_t next = 1;
};

TEST_F(RelayRedundancy, Failure07ARepeatedPacketOfBeforeTheGrantReachesNobody) {
  constexpr Ssrc repair{0x2222};
  say(rtp(1, speaker_ssrc));
  grant();
  expect_server_after(5s, [&] {
    auto repeated = rtp(next++, repair, rtx_pt);
    store_be16(repeated, 12, 1);  // RFC 4588 §4: the original sequence number, before the grant
    return repeated;
  });
}

TEST_F(RelayRedundancy, Failure08ParityOverPacketsOfBeforeTheGrantReachesNobody) {
  say(rtp(next++));
  grant();
  expect_server_after(5s, [&] { return rtp(next++, speaker_ssrc, fec_pt); });
}

// RFC 5109 §14.2: as browsers send ULPFEC, as the primary block of RED or as an older one.
TEST_F(RelayRedundancy, Failure08ParityInsideOfRedReachesNobodyEither) {
  grant();
  expect_server_after(5s, [&] { return Red{.primary_pt = fec_pt}.build(next++); });
}

TEST_F(RelayRedundancy, Failure08NorWhereItIsAnOlderBlock) {
  grant();
  expect_server_after(5s + 20ms, [&] { return Red{fec_pt, 160}.build(next++); });
}

TEST_F(RelayRedundancy, Failure09ABlockOfBeforeTheGrantReachesNobody) {
  grant();
  expect_server_after(120ms, [&] { return Red{opus_pt, 960}.build(next++); });
}

// RFC 6716 §2.1.7: in-band FEC of the block, one packet further back.
TEST_F(RelayRedundancy, Failure09NorTheFecInsideOfABlock) {
  grant();
  expect_server_after(140ms, [&] { return Red{opus_pt, 160, silk}.build(next++); });
}

TEST_F(RelayRedundancy, Failure09NorThatOfThePrimaryBlock) {
  say(rtp(next++));
  grant();
  expect_server_after(120ms, [&] { return Red{.primary = silk}.build(next++); });
}

TEST_F(RelayRedundancy, RedThatIsAllOfNowReachesTheServerAtOnce) {
  grant();
  EXPECT_EQ(say(Red{}.build(1)), (Heard{0, 1}));
}

TEST_F(RelayRedundancy, RedThatClaimsMoreThanThereIsReachesNobodyForLong) {
  grant();
  auto cut = Red{opus_pt, 0}.build(1);
  cut.resize(18);  // of three bytes one
  EXPECT_EQ(say(cut), nobody);
  now += 7s;
  EXPECT_EQ(say(cut), nobody);
  now += 100ms;
  EXPECT_EQ(say(cut), (Heard{0, 1}));
}

TEST_F(RelayRedundancy, Failure09DeepRedundancyOfOpusWaitsForLongerThanItReaches) {
  say(rtp(next++));
  grant();
  EXPECT_EQ(say(with_redundancy(next++)), nobody);
  EXPECT_EQ(say(rtp(next++)), both) << "plain packets between do not";
  now += 1999ms;
  EXPECT_EQ(say(with_redundancy(next++)), nobody);
  now += 1ms;
  EXPECT_EQ(say(with_redundancy(next++)), both);
}

TEST_F(RelayRedundancy, MerePaddingOfOpusIsNoRedundancy) {
  grant();
  EXPECT_EQ(say(padded_opus(next++, Packet(30))), both);
  EXPECT_EQ(say(padded_opus(next++, {})), both);
  auto more_than_there_is = padded_opus(next++, {});
  more_than_there_is[14] = std::byte{200};
  EXPECT_EQ(say(more_than_there_is), nobody);
}

TEST_F(RelayRedundancy, Failure09AStreamThatBeginsAtTheGrantMayRepeatWhatWasLostBeforeIt) {
  grant();
  constexpr Ssrc fresh{0x3333};
  EXPECT_EQ(say(rtp(8, fresh, opus_pt, silk)), nobody);
  EXPECT_EQ(say(rtp(9, fresh, opus_pt, silk)), both);
  now += 120ms;
  constexpr Ssrc later{0x4444};
  EXPECT_EQ(say(rtp(8, later, opus_pt, silk)), both);
}

TEST_F(RelayRedundancy, Failure09ACodecThatNobodyKnowsMayRepeatItsLastPacket) {
  say(rtp(1, speaker_ssrc, unknown_audio_pt));
  grant();
  EXPECT_EQ(say(rtp(2, speaker_ssrc, unknown_audio_pt)), nobody);
  EXPECT_EQ(say(rtp(3, speaker_ssrc, unknown_audio_pt)), both);
}

TEST_F(RelayRedundancy, WhatNobodyDescribedMayBeRepair) {
  grant();
  expect_server_after(5s, [&] { return rtp(next++, speaker_ssrc, undescribed_pt); });
}

TEST_F(RelayRedundancy, NothingOfItReachesAnyoneAfterAWithdrawal) {
  grant();
  now += 10s;
  EXPECT_EQ(say(rtp(next++)), both);
  EXPECT_EQ(say(rtp(next++, speaker_ssrc, rtx_pt)), (Heard{0, 1}));
  withdraw();
  for (int round = 0; round < 2; ++round, now += 10s) {
    EXPECT_EQ(say(rtp(next++, speaker_ssrc, rtx_pt)), nobody);
    EXPECT_EQ(say(rtp(next++, speaker_ssrc, fec_pt)), nobody);
    EXPECT_EQ(say(Red{opus_pt, 960}.build(next++)), nobody);
    EXPECT_EQ(say(with_redundancy(next++)), nobody);
  }
}

// A second consent is another grant: what lies between the two is as forbidden as what was before.
TEST_F(RelayRedundancy, WhatWasSaidBetweenTwoGrantsComesWithNoneOfIt) {
  grant();
  now += 10s;
  withdraw();
  say(rtp(next++));
  now += 100ms;
  grant();
  EXPECT_EQ(say(rtp(next++, speaker_ssrc, opus_pt, silk)), nobody);
  EXPECT_EQ(say(rtp(next++, speaker_ssrc, rtx_pt)), nobody);
  EXPECT_EQ(say(rtp(next++, speaker_ssrc, fec_pt)), nobody);
  EXPECT_EQ(say(Red{opus_pt, 960}.build(next++)), nobody);
  EXPECT_EQ(say(with_redundancy(next++)), nobody);
}

TEST(CodecOf, KnowsWhatCarriesOtherPackets) {
  for (const auto* const name : {"parityfec", "flexfec-03", "ulpfec", "fwdred"})
    EXPECT_EQ(codec_of("audio", name), Codec::fec) << name;
  for (const auto* const name : {"rtx", "encaprtp", "rtploopback"})
    EXPECT_EQ(codec_of("video", name), Codec::rtx) << name;
}

}  // namespace
}  // namespace assent::media::tests
