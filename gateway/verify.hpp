#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

namespace assent::gateway {

struct Verification {
  std::filesystem::path ledger;
  std::filesystem::path key;                       // verifier key; empty: the one beside the ledger
  std::filesystem::path database;                  // remembers the newest checkpoint; may be empty
  std::vector<std::filesystem::path> checkpoints;  // that were kept elsewhere
};

// `assent verify`: what was verified on `out`, the first thing that is wrong on `err`, with where
// and what to do. Reads only, and only while no service has the ledger open. True when all is
// sound.
[[nodiscard]] bool verify_ledger(const Verification& asked, std::ostream& out, std::ostream& err);

}  // namespace assent::gateway
