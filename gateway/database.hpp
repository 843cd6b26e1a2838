#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gateway/database_place.hpp"
#include "gateway/export_queue.hpp"
#include "gateway/ledger_binding.hpp"
#include "gateway/retention_rows.hpp"
#include "gateway/storage_record.hpp"
#include "gateway/subject_file.hpp"
#include "gateway/webhook_queue.hpp"

namespace assent::gateway {

inline constexpr long long no_leaf = -1;

// What the records of one transaction put into the ledger, in order. It must be durable there
// before the transaction is committed.
struct LeafBatch {
  std::uint64_t first = 0;  // the ledger's size
  std::vector<LedgerEntry> entries;

  [[nodiscard]] std::uint64_t next() const { return first + entries.size(); }
};

// What a failing database says of itself, without the values that stood in the statement.
[[nodiscard]] std::string problem_of(const std::exception& error);

using BoundCursor = std::function<std::optional<BoundRecord>()>;

// The records and their schema, through SOCI: in a file of SQLite, or on a PostgreSQL server. One
// thread uses it. What fails throws a std::exception whose text is for the operator; after that the
// object is of no more use: open another one.
//
// Who serves it has it alone, and what was committed is on disk: gateway/database_dialect.hpp.
class Database {
 public:
  // Creates the file with mode 0600 if it may, migrates the schema, and proves that it can write.
  // `acknowledged`: the last id that this process has told to anyone. A commit that failed may
  // still have reached the disk; of what is beyond, grants, receipts, CDRs, policies and events of
  // rooms are removed, because they were refused, and what restricts is kept.
  Database(const DatabasePlace& place, bool may_create, std::optional<RecordId> acknowledged);
  // A server's, as it is at one instant, beside the service that has it; nothing can be changed.
  explicit Database(const PostgresqlPlace& looked_at);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void begin();
  void commit();  // returns when it is on disk, where it will be found

  // Within a transaction. All or none: nothing if a key exists already. The id of the last. With
  // `leaves` the rows refer to the entries that are added there.
  std::optional<RecordId> store(std::span<const Record> together, LeafBatch* leaves = nullptr);

  [[nodiscard]] std::optional<StoredReceipt> find_receipt(const std::string& key);
  [[nodiscard]] std::vector<ConsentEvent> latest_consents(const std::string& room,
                                                          const std::string& session);
  [[nodiscard]] std::vector<CdrEntry> cdrs(const CdrQuery& query);
  [[nodiscard]] RecordId newest_cdr();  // 0: there is none
  [[nodiscard]] std::vector<CdrEntry> last_of_chains(const ChainQuery& query);
  // The newest acceptance of the policy with this hash; of any, where it is empty.
  [[nodiscard]] std::optional<AcceptedPolicy> find_policy(const std::string& hash);
  // Those of a room, or of all rooms, in the order in which they began.
  [[nodiscard]] std::vector<RecordedSession> recorded_sessions(const std::string& room);
  // Of one session, in their order.
  [[nodiscard]] std::vector<RoomEvent> room_events(const std::string& session);
  // With the entries that they have in the ledger: those with a receipt, in order.
  [[nodiscard]] std::vector<std::pair<ConsentEvent, std::uint64_t>> statements(
      const ReceiptQuery& query);
  [[nodiscard]] std::vector<ConsentEvent> consents_of(const RecordedSession& session);
  [[nodiscard]] std::vector<CdrEntry> cdrs_of(const std::string& session);
  [[nodiscard]] std::vector<ClosedRecording> recordings();
  [[nodiscard]] std::size_t cdrs_without_events();  // of rooms of which no event is recorded
  [[nodiscard]] std::optional<std::string> ledger_checkpoint();
  [[nodiscard]] std::uint64_t ledger_checkpoint_size();  // that it is found by; 0: none
  // Entries of the ledger whose rows were removed when a database was opened, until the ledger has
  // declared them abandoned. forget: within the transaction that remembers that it has.
  [[nodiscard]] std::vector<std::uint64_t> removed_leaves();
  void forget_removed_leaves();
  // The rows that the ledger keeps an entry for: a cursor for each table, in the order of ids, and
  // nothing after the last row. They must not outlive this object.
  [[nodiscard]] std::vector<BoundCursor> bound_rows();
  [[nodiscard]] std::string subject_of(const std::string& session, const std::string& participant);
  // Chains about which the list of those without a stop is wrong.
  [[nodiscard]] std::size_t misjudged_chains();
  struct JudgedAnswers {
    std::size_t all = 0;
    std::size_t contradicting = 0;  // another purpose, state or epoch than the consent's beside it
  };
  [[nodiscard]] JudgedAnswers judge_answers();  // those kept for repeated requests
  // The last record of every chain without a stop, of those that are no newer than this.
  [[nodiscard]] std::vector<CdrEntry> last_of_open_chains(RecordId newest);
  // A recording with exactly this entry in its manifest.
  [[nodiscard]] bool has_recording(const std::string& session, const std::string& json);

