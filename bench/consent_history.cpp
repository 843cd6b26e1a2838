#include "bench/consent_history.hpp"

#include <time.h>

#include <algorithm>
#include <iterator>

namespace assent::bench {
namespace {

constexpr std::size_t statements_remembered = 64;

}  // namespace

Nanoseconds clock_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return Nanoseconds{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void ConsentHistory::asked(bool grants, Nanoseconds at) {
  const std::lock_guard lock{access_};
  statements_.push_back({grants, at});
}

void ConsentHistory::answered(Nanoseconds at, std::optional<std::int64_t> cut) {
  const std::lock_guard lock{access_};
  statements_.back().answered = at;
  statements_.back().cut = cut;
}

void ConsentHistory::arrived(Arrival arrival) {
  arrivals_.push_back(arrival);
}

std::optional<std::uint64_t Verdict::*> ConsentHistory::fault_of(const Arrival& arrival,
                                                                 bool& deciding) const {
  constexpr std::uint64_t Verdict::*none = nullptr;
  const auto after = std::find_if(statements_.begin(), statements_.end(),
                                  [&](const Statement& one) { return one.asked > arrival.at; });
  if (after == statements_.begin()) return forgot_ ? &Verdict::after : &Verdict::without_grant;
  const auto current = std::prev(after);
  auto ends = current;  // the withdrawal that ends the packet's epoch
  if (current->grants) {
    ends = after;
  } else if (current->answered == 0) {
    return std::nullopt;
  } else if (arrival.at > current->answered) {
    return &Verdict::after;
  }
  if (ends == statements_.end() || ends->answered == 0) return std::nullopt;
  deciding = ends == current;
  if (arrival.sequence == 0) return none;
  if (!ends->cut || arrival.sequence > *ends->cut) return &Verdict::beyond;
  auto earlier = closed_off_;
  for (auto one = statements_.begin(); one != ends; ++one)
    earlier = std::max(earlier, one->cut.value_or(0));
  return arrival.sequence <= earlier ? &Verdict::again : none;
}

void ConsentHistory::judge(Verdict& verdict) {
  const std::lock_guard lock{access_};
  while (!arrivals_.empty()) {
    bool deciding = false;
    const auto fault = fault_of(arrivals_.front(), deciding);
    if (!fault) return;
    ++verdict.packets;
    if (*fault != nullptr) ++(verdict.*(*fault));
    if (deciding) ++verdict.while_deciding;
    for (const auto& one : statements_) {
      if (arrivals_.front().sequence == 0 || one.cut != arrivals_.front().sequence) continue;
      last_cut_ = arrivals_.front();
      withdrawal_ = one;
    }
    arrivals_.pop_front();
  }
  // Whole epochs only: a grant comes first in what is remembered.
  while (statements_.size() > statements_remembered) {
    closed_off_ = std::max(closed_off_, statements_.front().cut.value_or(0));
    statements_.pop_front();
    forgot_ = true;
  }
}

std::optional<bool> ConsentHistory::notices_falsification() const {
  if (!last_cut_) return std::nullopt;
  const auto noticed = [&](Arrival arrival, std::optional<std::int64_t> cut,
                           std::uint64_t Verdict::*fault) {
    ConsentHistory falsified;
    falsified.asked(true, 1);
    falsified.answered(2, {});
    falsified.asked(false, withdrawal_.asked);
    falsified.answered(withdrawal_.answered, cut);
    falsified.arrived(arrival);
    Verdict verdict;
    falsified.judge(verdict);
    return verdict.packets == 1 && verdict.*fault == 1 && verdict.violations() == 1;
  };
  const auto true_cut = withdrawal_.cut;
  Arrival late = *last_cut_;
  late.at = withdrawal_.answered + 1;
  return noticed(late, true_cut, &Verdict::after) &&
         noticed(*last_cut_, *true_cut - 1, &Verdict::beyond) &&
         noticed(*last_cut_, {}, &Verdict::beyond);
}

}  // namespace assent::bench
