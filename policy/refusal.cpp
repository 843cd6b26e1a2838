#include "policy/refusal.hpp"

#include <array>
#include <stdexcept>

namespace assent::policy {
namespace {

struct Words {
  std::string_view word;
  std::string_view sentence;
};

constexpr std::array<Words, refusal_codes> words_of_code{{
    {"limit_reached", "A limit is reached; remove something first."},
    {"participant_unknown", "No such participant is in the room; add the participant first."},
    {"participant_present",
     "The participant is in the room already; a new party must leave and join anew."},
    {"purpose_unknown", "The policy declares no such purpose."},
    {"purpose_not_started", "The purpose is not started in this room."},
    {"sink_unknown", "The policy declares no such sink."},
    {"sink_of_other_purpose", "The sink performs another purpose; a sink performs one only."},
    {"no_media_path", "The policy says that media can never go there."},
    {"tenant_unknown", "The policy declares no such tenant."},
    {"server_unknown",
     "The policy names no processor for the conference server; declare it under 'server'."},
    {"method_unknown", "The policy does not declare this method of consent."},
    {"pre_ticked",
     "Online consent counts only by ticking a box that was not ticked: default_state must be "
     "'unticked'."},
    {"evidence_missing", "The method of consent demands evidence that is missing."},
    {"notice_missing", "The method of consent demands the notice that was shown."},
    {"notice_unknown", "The policy declares no such notice for this purpose."},
    {"notice_outdated", "The notice is not the one in force; show the current one and ask again."},
    {"expires_in_past", "The consent would have expired already."},
    {"stated_in_future", "The statement is dated in the future."},
    {"statement_older",
     "The grant is older than a refusal, withdrawal or change of terms; ask again."},
    {"statement_replayed", "This statement was made before; a grant counts once."},
    {"not_a_minor", "A guardian can only speak for a minor."},
    {"rules_missing", "No policy is loaded."},
}};

}  // namespace

std::string_view to_string(RefusalCode code) {
  return words_of_code.at(static_cast<std::size_t>(code)).word;
}

std::string_view sentence(RefusalCode code) {
  return words_of_code.at(static_cast<std::size_t>(code)).sentence;
}

void throw_exception_from_error(const Refusal& refusal, const boost::source_location&) {
  throw std::logic_error("value() of a result that holds " + std::string(to_string(refusal.code)));
}

}  // namespace assent::policy
