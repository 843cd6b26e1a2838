#include "gateway/policy_of_config.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace assent::gateway {
namespace {

void check_gateway_jurisdiction(const Config& config, const policy::RuleBook& rules,
                                Faults& faults) {
  const std::string& place = config.gateway.jurisdiction;
  if (place.empty() || rules.jurisdictions.contains(place)) return;
  faults.add({config.file, 0, 0, "gateway.jurisdiction",
              "nothing is known about the jurisdiction " + as_shown(place),
              "write one that jurisdictions.yaml has, or add its row"});
}

std::vector<std::string> warnings_about(const Config& config) {
  std::vector<std::string> out;
  if (config.gateway.jurisdiction.empty()) {
    out.emplace_back(
        "gateway.jurisdiction is not set: what leaves the gateway for a sink comes from an unknown "
        "jurisdiction");
  }
  if (config.conference_server.jurisdiction.empty()) {
    out.emplace_back(
        "conference_server.jurisdiction is not set: purposes that the server performs itself are "
        "not permitted");
  }
  return out;
}

}  // namespace

std::optional<LoadedPolicy> policy_of_config(const Config& config, policy::WallTime now,
                                             Faults& faults) {
  return policy_of_config(config, policy_texts(config.policy, faults), UndeclaredSinks::are_faults,
                          now, faults);
}

std::optional<LoadedPolicy> policy_of_config(const Config& config, PolicyTexts texts,
                                             UndeclaredSinks undeclared, policy::WallTime now,
                                             Faults& faults) {
  auto loaded = read_policy(std::move(texts), now, faults);
  if (!loaded) return std::nullopt;
  std::set<std::string, std::less<>> declared;
  for (const auto& [name, unused] : loaded->rules.sinks)
    declared.insert(name);
  Faults found;
  Faults of_sinks;
  const auto without_place = check_sinks(config, declared, of_sinks);
  if (undeclared == UndeclaredSinks::are_faults) found = of_sinks;
  bind_server(config, loaded->rules, found);
  check_gateway_jurisdiction(config, loaded->rules, found);
  for (const Fault& fault : found.in_order())
    faults.add(fault);
  if (!found.empty()) return std::nullopt;

  std::vector<std::string> warnings = warnings_about(config);
  for (const std::string& sink : without_place) {
    warnings.push_back("the policy declares the sink " + as_shown(sink) +
                       ", and no place is given for it under 'sinks': it gets no media");
  }
  for (const SinkConfig& sink : config.sinks) {
    if (declared.contains(sink.name)) continue;
    warnings.push_back("the sink " + as_shown(sink.name) +
                       " has a place in assent.yaml, and the policy does not declare it: it gets "
                       "no media");
  }
  warnings.insert(warnings.end(), loaded->warnings.begin(), loaded->warnings.end());
  loaded->warnings = std::move(warnings);
  return loaded;
}

}  // namespace assent::gateway
