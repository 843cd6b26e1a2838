#include "gateway/ogg_recorder_thread.hpp"

#include <fcntl.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <utility>

#include "gateway/id.hpp"

namespace assent::gateway {
namespace {

// The rings are polled: the media workers never have to wake this thread.
constexpr std::chrono::milliseconds poll_recording{10};
constexpr std::chrono::milliseconds poll_idle{100};

WallTime wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

struct RandomName {
  std::string text;  // 16 hexadecimal digits
  std::uint32_t serial = 0;
};
std::optional<RandomName> random_name() {
  std::array<unsigned char, 12> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return std::nullopt;
  }
  constexpr std::size_t named = 8;
  constexpr std::string_view digits = "0123456789abcdef";
  RandomName name;
  for (std::size_t i = 0; i < named; ++i) {
    name.text += digits[bytes[i] >> 4];
    name.text += digits[bytes[i] & 0xF];
  }
  std::memcpy(&name.serial, bytes.data() + named, sizeof name.serial);
  return name;
}

// A session names a folder: no hidden one, none above.
bool safe_folder(std::string_view session) {
  return is_id(session) && session.front() != '.';
}

void refuse(RecorderCommand& command, TrackError error) {
  std::visit([&](auto& of) { of.reply.send(error); }, command);
}

}  // namespace

OggRecorder::Thread::Thread(OggRecorderOptions options) : options_{std::move(options)} {
  for (std::size_t i = 0; i < options_.workers; ++i) {
    rings_.push_back(std::make_unique<PacketRing>(options_.ring_bytes));
  }
  thread_ = std::thread{[this] { run(); }};
}

OggRecorder::Thread::~Thread() {
  stop();
}

void OggRecorder::Thread::put(RecorderCommand command) {
  bool refused = false;
  {
    const std::lock_guard lock{mutex_};
    refused = stopping_;
    if (!refused) commands_.push_back(std::move(command));
  }
  if (refused) return refuse(command, TrackError::closed);
  wake_.notify_one();
}

RecorderHealth OggRecorder::Thread::health() const {
  const std::lock_guard lock{mutex_};
  return health_;
}

void OggRecorder::Thread::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void OggRecorder::Thread::run() {
  list_folders();
  for (bool stopping = false; !stopping;) {
    auto commands = wait_for_commands();
    const auto now = std::chrono::steady_clock::now();
    drain(now);  // what was offered before the commands came is taken before they are carried out
    for (auto& command : commands) {
      std::visit([this](auto& of) { carry_out(of); }, command);
    }
    pass_time(now);
    if (commands.empty() && !folders_left_.empty()) look_at_folders();
    publish_health();
    write_manifests();
    const std::lock_guard lock{mutex_};
    stopping = stopping_ && commands_.empty();
  }
  drain(std::chrono::steady_clock::now());
  while (!tracks_.empty())
    static_cast<void>(finish(tracks_.begin()->first, {}));
  write_manifests();
  publish_health();
}

std::vector<RecorderCommand> OggRecorder::Thread::wait_for_commands() {
  std::unique_lock lock{mutex_};
  wake_.wait_for(lock, tracks_.empty() ? poll_idle : poll_recording,
                 [this] { return stopping_ || !commands_.empty(); });
  return std::exchange(commands_, {});
}

void OggRecorder::Thread::drain(media::TimePoint now) {
  for (auto& ring : rings_) {
    ring->drain([&](const RecordedPacket& packet) {
      const auto track = tracks_.find(packet.track);
      if (track != tracks_.end()) {
        ++counts_.packets;
        take(now, track->second, packet);
      } else {
        const auto id = static_cast<std::uint32_t>(packet.track);
        const bool once_open = id != 0 && id <= last_track_;
        ++(once_open ? counts_.after_close : counts_.not_open);
      }
    });
  }
}

void OggRecorder::Thread::pass_time(media::TimePoint now) {
  for (auto& [id, track] : tracks_) {
    for (auto& stream : track.streams)
      stream->pass_time(now);
  }
}

void OggRecorder::Thread::carry_out(OpenTrackCommand& command) {
  command.reply.send(open(std::move(command.spec)));
}

void OggRecorder::Thread::carry_out(FinishTrackCommand& command) {
  command.reply.send(finish(command.track, command.cuts));
}

void OggRecorder::Thread::carry_out(EraseTracksCommand& command) {
  while (!folders_left_.empty()) {
    look_at_folders();
    drain(std::chrono::steady_clock::now());  // the calls go on
  }
  write_manifests();
  std::map<std::string, std::vector<TrackErasure>> by_session;
  for (auto& track : command.tracks)
    if (safe_folder(track.session)) by_session[track.session].push_back(std::move(track));
  std::vector<ErasedTrack> erased;
  for (const auto& [session, tracks] : by_session) {
    if (const auto error = erase_tracks(options_.directory / session, tracks, erased)) {
      counts_.problem = error.message();
      return command.reply.send(TrackError::disk);
    }
    drain(std::chrono::steady_clock::now());
  }
  command.reply.send(std::move(erased));
}

TrackResult<TrackId> OggRecorder::Thread::open(TrackSpec spec) {
  if (!safe_folder(spec.session)) return TrackError::bad_name;
  if (tracks_.size() >= options_.tracks_max) return TrackError::too_many;
  if (make_private_folder(options_.directory) ||
      make_private_folder(options_.directory / spec.session)) {
    return TrackError::disk;
  }
  const TrackId id{last_track_ + 1};
  Track track;
  track.spec = std::move(spec);
  if (!add_stream(id, track)) return TrackError::disk;
  ++last_track_;
  tracks_.emplace(id, std::move(track));
  return id;
}

