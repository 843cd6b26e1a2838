#include "gateway/policy_in_force.hpp"

#include "gateway/policy_warnings.hpp"

namespace assent::gateway {

HeldPolicy hold_files(LoadedPolicy loaded, WallTime now) {
  HeldPolicy held;
  held.accepted.hash = loaded.rules.hash;
  held.accepted.source = "file";
  held.accepted.files = hash_of_files(loaded.texts);
  held.accepted.server_processor = loaded.rules.server.processor;
  held.accepted.server_jurisdiction = loaded.rules.server.jurisdiction;
  held.accepted.at = now;
  held.accepted.texts = std::move(loaded.texts);
  held.rules = std::move(loaded.rules);
  held.configuration_warnings = std::move(loaded.configuration_warnings);
  return held;
}

std::vector<std::string> warnings_of(const HeldPolicy& held, WallTime now) {
  auto warnings = held.configuration_warnings;
  for (std::string& warning : warnings_of(held.rules, now))
    warnings.push_back(std::move(warning));
  return warnings;
}

}  // namespace assent::gateway
