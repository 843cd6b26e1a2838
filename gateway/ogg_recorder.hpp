#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/track_sink.hpp"

namespace assent::gateway {

// The built-in `ogg` sink: Ogg Opus files (RFC 7845), packets unchanged, no decoding. A track has
// one file for each SSRC that was heard on it: streams may overlap, a file may not.
//
// One recorder serves one sink: its thread, one ring per media worker, its folder:
//   <directory>/<session>/<random name>-e<epoch>.opus   0600 in 0700
//   <directory>/<session>/manifest.json                 which file is whose, hashes, cuts

struct ClosedTrack;

struct OggRecorderOptions {
  std::filesystem::path directory;    // created, with mode 0700, if its parent exists
  std::size_t workers = 1;            // media workers that may offer
  std::size_t ring_bytes = 4u << 20;  // per worker
  std::size_t tracks_max = 4'096;     // open at one time; and as many files
  std::size_t streams_max = 64;       // of one track
  std::size_t reorder_packets = 32;   // held back to put them in order
  std::chrono::milliseconds reorder_wait{200};
  std::chrono::milliseconds retry{1'000};  // of a track that could not be written
  std::function<void(ClosedTrack)>
      on_closed;  // on the recorder's thread, once the manifest says so; and of earlier runs' again
};

// A file that nothing is written to any more. Of one that an earlier run left open the subject is
// not known.
struct ClosedTrack {
  TrackSpec spec;
  std::string json;  // its entry in the manifest
};

// One that goes, or that names its participant no more.
struct TrackErasure {
  std::string session;
  std::string track;        // as the manifest names it
  std::string participant;  // what the manifest says instead; empty: as it is
  bool keep = false;        // the file stays
};
struct ErasedTrack {
  std::string session;
  std::string track;
  std::string json;  // its entry in the manifest now
};

// What became of one stream of a track, as in its manifest. Of all that was offered for the track,
// the sum over its streams: packets + duplicates + late + malformed + beyond_cut + unwritten.
struct TrackSummary {
  TrackId track{};
  std::string file;  // relative to the sink's folder; empty when nothing was recorded
  std::uint32_t ssrc = 0;
  std::uint64_t packets = 0;  // in the file, without concealment
  std::uint64_t bytes = 0;    // their payloads
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t concealed = 0;  // packets put in for lost ones and pauses (RFC 7845 §4.1)
  std::uint64_t duplicates = 0;
  std::uint64_t late = 0;        // behind what was written already
  std::uint64_t malformed = 0;   // no Opus packets
  std::uint64_t beyond_cut = 0;  // offered, but discarded by the cut
  std::uint64_t unwritten = 0;   // lost because the disk refused, or there were streams_max
  WallTime first{};
  WallTime last{};
};

struct RecorderHealth {
  bool writable = true;  // no open track is failing
  std::string problem;   // for the operator
  std::size_t open_tracks = 0;
  std::size_t failing_tracks = 0;
  std::uint64_t packets = 0;      // taken for open tracks
  std::uint64_t not_open = 0;     // for tracks never opened: denied
  std::uint64_t after_close = 0;  // for tracks closed or cut: discarded
  std::uint64_t unwritten = 0;    // lost because the disk refused
};

class OggRecorder final : public TrackSink {
 public:
  explicit OggRecorder(OggRecorderOptions options);
  ~OggRecorder() override;

  [[nodiscard]] bool offer(std::size_t worker, const RecordedPacket& packet) noexcept override;

  // The file exists when it resumes.
  boost::asio::awaitable<TrackResult<TrackId>> open(TrackSpec spec) override;
  // As cut() or, without cuts, close().
  boost::asio::awaitable<void> end(TrackId track, TrackEnd how) override;
  // A file serves the purpose of its sink.
  boost::asio::awaitable<void> serve(TrackId track, ServedPurposes purposes) override;

  // Withdrawal. What was offered before this call is drained; of it, what is beyond its stream's
  // cut is discarded, even if it was written already; the files are finished and synced. Resumes
  // after that: nothing of the track is written any more, whatever is offered. A stream without a
  // cut had ended before.
  // On TrackError::disk that holds too, but a file may lack its end mark.
  boost::asio::awaitable<TrackResult<std::vector<TrackSummary>>> cut(TrackId track,
                                                                     std::vector<StreamCut> cuts);
  // The end of a track without a withdrawal: all that was offered before is kept.
  boost::asio::awaitable<TrackResult<std::vector<TrackSummary>>> close(TrackId track);

  // Every manifest is written first, those that an earlier run left open, too, and on_closed has
  // been called for each: with nothing to erase, that is all it does. Then the files go. On
  // TrackError::disk some may be left: ask again.
  boost::asio::awaitable<TrackResult<std::vector<ErasedTrack>>> erase(
      std::vector<TrackErasure> tracks);

  [[nodiscard]] RecorderHealth health() const;  // any thread

  // Closes all tracks, joins. Idempotent. No worker may offer any more.
  void stop();

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace assent::gateway
