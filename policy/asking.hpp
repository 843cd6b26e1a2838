#pragma once

#include <string>
#include <vector>

#include "policy/consent.hpp"
#include "policy/rules.hpp"

namespace assent::policy {

// Who would get it, and on what ground it may leave the participant's own jurisdictions.
struct Recipient {
  std::string sink;
  std::string processor;     // by its name in the rules
  std::string jurisdiction;  // ISO 3166
  TransferAnswer transfer;   // as things stand; without permission nothing goes there
  bool active = false;       // the purpose runs, with this sink
};

// What one participant is to be told before it answers for a purpose, and what its answer must
// amount to. Every sink that a grant would open counts, also those that do not run yet.
struct Asking {
  std::string notice;  // id that a grant has to refer to; empty: any
  Strength least = Strength::strong;
  bool needs_guardian = true;         // besides the participant's own grant
  std::vector<Recipient> recipients;  // empty: no grant can open anything
};

}  // namespace assent::policy
