#include "gateway/media_worker.hpp"

#include <unistd.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>

namespace assent::gateway {

MediaWorker::MediaWorker(Options options)
    : options_{std::move(options)},
      path_{options_.index},
      readiness_{context_, ::dup(path_.readiness())},
      pause_{context_},
      clock_{context_, media::TimePoint::max()},
      work_{context_.get_executor()} {
  boost::asio::co_spawn(context_, relay_batches(), boost::asio::detached);
  boost::asio::co_spawn(context_, keep_time(), boost::asio::detached);
  thread_ = std::jthread{[this] { context_.run(); }};
}

MediaWorker::~MediaWorker() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

boost::asio::awaitable<void> MediaWorker::relay_batches() {
  for (;;) {
    co_await readiness_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                   boost::asio::use_awaitable);
    if (options_.coalescing_pause.count() > 0) {
      pause_.expires_after(options_.coalescing_pause);
      co_await pause_.async_wait(boost::asio::use_awaitable);
    }
    path_.drain(std::chrono::steady_clock::now());
    wake_clock();  // a handshake may have begun, a sink's connection may have gone
    auto& events = path_.relay().events();
    if (!events.empty()) options_.on_events(std::exchange(events, {}));
  }
}

boost::asio::awaitable<void> MediaWorker::keep_time() {
  for (;;) {
    clock_.expires_at(path_.next_timeout().value_or(media::TimePoint::max()));
    boost::system::error_code woken_early;
    co_await clock_.async_wait(
        boost::asio::redirect_error(boost::asio::use_awaitable, woken_early));
    path_.handle_timeout(std::chrono::steady_clock::now());
  }
}

void MediaWorker::wake_clock() {
  const auto next = path_.next_timeout();
  if (next && *next < clock_.expiry()) clock_.cancel();
}

}  // namespace assent::gateway
