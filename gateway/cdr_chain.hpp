#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/cdr.hpp"

namespace assent::gateway {

// What the records of one chain say together. A record lists what is new of its intervals: this
// puts them together again, each once.
class CdrChain {
 public:
  // A route whose total is not the sum of its intervals.
  struct Difference {
    std::size_t leg = 0;    // index in Cdr::legs
    std::size_t route = 0;  // index in CdrLeg::routes
    std::uint64_t total = 0;
    std::uint64_t listed = 0;  // both in packets
  };

  // The chain's records in their order, from a start on; those that were never stored do not
  // matter.
  std::vector<Difference> add(Cdr next);

  // The newest record, with all intervals since its start.
  [[nodiscard]] const Cdr& whole() const { return whole_; }

 private:
  Cdr whole_;
};

}  // namespace assent::gateway
