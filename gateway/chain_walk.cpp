#include "gateway/chain_walk.hpp"

namespace assent::gateway {

ChainWalk::ChainWalk(ChainQuery first) : next_{std::move(first)} {
  next_->open = false;
}

std::vector<CdrEntry> ChainWalk::take(std::vector<CdrEntry> page) {
  const bool is_last = page.size() < next_->limit;
  go_on_after(page);
  if (phase_ == Phase::open)
    for (const auto& entry : page)
      seen_open_.emplace(entry.session, entry.participant);
  // It was open when the open ones were read; whoever came again meanwhile is told of the next
  // time.
  if (phase_ == Phase::closed_since)
    std::erase_if(page, [&](const CdrEntry& entry) {
      return seen_open_.contains({entry.session, entry.participant});
    });
  if (!is_last) return page;
  switch (phase_) {
    case Phase::closed:
      phase_ = Phase::open;
      next_->open = true;
      break;
    case Phase::open:
      phase_ = Phase::closed_since;
      next_->open = false;
      next_->after = last_closed_;
      break;
    case Phase::closed_since:
      next_.reset();
      break;
  }
  return page;
}

void ChainWalk::go_on_after(const std::vector<CdrEntry>& page) {
  if (page.empty()) return;
  const CdrEntry& last = page.back();
  if (phase_ == Phase::open) {
    next_->after_session = last.session;
    next_->after_participant = last.participant;
  } else {
    next_->after = last_closed_ = last.id;
  }
}

}  // namespace assent::gateway
