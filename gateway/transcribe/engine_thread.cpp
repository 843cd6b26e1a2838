#include "gateway/transcribe/engine_thread.hpp"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "gateway/transcribe/message.hpp"

namespace assent::transcribe {
namespace {

constexpr std::uint64_t waiting_samples_max = 30 * sample_rate_hz;
// Without audio: nobody speaks, or the sender sends no silence.
constexpr std::chrono::milliseconds quiet{1'000};

}  // namespace

EngineThread::EngineThread(boost::asio::any_io_executor executor,
                           std::function<std::unique_ptr<Engine>()> make, Notices notices)
    : executor_{std::move(executor)},
      notices_{std::move(notices)},
      thread_{[this, make = std::move(make)] { run(make); }} {}

EngineThread::~EngineThread() {
  finish(0);
  thread_.join();
}

bool EngineThread::hear(std::span<const std::int16_t> samples) {
  const std::lock_guard lock{mutex_};
  if (finished_ || waiting_samples_ + samples.size() > waiting_samples_max) return false;
  if (samples.empty()) return true;
  waiting_.emplace_back(samples.begin(), samples.end());
  waiting_samples_ += samples.size();
  news_.notify_one();
  return true;
}

void EngineThread::pause() {
  const std::lock_guard lock{mutex_};
  if (!finished_) waiting_.emplace_back();
  news_.notify_one();
}

void EngineThread::finish(std::uint64_t samples) {
  const std::lock_guard lock{mutex_};
  finished_ = true;
  while (!waiting_.empty() && taken_samples_ + waiting_samples_ > samples) {
    Audio& last = waiting_.back();
    const std::uint64_t beyond = taken_samples_ + waiting_samples_ - samples;
    const auto dropped = static_cast<std::size_t>(std::min<std::uint64_t>(beyond, last.size()));
    last.resize(last.size() - dropped);
    waiting_samples_ -= dropped;
    if (last.empty()) waiting_.pop_back();
  }
  news_.notify_one();
}

EngineThread::Work EngineThread::next() {
  std::unique_lock lock{mutex_};
  news_.wait_for(lock, quiet, [this] { return finished_ || !waiting_.empty(); });
  if (waiting_.empty()) return {{}, finished_};
  Work work{std::move(waiting_.front())};
  waiting_.pop_front();
  waiting_samples_ -= work.audio.size();
  taken_samples_ += work.audio.size();
  return work;
}

void EngineThread::run(const std::function<std::unique_ptr<Engine>()>& make) {
  bool is_sound = false;
  if (const auto engine = make()) is_sound = serve(*engine);
  boost::asio::post(executor_, [this, is_sound] { notices_.on_over(is_sound); });
}

bool EngineThread::serve(Engine& engine) {
  for (;;) {
    std::vector<Utterance> out;
    const Work work = next();
    const bool is_sound = work.is_last         ? engine.finish(out)
                          : work.audio.empty() ? engine.pause(out)
                                               : engine.hear(work.audio, out);
    if (!out.empty())
      boost::asio::post(executor_, [this, words = std::move(out)]() mutable {
        notices_.on_words(std::move(words));
      });
    if (!is_sound || work.is_last) return is_sound;
  }
}

}  // namespace assent::transcribe
