#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/rules.hpp"

// What may leave, or must go, apart from consents: retention, aggregates, records, disclosure.
namespace assent::policy {

// The category that call detail records are, by its name in the policy.
inline constexpr std::string_view call_records_category = "call-records";

// When the data must be disposed of: the later of the contract's end and the legal minimum. Nothing
// while a contract that it waits for has no end yet.
[[nodiscard]] std::optional<WallTime> retained_until(const Retention& retention, WallTime recorded,
                                                     std::optional<WallTime> contract_end);

// Of a call detail record; nothing, too, where the policy says nothing of them.
[[nodiscard]] std::optional<WallTime> records_retained_until(const RuleBook& rules,
                                                             WallTime recorded,
                                                             std::optional<WallTime> contract_end);

// An aggregate about this many different people.
[[nodiscard]] bool may_release_aggregate(const RuleBook& rules, std::size_t people);

// What a processor (empty: the operator itself) may be shown of call detail records. One that the
// policy does not declare, or that it does not engage for them, is shown nothing; one that uses
// data for its own ends, no more than aggregates.
[[nodiscard]] RecordsView records_view(const RuleBook& rules, std::string_view processor);

// May records of calls of this tenant be given to it there? `permitted`, or what is missing. What
// makes the transfer lawful is asked besides: judge_transfer().
[[nodiscard]] Reason judge_records_export(const RuleBook& rules, std::string_view processor,
                                          std::string_view jurisdiction, std::string_view tenant);

// A disclosure to a government: authorised by enough different people. It opens no sink.
[[nodiscard]] bool may_disclose(const RuleBook& rules, std::span<const std::string> authorised_by);

}  // namespace assent::policy
