#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/call_transfers.hpp"
#include "gateway/cdr.hpp"
#include "gateway/exports_config.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

// What becomes of one record on its way to a target.
struct ExportVerdict {
  // What leaves: what the processor's view shows. Nothing: it stays.
  std::optional<Cdr> shown;
  std::vector<CdrTransfer> ways;  // of personal data, over borders, each lawful; without counts
  // Why it stays: a word of policy::Reason or of the two below. Empty: it was not asked for.
  std::string refused;
};
inline constexpr std::string_view export_outside_view = "outside_view";
inline constexpr std::string_view export_too_large = "too_large";

// By the rules of now, which may be others than those of the call. Only what they allow leaves:
// the processor's row, the layers of tenant, room and leg, and from where each person is a
// mechanism, valid and not contested. Nobody's consent opens it.
[[nodiscard]] ExportVerdict judge_export(const policy::RuleBook& rules,
                                         const TransferPlaces& places, const ExportConfig& target,
                                         const Cdr& record, WallTime now);

}  // namespace assent::gateway
