#include "gateway/database.hpp"

#include <fcntl.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <stdexcept>
#include <system_error>

#include "gateway/database_schema.hpp"
#include "gateway/database_session.hpp"
#include "gateway/durable_file.hpp"
#include "gateway/webhook_table.hpp"

namespace assent::gateway {
namespace {

using soci::into;
using soci::use;

// Before SQLite opens the file: closing any descriptor of it later would drop SQLite's lock.
void prepare_file(const std::filesystem::path& file, bool may_create) {
  constexpr mode_t owner_only = 0600;
  const int flags = O_RDWR | O_CLOEXEC | (may_create ? O_CREAT : 0);
  const FileHandle handle{::open(file.c_str(), flags, owner_only)};
  if (!handle) {
    throw std::system_error(errno, std::generic_category(), "the database file cannot be opened");
  }
  if (::fchmod(handle.get(), owner_only) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "the database file cannot be made private");
  }
  const auto folder = file.parent_path();
  if (const auto error = sync_folder(folder.empty() ? "." : folder)) {
    throw std::system_error(error, "the database's folder cannot be synced");
  }
}

std::string connection_text(const std::filesystem::path& file) {
  if (file.string().find('"') != std::string::npos) {
    throw DatabaseMisfit("the database's path holds a quotation mark");
  }
  return joined({"db=\"", file.string(), "\""});
}

}  // namespace

Database::Session::Session(const std::filesystem::path& path, bool may_create) : file{path} {
  prepare_file(path, may_create);
  sql.open(soci::sqlite3, connection_text(path));
}

void Database::Session::configure() {
  std::string mode;
  int synchronous = 0;
  // Exclusive before WAL: then the WAL's index is in memory and nobody else can open the file.
  sql << "PRAGMA locking_mode=EXCLUSIVE", into(mode);
  sql << "PRAGMA auto_vacuum=INCREMENTAL";  // of a new file: retention gives space back later
  sql << "PRAGMA journal_mode=WAL", into(mode);
  sql << "PRAGMA synchronous=FULL";
  sql << "PRAGMA secure_delete=ON";  // what is erased is overwritten
  sql << "PRAGMA synchronous", into(synchronous);
  constexpr int full = 2;
  if (mode != "wal" || synchronous != full) {
    throw std::runtime_error("the database does not take journal_mode=WAL, synchronous=FULL");
  }
  opened = named("");
}

void Database::Session::migrate() {
  int application = 0;
  int version = 0;
  sql << "PRAGMA application_id", into(application);
  sql << "PRAGMA user_version", into(version);
  if (version > 0 && application != database_application_id) {
    throw DatabaseMisfit("the database file belongs to another program");
  }
  if (version > static_cast<int>(database_migrations.size())) {
    throw DatabaseMisfit("the database is of a newer version of this program (schema " +
                         std::to_string(version) + ")");
  }
  for (auto next = static_cast<std::size_t>(version); next < database_migrations.size(); ++next) {
    // SOCI would prepare the first statement of a script only.
    auto* const backend = static_cast<soci::sqlite3_session_backend*>(sql.get_backend());
    const std::string script =
        joined({"BEGIN IMMEDIATE;", database_migrations[next],
                "PRAGMA application_id=", std::to_string(database_application_id),
                ";PRAGMA user_version=", std::to_string(next + 1), ";COMMIT"});
    if (sqlite_api::sqlite3_exec(backend->conn_, script.c_str(), nullptr, nullptr, nullptr) != 0) {
      throw std::runtime_error("the database's schema cannot be migrated: " +
                               std::string(sqlite_api::sqlite3_errmsg(backend->conn_)));
    }
  }
}

void Database::Session::find_last_id() {
  sql << "SELECT max((SELECT coalesce(max(id), 0) FROM consents),"
         "           (SELECT coalesce(max(id), 0) FROM receipts),"
         "           (SELECT coalesce(max(id), 0) FROM cdrs),"
         "           (SELECT coalesce(max(id), 0) FROM accepted_policies),"
         "           (SELECT coalesce(max(id), 0) FROM room_events),"
         "           (SELECT coalesce(max(id), 0) FROM recordings),"
         "           (SELECT coalesce(max(id), 0) FROM privacy_actions),"
         "           (SELECT coalesce(max(id), 0) FROM ledger_checkpoint))",
      into(last_id);
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
    sql << "INSERT OR IGNORE INTO open_chains VALUES (:s, :p)", use(session), use(participant);
  } else {
    sql << "DELETE FROM open_chains WHERE session = :s AND participant = :p", use(session),
        use(participant);
  }
}

struct stat Database::Session::named(const std::string& suffix) const {
  struct stat status {};
  const std::string name = file.string() + suffix;
  if (::stat(name.c_str(), &status) != 0) {
    throw std::system_error(errno, std::generic_category(), "the database file is gone");
  }
  return status;
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
    sql << "INSERT OR IGNORE INTO open_chains VALUES (:s, :p)", use(entry.session),
        use(entry.participant);
  }
}

void Database::Session::insert(const AcceptedPolicy& accepted, long long id, long long leaf) {
  const auto& [policy, jurisdictions, transfers] = accepted.texts;
  sql << "INSERT OR IGNORE INTO policies VALUES (:1, :2, :3, :4, :5, :6, :7)", use(accepted.hash),
      use(policy.name), use(policy.text), use(jurisdictions.name), use(jurisdictions.text),
      use(transfers.name), use(transfers.text);
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

Database::Database(const std::filesystem::path& file, bool may_create,
                   std::optional<RecordId> acknowledged)
    : session_{std::make_unique<Session>(file, may_create)} {
  session_->configure();
  session_->migrate();
  session_->find_last_id();
  if (acknowledged) session_->remove_unacknowledged(*acknowledged);
  prove_writable();
}

Database::~Database() = default;

void Database::begin() {
  session_->sql.begin();
}

void Database::commit() {
  session_->sql.commit();
  // A file that somebody removed or replaced still takes commits, and loses them.
  const struct stat now = session_->named("");
  if (now.st_ino != session_->opened.st_ino || now.st_dev != session_->opened.st_dev) {
    throw std::runtime_error("the database file was replaced by another one");
  }
  static_cast<void>(session_->named("-wal"));
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
  } catch (const soci::sqlite3_soci_error& error) {
    constexpr int constraint = 19;  // SQLITE_CONSTRAINT
    if (error.result() != constraint) throw;
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
