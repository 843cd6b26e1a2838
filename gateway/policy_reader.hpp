#pragma once

#include <string>
#include <string_view>

#include "gateway/yaml_reader.hpp"
#include "policy/rules.hpp"

// policy.yaml.
namespace assent::gateway {

// After the data sets: what the rules refer to must be in `into` already.
void read_rules(const YamlValue& root, policy::RuleBook& into);

// "sha256:<hex>"
[[nodiscard]] std::string sha256_text(std::string_view bytes);

}  // namespace assent::gateway
