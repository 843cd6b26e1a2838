#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/database.hpp"
#include "gateway/ledger.hpp"
#include "gateway/ledger_key.hpp"

namespace assent::gateway {

// Ledger and database contradict each other, or themselves: no later attempt mends that. The text
// is for the operator: file, what, remedy.
struct LedgerContradiction : std::runtime_error {
  using runtime_error::runtime_error;
};

// The ledger as the storage thread uses it, beside one database: an entry for each row, durable
// before the row is committed. The two agree on how far they came by the checkpoint that the
// database remembers with every transaction. What blocks, blocks until the disk has answered; what
// fails throws a std::exception for the operator.
class RecordLedger {
 public:
  // Begins to check all of the ledger against the checkpoint that the database remembers, on a
  // thread of the ledger's own, which calls `on_settled` of the options at the end. Throws
  // LedgerContradiction where the database remembers something that is none.
  RecordLedger(LedgerOptions options, Database& database);

  [[nodiscard]] LedgerHealth health() const { return ledger_.health(); }
  // Entries that the database knows of: how many are to be checked, at least.
  [[nodiscard]] std::uint64_t known() const { return known_; }

  // Once the ledger is open; and again when the database was opened anew, which is cheap: the tree
  // is in memory, the folder was locked all the time, and what the database remembers is what this
  // object signed for it last. Enters the start, or that it is taken up again (`as`), and declares
  // abandoned what has no row: entries beyond the remembered checkpoint, and those of rows that
  // were removed as not acknowledged. A crash leaves those of one transaction at most; more tell
  // that the database is an older copy: LedgerContradiction.
  void take_up(Database& database, WallTime now, LedgerKind as);
  [[nodiscard]] bool is_taken_up() const { return taken_up_; }
  // The database is lost. Nothing can be bound until the next take_up().
  void set_down() { taken_up_ = false; }
  // Whether the database still remembers what this ledger last did for it.
  [[nodiscard]] bool agrees_with(Database& database) const;

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::string& checkpoint() const { return checkpoint_; }  // the newest
  [[nodiscard]] std::string verifier_key() const { return key_ ? to_text(key_->verifier()) : ""; }

  // A receipt of the record that this entry is of.
  [[nodiscard]] std::string sign_receipt(std::string_view text, std::uint64_t entry) const;

  // Within a transaction, the last thing before its commit: makes the entries durable and lets the
  // database remember their checkpoint. After an exception the transaction is to be given up.
  void bind(const LeafBatch& leaves, Database& database);
  // The transaction was committed.
  void committed() { remembered_ = attempted_; }

  // The last entry of an orderly end.
  void enter_stop(Database& database, WallTime now);

  // Destroys the subject's key, for good, and enters that one was destroyed. Not within a
  // transaction. What fails throws as bind() does; it may then be done nevertheless.
  void erase(const std::string& subject, WallTime now, Database& database);

 private:
  // Filled in on the ledger's thread, until it is open.
  struct Found {
    std::uint64_t beyond = 0;         // the size that the database remembers
    std::set<std::uint64_t> batches;  // of the entries from there on
    std::uint64_t last_batch = 0;
  };
  RecordLedger(LedgerOptions options, std::unique_ptr<Found> found);

  Entered<LedgerReceipt> append(std::vector<LedgerEntry> entries);
  Entered<LedgerReceipt> await(boost::asio::awaitable<Entered<LedgerReceipt>> answer);
  void append_all(std::vector<LedgerEntry> entries);
  void look_at_what_was_found();
  void open_key();
  void remember(Database& database);

  std::unique_ptr<Found> found_;
  std::filesystem::path key_file_;
  std::string origin_;
  std::uint64_t known_ = 0;
  std::string remembered_;  // by the database's last commit; empty: nothing yet
  std::string attempted_;   // by the last transaction, whose commit may have failed
  Ledger ledger_;
  std::optional<LedgerKey> key_;     // for receipts
  boost::asio::io_context loop_{1};  // on which this thread waits for an answer
  bool begun_ = false;               // the start is entered
  std::uint64_t entered_to_ = 0;     // by the last take_up(): the size after it,
  std::string entered_over_;         // and what the database remembered then
  bool taken_up_ = false;
  std::uint64_t size_ = 0;
  std::uint64_t last_batch_ = 0;  // the first entry of the last transaction's
  std::string checkpoint_;
};

}  // namespace assent::gateway
