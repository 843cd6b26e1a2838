#pragma once

#include <optional>

#include "gateway/config.hpp"
#include "gateway/fault.hpp"
#include "gateway/policy_file.hpp"
#include "policy/time.hpp"

namespace assent::gateway {

// The policy that a configuration names, held against it: its sinks are declared, its processor and
// its jurisdictions are known. What is declared and has no place in the configuration, and what the
// configuration leaves out, is among the warnings. `now` says which rows are stale.
[[nodiscard]] std::optional<LoadedPolicy> policy_of_config(const Config& config,
                                                           policy::WallTime now, Faults& faults);

}  // namespace assent::gateway
