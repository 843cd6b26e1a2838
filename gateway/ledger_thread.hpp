#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gateway/ledger.hpp"
#include "gateway/ledger_audit.hpp"
#include "gateway/ledger_journal.hpp"
#include "gateway/ledger_key.hpp"
#include "gateway/ledger_publication.hpp"
#include "gateway/reply.hpp"
#include "gateway/subject_keys.hpp"

namespace assent::gateway {

// What the coroutines ask of the ledger. Each is answered exactly once.
struct LedgerJob {
  std::vector<LedgerEntry> together;
  std::string erased;  // the subject whose key is to be destroyed first; may be empty
  Reply<Entered<LedgerReceipt>> reply;
};

// Between the two threads: what is durable in the journal and not yet in the static files.
struct CommittedEntries {
  std::vector<std::string> leaves;
  std::string note;  // signed for the last of them
};
struct FinishedSegment {
  std::string file;       // relative to the ledger's folder
  std::uint64_t end = 0;  // the entries before this are in it or before it
};

class Ledger::Thread {
 public:
  explicit Thread(LedgerOptions options);
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  void put(LedgerJob job);  // or refuses it at once
  [[nodiscard]] LedgerHealth health() const;
  [[nodiscard]] std::string checkpoint() const;
  void stop();

 private:
  using Clock = std::chrono::steady_clock;

  // Why the ledger is not opened.
  struct Hindrance {
    Fault fault;
    bool for_good = false;  // a contradiction, which no later attempt mends
  };
  // A job's leaves, and where its answer's index is.
  struct Prepared {
    LedgerJob job;
    std::vector<std::string> leaves;
  };

  // On the writing thread.
  void write();
  void settle(const std::optional<Hindrance>& hindrance);
  [[nodiscard]] std::optional<Hindrance> open();
  [[nodiscard]] std::optional<Hindrance> open_keys();
  [[nodiscard]] LedgerAudit audit(std::vector<KeptCheckpoint> kept);
  [[nodiscard]] Ledgered<std::vector<KeptCheckpoint>> kept_checkpoints() const;
  [[nodiscard]] std::optional<Fault> take_over(LedgerAudit audit);
  [[nodiscard]] std::vector<LedgerJob> take_group();
  void serve(std::vector<LedgerJob> group);
  [[nodiscard]] Entered<std::vector<std::string>> leaves_of(const LedgerJob& job);
  void commit(std::vector<Prepared> prepared);
  [[nodiscard]] bool is_in_place() const;
  [[nodiscard]] std::optional<Fault> make_room_for(const std::vector<std::string>& leaves);
  void refuse(LedgerJob& job, LedgerError error);
  void say(const Fault& fault);

  // On the publishing thread.
  void publish();
  void publish_once();
  [[nodiscard]] bool write_copies(const std::string& note);
  void remove_finished(std::uint64_t published);
  void prepare_spare();

  const LedgerOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable queued_;
  std::condition_variable committed_;
  std::condition_variable spared_;
  std::deque<LedgerJob> queue_;
  bool stopping_ = false;
  bool written_ = false;                   // the writing thread has ended
  std::atomic<bool> interrupted_ = false;  // the checking is to end
  std::atomic<std::uint64_t> checked_ = 0;
  LedgerHealth health_;
  std::string checkpoint_;
  std::vector<CommittedEntries> unpublished_;
  std::vector<FinishedSegment> finished_;
  std::optional<JournalSegment> spare_;
  bool making_spare_ = false;
  std::uint64_t last_segment_ = 0;  // its number, or that of the one in use

  // Of the writing thread alone.
  FileHandle folder_;  // locked
  std::optional<LedgerKey> key_;
  std::optional<SubjectKeys> subject_keys_;
  policy::MerkleTree tree_{ledger_hash()};
  std::optional<JournalSegment> segment_;
  std::string segment_file_;
  bool broken_ = false;  // a commit failed half way: only a start finds out how far it came

  // Of the publishing thread, once it runs.
  bool copies_behind_ = false;  // a copy could not be written: tried again
  std::optional<LedgerPublication> publication_;

  std::thread publisher_;
  std::thread writer_;
};

}  // namespace assent::gateway
