#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "media/leg.hpp"
#include "media/time.hpp"

namespace assent::media {

// When each leg's transport next has something to do. Asked after every batch, with thousands of
// legs that each ask for consent every few seconds: a heap, in which what is out of date is passed
// over. It allocates when legs come, not when they go on.
class LegTimers {
 public:
  // nullopt: nothing waits any more.
  void set(LegId leg, std::optional<TimePoint> due) {
    if (due_.size() <= index(leg)) due_.resize(index(leg) + 1);
    if (due_[index(leg)] == due) return;
    due_[index(leg)] = due;
    if (due) {
      heap_.emplace_back(*due, leg);
      std::ranges::push_heap(heap_, std::greater{});
    }
    drop_stale();
  }

  [[nodiscard]] std::optional<TimePoint> next() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().first;
  }

  // The next of those that are due by now; it has no timer then.
  [[nodiscard]] std::optional<LegId> take_due(TimePoint now) {
    if (heap_.empty() || now < heap_.front().first) return std::nullopt;
    const LegId leg = heap_.front().second;
    due_[index(leg)].reset();
    drop_stale();
    return leg;
  }

 private:
  // The front is always true; what is stale behind it gets there, or is swept out when it is most.
  void drop_stale() {
    while (!heap_.empty() && is_stale(heap_.front())) {
      std::ranges::pop_heap(heap_, std::greater{});
      heap_.pop_back();
    }
    if (heap_.size() < 64 || heap_.size() < 4 * due_.size()) return;
    std::erase_if(heap_, [this](const auto& entry) { return is_stale(entry); });
    std::ranges::make_heap(heap_, std::greater{});
  }
  [[nodiscard]] bool is_stale(const std::pair<TimePoint, LegId>& entry) const {
    return due_[index(entry.second)] != entry.first;
  }

  std::vector<std::optional<TimePoint>> due_;  // by LegId
  std::vector<std::pair<TimePoint, LegId>> heap_;
};

}  // namespace assent::media
