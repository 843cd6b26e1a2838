#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "gateway/media_path.hpp"

namespace assent::gateway {

// One thread, one MediaPath. Rooms live wholly on one worker; nothing of it is shared: whoever
// wants something of the path sends a command, which runs between two batches.
class MediaWorker {
 public:
  struct Options {
    std::size_t index = 0;
    // Waits this long after the first datagram, so that one batch takes more of them; 0: never.
    std::chrono::microseconds coalescing_pause{0};
    // What the relay noticed; called on the worker's thread, rarely.
    std::function<void(std::vector<media::RelayEvent>)> on_events;
  };
  explicit MediaWorker(Options options);
  ~MediaWorker();  // stops and joins; commands that have not begun never run

  [[nodiscard]] std::size_t index() const { return options_.index; }

  // Where the WebRTC legs of this worker are reached; the control thread's.
  [[nodiscard]] const std::vector<media::Endpoint>& webrtc_candidates() const {
    return webrtc_candidates_;
  }
  void set_webrtc_candidates(std::vector<media::Endpoint> candidates) {
    webrtc_candidates_ = std::move(candidates);
  }

  // Runs command(MediaPath&) on the worker; the caller's coroutine goes on on its own executor
  // with the result. When it does, no packet of an earlier batch is still on its way.
  template <class Command>
  boost::asio::awaitable<std::invoke_result_t<Command, MediaPath&>> run(Command command) {
    auto on_worker =
        [](MediaWorker& worker,
           Command work) -> boost::asio::awaitable<std::invoke_result_t<Command, MediaPath&>> {
      auto result = work(worker.path_);
      worker.wake_clock();
      co_return result;
    };
    return boost::asio::co_spawn(context_, on_worker(*this, std::move(command)),
                                 boost::asio::use_awaitable);
  }

 private:
  boost::asio::awaitable<void> relay_batches();
  boost::asio::awaitable<void> keep_time();
  // After what may have given the path something to do, earlier than the clock rings.
  void wake_clock();

  Options options_;
  std::vector<media::Endpoint> webrtc_candidates_;
  boost::asio::io_context context_{1};
  MediaPath path_;
  boost::asio::posix::stream_descriptor readiness_;
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer clock_;  // rings when the path has something to do
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::jthread thread_;
};

}  // namespace assent::gateway
