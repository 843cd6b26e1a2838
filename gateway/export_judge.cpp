#include "gateway/export_judge.hpp"

#include <algorithm>

#include "gateway/cdr_view.hpp"
#include "policy/release.hpp"

namespace assent::gateway {
namespace {

bool is_wanted(const ExportConfig& target, const Cdr& record) {
  return (target.interim || record.kind == CdrKind::stop) && target.wants_room(record.room);
}

policy::Reason reason_to_stay(const policy::RuleBook& rules, const ExportConfig& target,
                              const Cdr& record) {
  const auto& denied = record.denied_processors;
  if (std::find(denied.begin(), denied.end(), target.processor) != denied.end())
    return policy::Reason::policy_denies;
  return policy::judge_records_export(rules, target.processor, target.jurisdiction, record.tenant);
}

// Where whom the record is about is bound. A room's own record is about nobody: it comes from where
// the gateway is.
policy::BindingRows origin_of(const policy::RuleBook& rules, const TransferPlaces& places,
                              const Cdr& record) {
  std::vector<policy::JurisdictionEvidence> evidence;
  if (record.participant.empty()) {
    if (!places.jurisdiction.empty())
      evidence.push_back({policy::EvidenceKind::declared, places.jurisdiction});
  } else {
    for (const auto& of : record.jurisdictions)
      evidence.push_back({of.kind, of.code});
  }
  return policy::binding_rows(rules.jurisdictions, evidence);
}

}  // namespace

ExportVerdict judge_export(const policy::RuleBook& rules, const TransferPlaces& places,
                           const ExportConfig& target, const Cdr& record, WallTime now) {
  ExportVerdict verdict;
  if (!is_wanted(target, record)) return verdict;
  const auto reason = reason_to_stay(rules, target, record);
  if (reason != policy::Reason::permitted) {
    verdict.refused = to_string(reason);
    return verdict;
  }
  const CdrView view{policy::records_view(rules, target.processor), target.processor};
  const bool of_no_case = view.needs_rooms() && target.rooms.empty();
  auto shown = of_no_case ? std::nullopt : view.shown(record);
  if (!shown) {
    verdict.refused = export_outside_view;
    return verdict;
  }
  ExportTarget to;
  to.name = target.name;
  to.processor = target.processor;
  to.jurisdiction = target.jurisdiction;
  constexpr bool contested = false;  // nobody relies on it for what is not the call's own
  auto ways = judge_path(rules, origin_of(rules, places, record), records_path(rules, places, to),
                         contested, now);
  for (const auto& way : ways)
    if (!way.reason.empty()) {
      verdict.refused = way.reason;
      return verdict;
    }
  verdict.shown = std::move(shown);
  verdict.ways = std::move(ways);
  return verdict;
}

}  // namespace assent::gateway
