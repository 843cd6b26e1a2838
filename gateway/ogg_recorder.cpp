#include "gateway/ogg_recorder.hpp"

#include <stdexcept>
#include <utility>

#include "gateway/ogg_recorder_thread.hpp"

namespace assent::gateway {

std::string_view to_string(RecorderError error) {
  switch (error) {
    case RecorderError::bad_name:
      return "bad_name";
    case RecorderError::too_many:
      return "too_many";
    case RecorderError::unknown_track:
      return "unknown_track";
    case RecorderError::disk:
      return "disk";
    case RecorderError::closed:
      return "closed";
  }
  return "unknown";
}

void throw_exception_from_error(RecorderError error, const boost::source_location&) {
  throw std::logic_error("value() of a result that holds " + std::string(to_string(error)));
}

OggRecorder::OggRecorder(OggRecorderOptions options)
    : thread_{std::make_unique<Thread>(std::move(options))} {}

OggRecorder::~OggRecorder() {
  stop();
}

bool OggRecorder::offer(std::size_t worker, const RecordedPacket& packet) noexcept {
  return thread_->offer(worker, packet);
}

boost::asio::awaitable<Recorded<TrackId>> OggRecorder::open(TrackSpec spec) {
  using Answer = Recorded<TrackId>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(OpenTrackCommand{std::move(spec), std::move(reply)});
  });
}

boost::asio::awaitable<Recorded<std::vector<TrackSummary>>> OggRecorder::cut(
    TrackId track, std::vector<StreamCut> cuts) {
  using Answer = Recorded<std::vector<TrackSummary>>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(FinishTrackCommand{track, std::move(cuts), std::move(reply)});
  });
}

boost::asio::awaitable<Recorded<std::vector<TrackSummary>>> OggRecorder::close(TrackId track) {
  return cut(track, {});
}

boost::asio::awaitable<Recorded<std::vector<ErasedTrack>>> OggRecorder::erase(
    std::vector<TrackErasure> tracks) {
  using Answer = Recorded<std::vector<ErasedTrack>>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(EraseTracksCommand{std::move(tracks), std::move(reply)});
  });
}

RecorderHealth OggRecorder::health() const {
  return thread_->health();
}

void OggRecorder::stop() {
  thread_->stop();
}

}  // namespace assent::gateway
