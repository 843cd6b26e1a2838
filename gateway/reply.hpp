#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

namespace assent::gateway {

// One answer carried from a thread of ours (storage, recorder) back to the coroutine that waits
// for it, on that coroutine's executor. Every Reply is sent exactly once: a waiting coroutine must
// neither hang nor be destroyed on a foreign thread. The executor's context outlives the thread.
template <class Answer>
class Reply {
 public:
  template <class Handler>
  explicit Reply(Handler handler)
      : waiter_{std::make_unique<Waiter<Handler>>(std::move(handler))} {}

  void send(Answer answer) { std::exchange(waiter_, nullptr)->resume(std::move(answer)); }

 private:
  struct Waiting {
    Waiting() = default;
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    virtual ~Waiting() = default;
    virtual void resume(Answer answer) = 0;
  };

  template <class Handler>
  struct Waiter final : Waiting {
    explicit Waiter(Handler taken)
        : handler{std::move(taken)},
          work{boost::asio::make_work_guard(boost::asio::get_associated_executor(handler))} {}

    void resume(Answer answer) override {
      boost::asio::post(work.get_executor(),
                        [to = std::move(handler), value = std::move(answer)]() mutable {
                          std::move(to)(std::move(value));
                        });
    }

    Handler handler;
    boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> work;
  };

  std::unique_ptr<Waiting> waiter_;
};

// Suspends the calling coroutine, hands its Reply to `start`, and resumes with what is sent.
template <class Answer, class Start>
boost::asio::awaitable<Answer> await_reply(Start start) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                 void(Answer)>(
      [](auto handler, Start begin) { begin(Reply<Answer>{std::move(handler)}); },
      boost::asio::use_awaitable, std::move(start));
}

}  // namespace assent::gateway
