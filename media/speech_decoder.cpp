#include "media/speech_decoder.hpp"

#include <opus.h>

#include <algorithm>
#include <array>

#include "media/g711.hpp"

// Last and in this order, for they lean on each other and define names of <cmath>.
// clang-format off
#include <spandsp/telephony.h>
#include <spandsp/g722.h>
// clang-format on

namespace assent::media {
namespace {

struct OpusDecoderDestroy {
  void operator()(OpusDecoder* decoder) const noexcept { opus_decoder_destroy(decoder); }
};

const unsigned char* as_opus(std::span<const std::byte> payload) {
  return reinterpret_cast<const unsigned char*>(payload.data());
}

class OpusSpeech final : public SpeechDecoder {
 public:
  OpusSpeech() : SpeechDecoder{48'000} {
    int error = OPUS_OK;
    decoder_.reset(opus_decoder_create(static_cast<opus_int32>(pcm_rate_hz), 1, &error));
  }
  [[nodiscard]] bool is_made() const { return decoder_ != nullptr; }

  [[nodiscard]] std::optional<std::size_t> samples_of(
      std::span<const std::byte> payload) const override {
    if (payload.empty()) return std::nullopt;
    const int samples = opus_packet_get_nb_samples(
        as_opus(payload), static_cast<opus_int32>(payload.size()), pcm_rate_hz);
    if (samples <= 0) return std::nullopt;
    return static_cast<std::size_t>(samples);
  }

  bool decode(std::span<const std::byte> payload, std::vector<std::int16_t>& out) override {
    if (payload.empty()) return false;  // to the library that means a loss
    return run(payload, pcm_packet_samples_max, false, out);
  }

  void conceal(std::size_t samples, std::span<const std::byte> next,
               std::vector<std::int16_t>& out) override {
    const std::size_t end = out.size() + samples;
    // What the next packet repeats of the one before it comes last.
    const auto told = samples_of(next).value_or(0);
    const bool has_redundancy = told > 0 && told <= samples;
    while (out.size() < end) {
      const std::size_t left = end - out.size();
      if (has_redundancy && left == told && run(next, told, true, out)) continue;
      const std::size_t guessed = has_redundancy && left > told ? left - told : left;
      if (!run({}, std::min(guessed, pcm_packet_samples_max), false, out)) break;
    }
    out.resize(end);
  }

 private:
  bool run(std::span<const std::byte> payload, std::size_t samples, bool redundancy,
           std::vector<std::int16_t>& out) {
    const std::size_t before = out.size();
    out.resize(before + samples);
    const int got = opus_decode(decoder_.get(), payload.empty() ? nullptr : as_opus(payload),
                                static_cast<opus_int32>(payload.size()), out.data() + before,
                                static_cast<int>(samples), redundancy ? 1 : 0);
    out.resize(before + static_cast<std::size_t>(std::max(got, 0)));
    return got > 0;
  }

  std::unique_ptr<OpusDecoder, OpusDecoderDestroy> decoder_;
};

// Repeats the last of what was heard, fading, and then is silent: for codecs without a way of
// their own.
class Fading {
 public:
  void hear(std::span<const std::int16_t> samples) {
    const auto kept = samples.last(std::min(samples.size(), last_.size()));
    std::copy(last_.begin() + static_cast<std::ptrdiff_t>(kept.size()), last_.end(), last_.begin());
    std::copy(kept.begin(), kept.end(), last_.end() - static_cast<std::ptrdiff_t>(kept.size()));
    faded_ = 0;
  }
  void conceal(std::size_t samples, std::vector<std::int16_t>& out) {
    for (std::size_t i = 0; i < samples; ++i) {
      const auto left = fade_samples - std::min(faded_, fade_samples);
      const auto loud = static_cast<std::int64_t>(last_[faded_ % last_.size()]);
      out.push_back(static_cast<std::int16_t>(loud * static_cast<std::int64_t>(left) /
                                              static_cast<std::int64_t>(fade_samples)));
      ++faded_;
    }
  }

