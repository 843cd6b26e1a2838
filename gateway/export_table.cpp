#include "gateway/export_table.hpp"

#include <soci/soci.h>

#include <algorithm>
#include <utility>

#include "gateway/call_transfers.hpp"
#include "gateway/database.hpp"
#include "gateway/database_session.hpp"
#include "gateway/export_queue.hpp"

namespace assent::gateway {
namespace {

using soci::into;
using soci::use;

struct RecordExportRow {
  RecordExport of;
  long long records = 0;
  std::string json;

  void bind(soci::statement& statement) {
    for (auto* text : {&of.session, &of.room, &of.participant, &of.target})
      statement.exchange(into(*text));
    statement.exchange(into(records));
    statement.exchange(into(json));
  }
  RecordExport take() {
    of.records = static_cast<std::uint64_t>(records);
    of.ways = parse_transfers(json);
    return of;
  }
};
constexpr std::string_view columns = "session, room, participant, target, records, json";

void forget_others(soci::session& sql, const std::vector<std::string>& kept) {
  std::vector<std::string> gone;
  const soci::rowset<std::string> known = (sql.prepare << "SELECT target FROM export_targets");
  for (const auto& target : known)
    if (std::find(kept.begin(), kept.end(), target) == kept.end()) gone.push_back(target);
  for (const auto& target : gone) {
    sql << "DELETE FROM export_targets WHERE target = :t", use(target);
    sql << "DELETE FROM export_refusals WHERE target = :t", use(target);
  }
}

// A target that is new gets what is recorded from now on.
void begin_target(soci::session& sql, const std::string& target) {
  long long known = 0;
  sql << "SELECT count(*) FROM export_targets WHERE target = :t", use(target), into(known);
  if (known != 0) return;
  long long newest = 0;
  sql << "SELECT COALESCE(max(id), 0) FROM cdrs", into(newest);
  const std::string no_file;
  sql << "INSERT INTO export_targets (target, reached, file, size, sent)"
         " VALUES (:t, :r, :f, 0, 0)",
      use(target), use(newest), use(no_file);
}

void reach(soci::session& sql, const ExportChange& change) {
  const auto after = static_cast<long long>(change.reached->after);
  const auto size = static_cast<long long>(change.reached->size);
  const auto sent = static_cast<long long>(change.left.size());
  sql << "UPDATE export_targets SET reached = :r, file = :f, size = :s, sent = sent + :n"
         " WHERE target = :t",
      use(after), use(change.reached->file), use(size), use(sent), use(change.target);
}

void refuse(soci::session& sql, const ExportChange& change) {
  for (const auto& [reason, records] : change.refused) {
    const auto count = static_cast<long long>(records);
    long long known = 0;
    sql << "SELECT count(*) FROM export_refusals WHERE target = :t AND reason = :r",
        use(change.target), use(reason), into(known);
    if (known == 0) {
      sql << "INSERT INTO export_refusals (target, reason, records) VALUES (:t, :r, :n)",
          use(change.target), use(reason), use(count);
    } else {
      sql << "UPDATE export_refusals SET records = records + :n WHERE target = :t AND reason = :r",
          use(count), use(change.target), use(reason);
    }
  }
}

// What left before, and this.
std::vector<CdrTransfer> added(std::vector<CdrTransfer> known, const ExportedRecord& record,
                               WallTime at) {
  for (const auto& way : record.ways) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const auto& other) { return is_same_way(other, way); });
    CdrTransfer& transfer = found == known.end() ? known.emplace_back(way) : *found;
    if (!transfer.first) transfer.first = at;
    transfer.last = at;
    ++transfer.packets;
    transfer.bytes += record.bytes;
  }
  return known;
}

// A room's own record is about nobody. One that left for no other country is remembered, too: it
// is a copy that somebody else has. Who was erased while it was on its way stays so.
void remember(soci::session& sql, const std::string& target, const ExportedRecord& record,
              WallTime at) {
  const auto id = static_cast<long long>(record.id);
  RecordExport of;
  std::string subject;
  sql << "SELECT session, room, participant, subject FROM cdrs WHERE id = :id", use(id),
      into(of.session), into(of.room), into(of.participant), into(subject);
  if (!sql.got_data() || of.participant.empty()) return;
  long long records = 0;
  std::string json;
  sql << "SELECT records, json FROM record_exports WHERE session = :s AND participant = :p"
         " AND subject = :u AND target = :t",
      use(of.session), use(of.participant), use(subject), use(target), into(records), into(json);
  const bool known = sql.got_data();
  ++records;
  json = to_json(added(known ? parse_transfers(json) : std::vector<CdrTransfer>{}, record, at));
  if (known) {
    sql << "UPDATE record_exports SET records = :n, json = :j WHERE session = :s"
           " AND participant = :p AND subject = :u AND target = :t",
        use(records), use(json), use(of.session), use(of.participant), use(subject), use(target);
    return;
  }
  sql << "INSERT INTO record_exports (session, room, participant, subject, target, records, json)"
         " VALUES (:1, :2, :3, :4, :5, :6, :7)",
      use(of.session), use(of.room), use(of.participant), use(subject), use(target), use(records),
      use(json);
}

ExportState state_of(soci::session& sql, const std::string& target) {
  ExportState state;
  long long after = 0;
  long long size = 0;
  long long sent = 0;
  sql << "SELECT reached, file, size, sent FROM export_targets WHERE target = :t", use(target),
      into(after), into(state.place.file), into(size), into(sent);
  state.place.after = RecordId{after};
  state.place.size = static_cast<std::uint64_t>(size);
  state.sent = static_cast<std::uint64_t>(sent);
  std::string reason;
  long long records = 0;
  soci::statement refusals = (sql.prepare << "SELECT reason, records FROM export_refusals"
                                             " WHERE target = :t",
                              use(target), into(reason), into(records));
  refusals.execute();
  while (refusals.fetch())
    state.refused[reason] = static_cast<std::uint64_t>(records);
  return state;
}

}  // namespace

ExportState Database::exports(const ExportChange& change) {
  auto& sql = session_->sql;
  begin();
  if (change.only_of) forget_others(sql, *change.only_of);
  if (!change.target.empty()) {
    begin_target(sql, change.target);
    if (change.reached) reach(sql, change);
    refuse(sql, change);
    for (const auto& record : change.left)
      remember(sql, change.target, record, change.at);
  }
  const auto state = state_of(sql, change.target);
  commit();
  return state;
}

std::vector<RecordExport> Database::exports_of(const std::string& session,
                                               const std::string& participant,
                                               const std::string& subject) {
  std::vector<RecordExport> found;
  RecordExportRow row;
  soci::statement statement{session_->sql};
  statement.exchange(use(session));
  statement.exchange(use(participant));
  statement.exchange(use(subject));
  fetch_all(statement, row,
            joined({"SELECT ", columns,
                    " FROM record_exports WHERE session = :s AND participant = :p"
                    " AND subject = :u ORDER BY target"}),
            found);
  return found;
}

std::vector<RecordExport> Database::exports_of_subject(const std::string& subject) {
  std::vector<RecordExport> found;
  RecordExportRow row;
  soci::statement statement{session_->sql};
  statement.exchange(use(subject));
  fetch_all(statement, row,
            joined({"SELECT ", columns,
                    " FROM record_exports WHERE subject = :s"
                    " ORDER BY session, participant, target"}),
            found);
  return found;
}

}  // namespace assent::gateway
