#include "media/prompt.hpp"

#include <gtest/gtest.h>
#include <opus.h>

#include <cmath>
#include <numbers>

#include "media/byte_order.hpp"
#include "media/g711.hpp"
#include "tests/media/packets.hpp"

namespace assent::media::tests {
namespace {

using namespace std::chrono_literals;

const TimePoint start = TimePoint{} + 1h;

std::vector<std::int16_t> tone(double hz, std::chrono::milliseconds length) {
  std::vector<std::int16_t> samples(static_cast<std::size_t>(length.count()) * 48);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double angle = 2 * std::numbers::pi * hz * static_cast<double>(i) / prompt_rate_hz;
    samples[i] = static_cast<std::int16_t>(std::lround(10'000 * std::sin(angle)));
  }
  return samples;
}

double loudness(const std::vector<std::int16_t>& samples) {  // root mean square
  double sum = 0;
  for (const auto sample : samples)
    sum += static_cast<double>(sample) * sample;
  return std::sqrt(sum / static_cast<double>(samples.size()));
}

std::int16_t decode_pcmu(std::byte coded) {
  const auto bits = ~std::to_integer<unsigned>(coded) & 0xff;
  const int loud = static_cast<int>((((bits & 0xf) << 3) + 132) << (bits >> 4 & 7)) - 132;
  return static_cast<std::int16_t>((bits & 0x80) != 0 ? -loud : loud);
}

std::int16_t decode_pcma(std::byte coded) {
  const auto bits = std::to_integer<unsigned>(coded) ^ 0x55;
  const auto exponent = bits >> 4 & 7;
  unsigned loud = ((bits & 0xf) << 4) + 8;
  if (exponent != 0) loud = (loud + 0x100) << (exponent - 1);
  return static_cast<std::int16_t>((bits & 0x80) != 0 ? static_cast<int>(loud)
                                                      : -static_cast<int>(loud));
}

std::vector<std::int16_t> decoded(const EncodedPrompt& prompt) {
  std::vector<std::int16_t> samples;
  int error = 0;
  OpusDecoder* opus = opus_decoder_create(48'000, 1, &error);
  for (const auto& frame : prompt.frames) {
    if (prompt.codec == Codec::opus) {
      std::array<std::int16_t, 960> out{};
      EXPECT_EQ(opus_decode(opus, reinterpret_cast<const unsigned char*>(frame.data()),
                            static_cast<opus_int32>(frame.size()), out.data(), 960, 0),
                960);
      samples.insert(samples.end(), out.begin(), out.end());
    } else {
      for (const auto coded : frame)
        samples.push_back(prompt.codec == Codec::pcmu ? decode_pcmu(coded) : decode_pcma(coded));
    }
  }
  opus_decoder_destroy(opus);
  return samples;
}

TEST(G711, CodesAsTheRecommendationSays) {
  EXPECT_EQ(encode_pcmu(0), std::byte{0xff});
  EXPECT_EQ(encode_pcmu(32'767), std::byte{0x80});
  EXPECT_EQ(encode_pcmu(-32'768), std::byte{0x00});
  EXPECT_EQ(encode_pcma(0), std::byte{0xd5});
  EXPECT_EQ(encode_pcma(-1), std::byte{0x55});
  EXPECT_EQ(encode_pcma(32'767), std::byte{0xaa});
  EXPECT_EQ(encode_pcma(-32'768), std::byte{0x2a});
  for (int sample = -32'768; sample < 32'768; ++sample) {
    const auto one = static_cast<std::int16_t>(sample);
    const int step = std::max(16, std::abs(sample) / 16);  // a sixteenth of its segment
    ASSERT_NEAR(decode_pcmu(encode_pcmu(one)), std::clamp(sample, -32'635, 32'635), step);
    ASSERT_NEAR(decode_pcma(encode_pcma(one)), sample, step);
    // Every code is what its own meaning is coded as.
    ASSERT_EQ(decode_pcmu(encode_pcmu(decode_pcmu(encode_pcmu(one)))),
              decode_pcmu(encode_pcmu(one)));
  }
}

TEST(EncodedPrompt, SaysInEveryCodecWhatItWasMadeFrom) {
  const auto spoken = tone(1000, 500ms);
  for (const auto codec : {Codec::opus, Codec::pcmu, Codec::pcma}) {
    const auto prompt = encode_prompt(spoken, codec);
    ASSERT_TRUE(prompt);
    EXPECT_EQ(prompt->duration(), 500ms);
    EXPECT_EQ(prompt->frame_ticks, codec == Codec::opus ? 960U : 160U);
    EXPECT_NEAR(loudness(decoded(*prompt)), loudness(spoken), 700);
  }
  EXPECT_FALSE(encode_prompt(spoken, Codec::g722));
}

TEST(EncodedPrompt, OfG711LeavesOutWhatItCouldOnlyDistort) {
  const auto whistle = encode_prompt(tone(7000, 500ms), Codec::pcmu);  // would fold to 1 kHz
  EXPECT_LT(loudness(decoded(*whistle)), 100);
}

TEST(EncodedPrompt, FillsItsLastFrame) {
  EXPECT_EQ(encode_prompt(tone(1000, 21ms), Codec::pcma)->frames.size(), 2U);
  EXPECT_EQ(encode_prompt(tone(1000, 21ms), Codec::pcma)->frames[1].size(), 160U);
}

std::shared_ptr<const EncodedPrompt> three_frames() {
  return std::make_shared<EncodedPrompt>(*encode_prompt(tone(1000, 60ms), Codec::pcmu));
}

struct Heard {
  TimePoint at;
  Bytes bytes;
  [[nodiscard]] RtpView view() const { return *parse_rtp(bytes); }
};

// Called whenever it wants to be, and `late` each time.
std::vector<Heard> play(PromptPlayback& playback, Duration late = 0ms) {
  std::vector<Heard> heard;
  while (const auto due = playback.next_timeout()) {
    const auto now = *due + late;
    Bytes out(1500);
    for (std::size_t size = 0; (size = playback.write(now, out)) != 0;) {
      heard.push_back({now, Bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size))});
    }
  }
  return heard;
}

TEST(PromptPlayback, IsRtpAsAVoiceSpeaks) {
  PromptPlayback playback{start, three_frames(), 0, {Ssrc{7}, SequenceNumber{65'534}, 1000, {}}};
  EXPECT_EQ(playback.remaining(), 60ms);
  const auto heard = play(playback);
  ASSERT_EQ(heard.size(), 3U);
  for (std::size_t i = 0; i < heard.size(); ++i) {
    const auto packet = heard[i].view();
    EXPECT_EQ(heard[i].at, start + i * 20ms);
    EXPECT_EQ(packet.sequence().wire(), static_cast<std::uint16_t>(65'534 + i));
    EXPECT_EQ(packet.timestamp(), 1000 + i * 160);
    EXPECT_EQ(packet.ssrc(), Ssrc{7});
    EXPECT_EQ(packet.payload_type(), 0);
    EXPECT_EQ(packet.marker(), i == 0);
    EXPECT_EQ(packet.payload().size(), 160U);
  }
  EXPECT_EQ(playback.remaining(), 0ms);
}

TEST(PromptPlayback, SaysNothingBeforeItsTimeOrWithoutRoom) {
  PromptPlayback playback{start, three_frames(), 0, {}};
  Bytes out(1500);
  EXPECT_EQ(playback.write(start - 1ms, out), 0U);
  EXPECT_EQ(playback.write(start, std::span{out}.first(100)), 0U);
  EXPECT_EQ(playback.write(start, out), 172U);
  EXPECT_EQ(playback.write(start, out), 0U);
}

TEST(PromptPlayback, KeepsItsPaceAndMakesNoBurstAfterAStandstill) {
  PromptPlayback jittery{start, three_frames(), 0, {}};
  EXPECT_EQ(play(jittery, 5ms).back().at, start + 45ms);
  PromptPlayback stalled{start, three_frames(), 0, {}};
  Bytes out(1500);
  EXPECT_NE(stalled.write(start, out), 0U);
  EXPECT_NE(stalled.write(start + 1s, out), 0U);
  EXPECT_EQ(stalled.write(start + 1s, out), 0U);
  EXPECT_EQ(stalled.next_timeout(), start + 1s + 20ms);
}

TEST(PromptPlayback, TheNextOneGoesOnInTheSameStreamAfterTheSilence) {
  PromptPlayback first{start, three_frames(), 0, {Ssrc{7}, SequenceNumber{10}, 1000, {}}};
  (void)play(first);
  PromptPlayback second{start + 1s, three_frames(), 0, first.voice()};
  const auto heard = play(second);
  EXPECT_EQ(heard[0].view().sequence().wire(), 13);
  EXPECT_EQ(heard[0].view().timestamp(), 1000U + 8000U);
  EXPECT_TRUE(heard[0].view().marker());
}

}  // namespace
}  // namespace assent::media::tests
