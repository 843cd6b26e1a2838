#include "gateway/policy_in_force.hpp"

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
  held.warnings = std::move(loaded.warnings);
  return held;
}

}  // namespace assent::gateway
