#include "gateway/pcm_connection.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace assent::gateway {
namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

// A withdrawal waits no longer than this for a connection that flows, and not at all for another.
constexpr std::chrono::milliseconds settle_time{2};
// That had one reason to go: after this the next attempt is a new one.
constexpr std::chrono::seconds stood_well{5};

}  // namespace

PcmConnection::PcmConnection(const asio::any_io_executor& executor, PcmSink to,
                             const PcmTimes& times, PcmStream stream, Notices notices)
    : to_{std::move(to)},
      times_{times},
      stream_{std::move(stream)},
      notices_{std::move(notices)},
      executor_{executor},
      news_{executor},
      limit_{executor},
      pause_{executor},
      settled_{executor} {}

void PcmConnection::start() {
  asio::co_spawn(
      executor_,
      [](std::shared_ptr<PcmConnection> self) -> asio::awaitable<void> {
        co_await self->run();
      }(shared_from_this()),
      asio::detached);
}

void PcmConnection::take(const media::PcmEvent& event) {
  stream_.take(event);
  news_.cancel();
}

asio::awaitable<void> PcmConnection::serve(ServedPurposes purposes) {
  const bool narrowed = stream_.serve(std::move(purposes));
  news_.cancel();
  if (!narrowed) co_return;
  co_await settle(&PcmConnection::may_send_audio);
  if (may_send_audio()) link_->abort();
}

asio::awaitable<void> PcmConnection::finish(TrackEnd how,
                                            std::optional<std::uint64_t> last_sequence) {
  news_.cancel();
  co_await settle(&PcmConnection::has_audio);
  stream_.finish(Clock::now(), how, last_sequence);
  if (may_send_audio()) link_->abort();
  give_up_at_ = Clock::now() + times_.parting;
  news_.cancel();
}

void PcmConnection::give_up() {
  give_up_at_ = media::TimePoint::min();
  if (link_) link_->abort();
  pause_.cancel();
  news_.cancel();
}

bool PcmConnection::is_given_up() const {
  return Clock::now() >= give_up_at_;
}

bool PcmConnection::may_send_audio() const {
  return link_ && (stream_.is_sending_audio() || link_->unsent() > 0);
}

asio::awaitable<void> PcmConnection::settle(bool (PcmConnection::*unsettled)() const) {
  const bool flows =
      connected_ && (!writing_since_ || Clock::now() - *writing_since_ < settle_time);
  if (!flows || !(this->*unsettled)()) co_return;
  const auto until = Clock::now() + settle_time;
  while (connected_ && (this->*unsettled)() && Clock::now() < until) {
    settled_.expires_at(until);
    error_code sent;
    co_await settled_.async_wait(asio::redirect_error(asio::use_awaitable, sent));
  }
}

asio::awaitable<void> PcmConnection::run() {
  auto retry = times_.retry_min;
  while (!stream_.is_over() && !is_given_up()) {
    link_ = PcmLink::make(executor_, to_);
    const bool stands = co_await connect();
    const auto began = Clock::now();
    if (stands) {
      connected_ = true;
      notices_.on_connected();
      co_await converse();
      connected_ = false;
    }
    limit_.cancel();
    link_->abort();
    link_.reset();
    if (stream_.is_over()) break;
    notices_.on_lost();
    if (stands && Clock::now() - began >= stood_well) retry = times_.retry_min;
    pause_.expires_after(retry);
    if (is_given_up()) break;
    error_code woken;
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    retry = std::min(2 * retry, times_.retry_max);
  }
  notices_.on_over();
}

asio::awaitable<bool> PcmConnection::connect() {
  limit(times_.connect_within);
  const bool stands = co_await link_->open();
  limit_.cancel();
  co_return stands && link_->is_open();
}

asio::awaitable<void> PcmConnection::converse() {
  const auto link = link_;
  stream_.begin();
  asio::co_spawn(
      executor_,
      [](std::shared_ptr<PcmConnection> self,
         std::shared_ptr<PcmLink> heard) -> asio::awaitable<void> {
        co_await heard->read_to_end();
        heard->abort();
        self->news_.cancel();
      }(shared_from_this(), link),
      asio::detached);
  while (link->is_open() && !stream_.is_over()) {
    auto message = stream_.next(Clock::now());
    if (!message) {
      co_await wait_for_news();
      continue;
    }
    writing_since_ = Clock::now();
    limit(times_.stalled);
    const bool written = co_await link->write(*std::move(message));
    writing_since_.reset();
    if (!written) break;
    stream_.sent();
    settled_.cancel();
  }
  limit(times_.connect_within);
  if (stream_.is_over()) co_await link->close();
  stream_.break_off();
  settled_.cancel();
}

asio::awaitable<void> PcmConnection::wait_for_news() {
  limit_.cancel();
  news_.expires_at(media::TimePoint::max());
  error_code woken;
  co_await news_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

void PcmConnection::limit(std::chrono::milliseconds time) {
  limit_.expires_after(time);
  limit_.async_wait([link = link_](error_code cancelled) {
    if (!cancelled) link->abort();
  });
}

}  // namespace assent::gateway
