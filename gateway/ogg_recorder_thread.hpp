#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "gateway/ogg_recorder.hpp"
#include "gateway/ogg_track.hpp"
#include "gateway/recording_manifest.hpp"
#include "gateway/reply.hpp"

namespace assent::gateway {

struct OpenTrackCommand {
  TrackSpec spec;
  Reply<TrackResult<TrackId>> reply;
};
struct FinishTrackCommand {
  TrackId track{};
  std::vector<StreamCut> cuts;
  Reply<TrackResult<std::vector<TrackSummary>>> reply;
};
struct EraseTracksCommand {
  std::vector<TrackErasure> tracks;
  Reply<TrackResult<std::vector<ErasedTrack>>> reply;
};
using RecorderCommand = std::variant<OpenTrackCommand, FinishTrackCommand, EraseTracksCommand>;

class OggRecorder::Thread {
 public:
  explicit Thread(OggRecorderOptions options);
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  [[nodiscard]] bool offer(std::size_t worker, const RecordedPacket& packet) noexcept {
    return rings_[worker]->push(packet);
  }
  void put(RecorderCommand command);  // or refuses it at once
  [[nodiscard]] RecorderHealth health() const;
  void stop();

 private:
  // One file for each SSRC; the first stands before its SSRC is known.
  struct Track {
    TrackSpec spec;
    std::vector<std::unique_ptr<OggTrack>> streams;
    media::TimePoint retry_at{};  // of a file that could not be created
  };

  void run();
  std::vector<RecorderCommand> wait_for_commands();
  void drain(media::TimePoint now);
  void pass_time(media::TimePoint now);
  void look_at_folders();
  void carry_out(OpenTrackCommand& command);
  void carry_out(FinishTrackCommand& command);
  void carry_out(EraseTracksCommand& command);
  TrackResult<TrackId> open(TrackSpec spec);
  bool add_stream(TrackId id, Track& track);
  void take(media::TimePoint now, Track& track, const RecordedPacket& packet);
  TrackResult<std::vector<TrackSummary>> finish(TrackId track, const std::vector<StreamCut>& cuts);
  std::error_code finish_stream(OggTrack& stream, std::optional<std::uint64_t> last_sequence);
  void write_manifests();
  void publish_health();
  void list_folders();

  const OggRecorderOptions options_;
  std::vector<std::unique_ptr<PacketRing>> rings_;  // one a worker

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<RecorderCommand> commands_;
  bool stopping_ = false;
  RecorderHealth health_;

  // Of the recorder's thread alone.
  std::unordered_map<TrackId, Track> tracks_;
  std::size_t files_ = 0;  // open
  std::uint32_t last_track_ = 0;
  RecorderHealth counts_;
  std::vector<ManifestTrack> manifest_due_;          // after the answers
  std::vector<std::filesystem::path> folders_left_;  // of earlier sessions, to be looked at

  std::thread thread_;
};

}  // namespace assent::gateway
