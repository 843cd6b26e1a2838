#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "gateway/transcribe/engine.hpp"
#include "gateway/transcribe/hearing.hpp"

namespace assent::transcribe {

// An engine on a thread of its own, made and ended there. What it does not get to at once waits,
// up to half a minute of audio.
class EngineThread final : public Ear {
 public:
  struct Notices {  // on the executor, in this order
    std::function<void(std::vector<Utterance>)> on_words;
    std::function<void(bool is_sound)> on_over;  // once; nothing comes after it
  };
  EngineThread(boost::asio::any_io_executor executor, std::function<std::unique_ptr<Engine>()> make,
               Notices notices);
  ~EngineThread() override;  // waits for it to be over

  [[nodiscard]] bool hear(std::span<const std::int16_t> samples) override;
  void pause() override;
  void finish(std::uint64_t samples) override;

 private:
  using Audio = std::vector<std::int16_t>;  // none: a pause
  struct Work {
    Audio audio;
    bool is_last = false;
  };
  void run(const std::function<std::unique_ptr<Engine>()>& make);
  [[nodiscard]] bool serve(Engine& engine);
  [[nodiscard]] Work next();

  boost::asio::any_io_executor executor_;
  Notices notices_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Audio> waiting_;
  std::uint64_t taken_samples_ = 0;    // by the engine
  std::uint64_t waiting_samples_ = 0;  // for it
  bool finished_ = false;
  std::thread thread_;
};

}  // namespace assent::transcribe
