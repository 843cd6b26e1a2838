#pragma once

#include <string>
#include <string_view>

#include "gateway/storage_record.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

// What a receipt says of a statement, after ISO/IEC TS 27560: who stated what about which purpose,
// on which notice, who gets the data where and by which mechanism, until when, and how it is taken
// back. JSON; made when the statement is recorded, so that later changes of the policy change no
// receipt. `event` is whole but for its receipt.
[[nodiscard]] std::string consent_receipt_text(const ConsentEvent& event,
                                               const policy::RuleBook& rules,
                                               std::string_view receipt_id);

// Of such a text; empty when it is none.
[[nodiscard]] std::string receipt_id_of(const std::string& text);

}  // namespace assent::gateway
