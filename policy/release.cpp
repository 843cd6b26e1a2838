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

RecordsView records_view(const RuleBook& rules, std::string_view processor) {
  if (processor.empty()) return RecordsView::full;
  const auto found = rules.processors.find(processor);
  if (found == rules.processors.end()) return RecordsView::none;
  const auto& categories = found->second.categories;
  const RecordsView view = found->second.records;
  const bool engaged =
      std::find(categories.begin(), categories.end(), call_records_category) != categories.end();
  if (!engaged) return RecordsView::none;
  return found->second.own_use ? std::min(view, RecordsView::aggregates) : view;
}

Reason judge_records_export(const RuleBook& rules, std::string_view processor,
                            std::string_view jurisdiction, std::string_view tenant) {
  if (processor.empty()) return Reason::permitted;
  const auto found = rules.processors.find(processor);
  if (found == rules.processors.end()) return Reason::category_not_bound;
  if (records_view(rules, processor) < RecordsView::conference)
    return found->second.own_use ? Reason::sale_denied : Reason::category_not_bound;
  if (!covers_country(rules, found->second, jurisdiction)) return Reason::country_not_bound;
  const auto layer = rules.tenants.find(tenant);
  const bool denied =
      layer != rules.tenants.end() && layer->second.deny_processors.contains(processor);
  return denied ? Reason::policy_denies : Reason::permitted;
}

bool may_disclose(const RuleBook& rules, std::span<const std::string> authorised_by) {
  std::set<std::string_view> people(authorised_by.begin(), authorised_by.end());
  people.erase("");
  return people.size() >= std::max<std::size_t>(rules.disclosure_authorisations, 1);
}

}  // namespace assent::policy
