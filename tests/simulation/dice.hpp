#pragma once

#include <cstdint>
#include <span>

namespace assent::simulation {

// All chance of one simulation, from its seed: the same seed, the same run, on every machine.
// (splitmix64 of Steele, Lea and Flood; the standard's distributions differ between libraries.)
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_{seed * 0x9e37'79b9'7f4a'7c15U + 1} {}

  std::uint64_t roll() {
    std::uint64_t z = state_ += 0x9e37'79b9'7f4a'7c15U;
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9U;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebU;
    return z ^ (z >> 31);
  }
  // 0 to limit - 1; limit > 0.
  std::uint64_t below(std::uint64_t limit) { return roll() % limit; }
  std::uint64_t between(std::uint64_t first, std::uint64_t last) {
    return first + below(last - first + 1);
  }
  bool chance(unsigned of_1000) { return below(1000) < of_1000; }

  template <class Range>
  auto& one_of(Range& range) {
    return range[static_cast<std::size_t>(below(std::size(range)))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace assent::simulation
