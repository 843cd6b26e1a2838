#include "gateway/database.hpp"

#include <soci/soci.h>

#include <algorithm>
#include <initializer_list>
#include <stdexcept>

#include "gateway/database_schema.hpp"
#include "gateway/database_session.hpp"
#include "gateway/webhook_table.hpp"

namespace assent::gateway {

using soci::into;
using soci::use;

std::string problem_of(const std::exception& error) {
  const auto* const of_soci = dynamic_cast<const soci::soci_error*>(&error);
  return of_soci == nullptr ? error.what() : of_soci->get_error_message();
}

Database::Session::Session(const DatabasePlace& place, DatabaseUse use)
    : dialect{dialect_of(place, use)} {
  dialect->open(sql);
  migrate();
  find_last_id();
}

void Database::Session::migrate() {
  const std::size_t version = dialect->schema_version(sql);
  if (version > database_migrations.size()) {
    throw DatabaseMisfit("the database is of a newer version of this program (schema " +
                         std::to_string(version) + ")");
  }
  for (std::size_t next = version; next < database_migrations.size(); ++next)
    dialect->migrate(sql, database_migrations[next], next + 1);
}

void Database::Session::find_last_id() {
  std::string newest;
  for (const std::string_view table :
       {"consents", "receipts", "cdrs", "accepted_policies", "room_events", "recordings",
        "privacy_actions", "ledger_checkpoint"}) {
    newest += joined({newest.empty() ? "" : " UNION ALL ", "SELECT max(id) AS id FROM ", table});
  }
  sql << joined({"SELECT coalesce(max(id), 0) FROM (", newest, ") AS newest"}), into(last_id);
}

void Database::Session::remove_unacknowledged(RecordId acknowledged) {
  const auto last = static_cast<long long>(acknowledged);
  if (last_id <= last) return;
  sql.begin();
  keep_leaves_beyond(last);
  sql << "DELETE FROM consents WHERE id > :last AND state = 'granted'", use(last);
  sql << "DELETE FROM receipts WHERE id > :last", use(last);
  sql << "DELETE FROM accepted_policies WHERE id > :last", use(last);
  sql << "DELETE FROM room_events WHERE id > :last", use(last);
  sql << "DELETE FROM recordings WHERE id > :last", use(last);
  sql << "DELETE FROM privacy_actions WHERE id > :last", use(last);
  std::vector<CdrEntry> removed;
  CdrRow row;
  soci::statement statement{sql};
  statement.exchange(use(last));
  fetch_all(statement, row, joined({"SELECT ", cdr_columns, " FROM cdrs WHERE id > :last"}),
            removed);
  sql << "DELETE FROM cdrs WHERE id > :last", use(last);
  for (const auto& entry : removed)
    reconsider_chain(entry.session, entry.participant);
  sql.commit();
}

void Database::Session::reconsider_chain(const std::string& session,
                                         const std::string& participant) {
  std::string last_kind;
  sql << "SELECT kind FROM cdrs WHERE session = :s AND participant = :p "
         "ORDER BY record_seq DESC LIMIT 1",
      use(session), use(participant), into(last_kind);
  if (sql.got_data() && last_kind != "stop") {
    sql << "INSERT INTO open_chains VALUES (:s, :p) ON CONFLICT DO NOTHING", use(session),
        use(participant);
  } else {
    sql << "DELETE FROM open_chains WHERE session = :s AND participant = :p", use(session),
        use(participant);
  }
}

void Database::Session::insert(const ConsentEvent& event, long long id, long long leaf) {
  const auto epoch = static_cast<long long>(event.epoch);
  const long long expires = event.expires ? to_stored(*event.expires) : 0;
  const long long at = to_stored(event.at);
  sql << joined(
      {"INSERT INTO consents (", consent_columns,
       ", leaf) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12, :13, :14, :15, :16, :17,"
       " :18, :19)"}),
      use(id), use(event.session), use(event.room), use(event.participant), use(event.subject),
      use(event.purpose), use(event.giver), use(event.statement), use(event.state),
      use(event.method), use(event.strength), use(event.evidence), use(event.notice),
      use(event.rules), use(event.receipt), use(epoch), use(expires), use(at), use(leaf);
}

void Database::Session::insert(const StoredReceipt& receipt, long long id, long long) {
  const long long at = to_stored(receipt.at);
  sql << "INSERT INTO receipts (key, id, digest, status, body, at) VALUES (:1, :2, :3, :4, :5, :6)",
      use(receipt.key), use(id), use(receipt.digest), use(receipt.status), use(receipt.body),
      use(at);
}

void Database::Session::insert(const CdrEntry& entry, long long id, long long leaf) {
  const long long record_seq = entry.record_seq;
  const long long at = to_stored(entry.at);
  sql << joined({"INSERT INTO cdrs (", cdr_columns,
                 ", leaf) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10)"}),
      use(id), use(entry.session), use(entry.room), use(entry.participant), use(entry.subject),
      use(record_seq), use(entry.kind), use(at), use(entry.json), use(leaf);
  if (entry.kind == "stop") {
    sql << "DELETE FROM open_chains WHERE session = :s AND participant = :p", use(entry.session),
        use(entry.participant);
  } else {
    sql << "INSERT INTO open_chains VALUES (:s, :p) ON CONFLICT DO NOTHING", use(entry.session),
        use(entry.participant);
  }
}

void Database::Session::insert(const AcceptedPolicy& accepted, long long id, long long leaf) {
  const auto& [policy, jurisdictions, transfers] = accepted.texts;
  sql << "INSERT INTO policies VALUES (:1, :2, :3, :4, :5, :6, :7) ON CONFLICT DO NOTHING",
      use(accepted.hash), use(policy.name), use(policy.text), use(jurisdictions.name),
      use(jurisdictions.text), use(transfers.name), use(transfers.text);
  const long long at = to_stored(accepted.at);
  sql << "INSERT INTO accepted_policies (id, hash, source, accepted_by, files, server_processor,"
         " server_jurisdiction, at, leaf) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9)",
      use(id), use(accepted.hash), use(accepted.source), use(accepted.by), use(accepted.files),
      use(accepted.server_processor), use(accepted.server_jurisdiction), use(at), use(leaf);
}

void Database::Session::insert(const RoomEvent& event, long long id, long long leaf) {
  const auto seq = static_cast<long long>(event.seq);
  const long long at = to_stored(event.at);
  sql << joined({"INSERT INTO room_events (", room_event_columns,
                 ", leaf) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10)"}),
      use(id), use(event.session), use(event.room), use(event.participant), use(event.subject),
      use(event.rules), use(event.json), use(seq), use(at), use(leaf);
}

void Database::Session::insert(const ClosedRecording& recording, long long id, long long leaf) {
  const auto epoch = static_cast<long long>(recording.epoch);
  const long long at = to_stored(recording.at);
  sql << joined({"INSERT INTO recordings (", recording_columns,
                 ", leaf) VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11)"}),
      use(id), use(recording.session), use(recording.room), use(recording.participant),
      use(recording.subject), use(recording.sink), use(recording.purpose), use(recording.json),
      use(epoch), use(at), use(leaf);
}

void Database::Session::insert(const PrivacyAction& action, long long id, long long leaf) {
  const long long at = to_stored(action.at);
  sql << joined({"INSERT INTO privacy_actions (", privacy_action_columns,
                 ", leaf) VALUES (:1, :2, :3, :4, :5, :6, :7)"}),
      use(id), use(action.action), use(action.subject), use(action.actor), use(action.json),
      use(at), use(leaf);
}

// Answers may be stored in another order than the ledger gave them: never remember less.
void Database::Session::insert(const LedgerCheckpoint& checkpoint, long long id, long long) {
  const auto size = static_cast<long long>(checkpoint.size);
  sql << "INSERT INTO ledger_checkpoint VALUES (:1, :2, :3)", use(id), use(size),
      use(checkpoint.note);
  sql << "DELETE FROM ledger_checkpoint WHERE id NOT IN"
         " (SELECT id FROM ledger_checkpoint ORDER BY size DESC, id DESC LIMIT 1)";
}

Database::Database(const DatabasePlace& place, bool may_create,
                   std::optional<RecordId> acknowledged)
    : session_{
          std::make_unique<Session>(place, may_create ? DatabaseUse::create : DatabaseUse::serve)} {
  if (acknowledged) session_->remove_unacknowledged(*acknowledged);
  prove_writable();
}

Database::Database(const PostgresqlPlace& looked_at)
    : session_{std::make_unique<Session>(looked_at, DatabaseUse::look)} {}

Database::~Database() = default;

void Database::begin() {
  session_->sql.begin();
}

void Database::commit() {
  session_->dialect->commit(session_->sql);
}

void Database::scrub() {
  session_->dialect->scrub(session_->sql);
}

std::optional<RecordId> Database::store(std::span<const Record> together, LeafBatch* leaves) {
  auto& sql = session_->sql;
  const long long before = session_->last_id;
  const std::size_t leaves_before = leaves == nullptr ? 0 : leaves->entries.size();
  sql << "SAVEPOINT together";
  try {
    for (const auto& record : together) {
      const long long id = ++session_->last_id;
      auto entry = leaves == nullptr ? std::nullopt : ledger_entry(record, RecordId{id});
      if (entry) entry->batch = leaves->first;
      const auto leaf = entry ? static_cast<long long>(leaves->next()) : no_leaf;
      std::visit([&](const auto& of) { session_->insert(of, id, leaf); }, record);
      if (entry) leaves->entries.push_back(*std::move(entry));
    }
  } catch (const soci::soci_error& error) {
    if (!session_->dialect->is_duplicate(error)) throw;
    sql << "ROLLBACK TO together";
    sql << "RELEASE together";
    session_->last_id = before;
    if (leaves != nullptr) leaves->entries.resize(leaves_before);
    return std::nullopt;
  }
  sql << "RELEASE together";
  return last_id();
}

void Database::remember_exported(RecordId id) {
  const auto value = static_cast<long long>(id);
  session_->sql << "UPDATE progress SET value = :value WHERE name = 'cdr_lines_exported'",
      use(value);
}

RecordId Database::exported() {
  long long value = 0;
  session_->sql << "SELECT value FROM progress WHERE name = 'cdr_lines_exported'", into(value);
  return RecordId{value};
}

RecordId Database::last_id() const {
  return RecordId{session_->last_id};
}

void Database::prove_writable() {
  begin();
  session_->sql << "UPDATE progress SET value = value + 1 WHERE name = 'opened'";
  commit();
}

}  // namespace assent::gateway
