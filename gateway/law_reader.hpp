#pragma once

#include "gateway/yaml_reader.hpp"
#include "policy/rules.hpp"

// The data sets of law: jurisdictions.yaml and transfers.yaml.
namespace assent::gateway {

void read_jurisdictions(const YamlValue& root, policy::RuleBook& into);
void read_transfers(const YamlValue& root, policy::RuleBook& into);

// ISO 3166-1 alpha-2 ("NL") or 3166-2 ("US-CA") by its form.
[[nodiscard]] bool is_jurisdiction_code(std::string_view text);

}  // namespace assent::gateway
