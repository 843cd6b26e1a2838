#pragma once

#include <chrono>
#include <thread>

namespace assent::gateway {

// Asks again and again, for so long.
template <class Condition>
[[nodiscard]] bool comes_true(Condition condition,
                              std::chrono::seconds within = std::chrono::seconds{10}) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace assent::gateway
