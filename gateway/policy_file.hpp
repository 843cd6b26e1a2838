#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/config.hpp"
#include "gateway/fault.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

// A file of the policy as it was read.
struct PolicyText {
  std::string name;  // as faults call it
  std::string text;
};

struct PolicyTexts {
  PolicyText policy;
  PolicyText jurisdictions;
  PolicyText transfers;
};

struct LoadedPolicy {
  policy::RuleBook rules;  // rules.hash names the exact content of the three files
  // What is not wrong but will deny something, or rests on weak ground; sentences for the operator.
  std::vector<std::string> warnings;
};

// The three files, or the embedded ones where the path is empty. Nothing comes back where there is
// a fault; then all are in `faults`.
[[nodiscard]] std::optional<LoadedPolicy> load_policy(const PolicyFiles& files,
                                                      policy::WallTime now, Faults& faults);
[[nodiscard]] std::optional<LoadedPolicy> read_policy(const PolicyTexts& texts,
                                                      policy::WallTime now, Faults& faults);

// Who runs the conference server, and where, is in assent.yaml. Without a processor there, it is
// the policy's own (role: self).
void bind_server(const Config& config, policy::RuleBook& rules, Faults& faults);

}  // namespace assent::gateway
