#include "policy/release.hpp"

#include <algorithm>
#include <set>

namespace assent::policy {

std::optional<WallTime> retained_until(const Retention& retention, WallTime recorded,
                                       std::optional<WallTime> contract_end) {
  const WallTime minimum = recorded + retention.legal_minimum;
  if (!retention.until_contract_end) return minimum;
  if (!contract_end) return std::nullopt;
  return std::max(*contract_end, minimum);
}

std::optional<WallTime> records_retained_until(const RuleBook& rules, WallTime recorded,
                                               std::optional<WallTime> contract_end) {
  const auto category = rules.categories.find(call_records_category);
  if (category == rules.categories.end()) return std::nullopt;
  return retained_until(category->second.retention, recorded, contract_end);
}

bool may_release_aggregate(const RuleBook& rules, std::size_t people) {
  return people >= std::max<std::size_t>(rules.aggregate_k, 2);
}

bool may_disclose(const RuleBook& rules, std::span<const std::string> authorised_by) {
  std::set<std::string_view> people(authorised_by.begin(), authorised_by.end());
  people.erase("");
  return people.size() >= std::max<std::size_t>(rules.disclosure_authorisations, 1);
}

}  // namespace assent::policy
