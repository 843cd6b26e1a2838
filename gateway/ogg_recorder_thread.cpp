#include "gateway/ogg_recorder_thread.hpp"

#include <fcntl.h>
#include <sys/random.h>

#include <array>
#include <cstring>
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

void refuse(RecorderCommand& command, RecorderError error) {
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
  if (refused) return refuse(command, RecorderError::closed);
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
    static_cast<void>(finish(tracks_.begin()->first, std::nullopt));
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
        track->second->offer(now, packet);
      } else {
        const auto id = static_cast<std::uint32_t>(packet.track);
        const bool once_open = id != 0 && id <= last_track_;
        ++(once_open ? counts_.after_close : counts_.not_open);
      }
    });
  }
}

void OggRecorder::Thread::pass_time(media::TimePoint now) {
  for (auto& [id, track] : tracks_)
    track->pass_time(now);
}

void OggRecorder::Thread::carry_out(OpenTrackCommand& command) {
  command.reply.send(open(std::move(command.spec)));
}

void OggRecorder::Thread::carry_out(FinishTrackCommand& command) {
  command.reply.send(finish(command.track, command.last_sequence));
}

Recorded<TrackId> OggRecorder::Thread::open(TrackSpec spec) {
  if (!safe_folder(spec.session)) return RecorderError::bad_name;
  if (tracks_.size() >= options_.tracks_max) return RecorderError::too_many;
  const auto name = random_name();
  if (!name) return RecorderError::disk;
  OggTrack::Place place;
  place.name = name->text;
  place.serial = name->serial;
  place.folder = options_.directory / spec.session;
  place.opened = std::chrono::steady_clock::now();
  place.opened_wall = wall_now();
  const std::string file_name = name->text + "-e" + std::to_string(spec.epoch) + ".opus";
  place.relative = spec.session + "/" + file_name;
  if (make_private_folder(options_.directory) || make_private_folder(place.folder)) {
    return RecorderError::disk;
  }
  constexpr mode_t owner_only = 0600;
  FileHandle file{::open((place.folder / file_name).c_str(),
                         O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, owner_only)};
  if (!file) return RecorderError::disk;  // its name is made durable with the manifest
  place.id = TrackId{++last_track_};
  ManifestTrack entry;
  entry.name = place.name;
  entry.spec = spec;
  entry.summary.file = place.relative;
  entry.opened = place.opened_wall;
  manifest_due_.push_back(std::move(entry));
  const TrackId id = place.id;
  tracks_.emplace(
      id, std::make_unique<OggTrack>(std::move(place), std::move(spec), options_, std::move(file)));
  return id;
}

Recorded<TrackSummary> OggRecorder::Thread::finish(TrackId id,
                                                   std::optional<std::uint64_t> last_sequence) {
  auto node = tracks_.extract(id);
  if (node.empty()) return RecorderError::unknown_track;
  OggTrack& track = *node.mapped();
  const auto error = track.finish(std::chrono::steady_clock::now(), last_sequence);
  ManifestTrack entry;
  entry.name = track.place().name;
  entry.state = error ? TrackState::failed : last_sequence ? TrackState::cut : TrackState::closed;
  entry.spec = track.spec();
  entry.summary = track.summary();
  entry.cut = last_sequence;
  entry.opened = track.place().opened_wall;
  counts_.unwritten += entry.summary.unwritten;
  manifest_due_.push_back(entry);
  counts_.problem = error ? error.message() : std::string{};
  if (error) return RecorderError::disk;
  return std::move(entry.summary);
}

// After the answers: hashing a long file must not delay the acknowledgement of a cut.
void OggRecorder::Thread::write_manifests() {
  for (auto& entry : std::exchange(manifest_due_, {})) {
    const auto folder = options_.directory / entry.spec.session;
    if (!entry.summary.file.empty() && entry.state != TrackState::open) {
      entry.sha256 = sha256_of(options_.directory / entry.summary.file);
    }
    if (const auto error = record_track(folder, entry)) counts_.problem = error.message();
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
  for (const auto& [id, track] : tracks_)
    open_now.push_back(track->place().name);
  for (std::size_t i = 0; i < folders_a_pass && !folders_left_.empty(); ++i) {
    mark_interrupted(folders_left_.back(), open_now);
    folders_left_.pop_back();
  }
}

void OggRecorder::Thread::publish_health() {
  RecorderHealth now = counts_;
  now.open_tracks = tracks_.size();
  for (const auto& [id, track] : tracks_) {
    now.unwritten += track->unwritten();
    if (!track->failure()) continue;
    ++now.failing_tracks;
    now.problem = track->failure().message();
  }
  now.writable = now.failing_tracks == 0;
  const std::lock_guard lock{mutex_};
  health_ = std::move(now);
}

}  // namespace assent::gateway
