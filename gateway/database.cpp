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
#include "gateway/durable_file.hpp"
#include "gateway/webhook_table.hpp"

namespace assent::gateway {
namespace {

using soci::into;
using soci::use;

long long to_stored(WallTime time) {
  return time.time_since_epoch().count();
}
WallTime to_wall(long long stored) {
  return WallTime{std::chrono::milliseconds{stored}};
}

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

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts)
    text += part;
  return text;
}

std::string connection_text(const std::filesystem::path& file) {
  if (file.string().find('"') != std::string::npos) {
    throw std::runtime_error("the database's path holds a quotation mark");
  }
  return joined({"db=\"", file.string(), "\""});
}

// The columns of a CDR in the order of `cdr_columns`.
struct CdrRow {
  long long id = 0;
  long long record_seq = 0;
  long long at = 0;
  CdrEntry entry;

  void bind(soci::statement& statement) {
    statement.exchange(into(id));
    statement.exchange(into(entry.session));
    statement.exchange(into(entry.room));
    statement.exchange(into(entry.participant));
    statement.exchange(into(entry.subject));
    statement.exchange(into(record_seq));
    statement.exchange(into(entry.kind));
    statement.exchange(into(at));
    statement.exchange(into(entry.json));
  }
  CdrEntry take() {
    entry.id = RecordId{id};
    entry.record_seq = static_cast<std::uint32_t>(record_seq);
    entry.at = to_wall(at);
    return entry;
  }
};
constexpr std::string_view cdr_columns =
    "id, session, room, participant, subject, record_seq, kind, at, json";

struct ConsentRow {
  long long id = 0;
  long long epoch = 0;
  long long expires = 0;
  long long at = 0;
  ConsentEvent event;

  void bind(soci::statement& statement) {
    statement.exchange(into(id));
    for (auto* text : {&event.session, &event.room, &event.participant, &event.subject,
                       &event.purpose, &event.giver, &event.statement, &event.state, &event.method,
                       &event.strength, &event.evidence, &event.notice, &event.rules}) {
      statement.exchange(into(*text));
    }
    statement.exchange(into(epoch));
    statement.exchange(into(expires));
    statement.exchange(into(at));
  }
  ConsentEvent take() {
    event.id = RecordId{id};
    event.epoch = static_cast<std::uint64_t>(epoch);
    event.expires = expires == 0 ? std::nullopt : std::optional{to_wall(expires)};
    event.at = to_wall(at);
    return event;
  }
};
constexpr std::string_view consent_columns =
    "id, session, room, participant, subject, purpose, giver, statement, state, method, strength, "
    "evidence, notice, rules, epoch, expires, at";

struct RecordedSessionRow {
  long long first = 0;
  long long last = 0;
  long long closed = 0;
  RecordedSession session;

  void bind(soci::statement& statement) {
    statement.exchange(into(session.session));
    statement.exchange(into(session.room));
    statement.exchange(into(first));
    statement.exchange(into(last));
    statement.exchange(into(closed));
  }
  RecordedSession take() {
    session.first = to_wall(first);
    session.last = to_wall(last);
    session.closed = closed == 0 ? std::nullopt : std::optional{to_wall(closed)};
    return session;
  }
};

struct RoomEventRow {
  long long id = 0;
  long long seq = 0;
  long long at = 0;
  RoomEvent event;

  void bind(soci::statement& statement) {
    statement.exchange(into(id));
    for (auto* text : {&event.session, &event.room, &event.participant, &event.subject,
                       &event.rules, &event.json}) {
      statement.exchange(into(*text));
    }
    statement.exchange(into(seq));
    statement.exchange(into(at));
  }
  RoomEvent take() {
    event.id = RecordId{id};
    event.seq = static_cast<std::uint64_t>(seq);
    event.at = to_wall(at);
    return event;
  }
};
constexpr std::string_view room_event_columns =
    "id, session, room, participant, subject, rules, json, seq, at";

