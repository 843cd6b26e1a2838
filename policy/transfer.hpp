#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/jurisdiction.hpp"
#include "policy/reason.hpp"
#include "policy/time.hpp"

namespace assent::policy {

// What can make a transfer of personal data lawful.
enum class Mechanism : std::uint8_t {
  none,
  adequacy,
  dpf,           // EU-US Data Privacy Framework; needs the certified entity
  uk_extension,  // of the DPF; besides the DPF itself
  swiss_dpf,
  scc,                // standard contractual clauses; needs module and assessment
  idta,               // GB: agreement or addendum; needs the data protection test's reference
  intra_group,        // needs the reference of the group's agreement
  explicit_consent,   // Art. 49(1)(a) GDPR: the participant's own, firm and specific
  use_as_acceptance,  // recorded, never sufficient by itself
};
inline constexpr std::size_t mechanisms = 10;

enum class TransferStatus : std::uint8_t { annulled, contested, in_force };

// One row of transfers.yaml: what an exporter's law recognises for an importer.
struct TransferRow {
  std::string exporter;  // a regime: "EU", "GB", "CH"
  std::string importer;  // a country, a regime, or "*"
  Mechanism mechanism = Mechanism::none;
  std::string instrument;                // "(EU) 2023/1795"
  std::optional<Date> effective;         // absent: not in force
  std::optional<Date> expires;           // the last day; absent: open-ended
  std::optional<Date> annulled;          // from this day on
  std::vector<std::string> except_from;  // countries of the regime for which it does not hold
  std::string condition;  // a word the processor's instrument must confirm; empty: none
  std::string condition_text;
  TransferStatus status = TransferStatus::annulled;
  std::string source;  // empty: unsourced, not relied on
  std::string source_date;
  std::optional<Date> review_by;
  std::string note;
};

// What one processor can show for itself.
struct Instrument {
  Mechanism mechanism = Mechanism::none;
  std::string country;                  // of the importer; empty: every country of the processor
  std::string entity;                   // certified or contracting legal person
  std::vector<std::string> categories;  // of data it covers; empty: none
  std::string module;                   // SCC
  std::string reference;                // of the assessment or agreement
  std::string condition;                // of a TransferRow, confirmed
  std::optional<Date> checked_at;
  std::optional<Date> expires;  // the last day; absent: not valid
};

struct TransferQuestion {
  std::string category;  // of the data
  std::string importer;  // the sink's jurisdiction
  bool allow_contested = false;
  bool explicit_consent = false;  // the participant gave it, for this transfer
};

struct TransferAnswer {
  Reason reason = Reason::transfer_unknown;  // permitted where valid, or where none is needed
  Mechanism mechanism = Mechanism::none;     // none and permitted: no transfer regime applies
  std::string exporter;                      // the regime that decided
  std::string instrument;
  std::optional<WallTime> until;  // when the answer may change by time alone

  bool operator==(const TransferAnswer&) const = default;
};

// The transfer from one participant's binding rows to one sink. Every regime among the rows must
// be content; an unknown origin is bound by every regime in the data.
[[nodiscard]] TransferAnswer judge_transfer(const JurisdictionRows& jurisdictions,
                                            std::span<const TransferRow> rows,
                                            const BindingRows& from,
                                            std::span<const Instrument> instruments,
                                            const TransferQuestion& question, WallTime now);

[[nodiscard]] std::string_view to_string(Mechanism mechanism);
[[nodiscard]] std::optional<Mechanism> parse_mechanism(std::string_view word);
[[nodiscard]] std::string_view to_string(TransferStatus status);

}  // namespace assent::policy
