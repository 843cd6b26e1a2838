#include "policy/rule_index.hpp"

#include <algorithm>
#include <utility>

namespace assent::policy {

RuleIndex::RuleIndex(const RuleBook& rules) : rules_{&rules} {
  index_purposes();
  index_dependents();
  index_slots();
  index_boundaries();
}

// Repeatedly takes the purposes whose requirements are all taken. What is left over requires
// itself or something undeclared; it comes last and is never satisfied.
void RuleIndex::index_purposes() {
  std::vector<std::pair<std::string_view, const Purpose*>> left;
  for (const auto& [name, purpose] : rules_->purposes)
    if (left.size() < purposes_max) left.emplace_back(name, &purpose);

  const auto take = [&](const auto& entry, bool satisfiable) {
    IndexedPurpose indexed{std::string(entry.first), entry.second, {}, {}, satisfiable, {}};
    for (const std::string& required : entry.second->requires_purposes)
      if (const auto found = find_purpose(required)) indexed.required.set(*found);
    purposes_.push_back(std::move(indexed));
  };
  for (bool progress = true; progress;) {
    progress = false;
    for (auto entry = left.begin(); entry != left.end();) {
      const auto& wanted = entry->second->requires_purposes;
      const bool ready = std::all_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
        return find_purpose(name).has_value();
      });
      if (ready) {
        take(*entry, true);
        entry = left.erase(entry);
        progress = true;
      } else {
        ++entry;
      }
    }
  }
  for (const auto& entry : left)
    take(entry, false);
}

void RuleIndex::index_dependents() {
  for (std::size_t late = 0; late < purposes_.size(); ++late) {
    // Requirements come before, so theirs are complete already.
    for (std::size_t early = 0; early < late; ++early) {
      if (!purposes_[late].required.test(early)) continue;
      purposes_[early].dependents.set(late);
      for (std::size_t before = 0; before < early; ++before)
        if (purposes_[before].dependents.test(early)) purposes_[before].dependents.set(late);
    }
  }
}

void RuleIndex::index_slots() {
  std::size_t sinks = 0;
  for (const auto& [name, sink] : rules_->sinks) {
    const auto purpose = find_purpose(sink.purpose);
    if (!purpose || sinks == sinks_max) continue;
    add_slot(name, *purpose, sink.processor, sink.jurisdiction);
    ++sinks;
  }
  if (rules_->server.processor.empty()) return;
  for (std::size_t purpose = 0; purpose < purposes_.size(); ++purpose)
    add_slot(server_sink(purposes_[purpose].name), purpose, rules_->server.processor,
             rules_->server.jurisdiction);
}

void RuleIndex::add_slot(std::string name, std::size_t purpose, const std::string& processor,
                         const std::string& jurisdiction) {
  Slot slot{.name = std::move(name),
            .purpose = purpose,
            .processor = processor,
            .jurisdiction = jurisdiction,
            .instruments = {},
            .category = purposes_[purpose].rules->category};
  slot.binding = judge_binding(*rules_, purposes_[purpose].name, processor, jurisdiction);
  if (const auto found = rules_->processors.find(processor); found != rules_->processors.end()) {
    slot.instruments = found->second.instruments;
    slot.third_party = found->second.role != Role::self;
    slot.own_use = found->second.own_use;
  }
  purposes_[purpose].slots.push_back(slots_.size());
  slots_.push_back(std::move(slot));
}

void RuleIndex::index_boundaries() {
  const auto begins = [&](const std::optional<Date>& date) {
    if (date) boundaries_.emplace_back(*date);
  };
  const auto ends = [&](const std::optional<Date>& date) {
    if (date) boundaries_.push_back(stale_from(*date));
  };
  for (const auto& [code, row] : rules_->jurisdictions)
    ends(row.review_by);
  for (const TransferRow& row : rules_->transfers) {
    begins(row.effective);
    begins(row.annulled);
    ends(row.expires);
    ends(row.review_by);
  }
  for (const auto& [name, processor] : rules_->processors)
    for (const Instrument& instrument : processor.instruments) {
      begins(instrument.checked_at);
      ends(instrument.expires);
    }
  std::sort(boundaries_.begin(), boundaries_.end());
  boundaries_.erase(std::unique(boundaries_.begin(), boundaries_.end()), boundaries_.end());
}

std::optional<std::size_t> RuleIndex::find_purpose(std::string_view name) const {
  for (std::size_t i = 0; i < purposes_.size(); ++i)
    if (purposes_[i].name == name) return i;
  return std::nullopt;
}

std::optional<std::size_t> RuleIndex::find_slot(std::string_view name) const {
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (slots_[i].name == name) return i;
  return std::nullopt;
}

std::optional<WallTime> RuleIndex::next_boundary(WallTime after) const {
  const auto next = std::upper_bound(boundaries_.begin(), boundaries_.end(), after);
  if (next == boundaries_.end()) return std::nullopt;
  return *next;
}

}  // namespace assent::policy