// Runs a prepared query whose results are bound to `row`.
template <class Row, class Value>
void fetch_all(soci::statement& statement, Row& row, const std::string& text,
               std::vector<Value>& found) {
  row.bind(statement);
  statement.alloc();
  statement.prepare(text);
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch())
    found.push_back(row.take());
}

}  // namespace

struct Database::Session {
  Session(const std::filesystem::path& path, bool may_create) : file{path} {
    prepare_file(path, may_create);
    sql.open(soci::sqlite3, connection_text(path));
  }

  void configure();
  void migrate();
  void remove_unacknowledged(RecordId acknowledged);
  void reconsider_chain(const std::string& session, const std::string& participant);
  void find_last_id();
  struct stat named(const std::string& suffix) const;

  void insert(const ConsentEvent& event, long long id);
  void insert(const StoredReceipt& receipt, long long id);
  void insert(const CdrEntry& entry, long long id);
  void insert(const AcceptedPolicy& accepted, long long id);
  void insert(const RoomEvent& event, long long id);
  void insert(const LedgerCheckpoint& checkpoint, long long id);

  std::filesystem::path file;
  soci::session sql;
  struct stat opened {};
  long long last_id = 0;
};

void Database::Session::configure() {
  std::string mode;
  int synchronous = 0;
  // Exclusive before WAL: then the WAL's index is in memory and nobody else can open the file.
  sql << "PRAGMA locking_mode=EXCLUSIVE", into(mode);
  sql << "PRAGMA auto_vacuum=INCREMENTAL";  // of a new file: retention gives space back later
  sql << "PRAGMA journal_mode=WAL", into(mode);
  sql << "PRAGMA synchronous=FULL";
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
    throw std::runtime_error("the database file belongs to another program");
  }
  if (version > static_cast<int>(database_migrations.size())) {
    throw std::runtime_error("the database is of a newer version of this program (schema " +
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
         "           (SELECT coalesce(max(id), 0) FROM ledger_checkpoint))",
      into(last_id);
}

void Database::Session::remove_unacknowledged(RecordId acknowledged) {
  const auto last = static_cast<long long>(acknowledged);
  if (last_id <= last) return;
  sql.begin();
  sql << "DELETE FROM consents WHERE id > :last AND state = 'granted'", use(last);
  sql << "DELETE FROM receipts WHERE id > :last", use(last);
  sql << "DELETE FROM accepted_policies WHERE id > :last", use(last);
  sql << "DELETE FROM room_events WHERE id > :last", use(last);
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

void Database::Session::insert(const ConsentEvent& event, long long id) {
  const auto epoch = static_cast<long long>(event.epoch);
  const long long expires = event.expires ? to_stored(*event.expires) : 0;
  const long long at = to_stored(event.at);
  sql << joined(
      {"INSERT INTO consents (", consent_columns,
       ") VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12, :13, :14, :15, :16, :17)"}),
      use(id), use(event.session), use(event.room), use(event.participant), use(event.subject),
      use(event.purpose), use(event.giver), use(event.statement), use(event.state),
      use(event.method), use(event.strength), use(event.evidence), use(event.notice),
      use(event.rules), use(epoch), use(expires), use(at);
}

void Database::Session::insert(const StoredReceipt& receipt, long long id) {
  const long long at = to_stored(receipt.at);
  sql << "INSERT INTO receipts (key, id, digest, status, body, at) VALUES (:1, :2, :3, :4, :5, :6)",
      use(receipt.key), use(id), use(receipt.digest), use(receipt.status), use(receipt.body),
      use(at);
}

void Database::Session::insert(const CdrEntry& entry, long long id) {
  const long long record_seq = entry.record_seq;
  const long long at = to_stored(entry.at);
  sql << joined(
      {"INSERT INTO cdrs (", cdr_columns, ") VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9)"}),
      use(id), use(entry.session), use(entry.room), use(entry.participant), use(entry.subject),
      use(record_seq), use(entry.kind), use(at), use(entry.json);
  if (entry.kind == "stop") {
    sql << "DELETE FROM open_chains WHERE session = :s AND participant = :p", use(entry.session),
        use(entry.participant);
  } else {
    sql << "INSERT OR IGNORE INTO open_chains VALUES (:s, :p)", use(entry.session),
        use(entry.participant);
  }
}

void Database::Session::insert(const AcceptedPolicy& accepted, long long id) {
  const auto& [policy, jurisdictions, transfers] = accepted.texts;
  sql << "INSERT OR IGNORE INTO policies VALUES (:1, :2, :3, :4, :5, :6, :7)", use(accepted.hash),
      use(policy.name), use(policy.text), use(jurisdictions.name), use(jurisdictions.text),
      use(transfers.name), use(transfers.text);
  const long long at = to_stored(accepted.at);
  sql << "INSERT INTO accepted_policies VALUES (:1, :2, :3, :4, :5, :6, :7, :8)", use(id),
      use(accepted.hash), use(accepted.source), use(accepted.by), use(accepted.files),
      use(accepted.server_processor), use(accepted.server_jurisdiction), use(at);
}

void Database::Session::insert(const RoomEvent& event, long long id) {
  const auto seq = static_cast<long long>(event.seq);
  const long long at = to_stored(event.at);
  // Handed over again after a failure that was none: it is the same one.
  sql << joined({"INSERT OR REPLACE INTO room_events (", room_event_columns,
                 ") VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9)"}),
      use(id), use(event.session), use(event.room), use(event.participant), use(event.subject),
      use(event.rules), use(event.json), use(seq), use(at);
}

// Answers may be stored in another order than the ledger gave them: never remember less.
void Database::Session::insert(const LedgerCheckpoint& checkpoint, long long id) {
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

std::optional<RecordId> Database::store(std::span<const Record> together) {
  auto& sql = session_->sql;
  const long long before = session_->last_id;
  sql << "SAVEPOINT together";
  try {
    for (const auto& record : together) {
      std::visit([&](const auto& of) { session_->insert(of, ++session_->last_id); }, record);
    }
  } catch (const soci::sqlite3_soci_error& error) {
    constexpr int constraint = 19;  // SQLITE_CONSTRAINT
    if (error.result() != constraint) throw;
    sql << "ROLLBACK TO together";
    sql << "RELEASE together";
    session_->last_id = before;
    return std::nullopt;
  }
  sql << "RELEASE together";
  return last_id();
}

std::optional<StoredReceipt> Database::find_receipt(const std::string& key) {
  StoredReceipt receipt;
  receipt.key = key;
  long long id = 0;
  long long at = 0;
  session_->sql << "SELECT id, digest, status, body, at FROM receipts WHERE key = :key", use(key),
      into(id), into(receipt.digest), into(receipt.status), into(receipt.body), into(at);
  if (!session_->sql.got_data()) return std::nullopt;
  receipt.id = RecordId{id};
  receipt.at = to_wall(at);
  return receipt;
}

std::vector<ConsentEvent> Database::latest_consents(const std::string& room,
                                                    const std::string& session) {
  std::vector<ConsentEvent> found;
  ConsentRow row;
  soci::statement statement{session_->sql};
  statement.exchange(use(room));
  if (!session.empty()) statement.exchange(use(session));
  fetch_all(statement, row,
            joined({"SELECT ", consent_columns,
                    " FROM consents WHERE id IN (SELECT max(id) FROM consents WHERE room = :room",
                    session.empty() ? "" : " AND session = :session",
                    " GROUP BY participant, purpose, giver) ORDER BY id"}),
            found);
  return found;
}

std::vector<CdrEntry> Database::cdrs(const CdrQuery& query) {
  const auto after = static_cast<long long>(query.after);
  const auto limit = static_cast<long long>(std::min(query.limit, cdr_page_max + 1));
  const long long from = query.from ? to_stored(*query.from) : 0;
  const long long until = query.until ? to_stored(*query.until) : 0;
  std::string where = "id > :after";
  std::vector<CdrEntry> found;
  CdrRow row;
  soci::statement statement{session_->sql};
  statement.exchange(use(after));
  const auto filter = [&](bool wanted, std::string_view condition, const auto& value) {
    if (!wanted) return;
    where += condition;
    statement.exchange(use(value));
  };
  filter(!query.room.empty(), " AND room = :room", query.room);
  filter(!query.participant.empty(), " AND participant = :participant", query.participant);
  filter(!query.subject.empty(), " AND subject = :subject", query.subject);
  filter(query.from.has_value(), " AND at >= :from", from);
  filter(query.until.has_value(), " AND at < :until", until);
  statement.exchange(use(limit));
  fetch_all(
      statement, row,
      joined({"SELECT ", cdr_columns, " FROM cdrs WHERE ", where, " ORDER BY id LIMIT :limit"}),
      found);
  return found;
}

std::optional<AcceptedPolicy> Database::find_policy(const std::string& hash) {
  AcceptedPolicy found;
  auto& [policy, jurisdictions, transfers] = found.texts;
  long long id = 0;
  long long at = 0;
  session_->sql << "SELECT a.id, a.hash, a.source, a.accepted_by, a.files, a.server_processor,"
                   " a.server_jurisdiction, a.at, p.policy_name, p.policy, p.jurisdictions_name,"
                   " p.jurisdictions, p.transfers_name, p.transfers"
                   " FROM accepted_policies a JOIN policies p ON p.hash = a.hash"
                   " WHERE :hash IN ('', a.hash) ORDER BY a.id DESC LIMIT 1",
      use(hash), into(id), into(found.hash), into(found.source), into(found.by), into(found.files),
      into(found.server_processor), into(found.server_jurisdiction), into(at), into(policy.name),
      into(policy.text), into(jurisdictions.name), into(jurisdictions.text), into(transfers.name),
      into(transfers.text);
  if (!session_->sql.got_data()) return std::nullopt;
  found.id = RecordId{id};
  found.at = to_wall(at);
  return found;
}

std::vector<RecordedSession> Database::recorded_sessions(const std::string& room) {
  std::vector<RecordedSession> found;
  RecordedSessionRow row;
  soci::statement statement{session_->sql};
  if (!room.empty()) statement.exchange(use(room));
  fetch_all(
      statement, row,
      joined({"SELECT e.session, e.room, min(e.at), max(e.at), coalesce((SELECT c.at FROM cdrs c"
              " WHERE c.session = e.session AND c.participant = '' AND c.kind = 'stop'"
              " LIMIT 1), 0) FROM room_events e",
              room.empty() ? "" : " WHERE e.room = :room",
              " GROUP BY e.session ORDER BY min(e.at), e.session"}),
      found);
  return found;
}

std::vector<RoomEvent> Database::room_events(const std::string& session) {
  std::vector<RoomEvent> found;
  RoomEventRow row;
  soci::statement statement{session_->sql};
  statement.exchange(use(session));
  fetch_all(statement, row,
            joined({"SELECT ", room_event_columns,
                    " FROM room_events WHERE session = :session ORDER BY seq"}),
            found);
  return found;
}

std::optional<std::string> Database::ledger_checkpoint() {
  std::string note;
  session_->sql << "SELECT note FROM ledger_checkpoint", into(note);
  return session_->sql.got_data() ? std::optional{note} : std::nullopt;
}

WebhookState Database::webhooks(const WebhookChange& change) {
  if (change.only_of || !change.added.empty() || !change.removed.empty() ||
      !change.postponed.empty()) {
    begin();
    apply(session_->sql, change);
    commit();
  }
  return webhook_state(session_->sql, change.next_of);
}

std::vector<CdrEntry> Database::last_of_open_chains() {
  std::vector<CdrEntry> found;
  CdrRow row;
  soci::statement statement{session_->sql};
  fetch_all(statement, row,
            joined({"SELECT ", cdr_columns,
                    " FROM cdrs WHERE id IN (SELECT (SELECT id FROM cdrs c"
                    " WHERE c.session = o.session AND c.participant = o.participant"
                    " ORDER BY record_seq DESC LIMIT 1) FROM open_chains o) ORDER BY id"}),
            found);
  return found;
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
