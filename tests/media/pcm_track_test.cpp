#include "media/pcm_track.hpp"

#include <gtest/gtest.h>
#include <opus.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "media/g711.hpp"
#include "tests/seed.hpp"

// Last and in this order, for they lean on each other and define names of <cmath>.
// clang-format off
#include <spandsp/telephony.h>
#include <spandsp/g722.h>
// clang-format on

namespace assent::media {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;

constexpr TimePoint start = TimePoint{} + 1h;
constexpr std::uint32_t first_timestamp = 0xfffff000;  // it wraps
constexpr std::size_t samples_20ms = pcm_rate_hz / 50;

// A tone, so that what comes out can be told from silence and noise.
std::vector<std::int16_t> tone(std::uint32_t rate_hz, std::size_t samples, double hz = 440) {
  std::vector<std::int16_t> out;
  for (std::size_t i = 0; i < samples; ++i)
    out.push_back(static_cast<std::int16_t>(
        8'000 * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate_hz)));
  return out;
}

std::vector<Bytes> opus_packets(std::size_t count) {
  int error = 0;
  OpusEncoder* encoder = opus_encoder_create(48'000, 1, OPUS_APPLICATION_VOIP, &error);
  const auto samples = tone(48'000, 960 * count);
  std::vector<Bytes> packets;
  for (std::size_t i = 0; i < count; ++i) {
    std::array<unsigned char, 1'275> bytes;
    const int size = opus_encode(encoder, samples.data() + 960 * i, 960, bytes.data(), 1'275);
    const auto whole = std::as_bytes(std::span{bytes}.first(static_cast<std::size_t>(size)));
    packets.emplace_back(whole.begin(), whole.end());
  }
  opus_encoder_destroy(encoder);
  return packets;
}

struct Sent {
  std::int64_t sequence;
  std::uint32_t timestamp;
  TimePoint arrived;
  Bytes payload;
};

// 20 ms each, one after the other, without jitter.
std::vector<Sent> sent(const std::vector<Bytes>& payloads, std::uint32_t ticks) {
  std::vector<Sent> all;
  for (std::size_t i = 0; i < payloads.size(); ++i)
    all.push_back({static_cast<std::int64_t>(65'500 + i),
                   first_timestamp + static_cast<std::uint32_t>(i) * ticks, start + i * 20ms,
                   payloads[i]});
  return all;
}

struct Heard {
  std::vector<std::int16_t> samples;  // without gaps
  std::vector<PcmFrame> frames;
  std::vector<PcmGap> gaps;
  std::uint64_t end = 0;  // position
  bool is_seamless = true;

  void add(const std::vector<PcmEvent>& events) {
    for (const auto& event : events) {
      if (const auto* frame = std::get_if<PcmFrame>(&event)) {
        is_seamless = is_seamless && frame->position == end;
        end = frame->position + frame->count;
        samples.insert(samples.end(), frame->samples.begin(),
                       frame->samples.begin() + static_cast<std::ptrdiff_t>(frame->count));
        frames.push_back(*frame);
      } else {
        const auto& gap = std::get<PcmGap>(event);
        is_seamless = is_seamless && gap.position == end;
        end = gap.position + gap.samples;
        gaps.push_back(gap);
      }
    }
  }
};

void give(PcmTrack& track, const Sent& packet, std::vector<PcmEvent>& out) {
  track.handle_timeout(packet.arrived, out);
  track.handle_packet({packet.sequence, packet.timestamp, packet.arrived, packet.payload}, out);
}

Heard hear(Codec codec, const std::vector<Sent>& packets,
           std::optional<std::int64_t> cut = std::nullopt) {
  PcmTrack track{SpeechDecoder::make(codec)};
  std::vector<PcmEvent> out;
  for (const auto& packet : packets)
    give(track, packet, out);
  track.end(cut, out);
  Heard heard;
  heard.add(out);
  return heard;
}

double loudness(std::span<const std::int16_t> samples) {
  double sum = 0;
  for (const auto sample : samples)
    sum += static_cast<double>(sample) * static_cast<double>(sample);
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(samples.size(), 1)));
}

// Times that the samples cross zero upwards in a second.
double pitch(std::span<const std::int16_t> samples) {
  std::size_t crossings = 0;
  for (std::size_t i = 1; i < samples.size(); ++i)
    crossings += samples[i - 1] < 0 && samples[i] >= 0 ? 1 : 0;
  return static_cast<double>(crossings) * pcm_rate_hz / static_cast<double>(samples.size());
}

void expect_tone(const Heard& heard, std::size_t packets) {
  EXPECT_TRUE(heard.is_seamless);
  EXPECT_EQ(heard.end, packets * samples_20ms);
  EXPECT_TRUE(heard.gaps.empty());
  const auto settled = std::span{heard.samples}.subspan(heard.samples.size() / 4);
  EXPECT_NEAR(pitch(settled), 440, 5);
  EXPECT_NEAR(loudness(settled), 8'000 / std::sqrt(2), 800);
}

TEST(PcmTrack, GivesSpeechInOpusAtSixteenKilohertz) {
  expect_tone(hear(Codec::opus, sent(opus_packets(100), 960)), 100);
}

TEST(PcmTrack, GivesSpeechInG711AtSixteenKilohertz) {
  const auto samples = tone(8'000, 160 * 100);
  for (const auto codec : {Codec::pcmu, Codec::pcma}) {
    std::vector<Bytes> payloads(100);
    for (std::size_t i = 0; i < samples.size(); ++i)
      payloads[i / 160].push_back(codec == Codec::pcmu ? encode_pcmu(samples[i])
                                                       : encode_pcma(samples[i]));
    expect_tone(hear(codec, sent(payloads, 160)), 100);
  }
}

TEST(PcmTrack, GivesSpeechInG722AtSixteenKilohertz) {
  g722_encode_state_t* encoder = g722_encode_init(nullptr, 64'000, 0);
  const auto samples = tone(16'000, 320 * 100);
  std::vector<Bytes> payloads(100, Bytes(160));
  for (std::size_t i = 0; i < payloads.size(); ++i)
    g722_encode(encoder, reinterpret_cast<std::uint8_t*>(payloads[i].data()),
                samples.data() + 320 * i, 320);
  g722_encode_free(encoder);
  expect_tone(hear(Codec::g722, sent(payloads, 160)), 100);
}

TEST(PcmTrack, KnowsNoSpeechInWhatIsNoSpeech) {
  for (const auto codec : {Codec::none, Codec::telephone_event, Codec::comfort_noise, Codec::red,
                           Codec::rtx, Codec::fec, Codec::other_audio, Codec::other_video})
    EXPECT_EQ(SpeechDecoder::make(codec), nullptr);
}

TEST(PcmTrack, EveryCodeOfG711DecodesToWhatEncodesToIt) {
  for (unsigned code = 0; code < 256; ++code) {
    const auto byte = static_cast<std::byte>(code);
    EXPECT_EQ(encode_pcma(decode_pcma(byte)), byte);
    // Minus zero is zero.
    EXPECT_EQ(encode_pcmu(decode_pcmu(byte)), code == 0x7f ? std::byte{0xff} : byte);
  }
}

TEST(PcmTrack, PacketsOutOfOrderSoundAsInOrder) {
  const auto seed = tests::Seed::from_environment_or(8);
  std::mt19937_64 random{seed.value()};
  auto packets = sent(opus_packets(200), 960);
  const auto in_order = hear(Codec::opus, packets);
  auto shuffled = packets;
  for (auto at = shuffled.begin(); at != shuffled.end(); at += 4)
    std::shuffle(at, at + 4, random);
  for (std::size_t i = 0; i < shuffled.size(); ++i)
    shuffled[i].arrived = packets[i].arrived;
  EXPECT_EQ(hear(Codec::opus, shuffled).samples, in_order.samples) << seed.text();
}

TEST(PcmTrack, WhatWasLostForAMomentIsGuessedAndItsTimeIsKept) {
  auto packets = sent(opus_packets(100), 960);
  packets.erase(packets.begin() + 50, packets.begin() + 53);
  const auto heard = hear(Codec::opus, packets);
  expect_tone(heard, 100);
  std::size_t concealed = 0;
  for (const auto& frame : heard.frames)
    concealed += frame.concealed ? 1 : 0;
  EXPECT_GE(concealed, 3U);
  EXPECT_LE(concealed, 5U);
}

TEST(PcmTrack, WhatWasLostForLongIsAGapOfItsLength) {
  auto packets = sent(opus_packets(200), 960);
  packets.erase(packets.begin() + 50, packets.begin() + 100);
  const auto heard = hear(Codec::opus, packets);
  EXPECT_TRUE(heard.is_seamless);
  EXPECT_EQ(heard.end, 200 * samples_20ms);
  ASSERT_EQ(heard.gaps.size(), 1U);
  EXPECT_EQ(heard.gaps[0].position, 50 * samples_20ms);
  EXPECT_EQ(heard.gaps[0].samples, 50 * samples_20ms);
}

TEST(PcmTrack, ASenderThatPausesWithoutLossLeavesAGapToo) {  // DTX: numbers go on, time jumps
  auto packets = sent(opus_packets(100), 960);
  for (std::size_t i = 50; i < packets.size(); ++i) {
    packets[i].timestamp += 3 * 48'000;
    packets[i].arrived += 3s;
  }
  const auto heard = hear(Codec::opus, packets);
  ASSERT_EQ(heard.gaps.size(), 1U);
  EXPECT_EQ(heard.gaps[0].samples, 3 * pcm_rate_hz);
  EXPECT_EQ(heard.end, 100 * samples_20ms + 3 * pcm_rate_hz);
}

TEST(PcmTrack, AClockThatIsSetBackOrFarAheadGoesOnWhereItWas) {
  for (const std::uint32_t jump : {0x80000000U, 0x7fffff00U, 0xffff0000U}) {
    auto packets = sent(opus_packets(100), 960);
    for (std::size_t i = 50; i < packets.size(); ++i)
      packets[i].timestamp += jump;
    const auto heard = hear(Codec::opus, packets);
    EXPECT_TRUE(heard.is_seamless);
    EXPECT_EQ(heard.end, 100 * samples_20ms) << jump;
  }
}

TEST(PcmTrack, NothingBeyondTheCutComesOut) {
  const auto packets = sent(opus_packets(100), 960);
  PcmTrack track{SpeechDecoder::make(Codec::opus)};
  std::vector<PcmEvent> out;
  for (std::size_t i = 0; i < 55; ++i) {
    if (i != 50) give(track, packets[i], out);  // what follows 50 is held back for it
  }
  track.end(packets[52].sequence, out);
  Heard heard;
  heard.add(out);
  EXPECT_EQ(heard.end, 53 * samples_20ms);
  EXPECT_EQ(track.last_sequence(), packets[52].sequence);
  out.clear();
  give(track, packets[53], out);
  track.end(std::nullopt, out);
  EXPECT_TRUE(out.empty()) << "it had ended";
}

TEST(PcmTrack, WhatIsFlushedIsAllThatHasComeAndItGoesOnAfterIt) {
  const auto packets = sent(opus_packets(20), 960);
  PcmTrack track{SpeechDecoder::make(Codec::opus)};
  std::vector<PcmEvent> out;
  for (std::size_t i = 0; i < 10; ++i) {
    if (i != 5) give(track, packets[i], out);  // what follows 5 is held back for it
  }
  track.flush(out);
  Heard heard;
  heard.add(out);
  EXPECT_EQ(heard.end, 10 * samples_20ms);
  out.clear();
  give(track, packets[5], out);
  EXPECT_TRUE(out.empty()) << "its place was given up";
  for (std::size_t i = 10; i < 20; ++i)
    give(track, packets[i], out);
  track.end(std::nullopt, out);
  heard.add(out);
  EXPECT_TRUE(heard.is_seamless);
  EXPECT_EQ(heard.end, 20 * samples_20ms);
}

TEST(PcmTrack, APacketThatComesTwiceOrTooLateIsCountedAndNotHeard) {
  const auto packets = sent(opus_packets(30), 960);
  PcmTrack track{SpeechDecoder::make(Codec::opus)};
  std::vector<PcmEvent> out;
  for (const auto& packet : packets) {
    give(track, packet, out);
    give(track, packet, out);
  }
  give(track, packets[3], out);
  EXPECT_EQ(track.counters().late, 31U);
  track.end(std::nullopt, out);
  EXPECT_EQ(track.counters().packets, 30U);
}

TEST(PcmTrack, ItWaitsForAMissingPacketNoLongerThanItSays) {
  const auto packets = sent(opus_packets(10), 960);
  PcmTrack track{SpeechDecoder::make(Codec::opus)};
  std::vector<PcmEvent> out;
  give(track, packets[0], out);
  EXPECT_TRUE(out.empty()) << "one from before it may still come";
  ASSERT_EQ(track.next_timeout(), start + pcm_limits.wait);
  track.handle_timeout(start + pcm_limits.wait, out);
  EXPECT_EQ(out.size(), 1U);
  EXPECT_EQ(track.next_timeout(), std::nullopt);
  give(track, packets[2], out);
  EXPECT_EQ(out.size(), 1U);
  track.handle_timeout(packets[2].arrived + pcm_limits.wait, out);
  EXPECT_EQ(out.size(), 3U);
}

// The sender's clock is 200 parts in a million fast, and the network jitters: after an hour what
// is said to have been heard at an instant was.
TEST(PcmTrack, FollowsTheSendersClockAndNotTheNetworksJitter) {
  const auto seed = tests::Seed::from_environment_or(80);
  std::mt19937_64 random{seed.value()};
  PcmTrack track{SpeechDecoder::make(Codec::pcmu)};
  std::vector<PcmEvent> out;
  const Bytes payload(160, std::byte{0xff});
  std::chrono::nanoseconds worst{0};
  for (std::int64_t i = 0; i < 3'600 * 50; ++i) {
    const auto spoken = start + std::chrono::nanoseconds{i * (20'000'000 - 4'000)};
    const auto arrived = spoken + std::chrono::milliseconds{random() % 40};
    out.clear();
    track.handle_timeout(arrived, out);
    track.handle_packet({i, static_cast<std::uint32_t>(i) * 160, arrived, payload}, out);
    for (const auto& event : out) {
      const auto& frame = std::get<PcmFrame>(event);
      const auto number = static_cast<std::int64_t>(frame.position / samples_20ms);
      const auto true_time = start + std::chrono::nanoseconds{number * (20'000'000 - 4'000)};
      const auto off = std::chrono::abs(frame.captured - true_time);
      if (i > 500) worst = std::max<std::chrono::nanoseconds>(worst, off);
    }
  }
  EXPECT_LT(worst, 60ms) << seed.text();
}

TEST(PcmTrack, SurvivesAnything) {
  const auto seed = tests::Seed::from_environment_or(88);
  std::mt19937_64 random{seed.value()};
  for (const auto codec : {Codec::opus, Codec::pcmu, Codec::pcma, Codec::g722}) {
    PcmTrack track{SpeechDecoder::make(codec)};
    std::vector<PcmEvent> out;
    TimePoint now = start;
    for (int i = 0; i < 2'000; ++i) {
      Bytes payload(random() % 300);
      for (auto& byte : payload)
        byte = static_cast<std::byte>(random());
      now += std::chrono::milliseconds{random() % 50};
      give(track,
           {i + static_cast<std::int64_t>(random() % 10),
            static_cast<std::uint32_t>(random() >> (random() % 32)), now, payload},
           out);
    }
    track.end(std::nullopt, out);
    Heard heard;
    heard.add(out);
    EXPECT_TRUE(heard.is_seamless) << seed.text();
  }
}

}  // namespace
}  // namespace assent::media