 private:
  static constexpr std::size_t fade_samples = pcm_rate_hz / 1'000 * 40;
  std::array<std::int16_t, pcm_rate_hz / 1'000 * 10> last_{};
  std::size_t faded_ = 0;
};

// Twice as many samples, each new one between two: a windowed sinc, half a millisecond late. By
// hand, for the resamplers of libraries give other numbers of samples than they are asked for.
class Doubling {
 public:
  void add(std::int16_t sample, std::vector<std::int16_t>& out) {
    std::copy(last_.begin() + 1, last_.end(), last_.begin());
    last_.back() = sample;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < taps.size(); ++i)
      sum += taps[i] * (last_[3 - i] + last_[4 + i]);
    out.push_back(static_cast<std::int16_t>(last_[3]));
    out.push_back(static_cast<std::int16_t>(std::clamp(sum / 4'096, -32'768, 32'767)));
  }

 private:
  // From the middle outwards; with their mirror images they sum to 4,096.
  static constexpr std::array<std::int32_t, 4> taps{2'530, -667, 237, -52};
  std::array<std::int32_t, 8> last_{};
};

// A byte of these stands for two samples of ours, and nothing in them helps over a loss.
class BytewiseSpeech : public SpeechDecoder {
 public:
  [[nodiscard]] std::optional<std::size_t> samples_of(
      std::span<const std::byte> payload) const override {
    if (payload.empty() || 2 * payload.size() > pcm_packet_samples_max) return std::nullopt;
    return 2 * payload.size();
  }
  void conceal(std::size_t samples, std::span<const std::byte>,
               std::vector<std::int16_t>& out) override {
    fading_.conceal(samples, out);
  }

 protected:
  BytewiseSpeech() : SpeechDecoder{8'000} {}
  Fading fading_;
};

class G711Speech final : public BytewiseSpeech {
 public:
  explicit G711Speech(bool mu_law) : mu_law_{mu_law} {}

  bool decode(std::span<const std::byte> payload, std::vector<std::int16_t>& out) override {
    const auto samples = samples_of(payload);
    if (!samples) return false;
    for (const std::byte code : payload)
      doubling_.add(mu_law_ ? decode_pcmu(code) : decode_pcma(code), out);
    fading_.hear(std::span<const std::int16_t>{out}.last(*samples));
    return true;
  }

 private:
  bool mu_law_;
  Doubling doubling_;
};

struct G722Free {
  void operator()(g722_decode_state_t* state) const noexcept { g722_decode_free(state); }
};

class G722Speech final : public BytewiseSpeech {
 public:
  G722Speech() : state_{g722_decode_init(nullptr, 64'000, 0)} {}
  [[nodiscard]] bool is_made() const { return state_ != nullptr; }

  bool decode(std::span<const std::byte> payload, std::vector<std::int16_t>& out) override {
    const auto samples = samples_of(payload);
    if (!samples) return false;
    const std::size_t before = out.size();
    out.resize(before + *samples);
    const int got = g722_decode(state_.get(), out.data() + before,
                                reinterpret_cast<const std::uint8_t*>(payload.data()),
                                static_cast<int>(payload.size()));
    out.resize(before + static_cast<std::size_t>(std::max(got, 0)));
    fading_.hear(std::span<const std::int16_t>{out}.subspan(before));
    return got > 0;
  }

 private:
  std::unique_ptr<g722_decode_state_t, G722Free> state_;
};

template <class Speech>
std::unique_ptr<SpeechDecoder> if_made() {
  auto speech = std::make_unique<Speech>();
  if (!speech->is_made()) return nullptr;
  return speech;
}

}  // namespace

std::unique_ptr<SpeechDecoder> SpeechDecoder::make(Codec codec) {
  switch (codec) {
    case Codec::opus:
      return if_made<OpusSpeech>();
    case Codec::pcmu:
      return std::make_unique<G711Speech>(true);
    case Codec::pcma:
      return std::make_unique<G711Speech>(false);
    case Codec::g722:
      return if_made<G722Speech>();
    default:
      return nullptr;
  }
}

}  // namespace assent::media
