#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/storage_record.hpp"

namespace assent::gateway {

// The last record of everybody's call, page by page: it has all totals. Ask for next(), give what
// comes to take(), until next() has nothing. A call that ends while the pages are read is in one of
// them, once.
class ChainWalk {
 public:
  // `first`: what to filter by, and how many a page.
  explicit ChainWalk(ChainQuery first);

  [[nodiscard]] const std::optional<ChainQuery>& next() const { return next_; }
  // What of the page was not there before.
  std::vector<CdrEntry> take(std::vector<CdrEntry> page);

 private:
  enum class Phase : unsigned char { closed, open, closed_since };

  void go_on_after(const std::vector<CdrEntry>& page);

  Phase phase_ = Phase::closed;
  std::optional<ChainQuery> next_;
  RecordId last_closed_{};
  std::set<std::pair<std::string, std::string>> seen_open_;
};

}  // namespace assent::gateway
