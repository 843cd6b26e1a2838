#pragma once

#include <map>
#include <optional>
#include <utility>

#include "tests/simulation/datagram.hpp"
#include "tests/simulation/dice.hpp"

namespace assent::simulation {

// Between the peers and the gateway: loses, delays, reorders and repeats.
class Network {
 public:
  explicit Network(Dice& dice) : dice_{dice} {}

  void carry(media::TimePoint now, Datagram datagram) {
    using std::chrono::microseconds;
    if (dice_.chance(30)) return;
    const auto late = [&] { return microseconds{dice_.below(dice_.chance(50) ? 40'000 : 3'000)}; };
    if (dice_.chance(20)) arrivals_.emplace(now + late(), datagram);
    arrivals_.emplace(now + late(), std::move(datagram));
  }
  // The next one that is there by now.
  [[nodiscard]] std::optional<Datagram> arrival(media::TimePoint now) {
    if (arrivals_.empty() || arrivals_.begin()->first > now) return std::nullopt;
    return std::move(arrivals_.extract(arrivals_.begin()).mapped());
  }

 private:
  Dice& dice_;
  std::multimap<media::TimePoint, Datagram> arrivals_;
};

}  // namespace assent::simulation
