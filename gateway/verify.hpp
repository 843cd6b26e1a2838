#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

#include "gateway/database_place.hpp"

namespace assent::gateway {

// What is to be verified: copies, or the files of a service that has ended.
struct Verification {
  std::filesystem::path ledger;
  std::filesystem::path key;                       // verifier key; empty: the one beside the ledger
  DatabasePlace database;                          // nowhere: the ledger alone
  std::filesystem::path subject_keys;              // empty: commitments are not opened
  std::filesystem::path cdr_lines;                 // folder of the daily files; may be empty
  std::vector<std::filesystem::path> recordings;   // folders of the sinks of kind ogg
  std::vector<std::filesystem::path> checkpoints;  // that were kept elsewhere
  std::vector<std::filesystem::path> receipts;     // that people hold, one a line
};

// `assent verify`: what was verified and what could not be on `out`; progress, and what is wrong,
// with where and what to do, on `err`. Reads only, and only while no service has the ledger open.
// True when nothing is wrong.
[[nodiscard]] bool verify(const Verification& asked, std::ostream& out, std::ostream& err);

}  // namespace assent::gateway
