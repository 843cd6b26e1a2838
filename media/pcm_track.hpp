#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "media/speech_decoder.hpp"
#include "media/time.hpp"

namespace assent::media {

inline constexpr std::size_t pcm_frame_samples = pcm_rate_hz / 50;  // 20 ms

// Up to 20 ms of what one participant said; less only before a gap, the end or a flush.
struct PcmFrame {
  std::array<std::int16_t, pcm_frame_samples> samples{};
  std::size_t count = 0;
  std::uint64_t position = 0;  // of the first sample, in samples since the track's beginning
  TimePoint captured;          // when that was heard here, without the network's jitter
  bool concealed = false;      // some of it is a guess in the place of what was lost
};

// Nothing is known of these samples: lost for too long, shed, or the sender paused.
struct PcmGap {
  std::uint64_t position = 0;
  std::uint64_t samples = 0;
};

using PcmEvent = std::variant<PcmFrame, PcmGap>;

struct PcmLimits {
  std::size_t packets = 32;                  // held back to put them in order
  std::chrono::milliseconds wait{100};       // for a packet that is missing
  std::chrono::milliseconds concealed{120};  // at most, in one place
  std::chrono::minutes paused{60};           // a longer jump of the timestamp is a new clock
};
inline constexpr PcmLimits pcm_limits{};

// One packet, as it reached the sink. The payload is read during the call only.
struct PcmPacket {
  std::int64_t sequence = 0;  // extended (RFC 3550 appendix A.1)
  std::uint32_t timestamp = 0;
  TimePoint arrived;
  std::span<const std::byte> payload;
};

// One stream (SSRC) of one participant under one epoch, decoded: packets in any order, frames out
// in theirs. What is missing between two packets is guessed when it is short, and told as a gap
// when it is not; positions follow the sender's timestamps, so that pauses keep their length.
// Sans-I/O; slow (it decodes): not for a media worker.
class PcmTrack {
 public:
  explicit PcmTrack(std::unique_ptr<SpeechDecoder> decoder) : decoder_{std::move(decoder)} {}

  void handle_packet(const PcmPacket& packet, std::vector<PcmEvent>& out);
  // When handle_timeout gives up waiting for a packet.
  [[nodiscard]] std::optional<TimePoint> next_timeout() const;
  void handle_timeout(TimePoint now, std::vector<PcmEvent>& out);

  // What is held back comes out now, and the rest of a frame; what comes later is later.
  void flush(std::vector<PcmEvent>& out);

  // The end: what is held back comes out, up to and with this sequence number; the rest is
  // forgotten. Nothing comes afterwards.
  void end(std::optional<std::int64_t> last_sequence, std::vector<PcmEvent>& out);

  struct Counters {
    std::uint64_t packets = 0;  // decoded
    std::uint64_t late = 0;     // after their place was given up, or twice
    std::uint64_t malformed = 0;
    std::uint64_t concealed_samples = 0;
    std::uint64_t gap_samples = 0;
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }
  // Of the last packet that was decoded; nothing before the first.
  [[nodiscard]] std::optional<std::int64_t> last_sequence() const { return decoded_; }

 private:
  struct Held {
    std::uint32_t timestamp;
    TimePoint arrived;
    std::vector<std::byte> payload;
  };

  void release(std::vector<PcmEvent>& out);  // what is next in order
  void decode_first(std::vector<PcmEvent>& out);
  void conceal(std::size_t samples, std::span<const std::byte> next);
  // Fills what lies between the last packet and this one.
  void bridge(const Held& next, std::vector<PcmEvent>& out);
  void follow_clock(const Held& packet);
  void emit_whole(std::vector<PcmEvent>& out);
  void emit_rest(std::vector<PcmEvent>& out);
  void emit(std::size_t from, std::size_t count, std::vector<PcmEvent>& out);

  std::unique_ptr<SpeechDecoder> decoder_;
  std::map<std::int64_t, Held> held_;
  std::optional<std::int64_t> decoded_;
  bool ended_ = false;

  std::uint32_t expected_timestamp_ = 0;  // of the packet after the last, in the stream's clock
  std::uint64_t position_ = 0;            // of pending_'s first sample
  std::vector<std::int16_t> pending_;     // decoded, not yet a frame
  std::uint64_t concealed_from_ = 0;      // the last guess, in positions
  std::uint64_t concealed_until_ = 0;
  TimePoint began_;  // when the sample at position 0 would have been heard
  Counters counters_;
};

}  // namespace assent::media
