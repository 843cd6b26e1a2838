#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "gateway/database.hpp"
#include "gateway/ledger_audit.hpp"
#include "gateway/verify_findings.hpp"
#include "policy/checkpoint.hpp"

namespace assent::gateway {

// Receipts that people hold, against the ledger and the rows: what a receipt is of must be there,
// as it says, and must not have been declared abandoned. That finds what the ledger alone cannot
// show: entries that were acknowledged, and disowned after a crash or what was made to look like
// one.
class ReceiptsAgainstLedger {
 public:
  // Files with a receipt on each line. `findings` outlives this object.
  ReceiptsAgainstLedger(const std::vector<std::filesystem::path>& files,
                        const policy::VerifierKey& key, VerifyFindings& findings);

  // What the ledger must continue: each receipt carries one.
  [[nodiscard]] std::vector<KeptCheckpoint> take_checkpoints() { return std::move(checkpoints_); }
  void meet(std::uint64_t index, const LedgerLeaf& leaf);
  void meet_row(std::uint64_t index, const BoundRecord& row);
  // After the last entry; with_rows: a database was given.
  void finish(bool with_rows);

 private:
  struct Held {
    std::string where;  // file and line
    std::string text;   // as it was recorded: without what the signing added
    bool entered = false;
    bool with_row = false;
    bool faulty = false;
  };
  void read(const std::filesystem::path& file, const policy::VerifierKey& key);
  void take(const std::string& where, const std::string& payload, const policy::VerifierKey& key);
  void fault(Held& held, std::string what);

  VerifyFindings& findings_;
  std::vector<KeptCheckpoint> checkpoints_;
  std::multimap<std::uint64_t, Held> held_;  // by entry
};

}  // namespace assent::gateway
