// What ten seconds of somebody's speech cost the thread of a `pcm` sink, from packets in order to
// messages; next to libopus alone, which decodes the same packets at the same rate.
#include <benchmark/benchmark.h>
#include <opus.h>

#include <array>
#include <chrono>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

#include "gateway/pcm_stream.hpp"
#include "media/pcm_track.hpp"

namespace assent::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t packets = 500;
constexpr std::uint32_t ticks = 960;  // 20 ms at 48 kHz (RFC 7587 §4.1)

// A voice, more or less: some harmonics of a pitch that wavers.
std::vector<std::vector<std::byte>> speech() {
  int error = OPUS_OK;
  OpusEncoder* encoder = opus_encoder_create(48'000, 1, OPUS_APPLICATION_VOIP, &error);
  if (encoder == nullptr) throw std::runtime_error(opus_strerror(error));
  std::vector<std::vector<std::byte>> all;
  double phase = 0;
  for (std::size_t i = 0; i < packets; ++i) {
    std::array<std::int16_t, ticks> samples;
    for (auto& sample : samples) {
      phase += 0.016 + 0.004 * std::sin(static_cast<double>(i) / 7);
      sample = static_cast<std::int16_t>(
          3'000 * (std::sin(phase) + 0.7 * std::sin(2 * phase) + 0.5 * std::sin(5 * phase)));
    }
    std::array<unsigned char, 1'275> bytes;
    const int size = opus_encode(encoder, samples.data(), static_cast<int>(ticks), bytes.data(),
                                 static_cast<opus_int32>(bytes.size()));
    const auto whole = std::as_bytes(std::span{bytes}.first(static_cast<std::size_t>(size)));
    all.emplace_back(whole.begin(), whole.end());
  }
  opus_encoder_destroy(encoder);
  return all;
}

void bare(benchmark::State& state) {
  const auto said = speech();
  std::array<std::int16_t, media::pcm_packet_samples_max> samples;
  for (auto _ : state) {
    int error = OPUS_OK;
    OpusDecoder* decoder = opus_decoder_create(media::pcm_rate_hz, 1, &error);
    for (const auto& packet : said) {
      int decoded = opus_decode(decoder, reinterpret_cast<const unsigned char*>(packet.data()),
                                static_cast<opus_int32>(packet.size()), samples.data(),
                                static_cast<int>(samples.size()), 0);
      benchmark::DoNotOptimize(decoded);
      benchmark::DoNotOptimize(samples);
    }
    opus_decoder_destroy(decoder);
  }
}

void sink(benchmark::State& state) {
  const auto said = speech();
  for (auto _ : state) {
    media::PcmTrack track{media::SpeechDecoder::make(media::Codec::opus)};
    gateway::PcmCounts counts;
    gateway::PcmStream stream{{}, counts};
    stream.begin();
    std::vector<media::PcmEvent> events;
    media::TimePoint now{1h};
    for (std::size_t i = 0; i < said.size(); ++i, now += 20ms) {
      track.handle_packet(
          {static_cast<std::int64_t>(i), static_cast<std::uint32_t>(i) * ticks, now, said[i]},
          events);
      track.handle_timeout(now, events);
      for (const auto& event : events)
        stream.take(event);
      events.clear();
      while (const auto message = stream.next(now)) {
        benchmark::DoNotOptimize(gateway::framed(*message));
        stream.sent();
      }
    }
    if (counts.sent == 0) state.SkipWithError("nothing was said");
  }
}

BENCHMARK(bare)->Unit(benchmark::kMicrosecond);
BENCHMARK(sink)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace assent::bench

BENCHMARK_MAIN();
