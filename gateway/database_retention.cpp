// What the database keeps of holdings that have ended, and how it goes.
#include <soci/soci.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "gateway/database.hpp"
#include "gateway/database_session.hpp"
#include "gateway/pseudonym.hpp"

namespace assent::gateway {
namespace {

using soci::into;
using soci::use;

std::string tenant_in(const std::string& cdr) {
  boost::system::error_code error;
  const auto value = boost::json::parse(cdr, error);
  const auto* const object = error ? nullptr : value.if_object();
  const auto* const tenant = object == nullptr ? nullptr : object->if_contains("tenant");
  return tenant != nullptr && tenant->is_string() ? std::string(tenant->get_string())
                                                  : std::string{};
}

struct CountRow {
  std::string participant;
  std::string subject;
  long long rows = 0;
  long long newest = 0;

  void bind(soci::statement& statement) {
    statement.exchange(into(participant));
    statement.exchange(into(subject));
    statement.exchange(into(rows));
    statement.exchange(into(newest));
  }
  CountRow take() { return *this; }
};

std::vector<CountRow> counts_in(soci::session& sql, std::string_view table,
                                const std::string& session) {
  std::vector<CountRow> found;
  CountRow row;
  soci::statement statement{sql};
  statement.exchange(use(session));
  fetch_all(statement, row,
            joined({"SELECT participant, subject, count(*), max(at) FROM ", table,
                    " WHERE session = :session GROUP BY participant, subject"}),
            found);
  return found;
}

bool is_named(const CountRow& row) {
  return !row.subject.empty() && row.subject != erased_subject;
}

void add(KeptRows& to, const CountRow& row) {
  to.rows += static_cast<std::size_t>(row.rows);
  to.newest = std::max(to.newest, to_wall(row.newest));
}

std::size_t count(soci::session& sql, const std::string& text, const std::string& session,
                  const PersonDisposal* person) {
  long long rows = 0;
  if (person == nullptr) {
    sql << "SELECT count(*) FROM " + text, use(session), into(rows);
  } else {
    sql << "SELECT count(*) FROM " + text, use(session), use(person->participant),
        use(person->subject), into(rows);
  }
  return static_cast<std::size_t>(rows);
}

constexpr const char* in_session = " WHERE session = :s";
constexpr const char* of_person = " WHERE session = :s AND participant = :p AND subject = :u";

// How many there were.
std::size_t destroy(soci::session& sql, const std::string& table, const std::string& session,
                    const PersonDisposal* person) {
  const std::string rows = table + (person == nullptr ? in_session : of_person);
  const std::size_t destroyed = count(sql, rows, session, person);
  const auto run = [&](const std::string& text) {
    if (person == nullptr) {
      sql << text, use(session);
    } else {
      sql << text, use(session), use(person->participant), use(person->subject);
    }
  };
  if (table == "cdrs") {
    run("INSERT INTO outdated_lines SELECT id FROM " + rows + " ON CONFLICT DO NOTHING");
    run(std::string("DELETE FROM record_exports") + (person == nullptr ? in_session : of_person));
  }
  run("DELETE FROM " + rows);
  return destroyed;
}

}  // namespace

std::vector<EndedHolding> Database::ended_holdings(RecordId after, std::size_t limit) {
  std::vector<CdrEntry> stops;
  const auto id = static_cast<long long>(after);
  const auto most = static_cast<long long>(limit);
  CdrRow row;
  const auto by_stops = session_->dialect->by_index("cdrs_stopped_rooms");  // not of participants
  soci::statement statement{session_->sql};
  statement.exchange(use(id));
  statement.exchange(use(most));
  fetch_all(statement, row,
            joined({"SELECT ", cdr_columns, " FROM cdrs", by_stops,
                    " WHERE participant = '' AND kind = 'stop' AND id > :after"
                    " ORDER BY id LIMIT :limit"}),
            stops);
  std::vector<EndedHolding> found;
  for (const auto& stop : stops)
    found.push_back({stop.id, stop.session, stop.room, tenant_in(stop.json)});
  return found;
}

HoldingKept Database::kept_of(const EndedHolding& holding) {
  auto& sql = session_->sql;
  HoldingKept kept{holding.session, holding.room, holding.tenant, {}, {}, {}, {}};
  std::map<std::pair<std::string, std::string>, PersonKept> persons;
  const auto of = [&](const CountRow& row) -> PersonKept& {
    auto& person = persons[{row.participant, row.subject}];
    person.participant = row.participant;
    person.subject = row.subject;
    return person;
  };
  for (const auto& row : counts_in(sql, "cdrs", holding.session)) {
    add(kept.records, row);
    if (is_named(row)) add(of(row).records, row);
  }
  for (const auto& row : counts_in(sql, "room_events", holding.session)) {
    add(kept.events, row);
    if (is_named(row)) add(of(row).events, row);
  }
  for (const auto& row : counts_in(sql, "consents", holding.session))
    if (is_named(row)) add(of(row).statements, row);
  for (auto& [key, person] : persons)
    kept.persons.push_back(std::move(person));
  RecordingRow row;
  soci::statement statement{sql};
  statement.exchange(use(holding.session));
  fetch_all(statement, row,
            joined({"SELECT ", recording_columns,
                    " FROM recordings WHERE session = :session AND json NOT LIKE "
                    "'%\"state\":\"erased\"%' ORDER BY id"}),
            kept.recordings);
  return kept;
}

Disposed Database::dispose(const HoldingDisposal& disposal, const Disposition& how) {
  auto& sql = session_->sql;
  Disposed done;
  for (const auto& person : disposal.persons) {
    const PersonInSession who{disposal.session, disposal.room, person.participant};
    const auto name = how.names.find(person.participant);
    const std::string pseudonym = name != how.names.end() ? name->second : new_pseudonym();
    RowsOf rows;
    rows.statements = person.statements != RowsGo::stay;
    rows.records = person.records == RowsGo::renamed;
    rows.recordings = false;
    if (person.records == RowsGo::destroyed)
      done.records += destroy(sql, "cdrs", disposal.session, &person);
    // Renamed first: answers to requests are found by the statements.
    done.renamed += pseudonymise(person.subject, who, pseudonym, {}, rows).rows();
    if (person.statements == RowsGo::destroyed) {
      const PersonDisposal renamed{pseudonym, std::string(erased_subject)};
      const std::size_t destroyed = destroy(sql, "consents", disposal.session, &renamed);
      done.statements += destroyed;
      done.renamed -= destroyed;
    }
  }
  for (const auto& recording : disposal.recordings) {
    const auto entry = how.recordings.find(recording.id);
    if (entry == how.recordings.end()) continue;
    const auto id = static_cast<long long>(recording.id);
    const auto name = how.names.find(recording.participant);
    const std::string participant = name != how.names.end() ? name->second : recording.participant;
    const std::string subject{erased_subject};
    sql << "UPDATE recordings SET participant = :p, subject = :e, json = :j WHERE id = :id",
        use(participant), use(subject), use(entry->second), use(id);
    // One that was renamed before is counted already.
    if (recording.subject != erased_subject) ++done.renamed;
  }
  if (disposal.all_records) done.records += destroy(sql, "cdrs", disposal.session, nullptr);
  if (disposal.all_events) done.events += destroy(sql, "room_events", disposal.session, nullptr);
  return done;
}

std::size_t Database::forget_answers(WallTime before, std::size_t limit, bool only_count) {
  const long long time = to_stored(before);
  const auto most = static_cast<long long>(limit);
  long long rows = 0;
  if (only_count) {
    session_->sql << "SELECT count(*) FROM receipts WHERE at < :t", use(time), into(rows);
    return static_cast<std::size_t>(rows);
  }
  session_->sql << "SELECT count(*) FROM (SELECT id FROM receipts WHERE at < :t LIMIT :l) AS due",
      use(time), use(most), into(rows);
  if (rows == 0) return 0;
  begin();
  session_->sql << "DELETE FROM receipts WHERE id IN"
                   " (SELECT id FROM receipts WHERE at < :t LIMIT :l)",
      use(time), use(most);
  commit();
  return static_cast<std::size_t>(rows);
}

std::vector<PrivacyAction> Database::changes_of_subjects() {
  std::vector<PrivacyAction> found;
  PrivacyActionRow row;
  soci::statement statement{session_->sql};
  fetch_all(statement, row,
            joined({"SELECT ", privacy_action_columns,
                    " FROM privacy_actions WHERE action IN ('change', 'erasure_asked')"
                    " ORDER BY id"}),
            found);
  return found;
}

}  // namespace assent::gateway
