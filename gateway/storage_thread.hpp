#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <variant>
#include <vector>

#include "gateway/cdr_lines.hpp"
#include "gateway/cdr_lines_rewrite.hpp"
#include "gateway/database.hpp"
#include "gateway/record_ledger.hpp"
#include "gateway/reply.hpp"
#include "gateway/storage.hpp"

namespace assent::gateway {

// What the coroutines ask of the storage thread. Each is answered exactly once.
struct AppendJob {
  std::vector<Record> together;
  Reply<Stored<RecordId>> reply;
  bool patient = false;  // waits until the ledger was opened for the first time
};
struct FindReceiptJob {
  std::string key;
  Reply<Stored<std::optional<StoredReceipt>>> reply;
};
struct LatestConsentsJob {
  std::string room;
  std::string session;
  Reply<Stored<std::vector<ConsentEvent>>> reply;
};
struct ReceiptsJob {
  ReceiptQuery query;
  Reply<Stored<std::vector<SignedReceipt>>> reply;
};
struct QueryCdrsJob {
  CdrQuery query;
  Reply<Stored<std::vector<CdrEntry>>> reply;
};
struct LastOfChainsJob {
  ChainQuery query;
  Reply<Stored<std::vector<CdrEntry>>> reply;
};
struct FindPolicyJob {
  std::string hash;  // empty: the newest
  Reply<Stored<std::optional<AcceptedPolicy>>> reply;
};
struct BeginRunJob {
  WallTime now{};
  std::optional<AcceptedPolicy> in_force;
  Reply<Stored<std::vector<CdrEntry>>> reply;
};
struct WebhookJob {
  WebhookChange change;
  Reply<Stored<WebhookState>> reply;
};
struct SubjectFileJob {
  std::string subject;
  Reply<Stored<SubjectFile>> reply;
};
struct EraseJob {
  Erasure erasure;
  Reply<Stored<Erased>> reply;
};
struct AskJob {
  std::function<void(Database&)> ask;  // keeps the answer
  Reply<Stored<bool>> reply;
};
struct DisposeJob {
  HoldingDisposal disposal;
  Disposition how;
  WallTime at{};
  Reply<Stored<Disposed>> reply;
};
using StorageJob = std::variant<AppendJob, FindReceiptJob, LatestConsentsJob, ReceiptsJob,
                                QueryCdrsJob, LastOfChainsJob, FindPolicyJob, BeginRunJob,
                                WebhookJob, SubjectFileJob, EraseJob, AskJob, DisposeJob>;

class Storage::Thread {
 public:
  explicit Thread(StorageOptions options);
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  void put(StorageJob job);  // or refuses it at once
  [[nodiscard]] StorageHealth health() const;
  void stop();

 private:
  using Clock = std::chrono::steady_clock;

  // On the storage thread.
  void run();
  std::vector<StorageJob> take_group();
  [[nodiscard]] bool is_over();
  bool ready();
  void open_database();
  [[nodiscard]] bool takes_records() const {
    return database_ && (!options_.ledger || (ledger_ && ledger_->is_taken_up()));
  }
  [[nodiscard]] StorageError why_not() const;
  [[nodiscard]] bool knows_of_a_database() const;
  void require_what_was_acknowledged() const;
  void lost(const std::exception& error);

  // storage_ledger.cpp: the ledger beside the database, opened, lost and opened again.
  void tend_ledger();
  void begin_ledger();
  void take_up_ledger();
  void put_off_ledger(const std::string& problem);
  void refuse_ledger(const std::string& problem);
  void release_held();
  void tell_of_ledger();
  [[nodiscard]] bool is_opening() const;

  void idle();
  void serve(std::vector<StorageJob> group);
  void append_all(std::vector<StorageJob>& group);
  void answer(AppendJob& job);
  void answer(FindReceiptJob& job);
  void answer(LatestConsentsJob& job);
  void answer(ReceiptsJob& job);
  void answer(QueryCdrsJob& job);
  void answer(LastOfChainsJob& job);
  void answer(FindPolicyJob& job);
  void answer(BeginRunJob& job);
  void answer(WebhookJob& job);
  void answer(SubjectFileJob& job);
  void answer(EraseJob& job);
  void answer(AskJob& job);
  void answer(DisposeJob& job);
  void begin_run(BeginRunJob& job);
  std::vector<CdrEntry> store_beginning(BeginRunJob& job);
  [[nodiscard]] bool is_stored(const std::vector<Record>& together);
  void begin();
  void name_subjects(std::vector<Record>& together);
  void commit(const LeafBatch& leaves);
  void export_lines();
  void farewell();

  // storage_erasure.cpp: what is done a step at a time, between the groups.
  struct ErasureAtWork {
    EraseJob job;
    std::vector<std::pair<PersonInSession, std::string>> due;  // with their pseudonyms
    std::map<PersonInSession, std::string> names;              // of all of them
    Erased sum;
    bool key_destroyed = false;
  };
  void begin_erasure(EraseJob job);
  void continue_erasure();
  void give_up_erasures(StorageError why);
  bool take_step(ErasureAtWork& work);  // true: all is done
  [[nodiscard]] LeafBatch tombstone(std::size_t rows, WallTime at) const;
  [[nodiscard]] LeafBatch leaves_of(const Disposed& disposed, WallTime at) const;
  void end_erasure(ErasureAtWork& work);
  void rename_erased(std::vector<Record>& together) const;
  bool rewrite_lines();  // true: nothing is out of date

  const StorageOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<StorageJob> queue_;
  std::deque<StorageJob> held_;  // what waits for the ledger
  bool holding_ = false;         // it was not open yet
  bool ledger_settled_ = false;  // its checking has ended, which nobody has looked at
  bool stopping_ = false;
  Clock::time_point stop_until_{};  // once it stops: how long it waits for the ledger
  StorageHealth health_;
  std::optional<Clock::time_point> serving_since_;

  // Of the storage thread alone.
  std::optional<Database> database_;
  std::unique_ptr<RecordLedger> ledger_;
  bool ledger_refused_ = false;  // for good: only a start with another ledger takes records again
  Clock::time_point ledger_retry_at_{};
  std::chrono::milliseconds ledger_pause_{};  // before the next attempt
  bool opened_before_ = false;
  RecordId began_after_{};  // the last record of earlier runs
  RecordId acknowledged_{};
  Clock::time_point retry_at_{};
  std::optional<CdrLines> lines_;
  bool lines_open_ = false;
  bool lines_behind_ = true;  // the database has records that the lines lack
  Clock::time_point lines_retry_at_{};
  RecordId exported_{};
  RecordId exported_remembered_{};
  std::deque<ErasureAtWork> erasures_;
  // By session, participant and subject: the name that is stored.
  std::map<std::tuple<std::string, std::string, std::string>, std::string> erased_;
  bool lines_outdated_ = false;  // some of the daily files' are
  std::optional<CdrLinesRewrite> rewriting_;

  std::thread thread_;
};

}  // namespace assent::gateway
