#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace assent::gateway {

// What takes long to compute, on a thread of its own: withdrawals do not wait for it. The caller
// goes on where it was, and keeps what `work` looks at until then.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work&>> apart(boost::asio::thread_pool& pool,
                                                          Work work) {
  using Done = std::invoke_result_t<Work&>;
  auto working = [&work]() -> boost::asio::awaitable<Done> { co_return work(); };
  co_return co_await boost::asio::co_spawn(pool, std::move(working), boost::asio::use_awaitable);
}

}  // namespace assent::gateway
