#pragma once

#include <string>
#include <vector>

#include "policy/rules.hpp"

namespace assent::gateway {

// What is sound in form and still denies, or rests on weak ground: rows that are stale, unsourced
// or contested, processors without a mechanism, purposes that weak consents reach.
[[nodiscard]] std::vector<std::string> warnings_of(const policy::RuleBook& rules,
                                                   policy::WallTime now);

}  // namespace assent::gateway
