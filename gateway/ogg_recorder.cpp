#include "gateway/ogg_recorder.hpp"

#include <utility>

#include "gateway/ogg_recorder_thread.hpp"

namespace assent::gateway {

OggRecorder::OggRecorder(OggRecorderOptions options)
    : thread_{std::make_unique<Thread>(std::move(options))} {}

OggRecorder::~OggRecorder() {
  stop();
}

bool OggRecorder::offer(std::size_t worker, const RecordedPacket& packet) noexcept {
  return thread_->offer(worker, packet);
}

boost::asio::awaitable<TrackResult<TrackId>> OggRecorder::open(TrackSpec spec) {
  using Answer = TrackResult<TrackId>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(OpenTrackCommand{std::move(spec), std::move(reply)});
  });
}

boost::asio::awaitable<TrackResult<std::vector<TrackSummary>>> OggRecorder::cut(
    TrackId track, std::vector<StreamCut> cuts) {
  using Answer = TrackResult<std::vector<TrackSummary>>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(FinishTrackCommand{track, std::move(cuts), std::move(reply)});
  });
}

boost::asio::awaitable<TrackResult<std::vector<TrackSummary>>> OggRecorder::close(TrackId track) {
  return cut(track, {});
}

boost::asio::awaitable<TrackResult<std::vector<ErasedTrack>>> OggRecorder::erase(
    std::vector<TrackErasure> tracks) {
  using Answer = TrackResult<std::vector<ErasedTrack>>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(EraseTracksCommand{std::move(tracks), std::move(reply)});
  });
}

boost::asio::awaitable<void> OggRecorder::end(TrackId track, TrackEnd how) {
  const auto ended = co_await cut(track, std::move(how.cuts));
  (void)ended;  // the health tells of a failing disk
}

boost::asio::awaitable<void> OggRecorder::serve(TrackId, ServedPurposes) {
  co_return;
}

RecorderHealth OggRecorder::health() const {
  return thread_->health();
}

void OggRecorder::stop() {
  thread_->stop();
}

}  // namespace assent::gateway
