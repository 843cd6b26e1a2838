#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "media/codec.hpp"

namespace assent::media {

inline constexpr std::uint32_t pcm_rate_hz = 16'000;

// What a decoder gives at most for one packet: 120 ms (RFC 6716 §3.2.5).
inline constexpr std::size_t pcm_packet_samples_max = pcm_rate_hz / 1'000 * 120;

// One stream of speech to samples of 16 kHz, mono. Holds state of the codec: packets come in order.
class SpeechDecoder {
 public:
  virtual ~SpeechDecoder() = default;
  SpeechDecoder(const SpeechDecoder&) = delete;
  SpeechDecoder& operator=(const SpeechDecoder&) = delete;

  // Nothing for what is not one of Opus, G.711 and G.722.
  [[nodiscard]] static std::unique_ptr<SpeechDecoder> make(Codec codec);

  // Of its RTP timestamps (RFC 3551 §4.5.2: G.722 counts by 8 kHz, too).
  [[nodiscard]] std::uint32_t clock_hz() const { return clock_hz_; }

  // How many samples the payload stands for, at 16 kHz; nothing when it is not sound.
  [[nodiscard]] virtual std::optional<std::size_t> samples_of(
      std::span<const std::byte> payload) const = 0;
  // Appends what the payload says; false when it is not sound, and then nothing is appended.
  virtual bool decode(std::span<const std::byte> payload, std::vector<std::int16_t>& out) = 0;
  // Appends `samples` in the place of what was lost: a guess that fades. `next`: the payload that
  // follows the loss, which may say more of it (Opus' in-band FEC); may be empty.
  virtual void conceal(std::size_t samples, std::span<const std::byte> next,
                       std::vector<std::int16_t>& out) = 0;

 protected:
  explicit SpeechDecoder(std::uint32_t clock_hz) : clock_hz_{clock_hz} {}

 private:
  std::uint32_t clock_hz_;
};

}  // namespace assent::media
