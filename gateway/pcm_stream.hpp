#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/track_sink.hpp"
#include "media/pcm_track.hpp"

namespace assent::gateway {

// What one connection of a `pcm` sink says: the audio of one stream of one participant under one
// consent, and in order with it what becomes of that. Audio is a binary message: signed samples of
// 16 bits, little-endian, one channel, 16 kHz, mostly 20 ms of them. All else is text, a JSON
// object with a `type`. Positions count samples since the track's beginning; where nothing else is
// said, audio follows audio without a break.
//
//   start      first on each connection: protocol (pcm_protocol), call and speaker (pseudonyms of
//              this holding of the room and of the participant in it, of no use at another sink),
//              sink, purpose, epoch (of the decision that permits it), purposes (for each that the
//              audio may serve, the sinks that may do it), stream (0, 1, ... of the track),
//              encoding, sample_rate, channels, connection (1, 2, ... of this stream), position
//   time       before the first audio, and after each gap: when the sample at `position` was heard
//   gap        no audio for `samples`, `milliseconds`, from `position` on. reason: "missing" (lost,
//              withheld, or a pause of the sender) or "shed" (it was not taken in time)
//   purposes   from here on the audio may serve these, and no others
//   withdrawn  the permission is gone: reason, position (of the cut: no audio of it comes after),
//              time, last_sequence (RTP, as in the answer to the withdrawal); with forget_since,
//              what the receiver has of this speaker since then is to go, too
//   end        the last: reason, position
//
// What narrows, overtakes the audio that waits; a withdrawal throws that away. What widens stands
// behind all that was said before. Sans-I/O.
inline constexpr std::string_view pcm_protocol = "assent-pcm/1";

struct PcmMessage {
  bool is_audio = false;
  std::string bytes;
};

// What both allow, in the order of the first.
[[nodiscard]] ServedPurposes narrowed(const ServedPurposes& before, const ServedPurposes& after);

// For a byte stream: the length of what follows (4 bytes, big-endian), 'A' (audio) or 'J' (JSON),
// the message.
[[nodiscard]] std::string framed(const PcmMessage& message);

// Of a whole sink, in samples.
struct PcmCounts {
  std::uint64_t sent = 0;
  std::uint64_t shed = 0;
  std::uint64_t missing = 0;
};

class PcmStream {
 public:
  struct Options {
    TrackSpec spec;
    std::uint64_t number = 0;  // among the track's
    // The two clocks at one instant.
    WallTime opened{};
    media::TimePoint opened_at;
    std::uint64_t samples_max = 2 * media::pcm_rate_hz;  // of audio that waits
  };
  // `counts` outlives it.
  PcmStream(Options options, PcmCounts& counts);

  void take(const media::PcmEvent& event);
  // Whether these are fewer than the audio had.
  bool serve(ServedPurposes purposes);
  // No audio that waits is given out any more; only what tells of the end is.
  void finish(media::TimePoint now, const TrackEnd& how,
              std::optional<std::uint64_t> last_sequence);

  // A connection stands: it is told from the start. Then next() gives what it is to be sent, one
  // after the other; sent() says that all of that is with the system. Nothing: wait.
  void begin();
  [[nodiscard]] std::optional<PcmMessage> next(media::TimePoint now);
  void sent();
  // It is gone, and nobody knows what became of what was being sent.
  void break_off();

  [[nodiscard]] bool is_sending_audio() const;
  [[nodiscard]] bool has_audio() const { return waiting_ > 0 || is_sending_audio(); }
  [[nodiscard]] bool is_finished() const { return finished_; }
  [[nodiscard]] bool is_over() const;  // and all of it was sent

 private:
  struct Audio {
    std::uint64_t position = 0;
    std::uint64_t samples = 0;
    media::TimePoint captured;
    std::string bytes;
  };
  struct Gap {
    std::uint64_t position = 0;
    std::uint64_t samples = 0;
    bool shed = false;
  };
  struct Purposes {
    ServedPurposes served;
  };
  struct Text {
    std::string json;
  };
  using Item = std::variant<Audio, Gap, Purposes, Text>;

  [[nodiscard]] std::string start_text();
  [[nodiscard]] std::string time_text(const Audio& audio) const;
  [[nodiscard]] std::string purposes_text() const;
  [[nodiscard]] std::uint64_t position_of_next() const;
  [[nodiscard]] WallTime wall(media::TimePoint time) const;
  [[nodiscard]] PcmMessage message_of(const Item& item);
  Gap shed(const Audio& audio);
  void shed_oldest();
  void shed_all();
  void put_gap_in_front(Gap gap);
  void join_gaps(std::size_t at);  // the item there, and the one after it

  Options options_;
  PcmCounts& counts_;
  std::deque<Item> items_;
  std::uint64_t waiting_ = 0;  // samples of audio among them
  std::uint64_t end_ = 0;      // position after all that was taken
  std::optional<Item> sending_;
  ServedPurposes told_;  // as the receiver knows them before it hears more audio
  std::uint64_t connection_ = 0;
  bool stands_ = false;
  bool start_due_ = false;
  bool time_due_ = true;
  bool purposes_due_ = false;  // fewer than it knows
  bool finished_ = false;
};

}  // namespace assent::gateway
