#pragma once

#include <sys/uio.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "media/endpoint.hpp"
#include "media/permit_table.hpp"
#include "media/time.hpp"

namespace assent::gateway {

// A frame on its way, for whoever has to know whose it is.
struct FramedDispatch {
  std::span<const std::byte> bytes;  // RTP or RTCP, at most 65,535
  media::SourceId source{};
};

// What became of a connection so far.
struct StreamCounts {
  bool open = false;
  std::uint64_t connections = 0;  // times that it stood
  std::uint64_t withheld = 0;     // frames that came while it did not stand
};

// A connection to a sink that takes RTP and RTCP as frames of one stream (RFC 4571 §2), told apart
// by their payload types (RFC 5761). Non-blocking; never waits and queues nothing: what the system
// does not take at once is the caller's again. Only the rest of a frame that it took a part of is
// kept, for the other end to stay in step.
//
// Connects again by itself, later each time, up to retry_max. On a media worker; no threads.
class RtpStream {
 public:
  struct Options {
    media::Endpoint to;
    // An epoll set that outlives the stream; it reports `tag` when handle_ready is due.
    int readiness = -1;
    std::uint64_t tag = 0;
    std::function<void(bool open)> on_change;  // it stands, or does not; may be empty
  };
  explicit RtpStream(Options options);
  RtpStream(const RtpStream&) = delete;
  RtpStream& operator=(const RtpStream&) = delete;
  ~RtpStream();

  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  [[nodiscard]] StreamCounts counts() const { return {is_open(), connections_, withheld_}; }

  // When handle_timeout has something to do; nullopt: nothing.
  [[nodiscard]] std::optional<media::TimePoint> next_timeout() const;
  void handle_timeout(media::TimePoint now);  // connects

  // The other end came, took more, spoke (which nobody listens to) or went. `admits(source)`: asked
  // again before the rest of a frame leaves.
  template <class Admits>
  void handle_ready(media::TimePoint now, Admits&& admits) {
    if (state_ == State::connecting) finish_connecting(now);
    if (state_ == State::open && !rest_.empty() && !admits(rest_of_)) close(now);
    if (state_ == State::open) send_rest(now);
    if (state_ == State::open) discard_input(now);
  }

  // Calls failed(index) for each frame that was not taken. What is taken in part counts as taken.
  template <class Failed>
  void send(media::TimePoint now, std::span<const FramedDispatch> run, Failed&& failed) {
    std::size_t taken = 0;
    is_full_ = !rest_.empty();
    while (state_ == State::open && !is_full_ && taken < run.size())
      taken += send_some(now, run.subspan(taken));
    if (state_ != State::open) withheld_ += run.size() - taken;
    for (; taken < run.size(); ++taken)
      failed(taken);
  }

  // Before the first frame of this participant is sent: makes room to know where the last one ends.
  void expect(media::SourceId source);
  // When this comes back no more bytes of this participant leave: all of them have left, or else
  // the connection is torn down.
  void cease(media::TimePoint now, media::SourceId source);

 private:
  enum class State : std::uint8_t { closed, connecting, open };
  static constexpr std::chrono::milliseconds retry_min{250};
  static constexpr std::chrono::milliseconds retry_max{5'000};
  static constexpr std::size_t frames_max = 256;  // a system call

  void connect(media::TimePoint now);
  void finish_connecting(media::TimePoint now);
  void send_rest(media::TimePoint now);
  void keep_rest(std::size_t frame, const FramedDispatch& dispatch, std::size_t taken);
  // Some of their bytes are still to leave: in the rest of a frame, or with the system.
  [[nodiscard]] bool holds(media::SourceId source) const;
  void discard_input(media::TimePoint now);
  // Frames that the system took, the last of them perhaps in part.
  std::size_t send_some(media::TimePoint now, std::span<const FramedDispatch> run);
  // What the system still holds goes nowhere any more, either; connects again later.
  void close(media::TimePoint now);
  void tell(bool open);

  Options options_;
  int descriptor_ = -1;
  State state_ = State::closed;
  std::optional<bool> told_;
  std::uint64_t connections_ = 0;
  std::uint64_t withheld_ = 0;
  std::optional<media::TimePoint> retry_at_;
  std::chrono::milliseconds retry_{retry_min};
  bool is_full_ = false;  // the system takes nothing for now
  std::vector<std::byte> rest_;
  media::SourceId rest_of_{};
  // Bytes of all frames that were ever taken, and for each participant how many that were when the
  // last of theirs was.
  std::uint64_t taken_ = 0;
  std::vector<std::uint64_t> taken_of_;
  std::array<std::array<std::byte, 2>, frames_max> lengths_{};
  std::array<iovec, 2 * frames_max> vectors_{};
};

}  // namespace assent::gateway
