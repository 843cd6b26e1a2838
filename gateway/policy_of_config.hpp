#pragma once

#include <optional>

#include "gateway/config.hpp"
#include "gateway/fault.hpp"
#include "gateway/policy_file.hpp"
#include "policy/time.hpp"

namespace assent::gateway {

// Sinks that assent.yaml places and the policy does not declare get no media.
enum class UndeclaredSinks : unsigned char {
  are_faults,    // of who wrote both
  are_warnings,  // the policy alone is changed, and may take a sink away
};

// The policy that a configuration names, held against it: its sinks are declared, its processor and
// its jurisdictions are known. What is declared and has no place in the configuration, and what the
// configuration leaves out, is among the warnings. `now` says which rows are stale.
[[nodiscard]] std::optional<LoadedPolicy> policy_of_config(const Config& config,
                                                           policy::WallTime now, Faults& faults);
// These texts instead of the files that it names.
[[nodiscard]] std::optional<LoadedPolicy> policy_of_config(const Config& config, PolicyTexts texts,
                                                           UndeclaredSinks undeclared,
                                                           policy::WallTime now, Faults& faults);

}  // namespace assent::gateway
