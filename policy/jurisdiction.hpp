#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/reason.hpp"
#include "policy/time.hpp"

namespace assent::policy {

// What a law asks before a conversation may go to a sink; strictest first, so that the zero value
// is the strictest and the stricter of two is the smaller.
enum class Rule : std::uint8_t {
  prohibit,
  all_party,        // everybody in the room grants, listeners included
  per_participant,  // one's own media needs one's own grant, and so does every mix with it
  one_party,        // somebody in the room grants
  notice,           // it is announced
  none,
};
inline constexpr std::size_t rules_of_law = 6;

[[nodiscard]] constexpr Rule stricter(Rule a, Rule b) {
  return a < b ? a : b;
}

enum class Contested : std::uint8_t { yes, partly, no };

// One row of jurisdictions.yaml. Dated data that the operator edits; not legal advice.
struct JurisdictionRow {
  std::string code;  // ISO 3166-1 alpha-2, or ISO 3166-2 for a region
  std::string name;
  // The axes; each holds on its own, the strictest of them decides.
  Rule interception = Rule::prohibit;
  std::optional<Rule> stricter_reading;  // of `interception`, where it is contested
  Rule data_protection = Rule::prohibit;
  std::optional<Rule> to_third_party;  // besides, where the sink's processor is not the operator
  std::optional<Rule> biometric;       // besides, for purposes that take voiceprints
  std::string regime;      // whose law on transfers binds the exporter ("EU"); empty: none known
  bool by_region = false;  // its regions differ: the bare country acts as the strictest of them
  std::string wording;     // the rule as the source puts it
  std::string citation;
  std::string source;  // empty: unsourced, acts strictest
  std::string source_date;
  Contested contested = Contested::yes;
  std::optional<Date> review_by;  // the last day on which the row is relied on; absent: none
  std::string note;
};

using JurisdictionRows = std::map<std::string, JurisdictionRow, std::less<>>;

// Where a hint of a participant's jurisdiction came from.
enum class EvidenceKind : std::uint8_t { declared, account, e164, ip };

struct JurisdictionEvidence {
  EvidenceKind kind = EvidenceKind::declared;
  std::string code;  // ISO 3166; empty or of a place that the data set does not cover: unknown

  bool operator==(const JurisdictionEvidence&) const = default;
};

// Which rows bind a participant.
struct BindingRows {
  std::vector<std::string> codes;  // sorted, each once
  bool unknown = true;             // some evidence, or all of it, could not be placed

  bool operator==(const BindingRows&) const = default;
};

// The union of the evidence. A bare country whose regions differ is covered by evidence of one of
// its regions; otherwise all its regions bind.
[[nodiscard]] BindingRows binding_rows(const JurisdictionRows& rows,
                                       std::span<const JurisdictionEvidence> evidence);
// Evidence that turned up in mid-call: adds, never takes away.
[[nodiscard]] BindingRows with_more(const JurisdictionRows& rows, BindingRows before,
                                    const JurisdictionEvidence& more);

// What the rule is asked for.
struct RuleQuestion {
  bool third_party = true;  // the processor is not the operator itself
  bool biometric = true;
  bool as_stated = false;         // the operator takes contested rows as stated
  Rule unknown = Rule::prohibit;  // what unknown, unsourced and stale act as
};

struct RuleAnswer {
  Rule rule = Rule::prohibit;
  Reason why = Reason::jurisdiction_unknown;  // of a prohibition
  std::string row;                            // the code of the row that decided; may be empty
  std::optional<WallTime> until;              // when the answer may change by time alone

  bool operator==(const RuleAnswer&) const = default;
};

// The strictest over a participant's rows at a date.
[[nodiscard]] RuleAnswer strictest_rule(const JurisdictionRows& rows, const BindingRows& binding,
                                        const RuleQuestion& question, WallTime now);
[[nodiscard]] RuleAnswer rule_of_row(const JurisdictionRow& row, const RuleQuestion& question,
                                     WallTime now);

[[nodiscard]] bool is_stale(const std::optional<Date>& review_by, WallTime now);
// The instant at which a row becomes stale: the end of its last day, UTC.
[[nodiscard]] WallTime stale_from(Date review_by);

[[nodiscard]] std::string_view country_of(std::string_view code);  // "US-CA" -> "US"

[[nodiscard]] std::string_view to_string(Rule rule);
[[nodiscard]] std::string_view to_string(Contested contested);
[[nodiscard]] std::string_view to_string(EvidenceKind kind);

}  // namespace assent::policy
