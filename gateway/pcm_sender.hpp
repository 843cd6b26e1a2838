#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "gateway/config.hpp"
#include "gateway/pcm_connection.hpp"
#include "gateway/track_sink.hpp"

namespace assent::gateway {

// The `pcm` sink: audio decoded to 16 kHz on a thread of this sink's own, and sent to a transcriber
// or whatever takes it, one connection for each stream (SSRC and codec) of a track. What goes over
// it: gateway/pcm_stream.hpp.
struct PcmSenderOptions {
  PcmSink to;
  std::size_t workers = 1;            // media workers that may offer
  std::size_t ring_bytes = 4u << 20;  // per worker
  std::size_t tracks_max = 1'024;     // open at one time
  std::size_t streams_max = 8;        // of one track
  PcmTimes times{};
  // The place takes connections, or does not; on the sink's thread. Said when it changes.
  std::function<void(bool reachable)> on_change{};
};

struct PcmHealth {
  bool reachable = true;          // as on_change said last
  std::size_t streams = 0;        // each with its connection, or without one for now
  std::size_t connected = 0;      // of these
  std::uint64_t connections = 0;  // that ever stood
  PcmCounts samples;
  std::uint64_t malformed = 0;  // packets that the codec does not know
  std::uint64_t not_taken = 0;  // packets of tracks that are not open, or one stream too many
};

class PcmSender final : public TrackSink {
 public:
  explicit PcmSender(PcmSenderOptions options);
  ~PcmSender() override;

  [[nodiscard]] bool offer(std::size_t worker, const RecordedPacket& packet) noexcept override;
  boost::asio::awaitable<TrackResult<TrackId>> open(TrackSpec spec) override;
  boost::asio::awaitable<void> end(TrackId track, TrackEnd how) override;
  boost::asio::awaitable<void> serve(TrackId track, ServedPurposes purposes) override;

  [[nodiscard]] PcmHealth health() const;  // any thread

  // Ends all tracks, joins. Idempotent. No worker may offer any more.
  void stop();

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace assent::gateway
