// What the database is asked.
#include <soci/soci.h>

#include <algorithm>

#include "gateway/database.hpp"
#include "gateway/database_session.hpp"
#include "gateway/webhook_table.hpp"

namespace assent::gateway {

using soci::into;
using soci::use;

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
  const auto upto = static_cast<long long>(query.upto);
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
  filter(upto != 0, " AND id <= :upto", upto);
  if (query.only_stops) where += " AND kind = 'stop'";  // literally, for the index
  filter(!query.room.empty(), " AND room = :room", query.room);
  filter(!query.participant.empty(), " AND participant = :participant", query.participant);
  filter(!query.subject.empty(), " AND subject = :subject", query.subject);
  // Not by the index of times: it would have to be read from there to its end, and sorted.
  filter(query.from.has_value(), " AND +at >= :from", from);
  filter(query.until.has_value(), " AND +at < :until", until);
  statement.exchange(use(limit));
  row.bind(statement);
  statement.alloc();
  statement.prepare(
      joined({"SELECT ", cdr_columns, " FROM cdrs WHERE ", where, " ORDER BY id LIMIT :limit"}));
  statement.define_and_bind();
  statement.execute();
  for (std::size_t bytes = 0; bytes < cdr_page_bytes_max && statement.fetch();) {
    found.push_back(row.take());
    bytes += found.back().json.size();
  }
  return found;
}

RecordId Database::newest_cdr() {
  long long newest = 0;
  session_->sql << "SELECT COALESCE(max(id), 0) FROM cdrs", into(newest);
  return RecordId{newest};
}

std::vector<CdrEntry> Database::last_of_chains(const ChainQuery& query) {
  const auto after = static_cast<long long>(query.after);
  const auto limit = static_cast<long long>(query.limit);
  const long long since = query.since ? to_stored(*query.since) : 0;
  std::vector<CdrEntry> found;
  CdrRow row;
  soci::statement statement{session_->sql};
  std::string text = joined({"SELECT ", cdr_columns, " FROM cdrs c "});
  if (query.open) {
    text +=
        "JOIN (SELECT session AS of_session, participant AS of_participant FROM open_chains) o"
        " ON c.session = o.of_session AND c.participant = o.of_participant"
        " WHERE c.record_seq = (SELECT max(d.record_seq) FROM cdrs d"
        " WHERE d.session = o.of_session AND d.participant = o.of_participant)"
        " AND (o.of_session, o.of_participant) > (:session, :participant)";
    statement.exchange(use(query.after_session));
    statement.exchange(use(query.after_participant));
  } else {
    text += "WHERE c.kind = 'stop' AND c.id > :after";
    statement.exchange(use(after));
  }
  text += " AND c.participant <> ''";
  const auto filter = [&](bool wanted, std::string_view condition, const auto& value) {
    if (!wanted) return;
    text += condition;
    statement.exchange(use(value));
  };
  filter(!query.room.empty(), " AND c.room = :room", query.room);
  filter(!query.subject.empty(), " AND c.subject = :subject", query.subject);
  filter(query.since.has_value(), " AND c.at >= :since", since);
  text += query.open ? " ORDER BY o.of_session, o.of_participant" : " ORDER BY c.id";
  text += " LIMIT :limit";
  statement.exchange(use(limit));
  fetch_all(statement, row, text, found);
  for (auto& entry : found)
    entry.exported = exported_of_chain(entry);
  return found;
}

// Whoever comes again goes on in the same chain: the last of all records of the same person in it
// tells of it.
std::vector<std::string> Database::exported_of_chain(const CdrEntry& last) {
  std::vector<std::string> exported;
  for (const auto& of : exports_of(last.session, last.participant, last.subject))
    exported.push_back(to_json(of.ways));
  if (exported.empty()) return exported;
  const auto number = static_cast<long long>(last.record_seq);
  long long later = 0;
  session_->sql << "SELECT count(*) FROM cdrs WHERE session = :s AND participant = :p"
                   " AND subject = :u AND record_seq > :n",
      use(last.session), use(last.participant), use(last.subject), use(number), into(later);
  if (later != 0) exported.clear();
  return exported;
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
              " GROUP BY e.session, e.room ORDER BY min(e.at), e.session"}),
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

std::vector<ConsentEvent> Database::consents_of(const RecordedSession& session) {
  std::vector<ConsentEvent> found;
  ConsentRow row;
  soci::statement statement{session_->sql};
  statement.exchange(use(session.room));
  statement.exchange(use(session.session));
  fetch_all(statement, row,
            joined({"SELECT ", consent_columns,
                    " FROM consents WHERE room = :room AND session = :session ORDER BY id"}),
            found);
  return found;
}

std::vector<CdrEntry> Database::cdrs_of(const std::string& session) {
  std::vector<CdrEntry> found;
  CdrRow row;
  soci::statement statement{session_->sql};
  statement.exchange(use(session));
  fetch_all(statement, row,
            joined({"SELECT ", cdr_columns, " FROM cdrs WHERE session = :session ORDER BY id"}),
            found);
  return found;
}

std::size_t Database::cdrs_without_events() {
  long long count = 0;
  session_->sql << "SELECT count(*) FROM cdrs c WHERE NOT EXISTS"
                   " (SELECT 1 FROM room_events e WHERE e.session = c.session)",
      into(count);
  return static_cast<std::size_t>(count);
}

std::vector<ClosedRecording> Database::recordings() {
  std::vector<ClosedRecording> found;
  RecordingRow row;
  soci::statement statement{session_->sql};
  fetch_all(statement, row, joined({"SELECT ", recording_columns, " FROM recordings ORDER BY id"}),
            found);
  return found;
}

std::uint64_t Database::ledger_checkpoint_size() {
  long long size = 0;
  session_->sql << "SELECT size FROM ledger_checkpoint", into(size);
  return static_cast<std::uint64_t>(size);
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

bool Database::has_recording(const std::string& session, const std::string& json) {
  int found = 0;
  session_->sql << "SELECT count(*) FROM recordings WHERE session = :s AND json = :j", use(session),
      use(json), into(found);
  return found != 0;
}

std::vector<CdrEntry> Database::last_of_open_chains(RecordId newest) {
  const auto until = static_cast<long long>(newest);
  std::vector<CdrEntry> found;
  CdrRow row;
  soci::statement statement{session_->sql};
  statement.exchange(use(until));
  fetch_all(statement, row,
            joined({"SELECT ", cdr_columns,
                    " FROM cdrs WHERE id IN (SELECT (SELECT id FROM cdrs c"
                    " WHERE c.session = o.session AND c.participant = o.participant"
                    " ORDER BY record_seq DESC LIMIT 1) FROM open_chains o) AND id <= :until"
                    " ORDER BY id"}),
            found);
  return found;
}

}  // namespace assent::gateway