bool OggRecorder::Thread::add_stream(TrackId id, Track& track) {
  const auto name = random_name();
  if (!name) return false;
  const std::string file_name = name->text + "-e" + std::to_string(track.spec.epoch) + ".opus";
  OggTrack::Place place;
  place.id = id;
  place.name = name->text;
  place.serial = name->serial;
  place.folder = options_.directory / track.spec.session;
  place.relative = track.spec.session + "/" + file_name;
  place.opened = std::chrono::steady_clock::now();
  place.opened_wall = wall_now();
  constexpr mode_t owner_only = 0600;
  FileHandle file{::open((place.folder / file_name).c_str(),
                         O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, owner_only)};
  if (!file) return false;  // its name is made durable with the manifest
  ManifestTrack entry;
  entry.name = place.name;
  entry.spec = track.spec;
  entry.summary.file = place.relative;
  entry.opened = place.opened_wall;
  manifest_due_.push_back(std::move(entry));
  track.streams.push_back(
      std::make_unique<OggTrack>(std::move(place), track.spec, options_, std::move(file)));
  ++files_;
  return true;
}

// A client that starts its stream anew does so under another SSRC, and may go on with the first.
void OggRecorder::Thread::take(media::TimePoint now, Track& track, const RecordedPacket& packet) {
  const auto takes = [&](const auto& stream) { return stream->takes(packet.ssrc); };
  const auto known = std::find_if(track.streams.begin(), track.streams.end(), takes);
  if (known != track.streams.end()) return (*known)->offer(now, packet);
  OggTrack& first = *track.streams.front();
  if (!OggTrack::is_opus(packet)) return first.count_malformed();
  const bool room = track.streams.size() < options_.streams_max && files_ < options_.tracks_max;
  if (!room || now < track.retry_at) return first.count_unwritten();
  if (!add_stream(packet.track, track)) {
    track.retry_at = now + options_.retry;
    return first.count_unwritten();
  }
  track.streams.back()->offer(now, packet);
}

TrackResult<std::vector<TrackSummary>> OggRecorder::Thread::finish(
    TrackId id, const std::vector<StreamCut>& cuts) {
  auto node = tracks_.extract(id);
  if (node.empty()) return TrackError::unknown_track;
  std::vector<TrackSummary> summaries;
  std::error_code failed;
  for (auto& stream : node.mapped().streams) {
    std::optional<std::uint64_t> last_sequence;
    for (const auto& cut : cuts) {
      if (cut.ssrc == stream->ssrc()) last_sequence = cut.last_sequence;
    }
    if (const auto error = finish_stream(*stream, last_sequence)) failed = error;
    summaries.push_back(stream->summary());
    --files_;
  }
  counts_.problem = failed ? failed.message() : std::string{};
  if (failed) return TrackError::disk;
  return summaries;
}

std::error_code OggRecorder::Thread::finish_stream(OggTrack& stream,
                                                   std::optional<std::uint64_t> last_sequence) {
  const auto error = stream.finish(std::chrono::steady_clock::now(), last_sequence);
  ManifestTrack entry;
  entry.name = stream.place().name;
  entry.state = error ? TrackState::failed : last_sequence ? TrackState::cut : TrackState::closed;
  entry.spec = stream.spec();
  entry.summary = stream.summary();
  entry.cut = last_sequence;
  entry.opened = stream.place().opened_wall;
  counts_.unwritten += entry.summary.unwritten;
  manifest_due_.push_back(std::move(entry));
  return error;
}

// After the answers: hashing a long file must not delay the acknowledgement of a cut.
void OggRecorder::Thread::write_manifests() {
  for (auto& entry : std::exchange(manifest_due_, {})) {
    const auto folder = options_.directory / entry.spec.session;
    if (!entry.summary.file.empty() && entry.state != TrackState::open) {
      entry.sha256 = sha256_of(options_.directory / entry.summary.file);
    }
    if (const auto error = record_track(folder, entry)) {
      counts_.problem = error.message();
    } else if (options_.on_closed && entry.state != TrackState::open) {
      options_.on_closed({entry.spec, manifest_entry(entry)});
    }
  }
}

void OggRecorder::Thread::list_folders() {
  std::error_code error;
  for (std::filesystem::directory_iterator at{options_.directory, error}, end; !error && at != end;
       at.increment(error)) {
    if (at->is_directory(error) && !error) folders_left_.push_back(at->path());
  }
}

void OggRecorder::Thread::look_at_folders() {
  constexpr std::size_t folders_a_pass = 16;  // between two drains of the rings
  std::vector<std::string> open_now;
  for (const auto& [id, track] : tracks_) {
    for (const auto& stream : track.streams)
      open_now.push_back(stream->place().name);
  }
  for (std::size_t i = 0; i < folders_a_pass && !folders_left_.empty(); ++i) {
    for (auto& closed : ended_tracks(folders_left_.back(), open_now))
      if (options_.on_closed) options_.on_closed(std::move(closed));
    folders_left_.pop_back();
  }
}

void OggRecorder::Thread::publish_health() {
  RecorderHealth now = counts_;
  now.open_tracks = tracks_.size();
  for (const auto& [id, track] : tracks_) {
    bool failing = false;
    for (const auto& stream : track.streams) {
      now.unwritten += stream->unwritten();
      if (!stream->failure()) continue;
      failing = true;
      now.problem = stream->failure().message();
    }
    now.failing_tracks += failing ? 1 : 0;
  }
  now.writable = now.failing_tracks == 0;
  const std::lock_guard lock{mutex_};
  health_ = std::move(now);
}

}  // namespace assent::gateway
