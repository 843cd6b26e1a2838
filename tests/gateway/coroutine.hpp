#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

namespace assent::gateway {

// Runs one coroutine to its end on a loop of its own and gives what it returned.
template <class T>
T run(boost::asio::awaitable<T> coroutine) {
  boost::asio::io_context loop;
  std::optional<T> result;
  boost::asio::co_spawn(loop, std::move(coroutine), [&](std::exception_ptr error, T value) {
    if (error) std::rethrow_exception(error);
    result.emplace(std::move(value));
  });
  loop.run();
  return *std::move(result);
}

}  // namespace assent::gateway
