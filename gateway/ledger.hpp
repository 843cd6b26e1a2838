#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ledger_audit.hpp"
#include "gateway/ledger_entry.hpp"

// The record that shows when it was changed: entries in a Merkle tree whose checkpoints are signed
// (RFC 9162; c2sp.org/tlog-tiles, tlog-checkpoint, signed-note). Any verifier of these forms can
// read the folder, or a copy of it behind a web server.
//
// What it proves, and what not. A change of anything that a checkpoint covers shows against that
// checkpoint. But whoever has the key file can write another history and sign it: without a
// checkpoint that was kept elsewhere, the operator could still drop, add or alter entries from any
// point on, as well as show two histories to two askers. So checkpoints belong in the hands of
// others: `checkpoint_copies` (a mounted share, a file that is mailed), `on_checkpoint` (a
// webhook), or a witness that reads `checkpoint` from a web server. Entries before one that was
// kept elsewhere cannot be changed without being found out by `assent verify --checkpoint`. And
// no ledger shows what was never written into it.
namespace assent::gateway {

struct LedgerOptions {
  std::filesystem::path folder;        // created with mode 0700; its parent must exist
  std::filesystem::path key;           // created with mode 0600 with a new ledger; keep a backup
  std::filesystem::path subject_keys;  // likewise; see subject_keys.hpp
  std::string origin;                  // the ledger's name, for ever: "assent.example.org/ledger"
  // The newest checkpoint that the caller remembers in another place: a ledger that does not
  // continue it was rolled back, and is not opened. See RecordLedger, which remembers it with the
  // records that it is for.
  std::optional<std::string> remembered;
  std::vector<std::filesystem::path> checkpoint_copies;        // replaced after each publication
  std::function<void(const std::string& note)> on_checkpoint;  // on the ledger's thread, likewise
  EntryVisitor on_entry;  // every entry that is there at the start, on the ledger's thread
  std::function<void()> on_settled;  // likewise, when the checking has come to an end
  std::chrono::milliseconds publish_every{500};
  std::size_t queue_max = 8'192;
};

enum class LedgerError : unsigned char {
  refused,      // it is not open: see Ledger::health()
  unavailable,  // the disk took no more: see Ledger::health()
  queue_full,   // later ones may be taken
  malformed,    // a text that a ledger may not keep, or more of it than a commit holds
  closed,       // after stop()
};
[[nodiscard]] std::string_view to_string(LedgerError error);
template <class T>
using Entered = boost::system::result<T, LedgerError>;

// What the answer to whoever asked can carry: with it, anybody can later demand to be shown the
// entry.
struct LedgerReceipt {
  std::uint64_t index = 0;  // of the entry; of the last one, when several were given together
  std::string checkpoint;   // signed, covers the entry
};

// What became of the attempt to open it.
enum class LedgerStand : unsigned char {
  checking,      // all of it is being read
  open,          // checked, and every acknowledged entry is there
  failed,        // a disk or another process was in the way, then or later: another attempt may do
  contradicted,  // what is there is not what was signed, or its key is not there: for good
};

struct LedgerHealth {
  LedgerStand stand = LedgerStand::checking;
  std::uint64_t checked = 0;  // entries, so far
  bool writable = false;
  bool published = true;  // the static files and the copies of the checkpoint keep up
  std::string problem;    // for the operator: file, what, remedy; empty when all is well
  std::size_t queued = 0;
  std::uint64_t entries = 0;
  std::uint64_t commits = 0;  // entries / commits = group size
  std::uint64_t refused = 0;
};

// All that is queued is one commit, with its syncs, on a thread of its own; a second thread writes
// the static files behind it. The coroutines' executors must outlive stop().
class Ledger {
 public:
  // Checks all of the ledger on its thread, then takes entries; those that are queued meanwhile
  // wait. A ledger that contradicts itself, its key or `remembered`, or that could not be opened,
  // refuses every entry, and health() says why: permit nothing then. Never throws for a failing
  // disk.
  explicit Ledger(LedgerOptions options);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Resumes when the entry is durable and signed for, or with the reason why it is not. After
  // `unavailable` it may be there nevertheless: a record of what was then refused.
  boost::asio::awaitable<Entered<LedgerReceipt>> append(LedgerEntry entry);
  // All in one commit, or none.
  boost::asio::awaitable<Entered<LedgerReceipt>> append(std::vector<LedgerEntry> together);

  // Destroys the subject's key, then records that one was destroyed, without saying whose.
  boost::asio::awaitable<Entered<LedgerReceipt>> erase(std::string subject, policy::WallTime at);

  [[nodiscard]] LedgerHealth health() const;     // any thread
  [[nodiscard]] std::string checkpoint() const;  // the newest one signed; any thread

  // Refuses what comes later, commits and publishes what is queued, joins. Where it is still
  // checked and nothing is queued, the checking ends. Idempotent.
  void stop();

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace assent::gateway
