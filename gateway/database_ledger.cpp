// The rows that the ledger keeps an entry for.
#include <soci/soci.h>

#include <limits>
#include <memory>

#include "gateway/consent_receipt_text.hpp"
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

// A page at a time: a server's answer is in memory as a whole.
template <class Row>
class Cursor {
 public:
  // `of`: what stands before the names of id and leaf.
  Cursor(soci::session& sql, std::string_view columns, std::string_view table, std::string_view of)
      : sql_{sql},
        query_{joined({"SELECT ", columns, ", ", of, "leaf FROM ", table, " WHERE ", of,
                       "id > :after ORDER BY ", of, "id LIMIT 500"})} {}

  std::optional<BoundRecord> next() {
    if (next_ == page_.size()) turn_page();
    if (page_.empty()) return std::nullopt;
    return std::move(page_[next_++]);
  }

 private:
  void turn_page() {
    page_.clear();
    next_ = 0;
    WithLeaf<Row> row;
    soci::statement statement{sql_};
    statement.exchange(use(after_));
    fetch_all(statement, row, query_, page_);
    if (!page_.empty()) after_ = static_cast<long long>(page_.back().id);
  }

  soci::session& sql_;
  std::string query_;
  std::vector<BoundRecord> page_;
  std::size_t next_ = 0;
  long long after_ = std::numeric_limits<long long>::min();  // whatever somebody wrote there
};

template <class Row>
BoundCursor cursor(soci::session& sql, std::string_view columns, std::string_view table,
                   std::string_view of = "") {
  return [rows = std::make_shared<Cursor<Row>>(sql, columns, table, of)] { return rows->next(); };
}

}  // namespace

std::vector<BoundCursor> Database::bound_rows() {
  auto& sql = session_->sql;
  std::vector<BoundCursor> all;
  all.push_back(cursor<AcceptedPolicyRow>(
      sql, policy_columns, "accepted_policies a LEFT JOIN policies p ON p.hash = a.hash", "a."));
  all.push_back(cursor<ConsentRow>(sql, consent_columns, "consents"));
  all.push_back(cursor<CdrRow>(sql, cdr_columns, "cdrs"));
  all.push_back(cursor<RoomEventRow>(sql, room_event_columns, "room_events"));
  all.push_back(cursor<RecordingRow>(sql, recording_columns, "recordings"));
  all.push_back(cursor<PrivacyActionRow>(sql, privacy_action_columns, "privacy_actions"));
  return all;
}

std::vector<std::pair<ConsentEvent, std::uint64_t>> Database::statements(
    const ReceiptQuery& query) {
  const auto after = static_cast<long long>(query.after);
  std::vector<BoundRecord> rows;
  WithLeaf<ConsentRow> row;
  soci::statement statement{session_->sql};
  statement.exchange(use(after));
  std::string where = "id > :after AND receipt <> '' AND leaf >= 0";
  const auto filter = [&](std::string_view condition, const std::string& value) {
    if (value.empty()) return;
    where += condition;
    statement.exchange(use(value));
  };
  filter(" AND session = :session", query.session);
  filter(" AND room = :room", query.room);
  filter(" AND participant = :participant", query.participant);
  filter(" AND subject = :subject", query.subject);
  filter(" AND giver = :giver", query.giver);
  const std::string page =
      query.receipt.empty() ? " LIMIT " + std::to_string(receipts_page_max) : std::string{};
  fetch_all(statement, row,
            joined({"SELECT ", consent_columns, ", leaf FROM consents WHERE ", where,
                    " ORDER BY id", page}),
            rows);
  std::vector<std::pair<ConsentEvent, std::uint64_t>> found;
  for (auto& of : rows) {
    auto& event = std::get<ConsentEvent>(of.record);
    if (!query.receipt.empty() && receipt_id_of(event.receipt) != query.receipt) continue;
    found.emplace_back(std::move(event), of.leaf.value_or(0));
  }
  return found;
}

std::vector<std::uint64_t> Database::removed_leaves() {
  std::vector<std::uint64_t> leaves;
  const soci::rowset<long long> found =
      (session_->sql.prepare << "SELECT leaf FROM removed_leaves ORDER BY leaf");
  for (const long long leaf : found)
    leaves.push_back(static_cast<std::uint64_t>(leaf));
  return leaves;
}

void Database::forget_removed_leaves() {
  session_->sql << "DELETE FROM removed_leaves";
}

std::string Database::subject_of(const std::string& session, const std::string& participant) {
  std::string subject;
  session_->sql << "SELECT subject FROM cdrs WHERE session = :s AND participant = :p"
                   " ORDER BY id DESC LIMIT 1",
      use(session), use(participant), into(subject);
  return session_->sql.got_data() ? subject : std::string{};
}

// Of the rows that remove_unacknowledged() is about to remove, in its transaction.
void Database::Session::keep_leaves_beyond(long long last) {
  for (const std::string_view rows :
       {"consents WHERE state = 'granted' AND", "accepted_policies WHERE", "room_events WHERE",
        "recordings WHERE", "privacy_actions WHERE", "cdrs WHERE"}) {
    sql << joined({"INSERT INTO removed_leaves SELECT leaf FROM ", rows,
                   " id > :last AND leaf >= 0 ON CONFLICT DO NOTHING"}),
        use(last);
  }
}

}  // namespace assent::gateway