  // database_subjects.cpp: about one person. All but the CDRs and the signatures of the receipts;
  // with each statement its entry in the ledger.
  [[nodiscard]] std::vector<PersonInSession> persons_of(const std::string& subject);
  [[nodiscard]] std::vector<std::pair<ConsentEvent, long long>> statements_of_subject(
      const std::string& subject);
  [[nodiscard]] std::vector<StatementCounted> statements_between(WallTime from, WallTime until,
                                                                 RecordId after, std::size_t limit);
  [[nodiscard]] SubjectFile file_of(const std::string& subject);  // without statements
  // Within a transaction: this person's rows of this holding get another name, and answers to
  // requests go. `recordings`: what their rows are to say.
  Erased pseudonymise(const std::string& subject, const PersonInSession& who,
                      const std::string& pseudonym,
                      const std::map<RecordId, std::string>& recordings, const RowsOf& rows = {});
  // Likewise, what waits for webhooks; how many.
  std::size_t pseudonymise_messages(const std::map<PersonInSession, std::string>& names);
  std::size_t erase_actions_of(const std::string& subject);

  // database_retention.cpp: holdings that have ended, and what of them is to go.
  [[nodiscard]] std::vector<EndedHolding> ended_holdings(RecordId after, std::size_t limit);
  [[nodiscard]] HoldingKept kept_of(const EndedHolding& holding);
  Disposed dispose(const HoldingDisposal& disposal, const Disposition& how);
  // Of answers to requests, in a transaction of its own; how many.
  std::size_t forget_answers(WallTime before, std::size_t limit, bool only_count);
  [[nodiscard]] std::vector<PrivacyAction> changes_of_subjects();

  // Records whose lines in the daily files are out of date.
  [[nodiscard]] std::vector<RecordId> outdated_lines();
  void forget_outdated_lines();  // in a transaction of its own
  [[nodiscard]] std::optional<CdrEntry> find_cdr(RecordId id);

  // What was deleted or overwritten goes from the database's own log, too, as far as that can be.
  void scrub();

  // In a transaction of its own, if it changes anything.
  [[nodiscard]] WebhookState webhooks(const WebhookChange& change);

  // export_table.cpp. The first in a transaction of its own.
  ExportState exports(const ExportChange& change);
  [[nodiscard]] std::vector<RecordExport> exports_of(const std::string& session,
                                                     const std::string& participant,
                                                     const std::string& subject);
  [[nodiscard]] std::vector<RecordExport> exports_of_subject(const std::string& subject);

  // How far the JSON lines have come. Within a transaction.
  void remember_exported(RecordId id);
  [[nodiscard]] RecordId exported();

  [[nodiscard]] RecordId last_id() const;
  void prove_writable();  // one small transaction

 private:
  [[nodiscard]] std::vector<std::string> exported_of_chain(const CdrEntry& last);

  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace assent::gateway
