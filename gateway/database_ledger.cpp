// The rows that the ledger keeps an entry for.
#include <soci/soci.h>

#include <memory>

#include "gateway/database.hpp"
#include "gateway/database_session.hpp"

namespace assent::gateway {
namespace {

using soci::into;
using soci::use;

// Any row, with its leaf behind its other columns.
template <class Row>
struct WithLeaf {
  Row row;
  long long leaf = no_leaf;

  void bind(soci::statement& statement) {
    row.bind(statement);
    statement.exchange(into(leaf));
  }
  BoundRecord take() {
    auto record = row.take();
    BoundRecord bound;
    bound.id = record.id;
    if (leaf != no_leaf) bound.leaf = static_cast<std::uint64_t>(leaf);
    bound.record = std::move(record);
    return bound;
  }
};

struct AcceptedPolicyRow {
  long long id = 0;
  long long at = 0;
  AcceptedPolicy accepted;

  void bind(soci::statement& statement) {
    auto& [policy, jurisdictions, transfers] = accepted.texts;
    statement.exchange(into(id));
    for (auto* text :
         {&accepted.hash, &accepted.source, &accepted.by, &accepted.files,
          &accepted.server_processor, &accepted.server_jurisdiction, &policy.name, &policy.text,
          &jurisdictions.name, &jurisdictions.text, &transfers.name, &transfers.text}) {
      statement.exchange(into(*text));
    }
    statement.exchange(into(at));
  }
  AcceptedPolicy take() {
    accepted.id = RecordId{id};
    accepted.at = to_wall(at);
    return accepted;
  }
};
constexpr std::string_view policy_columns =
    "a.id, a.hash, a.source, a.accepted_by, a.files, a.server_processor, a.server_jurisdiction,"
    " coalesce(p.policy_name, ''), coalesce(p.policy, ''), coalesce(p.jurisdictions_name, ''),"
    " coalesce(p.jurisdictions, ''), coalesce(p.transfers_name, ''), coalesce(p.transfers, ''),"
    " a.at";

template <class Row>
class Cursor {
 public:
  Cursor(soci::session& sql, std::string_view columns, std::string_view table,
         std::string_view leaf)
      : statement_{sql} {
    row_.bind(statement_);
    statement_.alloc();
    statement_.prepare(joined({"SELECT ", columns, ", ", leaf, " FROM ", table, " ORDER BY 1"}));
    statement_.define_and_bind();
    statement_.execute();
  }
  std::optional<BoundRecord> next() {
    if (!statement_.fetch()) return std::nullopt;
    return row_.take();
  }

 private:
  WithLeaf<Row> row_;  // the statement writes into it
  soci::statement statement_;
};

template <class Row>
BoundCursor cursor(soci::session& sql, std::string_view columns, std::string_view table,
                   std::string_view leaf = "leaf") {
  return [rows = std::make_shared<Cursor<Row>>(sql, columns, table, leaf)] { return rows->next(); };
}

}  // namespace

std::vector<BoundCursor> Database::bound_rows() {
  auto& sql = session_->sql;
  std::vector<BoundCursor> all;
  all.push_back(cursor<AcceptedPolicyRow>(
      sql, policy_columns, "accepted_policies a LEFT JOIN policies p ON p.hash = a.hash",
      "a.leaf"));
  all.push_back(cursor<ConsentRow>(sql, consent_columns, "consents"));
  all.push_back(cursor<CdrRow>(sql, cdr_columns, "cdrs"));
  all.push_back(cursor<RoomEventRow>(sql, room_event_columns, "room_events"));
  all.push_back(cursor<RecordingRow>(sql, recording_columns, "recordings"));
  all.push_back(cursor<PrivacyActionRow>(sql, privacy_action_columns, "privacy_actions"));
  return all;
}

std::vector<std::pair<ConsentEvent, std::uint64_t>> Database::statements_of(
    const std::string& session, const std::string& participant, const std::string& subject) {
  std::vector<BoundRecord> rows;
  WithLeaf<ConsentRow> row;
  soci::statement statement{session_->sql};
  statement.exchange(use(session));
  statement.exchange(use(participant));
  statement.exchange(use(subject));
  fetch_all(statement, row,
            joined({"SELECT ", consent_columns,
                    ", leaf FROM consents WHERE session = :session AND participant = :participant"
                    " AND subject = :subject AND receipt <> '' AND leaf >= 0 ORDER BY id"}),
            rows);
  std::vector<std::pair<ConsentEvent, std::uint64_t>> found;
  for (auto& of : rows)
    found.emplace_back(std::get<ConsentEvent>(std::move(of.record)), of.leaf.value_or(0));
  return found;
}

const std::vector<std::uint64_t>& Database::removed_leaves() const {
  return session_->removed_leaves;
}

std::string Database::subject_of(const std::string& session, const std::string& participant) {
  std::string subject;
  session_->sql << "SELECT subject FROM cdrs WHERE session = :s AND participant = :p"
                   " ORDER BY id DESC LIMIT 1",
      use(session), use(participant), into(subject);
  return session_->sql.got_data() ? subject : std::string{};
}

// Of the rows that remove_unacknowledged() is about to remove.
void Database::Session::note_leaves_beyond(long long last) {
  for (const std::string_view rows :
       {"consents WHERE state = 'granted' AND", "accepted_policies WHERE", "room_events WHERE",
        "recordings WHERE", "privacy_actions WHERE", "cdrs WHERE"}) {
    const soci::rowset<long long> found =
        (sql.prepare << joined({"SELECT leaf FROM ", rows, " id > :last AND leaf >= 0"}),
         use(last));
    for (const long long leaf : found)
      removed_leaves.push_back(static_cast<std::uint64_t>(leaf));
  }
}

}  // namespace assent::gateway
