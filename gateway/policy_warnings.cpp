#include "gateway/policy_warnings.hpp"

#include <algorithm>

namespace assent::gateway {
namespace {

// "jurisdictions.yaml: 3 rows without a source act strictest: GB, IE, JP"; empty for no names.
void add(std::vector<std::string>& warnings, const std::string& what,
         const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::string line = std::to_string(names.size()) + ' ' + what + ": ";
  for (const std::string& name : names)
    line += (&name == &names.front() ? "" : ", ") + name;
  warnings.push_back(std::move(line));
}

std::string name_of(const policy::TransferRow& row) {
  return row.exporter + " to " + row.importer + " (" + row.instrument + ")";
}

void warn_of_law(const policy::RuleBook& rules, policy::WallTime now,
                 std::vector<std::string>& warnings) {
  std::vector<std::string> unsourced, stale, contested, unregulated;
  for (const auto& [code, row] : rules.jurisdictions) {
    const bool is_country = policy::country_of(code) == code;
    if (is_country && row.regime.empty()) unregulated.push_back(code);
    if (row.source.empty())
      unsourced.push_back(code);
    else if (policy::is_stale(row.review_by, now))
      stale.push_back(code);
    else if (row.contested != policy::Contested::no)
      contested.push_back(code);
  }
  add(warnings, "jurisdictions without a source, which act strictest", unsourced);
  add(warnings, "jurisdictions past their review date, which act strictest", stale);
  add(warnings, "jurisdictions whose rule is contested", contested);
  add(warnings, "countries without a 'regime', from which no transfer needs a mechanism",
      unregulated);
}

// A country with a row, every country, or a regime.
bool is_placed(const policy::RuleBook& rules, const std::string& importer) {
  if (importer == "*" || rules.jurisdictions.contains(importer)) return true;
  return std::any_of(rules.jurisdictions.begin(), rules.jurisdictions.end(),
                     [&](const auto& row) { return row.second.regime == importer; });
}

void warn_of_transfers(const policy::RuleBook& rules, policy::WallTime now,
                       std::vector<std::string>& warnings) {
  std::vector<std::string> unsourced, stale, contested, nowhere;
  for (const policy::TransferRow& row : rules.transfers) {
    if (!is_placed(rules, row.importer)) nowhere.push_back(name_of(row));
    if (row.source.empty())
      unsourced.push_back(name_of(row));
    else if (policy::is_stale(row.review_by, now))
      stale.push_back(name_of(row));
    else if (row.status == policy::TransferStatus::contested)
      contested.push_back(name_of(row));
  }
  add(warnings, "transfer mechanisms without a source, which are not relied on", unsourced);
  add(warnings, "transfer mechanisms past their review date, which are not relied on", stale);
  add(warnings, "contested transfer mechanisms", contested);
  add(warnings,
      "transfer mechanisms toward a place without a row in jurisdictions.yaml, which "
      "cover no sink",
      nowhere);
}

void warn_of_processors(const policy::RuleBook& rules, policy::WallTime now,
                        std::vector<std::string>& warnings) {
  std::vector<std::string> without, over;
  for (const auto& [name, processor] : rules.processors) {
    if (!processor.media_path || processor.role == policy::Role::self) continue;
    if (processor.instruments.empty()) without.push_back(name);
    const bool all_over =
        !processor.instruments.empty() &&
        std::all_of(processor.instruments.begin(), processor.instruments.end(),
                    [&](const policy::Instrument& i) { return policy::is_stale(i.expires, now); });
    if (all_over) over.push_back(name);
  }
  add(warnings, "processors of media without a transfer mechanism of their own", without);
  add(warnings, "processors of media whose transfer mechanisms have all expired", over);
}

}  // namespace

std::vector<std::string> warnings_of(const policy::RuleBook& rules, policy::WallTime now) {
  std::vector<std::string> warnings;
  warn_of_law(rules, now, warnings);
  warn_of_transfers(rules, now, warnings);
  warn_of_processors(rules, now, warnings);
  std::vector<std::string> weak;
  for (const auto& [name, purpose] : rules.purposes)
    if (purpose.least < policy::Strength::firm) weak.push_back(name);
  add(warnings, "purposes that terms at service start, or less, can permit", weak);
  if (rules.composition.go_on_without_refuser)
    warnings.push_back("where everybody must grant, purposes go on without those who did not");
  return warnings;
}

}  // namespace assent::gateway
