#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/config.hpp"
#include "gateway/fault.hpp"
#include "gateway/policy_texts.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

struct LoadedPolicy {
  policy::RuleBook rules;  // rules.hash names the exact content of the three files
  PolicyTexts texts;
  // What is not wrong but will deny something, or rests on weak ground; sentences for the operator.
  std::vector<std::string> warnings;
  // Those of them that are about the configuration: no passing of time changes them.
  std::vector<std::string> configuration_warnings;
};

// What the operator wrote, apart from what came with the program: another release changes nothing
// in it.
[[nodiscard]] std::string hash_of_files(const PolicyTexts& texts);

// The three files, or the embedded ones where the path is empty. Nothing comes back where there is
// a fault; then all are in `faults`.
[[nodiscard]] std::optional<LoadedPolicy> load_policy(const PolicyFiles& files,
                                                      policy::WallTime now, Faults& faults);
[[nodiscard]] PolicyTexts policy_texts(const PolicyFiles& files, Faults& faults);
[[nodiscard]] std::optional<LoadedPolicy> read_policy(PolicyTexts texts, policy::WallTime now,
                                                      Faults& faults);

// Reads the files whose path is not empty in place of the texts that are there.
void replace_texts(const PolicyFiles& files, PolicyTexts& texts, Faults& faults);

// Who runs the conference server, and where, is in assent.yaml. Without a processor there, it is
// the policy's own (role: self).
void bind_server(const Config& config, policy::RuleBook& rules, Faults& faults);

}  // namespace assent::gateway
