#pragma once

#include "gateway/yaml_reader.hpp"
#include "policy/rules.hpp"

// The sections of policy.yaml, in the order in which they are read: each may refer to the earlier.
// For policy_reader.cpp, policy_purposes.cpp and policy_parties.cpp only.
namespace assent::gateway {

void read_notices(const YamlValue& section, policy::RuleBook& into);
void read_methods(const YamlValue& section, policy::RuleBook& into);
void read_categories(const YamlValue& section, policy::RuleBook& into);
void read_purposes(const YamlValue& section, policy::RuleBook& into);
void read_minors(const YamlValue& section, policy::RuleBook& into);

void read_processors(const YamlValue& section, policy::RuleBook& into);
void read_sinks(const YamlValue& section, policy::RuleBook& into);
void read_tenants(const YamlValue& section, policy::RuleBook& into);

// A fault where `name` is not among the names of `declared` (a map by name).
template <class Map>
void check_declared(const YamlValue& at, std::string_view name, const Map& declared,
                    std::string_view kind) {
  if (name.empty() || declared.contains(name)) return;
  std::vector<std::string_view> names;
  for (const auto& [known, unused] : declared)
    names.push_back(known);
  std::string remedy = "declare it under '" + std::string{kind} + "'";
  if (!names.empty()) remedy += ", or: " + suggest(name, names);
  at.fault(as_shown(name) + " is not declared under '" + std::string{kind} + "'",
           std::move(remedy));
}

// The same for a list of names at `at`; gives the list.
template <class Map>
std::vector<std::string> declared_ids(const YamlValue& at, const Map& declared,
                                      std::string_view kind) {
  std::vector<std::string> names;
  if (!at.is_present()) return names;
  for (const YamlValue& one : at.sequence()) {
    const auto name = one.id();
    if (!name) continue;
    check_declared(one, *name, declared, kind);
    names.push_back(*name);
  }
  return names;
}

}  // namespace assent::gateway
