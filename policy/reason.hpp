#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace assent::policy {

// Why a participant's media does not go to a sink. Closed: each has its counter and its word in
// metrics, CDRs and receipts; words never change meaning. The zero value denies. Listed in the
// order in which they are found, the first that applies is the decision's reason.
enum class Reason : std::uint8_t {
  undecided,            // nothing was decided yet
  participant_unknown,  // not, or no longer, in the room
  purpose_not_started,
  sink_unknown,       // not, or no longer, declared
  no_media_path,      // its category or processor may never get media
  purpose_not_bound,  // the processor is not engaged for the purpose
  category_not_bound,
  country_not_bound,  // the processor may not work in the sink's country
  policy_denies,      // a tenant, room or leg tightened it away
  jurisdiction_unknown,
  rule_unsourced,  // a row without a source acts strictest
  rule_stale,      // a row past its review date acts strictest
  prohibited,
  ciphertext_only,  // end-to-end encrypted and the purpose needs plain media
  consent_unknown,
  consent_refused,
  consent_withdrawn,
  consent_expired,
  consent_invalidated,  // what was consented to has changed since
  guardian_missing,     // a minor, or one who may be, without a verified guardian's grant
  strength_too_weak,
  basis_missing,
  others_missing,  // all-party: somebody else in the room has not granted
  notice_missing,
  sale_denied,       // a vendor's own use, with sale or sharing opted out of
  transfer_unknown,  // no data about this pair of countries
  transfer_no_mechanism,
  transfer_expired,
  transfer_unsourced,
  transfer_stale,
  transfer_contested,  // the policy does not rely on contested mechanisms
  requires_missing,    // a purpose that this one builds on is not permitted
  permitted,           // the only value that lets anything through
};
inline constexpr std::size_t reasons = static_cast<std::size_t>(Reason::permitted) + 1;

// The stable word, for example "consent_withdrawn".
[[nodiscard]] std::string_view to_string(Reason reason);
[[nodiscard]] std::optional<Reason> parse_reason(std::string_view word);

// An English sentence for people, without names or ids.
[[nodiscard]] std::string_view sentence(Reason reason);

}  // namespace assent::policy
