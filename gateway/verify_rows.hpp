#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/database.hpp"
#include "gateway/ledger_entry.hpp"
#include "gateway/subject_keys.hpp"
#include "gateway/verify_findings.hpp"
#include "gateway/verify_tables.hpp"

namespace assent::gateway {

// Every row of the database against its entry in the ledger, and every entry against its row, as
// the entries come by in their order.
class RowsAgainstLedger {
 public:
  // Without keys of subjects the entries' commitments cannot be opened: then only what the entries
  // say openly is compared. All must outlive this object.
  using OnRow = std::function<void(std::uint64_t index, const BoundRecord& row)>;
  RowsAgainstLedger(Database& database, const SubjectKeys* keys, std::string name,
                    VerifyFindings& findings, OnRow on_row = {});

  void meet(std::uint64_t index, const LedgerLeaf& leaf);
  // After the last entry.
  void finish();
  [[nodiscard]] const RunsEnd& end() const { return end_; }

 private:
  struct Table {
    BoundCursor rows;
    std::optional<BoundRecord> next;
    std::int64_t last_id = 0;
  };

  void advance(Table& table);
  Table* table_at(std::uint64_t index);
  void compare(std::uint64_t index, const LedgerLeaf& leaf, const BoundRecord& row);
  void open_commitment(std::uint64_t index, const LedgerLeaf& leaf, const BoundRecord& row);
  void note_abandoned(std::uint64_t index, const LedgerLeaf& leaf);
  void note_erasure(std::uint64_t index, const LedgerLeaf& leaf);
  void note_disposal(std::uint64_t index, const LedgerLeaf& leaf);
  void judge_missing();
  void note_taken_back();
  void fault(std::string what);

  const SubjectKeys* keys_;
  std::string name_;  // of the database, for the faults
  VerifyFindings& findings_;
  OnRow on_row_;
  std::vector<std::uint64_t> taken_back_;
  std::uint64_t last_batch_ = 0;
  RunsEnd end_;
  bool stopped_ = false;  // the run that is being read, in order
  std::vector<Table> tables_;
  std::map<std::uint64_t, LedgerKind> without_row_;
  std::map<LedgerKind, std::uint64_t> disposed_;  // rows that were destroyed
  std::optional<std::int64_t> begun_after_;       // the database's last row before the ledger
  std::uint64_t rows_ = 0;
  std::uint64_t older_rows_ = 0;
  std::uint64_t abandoned_ = 0;
  std::uint64_t erasures_ = 0;
  std::uint64_t erased_rows_ = 0;        // that say so
  std::uint64_t rows_to_be_erased_ = 0;  // that the ledger says were erased
  std::uint64_t without_key_ = 0;
  std::set<std::string> erased_;  // subjects without a key
};

}  // namespace assent::gateway
