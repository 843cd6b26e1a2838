#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/system/result.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/database.hpp"
#include "gateway/ledger.hpp"
#include "gateway/ledger_key.hpp"

namespace assent::gateway {

// Why a ledger takes no entries, for the operator: file, what, remedy.
struct LedgerRefusal {
  std::string problem;
};

// The ledger as the storage thread uses it, beside one database: an entry for each row, durable
// before the row is committed. The two agree on how far they came by the checkpoint that the
// database remembers with every transaction. Calls block until the disk has answered.
class RecordLedger {
 public:
  // Checks all of the ledger against the checkpoint that the database remembers, and enters the
  // start. Entries beyond that checkpoint have no row, and those of rows that were removed as not
  // acknowledged have none any more: they are declared abandoned. A crash leaves those of one
  // transaction at most; more tell that the database is an older copy.
  [[nodiscard]] static boost::system::result<std::unique_ptr<RecordLedger>, LedgerRefusal> open(
      LedgerOptions options, Database& database, WallTime now);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::string& checkpoint() const { return checkpoint_; }  // the newest
  [[nodiscard]] std::string problem() const { return ledger_.health().problem; }
  [[nodiscard]] std::string verifier_key() const { return to_text(key_->verifier()); }

  // A receipt of the record that this entry is of. What fails throws a std::exception.
  [[nodiscard]] std::string sign_receipt(std::string_view text, std::uint64_t entry) const;

  // Within a transaction, the last thing before its commit: makes the entries durable and lets the
  // database remember their checkpoint. What fails throws a std::exception for the operator; the
  // transaction is then to be given up, and this object with it.
  void bind(const LeafBatch& leaves, Database& database);

  // Destroys the subject's key, for good, and enters that one was destroyed. Not within a
  // transaction. What fails throws as bind() does; it may then be done nevertheless.
  void erase(const std::string& subject, WallTime now, Database& database);

 private:
  // Of the entries beyond what the database remembers.
  struct Unremembered {
    std::uint64_t from = 0;
    std::set<std::uint64_t> batches;
  };
  RecordLedger(LedgerOptions options, std::unique_ptr<Unremembered> unremembered);

  Entered<LedgerReceipt> append(std::vector<LedgerEntry> entries);
  Entered<LedgerReceipt> await(boost::asio::awaitable<Entered<LedgerReceipt>> answer);
  void append_all(std::vector<LedgerEntry> entries);
  void enter_start(Database& database, WallTime now);
  void remember(Database& database) const;

  std::unique_ptr<Unremembered> unremembered_;  // filled in on the ledger's thread, while it opens
  Ledger ledger_;
  std::optional<LedgerKey> key_;     // for receipts
  boost::asio::io_context loop_{1};  // on which this thread waits for an answer
  std::uint64_t size_ = 0;
  std::string checkpoint_;
};

}  // namespace assent::gateway
