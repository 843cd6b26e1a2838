#include "media/silence.hpp"

#include <gtest/gtest.h>
#include <opus/opus.h>

#include <algorithm>
#include <memory>

#include "tests/media/relay_fixture.hpp"

namespace assent::media::tests {
namespace {

struct OpusDecoderClose {
  void operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
};

// What the codec's own library makes of a packet: 48 kHz, stereo.
std::vector<std::int16_t> decode(std::span<const std::byte> payload) {
  int error = 0;
  const std::unique_ptr<OpusDecoder, OpusDecoderClose> decoder{
      opus_decoder_create(48'000, 2, &error)};
  std::vector<std::int16_t> samples(2 * 5'760);
  const int count =
      opus_decode(decoder.get(), reinterpret_cast<const unsigned char*>(payload.data()),
                  static_cast<opus_int32>(payload.size()), samples.data(), 5'760, 0);
  samples.resize(count > 0 ? 2 * static_cast<std::size_t>(count) : 0);
  return samples;
}

std::vector<std::byte> packet_of(std::span<const std::byte> payload) {
  auto packet = rtp(7);
  packet.resize(rtp_header_bytes_min);
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

std::vector<std::byte> silent(std::span<const std::byte> packet, Codec codec) {
  std::vector<std::byte> out(1'500);
  out.resize(write_silent_rtp(*parse_rtp(packet), codec, out));
  return out;
}

TEST(Silence, LastsAsLongAsTheOpusPacketInEveryModeAndSaysNothing) {
  for (unsigned toc = 0; toc < 256; ++toc) {
    for (unsigned frames = 1; frames <= ((toc & 3) == 3 ? 48U : 1U); ++frames) {
      std::vector<std::byte> payload{static_cast<std::byte>(toc)};
      if ((toc & 3) == 3) payload.push_back(static_cast<std::byte>(frames));
      const int expected =
          opus_packet_get_nb_samples(reinterpret_cast<const unsigned char*>(payload.data()),
                                     static_cast<opus_int32>(payload.size()), 48'000);
      const auto out = silent(packet_of(payload), Codec::opus);
      if (expected <= 0) {
        EXPECT_TRUE(out.empty()) << toc << " " << frames;
        continue;
      }
      ASSERT_GT(out.size(), rtp_header_bytes_min) << toc << " " << frames;
      const auto samples = decode(std::span{out}.subspan(rtp_header_bytes_min));
      ASSERT_EQ(samples.size(), 2U * static_cast<unsigned>(expected)) << toc << " " << frames;
      EXPECT_TRUE(std::all_of(samples.begin(), samples.end(), [](auto s) { return s == 0; }));
    }
  }
}

TEST(Silence, KeepsWhatTellsAReceiverWhenAndWhoseItIsAndNothingElse) {
  auto packet = rtp(7);
  packet[0] |= std::byte{0x10};  // an extension of one word: how loud it was
  packet[1] |= std::byte{0x80};
  const std::array extension{std::byte{0xbe}, std::byte{0xde}, std::byte{0}, std::byte{1},
                             std::byte{0x10}, std::byte{0x7f}, std::byte{0}, std::byte{0}};
  packet.insert(packet.begin() + 12, extension.begin(), extension.end());
  const auto out = silent(packet, Codec::opus);
  const auto view = parse_rtp(out);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->has_extension());
  EXPECT_TRUE(view->marker());
  EXPECT_EQ(view->payload_type(), opus_pt);
  EXPECT_EQ(view->timestamp(), 7U * 960U);
  EXPECT_EQ(view->ssrc(), speaker_ssrc);
}

TEST(Silence, OfG711IsAsManySamplesOfZero) {
  const auto mu = silent(packet_of(std::vector<std::byte>(160, std::byte{0x12})), Codec::pcmu);
  const auto a = silent(packet_of(std::vector<std::byte>(160, std::byte{0x12})), Codec::pcma);
  EXPECT_EQ(mu.size(), 172U);
  EXPECT_EQ(a.size(), 172U);
  EXPECT_TRUE(std::all_of(mu.begin() + 12, mu.end(), [](auto b) { return b == std::byte{0xff}; }));
  EXPECT_TRUE(std::all_of(a.begin() + 12, a.end(), [](auto b) { return b == std::byte{0xd5}; }));
}

TEST(Silence, HasNoWordsForWhatIsNoAudio) {
  for (const auto codec : {Codec::none, Codec::telephone_event, Codec::rtx, Codec::red, Codec::fec,
                           Codec::other_video, Codec::other_audio, Codec::g722})
    EXPECT_TRUE(silent(rtp(7), codec).empty());
  EXPECT_TRUE(silent(packet_of({}), Codec::opus).empty());
  EXPECT_TRUE(silent(packet_of({}), Codec::pcmu).empty());
}

class SilencedUplink : public RelayTest {
 protected:
  SilencedUplink() { relay.set_sink(server_recording, {codecs_forkable, false, true}); }
  Participant join_silenced() {
    const auto a = join(1000);
    relay.set_withheld_audio(a.source, server_recording, WithheldAudio::silence);
    relay.open_route(a.source, server_recording);
    return a;
  }
};

TEST_F(SilencedUplink, TheServerHearsSilenceAtTheSamePaceWhileItRecordsWithoutConsent) {
  const auto a = join_silenced();
  for (std::uint16_t i = 0; i < 10; ++i)
    speak(a, i);
  const auto heard = sent_to(a.server);
  ASSERT_EQ(heard.size(), 10U);
  for (std::uint16_t i = 0; i < 10; ++i) {
    EXPECT_EQ(load_be16(heard[i], 2), i);
    EXPECT_EQ(load_be32(heard[i], 4), i * 960U);
    EXPECT_EQ(std::find(heard[i].begin() + 12, heard[i].end(), std::byte{0x5a}), heard[i].end());
  }
  const auto record = relay.settle(a.source).at(0);
  EXPECT_EQ(record.counters.withheld_from_server, 10U);
  EXPECT_EQ(record.counters.forwarded_packets, 0U) << "nothing of theirs was forwarded";
}

TEST_F(SilencedUplink, ItIsTheirVoiceAgainFromTheGrantOn) {
  const auto a = join_silenced();
  speak(a, 1);
  relay.set_permit(now, a.source, server_recording, open_forever);
  outbox.clear();
  speak(a, 2);
  speak(a, 3);
  const auto heard = sent_to(a.server);
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[1], rtp(3));
}

TEST_F(SilencedUplink, WhatTheSystemDoesNotTakeOfItIsNobodysLoss) {
  const auto a = join_silenced();
  speak(a, 1);
  const auto& outgoing = outbox.outgoing()[0];
  relay.give_back(outgoing, outbox.bytes(outgoing));
  const auto record = relay.settle(a.source).at(0);
  EXPECT_EQ(record.counters.rtp_packets, 1U);
  EXPECT_EQ(record.counters.withheld_from_server, 1U);
  EXPECT_EQ(record.counters.forwarded_packets, 0U);
}

// Two texts under one number of one key would tell both (RFC 3711 §9.1), and silence is known.
TEST_F(SilencedUplink, NoNumberIsSealedOnceAsVoiceAndOnceAsSilence) {
  const auto a = join_silenced();
  auto secured = relay.leg(a.server).config();
  secured.receive_key = key(1);
  secured.send_key = key(2);
  relay.reconfigure_leg(a.server, secured);
  relay.set_permit(now, a.source, server_recording, open_forever);
  speak(a, 5);
  speak(a, 6);
  ASSERT_EQ(sent_to(a.server).size(), 2U);
  relay.set_permit(now, a.source, server_recording, Permit{});
  speak(a, 6);  // again, on a leg that cannot tell
  EXPECT_EQ(sent_to(a.server).size(), 2U);
  speak(a, 7);
  EXPECT_EQ(sent_to(a.server).size(), 3U);
}

TEST_F(SilencedUplink, NothingPassesWhereAnotherPurposeOfTheServerAsksForNothing) {
  constexpr SinkId server_summary{17};
  relay.set_sink(server_summary, {codecs_forkable, false, true});
  const auto a = join_silenced();
  relay.open_route(a.source, server_summary);
  speak(a, 1);
  EXPECT_TRUE(sent_to(a.server).empty());
  relay.set_permit(now, a.source, server_summary, open_forever);
  speak(a, 2);
  speak(a, 3);
  EXPECT_FALSE(sent_to(a.server).empty()) << "only recording withholds now";
}

TEST_F(SilencedUplink, KeysAndRepairAreDropped) {
  const auto a = join_silenced();
  for (const auto payload_type : {dtmf_pt, rtx_pt, fec_pt, red_pt})
    arrive(a.client, a.client_port, rtp(1, speaker_ssrc, payload_type));
  EXPECT_TRUE(sent_to(a.server).empty());
}

}  // namespace
}  // namespace assent::media::tests
