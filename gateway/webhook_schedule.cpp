#include "gateway/webhook_schedule.hpp"

#include <algorithm>

namespace assent::gateway {

std::optional<std::chrono::milliseconds> webhook_pause(std::uint32_t attempts,
                                                       std::chrono::milliseconds age,
                                                       double chance) {
  using namespace std::chrono_literals;
  constexpr std::chrono::milliseconds first = 5s;
  constexpr std::chrono::milliseconds longest = 1h;
  constexpr std::chrono::milliseconds oldest = 72h;
  constexpr std::uint32_t doublings_max = 10;  // 5 s * 2^10 is beyond the hour
  constexpr double spread = 0.2;
  if (age >= oldest) return std::nullopt;
  const auto doublings = std::min(std::max(attempts, 1U) - 1, doublings_max);
  const auto pause = std::min(first * (1U << doublings), longest);
  const double factor = 1 + spread * (2 * chance - 1);
  return std::chrono::milliseconds{
      static_cast<std::int64_t>(static_cast<double>(pause.count()) * factor)};
}

}  // namespace assent::gateway
