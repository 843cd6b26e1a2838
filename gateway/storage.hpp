#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/database_place.hpp"
#include "gateway/ledger.hpp"
#include "gateway/retention_rows.hpp"
#include "gateway/storage_record.hpp"
#include "gateway/subject_file.hpp"
#include "gateway/webhook_queue.hpp"

namespace assent::gateway {

struct ExportChange;  // export_queue.hpp
struct ExportState;

struct StorageOptions {
  DatabasePlace database;  // a file is created with mode 0600; its folder must exist
  std::filesystem::path
      cdr_lines;                  // folder of the daily JSON-lines files; empty = none are written
  std::size_t queue_max = 8'192;  // requests; the last quarter is kept for consents and receipts
  std::chrono::milliseconds retry{250};  // between attempts to recover
  // Every record has its entry there first; `remembered` is filled in by the storage. Without one,
  // records are only stored: for tools and tests of the storage alone.
  std::optional<LedgerOptions> ledger;
};

struct StorageHealth {
  bool readable = false;  // the database is open
  bool writable = false;  // the last attempt to write was durable
  bool cdr_lines_written = true;
  std::string problem;  // for the operator, empty when all is well
  bool misfit = false;  // it is no database of this program: no waiting mends that
  // What the ledger has contradicts its checkpoints, its key or the database: nothing is stored any
  // more, so nothing may be permitted. `problem` says what, and the remedy.
  bool ledger_refused = false;
  // Since the start, the ledger is not open yet: it is being verified, or something was in its way,
  // which `problem` says. Nothing is stored until then.
  bool ledger_opening = false;
  std::uint64_t verified = 0;   // entries, of
  std::uint64_t to_verify = 0;  // those that the database knows of
  std::uint64_t ledger_entries = 0;
  std::string ledger_problem;  // it goes on, but a file or a copy of a checkpoint is not written
  std::string checkpoint;      // of the ledger: a signed note
  std::string verifier_key;    // the ledger's, as C2SP's signed-note writes it
  std::size_t queued = 0;
  std::chrono::milliseconds at_work{};  // how long what was taken from the queue takes already
  std::uint64_t records = 0;            // made durable since the start
  std::uint64_t commits = 0;  // transactions, each with one sync: records / commits = group size
  std::uint64_t refused = 0;  // answered with an error
};

// Makes records durable: each in the ledger, then in the database, then acknowledged. What a crash
// leaves in the ledger alone is declared abandoned at the next start. One thread, one connection to
// the database. The thread takes all that is queued, commits it with one sync, then answers all. A
// failing database refuses records with an error value and is retried for later ones; nothing is
// kept back and written behind the caller's back. The coroutines' executors must outlive stop().
class Storage {
 public:
  // Opens the database on the storage thread; until it is open health() says so and records are
  // refused. The ledger is verified beside it, however long that takes: meanwhile the database can
  // be read, and records are refused or wait. Never throws for a failing disk.
  explicit Storage(StorageOptions options);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  // Resumes after the record is on disk, or with the reason why it is not. Records given together
  // are stored together or not at all. The answer is the id of the last.
  boost::asio::awaitable<Stored<RecordId>> append(Record record);
  boost::asio::awaitable<Stored<RecordId>> append(std::vector<Record> together);
  // What nobody waits for: until the ledger was opened for the first time it is kept in the queue,
  // in its order, instead of being refused.
  boost::asio::awaitable<Stored<RecordId>> append_patiently(std::vector<Record> together);

  boost::asio::awaitable<Stored<std::optional<StoredReceipt>>> find_receipt(std::string key);
  // The newest event of each (participant, purpose); with a session, of that holding only.
  boost::asio::awaitable<Stored<std::vector<ConsentEvent>>> latest_consents(
      std::string room, std::string session = {});
  boost::asio::awaitable<Stored<std::vector<CdrEntry>>> cdrs(CdrQuery query);
  boost::asio::awaitable<Stored<RecordId>> newest_cdr();  // 0: there is none
  boost::asio::awaitable<Stored<std::vector<CdrEntry>>> last_of_chains(ChainQuery query);
  // Of what people stated, in order.
  boost::asio::awaitable<Stored<std::vector<SignedReceipt>>> receipts(ReceiptQuery query);

  // All that is kept about a person, with signed receipts; the CDRs come from cdrs().
  boost::asio::awaitable<Stored<SubjectFile>> subject_file(std::string subject);
  // Forgets who a person was: every row, line and queued message gets a pseudonym, what the
  // database deleted is overwritten, and the key by which the ledger knew the person is destroyed.
  // A step at a time, between consents; comes back when it is done on disk. What is stored later
  // of the same person in the same holding of a room gets the same pseudonym. After an error or a
  // crash part of it may be done: ask again.
  boost::asio::awaitable<Stored<Erased>> erase(Erasure erasure);

  // Statements that people made in this time, after this one.
  boost::asio::awaitable<Stored<std::vector<StatementCounted>>> statements_between(
      WallTime from, WallTime until, RecordId after, std::size_t limit);
  // Holdings that have ended, in the order in which they did, after this one.
  boost::asio::awaitable<Stored<std::vector<EndedHolding>>> ended_holdings(RecordId after,
                                                                           std::size_t limit);
  boost::asio::awaitable<Stored<HoldingKept>> kept_of(EndedHolding holding);
  // In one transaction, with what the ledger is to know of it.
  boost::asio::awaitable<Stored<Disposed>> dispose(HoldingDisposal disposal, Disposition how,
                                                   WallTime at);
  // Of answers to requests, the oldest first; how many went, or would go.
  boost::asio::awaitable<Stored<std::size_t>> forget_answers(WallTime before, std::size_t limit,
                                                             bool only_count);
  // What was changed about subjects, of all of them, in order; and whose erasure was begun.
  boost::asio::awaitable<Stored<std::vector<PrivacyAction>>> changes_of_subjects();
  // After disposals: comes back when the daily files and the database's own have nothing of it.
  boost::asio::awaitable<Stored<Erased>> finish_disposals();

  // The newest acceptance of this policy, by the hash that decisions name; the newest of all.
  boost::asio::awaitable<Stored<std::optional<AcceptedPolicy>>> find_policy(std::string hash);
  boost::asio::awaitable<Stored<std::optional<AcceptedPolicy>>> newest_policy();

  // The queue of the webhooks: its change is durable when this comes back.
  boost::asio::awaitable<Stored<WebhookState>> webhooks(WebhookChange change);

  // Of the exports of CDRs: what is to be remembered is durable when this comes back.
  boost::asio::awaitable<Stored<ExportState>> exports(ExportChange change);

  // At start: every CDR that an earlier run left without a stop gets one with the cause `restart`
  // and the counters of its last record, and the policy is recorded, if one is given. Waits until
  // the ledger is open. Answers the records it wrote.
  boost::asio::awaitable<Stored<std::vector<CdrEntry>>> begin_run(
      WallTime now, std::optional<AcceptedPolicy> in_force = {});

  [[nodiscard]] StorageHealth health() const;  // any thread

  // Refuses what comes later, commits what is queued, records the end, joins. For what waits for
  // the ledger it waits, too, but not long. Idempotent.
  void stop();

 private:
  class Thread;
  // `ask` runs on the storage thread.
  template <class Value, class Ask>
  boost::asio::awaitable<Stored<Value>> ask(Ask ask);

  std::unique_ptr<Thread> thread_;
};

}  // namespace assent::gateway
