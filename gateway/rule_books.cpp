#include "gateway/rule_books.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace assent::gateway {
namespace {

std::string key_of(const RulesInForce& rules) {
  return rules.hash + '\n' + rules.server.processor + '\n' + rules.server.jurisdiction;
}

void annul(const ChangedRules& change, policy::RuleBook& rules) {
  for (policy::TransferRow& row : rules.transfers) {
    const auto& fallen = change.annulled;
    if (std::find(fallen.begin(), fallen.end(), row.mechanism) == fallen.end()) continue;
    row.annulled = std::min(row.annulled.value_or(change.on), change.on);
  }
}

}  // namespace

void throw_exception_from_error(const RecordFault& fault, const boost::source_location&) {
  throw std::logic_error("value() of a result that holds a fault: " + fault.what);
}

RuleBooks::RuleBooks(TextsOf texts_of, std::optional<ChangedRules> change)
    : texts_of_{std::move(texts_of)}, change_{std::move(change)} {}

FromRecord<const policy::RuleBook*> RuleBooks::book(const RulesInForce& rules) {
  auto& known = books_[key_of(rules)];
  if (!known) {
    auto made = read(rules);
    if (!made) return made.error();
    known = std::make_unique<policy::RuleBook>(*std::move(made));
  }
  return known.get();
}

FromRecord<policy::RuleBook> RuleBooks::read(const RulesInForce& rules) const {
  auto texts = texts_of_(rules.hash);
  if (!texts) {
    return RecordFault{"the policy " + rules.hash + " that decided it is not in the database"};
  }
  Faults faults;
  const bool as_recorded = !change_ || change_->files == PolicyFiles{};
  if (!as_recorded) replace_texts(change_->files, *texts, faults);
  // No instant: whatever it warns of was told when the policy was accepted.
  auto loaded = read_policy(*texts, {}, faults);
  if (!loaded || !faults.empty()) return RecordFault{to_string(faults)};
  if (as_recorded && loaded->rules.hash != rules.hash) {
    return RecordFault{"the database's text of the policy " + rules.hash +
                       " is not what it was: " + "its hash is " + loaded->rules.hash};
  }
  loaded->rules.server = rules.server;
  if (change_) annul(*change_, loaded->rules);
  return std::move(loaded->rules);
}

}  // namespace assent::gateway
