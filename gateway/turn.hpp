#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace assent::gateway {

// Coroutines of one executor take turns, first come, first served: what happens to a room happens
// one thing after the other, although each waits for storage, workers and recorders.
class Turn {
 public:
  explicit Turn(const boost::asio::any_io_executor& executor) : place_{executor, 1} {}

  class Hold {
   public:
    explicit Hold(Turn& turn) : turn_{&turn} {}
    Hold(Hold&& other) noexcept : turn_{other.turn_} { other.turn_ = nullptr; }
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (turn_ != nullptr) turn_->place_.try_receive([](auto&&...) {});
    }

   private:
    Turn* turn_;
  };

  // The turn lasts as long as what this returns.
  boost::asio::awaitable<Hold> take() {
    co_await place_.async_send(boost::system::error_code{}, boost::asio::use_awaitable);
    co_return Hold{*this};
  }

 private:
  boost::asio::experimental::channel<void(boost::system::error_code)> place_;
};

}  // namespace assent::gateway
