#include "policy/reason.hpp"

#include <array>

namespace assent::policy {
namespace {

struct Words {
  std::string_view word;
  std::string_view sentence;
};

constexpr std::array<Words, reasons> words_of_reason{{
    {"undecided", "Nothing has been decided yet, so nothing is sent."},
    {"participant_unknown", "This person is not in the room."},
    {"purpose_not_started", "Nobody has started this purpose in the room."},
    {"sink_unknown", "The policy does not declare this destination."},
    {"no_media_path", "This kind of data or this processor may never receive media."},
    {"purpose_not_bound", "The processor is not engaged for this purpose."},
    {"category_not_bound", "The processor may not receive this category of data."},
    {"country_not_bound", "The processor is not approved for the country of the destination."},
    {"policy_denies", "The customer's, the room's or the person's own policy rules it out."},
    {"jurisdiction_unknown",
     "It is not known which law protects somebody in the room, so the strictest applies."},
    {"rule_unsourced", "The rule of a jurisdiction has no source, so the strictest applies."},
    {"rule_stale", "The rule of a jurisdiction is past its review date, so the strictest applies."},
    {"prohibited", "The law or policy of a jurisdiction in the room prohibits it."},
    {"ciphertext_only",
     "The media is encrypted end to end, and the purpose would need it in plain form."},
    {"consent_unknown", "This person has not answered."},
    {"consent_refused", "This person refused."},
    {"consent_withdrawn", "This person withdrew the consent."},
    {"consent_expired", "The consent has expired."},
    {"consent_invalidated",
     "What this person consented to has changed; consent must be asked anew."},
    {"guardian_missing",
     "This person is or may be a minor, and no verified guardian has granted it."},
    {"strength_too_weak", "The way in which consent was given is too weak for this purpose here."},
    {"basis_missing", "A legal basis that the policy demands for this purpose is missing."},
    {"others_missing", "Everybody in the room must have granted it, and somebody has not."},
    {"notice_missing", "This person has not been given the notice that the law asks for."},
    {"sale_denied",
     "The processor uses data for its own ends, and sale or sharing is opted out of."},
    {"transfer_unknown", "Nothing is known about transfers to the country of the destination."},
    {"transfer_no_mechanism", "No valid mechanism covers the transfer to the destination."},
    {"transfer_expired", "The mechanism that covered the transfer is not in force at this date."},
    {"transfer_unsourced", "The transfer mechanism has no source, so it is not relied on."},
    {"transfer_stale", "The transfer mechanism is past its review date, so it is not relied on."},
    {"transfer_contested",
     "The transfer mechanism is contested, and the policy does not rely on such."},
    {"requires_missing", "Another purpose that this one builds on is not permitted."},
    {"permitted", "Everything that must hold does hold."},
}};

}  // namespace

std::string_view to_string(Reason reason) {
  return words_of_reason.at(static_cast<std::size_t>(reason)).word;
}

std::optional<Reason> parse_reason(std::string_view word) {
  for (std::size_t i = 0; i < words_of_reason.size(); ++i)
    if (words_of_reason.at(i).word == word) return static_cast<Reason>(i);
  return std::nullopt;
}

std::string_view sentence(Reason reason) {
  return words_of_reason.at(static_cast<std::size_t>(reason)).sentence;
}

}  // namespace assent::policy
