#include "media/prompt.hpp"

#include <opus.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "media/byte_order.hpp"
#include "media/g711.hpp"

namespace assent::media {
namespace {

constexpr std::size_t frame_samples = prompt_rate_hz / 50;
constexpr std::size_t g711_step = 6;  // 48 kHz to 8 kHz
constexpr std::size_t g711_frame_samples = frame_samples / g711_step;

struct OpusEncoderDestroy {
  void operator()(OpusEncoder* encoder) const noexcept { opus_encoder_destroy(encoder); }
};
using OpusEncoderHandle = std::unique_ptr<OpusEncoder, OpusEncoderDestroy>;

std::optional<EncodedPrompt> encode_opus(std::span<const std::int16_t> samples) {
  int error = OPUS_OK;
  const OpusEncoderHandle encoder{
      opus_encoder_create(prompt_rate_hz, 1, OPUS_APPLICATION_VOIP, &error)};
  if (!encoder || opus_encoder_ctl(encoder.get(), OPUS_SET_BITRATE(32'000)) != OPUS_OK) {
    return std::nullopt;
  }
  EncodedPrompt prompt{Codec::opus, frame_samples, {}};
  for (std::size_t at = 0; at < samples.size(); at += frame_samples) {
    std::array<unsigned char, 1275> packet;  // RFC 6716 §3.2.1: no frame is longer
    const int size = opus_encode(encoder.get(), samples.data() + at, frame_samples, packet.data(),
                                 static_cast<opus_int32>(packet.size()));
    if (size <= 0) return std::nullopt;
    const auto bytes = std::as_bytes(std::span{packet}.first(static_cast<std::size_t>(size)));
    prompt.frames.emplace_back(bytes.begin(), bytes.end());
  }
  return prompt;
}

// A low pass at 3.4 kHz: a windowed sinc (Hann), which sums to 1.
constexpr std::size_t taps = 97;
using Kernel = std::array<double, taps>;

Kernel low_pass() {
  constexpr double cutoff = 3'400.0 / prompt_rate_hz;
  Kernel kernel{};
  double sum = 0;
  for (std::size_t i = 0; i < taps; ++i) {
    const double x = static_cast<double>(i) - (taps - 1) / 2.0;
    const double angle = 2 * std::numbers::pi * cutoff * x;
    const double sinc = x == 0 ? 1.0 : std::sin(angle) / angle;
    const double window =
        0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i + 1) / (taps + 1));
    kernel[i] = sinc * window;
    sum += kernel[i];
  }
  for (double& tap : kernel)
    tap /= sum;
  return kernel;
}

std::int16_t filtered(std::span<const std::int16_t> samples, std::size_t at, const Kernel& kernel) {
  double sum = 0;
  for (std::size_t i = 0; i < taps; ++i) {
    const std::size_t position = at + i;  // of the sample, taps / 2 later
    if (position < taps / 2 || position - taps / 2 >= samples.size()) continue;
    sum += kernel[i] * samples[position - taps / 2];
  }
  return static_cast<std::int16_t>(std::lround(std::clamp(sum, -32'768.0, 32'767.0)));
}

template <class Encode>
EncodedPrompt encode_g711(std::span<const std::int16_t> samples, Codec codec, Encode encode) {
  const Kernel kernel = low_pass();
  EncodedPrompt prompt{codec, g711_frame_samples, {}};
  for (std::size_t at = 0; at < samples.size(); at += frame_samples) {
    auto& frame = prompt.frames.emplace_back();
    for (std::size_t i = 0; i < frame_samples; i += g711_step)
      frame.push_back(encode(filtered(samples, at + i, kernel)));
  }
  return prompt;
}

}  // namespace

std::optional<EncodedPrompt> encode_prompt(std::span<const std::int16_t> samples, Codec codec) {
  std::vector<std::int16_t> whole(samples.begin(), samples.end());
  whole.resize((samples.size() + frame_samples - 1) / frame_samples * frame_samples);
  switch (codec) {
    case Codec::opus:
      return encode_opus(whole);
    case Codec::pcmu:
      return encode_g711(whole, codec, encode_pcmu);
    case Codec::pcma:
      return encode_g711(whole, codec, encode_pcma);
    default:
      return std::nullopt;
  }
}

PromptPlayback::PromptPlayback(TimePoint now, std::shared_ptr<const EncodedPrompt> prompt,
                               std::uint8_t payload_type, Voice voice)
    : prompt_{std::move(prompt)}, payload_type_{payload_type}, due_{now}, voice_{voice} {
  // The silence since the last prompt is time that passed in the stream, too.
  if (voice_.due && *voice_.due < now) {
    const auto frames = static_cast<std::uint64_t>((now - *voice_.due) / prompt_frame_time);
    voice_.timestamp += static_cast<std::uint32_t>(frames * prompt_->frame_ticks);
  }
}

std::optional<TimePoint> PromptPlayback::next_timeout() const {
  return next_frame_ < prompt_->frames.size() ? std::optional{due_} : std::nullopt;
}

std::size_t PromptPlayback::write(TimePoint now, std::span<std::byte> out) {
  if (next_frame_ == prompt_->frames.size() || now < due_) return 0;
  const auto& frame = prompt_->frames[next_frame_];
  const std::size_t size = rtp_header_bytes_min + frame.size();
  if (out.size() < size) return 0;
  const bool is_first = next_frame_ == 0;  // of a talkspurt: the marker (RFC 3551 §4.1)
  out[0] = std::byte{0x80};
  out[1] = static_cast<std::byte>((is_first ? 0x80U : 0U) | payload_type_);
  store_be16(out, 2, voice_.sequence.wire());
  store_be32(out, 4, voice_.timestamp);
  store_be32(out, 8, static_cast<std::uint32_t>(voice_.ssrc));
  std::ranges::copy(frame, out.begin() + rtp_header_bytes_min);

  ++next_frame_;
  voice_.sequence = voice_.sequence.next();
  voice_.timestamp += prompt_->frame_ticks;
  // A timer that rang late is made up for, and a thread that stood still is not: no bursts.
  constexpr auto late_max = 3 * prompt_frame_time;
  due_ = (now - due_ > late_max ? now : due_) + prompt_frame_time;
  voice_.due = due_;
  return size;
}

std::chrono::milliseconds PromptPlayback::remaining() const {
  return prompt_frame_time * (prompt_->frames.size() - next_frame_);
}

}  // namespace assent::media
