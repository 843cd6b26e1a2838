#pragma once

#include <string>
#include <string_view>

#include "gateway/storage_record.hpp"

// What stands in a record in the place of a person whose data was erased: who took part can be told
// apart from the others in the same holding of the room, and from nobody elsewhere.
namespace assent::gateway {

// The subject of a record that was made about somebody and rewritten since: its entry in the ledger
// cannot be opened any more. No id, so nobody can join under it.
inline constexpr std::string_view erased_subject = "(erased)";

struct Pseudonym {
  std::string participant;
  std::string subject;
};

// "erased-" and 64 random bits. Throws when the system gives none.
[[nodiscard]] std::string new_pseudonym();
[[nodiscard]] bool is_pseudonym(std::string_view id);

// Only what it takes to decide again what was decided stays: no evidence, no receipt.
void pseudonymise(Record& record, const Pseudonym& name);

// The manifest's entry of a recording, and a CDR's JSON; what is no JSON object becomes an empty
// one.
[[nodiscard]] std::string pseudonymised_recording(std::string_view json, const Pseudonym& name);
[[nodiscard]] std::string pseudonymised_cdr(std::string_view json, const Pseudonym& name);

// A webhook's body, where it is about this participant of this room; else nothing.
[[nodiscard]] std::optional<std::string> pseudonymised_message(std::string_view body,
                                                               std::string_view room,
                                                               std::string_view participant,
                                                               const std::string& pseudonym);

}  // namespace assent::gateway
