#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "media/codec.hpp"
#include "media/rtp.hpp"
#include "media/sequence.hpp"
#include "media/time.hpp"

// What the gateway itself says to one participant.
namespace assent::media {

inline constexpr std::uint32_t prompt_rate_hz = 48'000;
inline constexpr std::chrono::milliseconds prompt_frame_time{20};

// A spoken text in one codec, a payload for each 20 ms. Made once, and played any number of times.
struct EncodedPrompt {
  Codec codec = Codec::none;
  std::uint32_t frame_ticks = 0;  // of the RTP clock
  std::vector<std::vector<std::byte>> frames;

  [[nodiscard]] std::chrono::milliseconds duration() const {
    return prompt_frame_time * frames.size();
  }
};

// From mono samples at 48 kHz; the last frame is filled up with silence. Slow: not for a media
// thread. nullopt: the codec is none of opus, pcmu and pcma, or its encoder fails.
[[nodiscard]] std::optional<EncodedPrompt> encode_prompt(std::span<const std::int16_t> samples,
                                                         Codec codec);

// The gateway's own stream to a leg. It goes on from prompt to prompt, as one voice: a new SSRC
// each time would be one more for the peer and the SRTP session to keep.
struct Voice {
  Ssrc ssrc{};                        // random (RFC 3550 §8.1)
  SequenceNumber sequence{0};         // of the next packet; begins below 2^15 (RFC 3711 §3.3.1)
  std::uint32_t timestamp = 0;        // of the next packet, if it is sent without a pause
  std::optional<TimePoint> due = {};  // when that would be; nullopt: nothing was said yet
};

// One playing of a prompt: time in, RTP out.
class PromptPlayback {
 public:
  PromptPlayback(TimePoint now, std::shared_ptr<const EncodedPrompt> prompt,
                 std::uint8_t payload_type, Voice voice);

  [[nodiscard]] std::optional<TimePoint> next_timeout() const;  // nullopt: all is said
  // The packet that is due, plain; its size, or 0 if none is. One a call: repeat until then.
  std::size_t write(TimePoint now, std::span<std::byte> out);

  [[nodiscard]] std::chrono::milliseconds remaining() const;
  [[nodiscard]] const Voice& voice() const { return voice_; }  // for the next prompt

 private:
  std::shared_ptr<const EncodedPrompt> prompt_;
  std::uint8_t payload_type_;
  std::size_t next_frame_ = 0;
  TimePoint due_;
  Voice voice_;
};

}  // namespace assent::media
