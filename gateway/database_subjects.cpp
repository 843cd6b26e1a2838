// What the database has on one person, and how it forgets who that was.
#include <soci/soci.h>

#include <algorithm>
#include <initializer_list>

#include "gateway/database.hpp"
#include "gateway/database_session.hpp"
#include "gateway/pseudonym.hpp"

namespace assent::gateway {
namespace {

using soci::into;
using soci::use;

struct PersonRow {
  PersonInSession person;

  void bind(soci::statement& statement) {
    for (auto* text : {&person.session, &person.room, &person.participant})
      statement.exchange(into(*text));
  }
  PersonInSession take() { return person; }
};

struct StatementRow {
  ConsentRow row;
  long long leaf = no_leaf;

  void bind(soci::statement& statement) {
    row.bind(statement);
    statement.exchange(into(leaf));
  }
  std::pair<ConsentEvent, long long> take() { return {row.take(), leaf}; }
};

struct CountedRow {
  long long id = 0;
  StatementCounted of;

  void bind(soci::statement& statement) {
    statement.exchange(into(id));
    for (auto* text : {&of.participant, &of.subject, &of.purpose, &of.statement})
      statement.exchange(into(*text));
  }
  StatementCounted take() {
    of.id = RecordId{id};
    return of;
  }
};

template <class Row, class Value>
void fetch_of(soci::session& sql, const std::string& subject, const std::string& text,
              std::vector<Value>& found) {
  Row row;
  soci::statement statement{sql};
  statement.exchange(use(subject));
  fetch_all(statement, row, text, found);
}

// Runs a statement whose texts are bound in this order; how many rows it changed.
std::size_t change(soci::session& sql, const std::string& text,
                   std::initializer_list<const std::string*> texts) {
  soci::statement statement{sql};
  for (const auto* of : texts)
    statement.exchange(use(*of));
  statement.alloc();
  statement.prepare(text, soci::details::st_one_time_query);
  statement.define_and_bind();
  statement.execute(true);
  return static_cast<std::size_t>(std::max(0LL, statement.get_affected_rows()));
}

constexpr std::string_view of_person =
    " WHERE subject = :subject AND session = :session AND participant = :participant";

// One person's rows of one holding, on their way to another name.
template <class Session>  // Database's own
class PersonsRows {
 public:
  PersonsRows(Session& session, const std::string& subject, const PersonInSession& who,
              const Pseudonym& name)
      : session_{session}, subject_{subject}, who_{who}, name_{name} {}

  // An answer is stored together with the statement that it is about, right behind it.
  std::size_t remove_answers() {
    const std::string path = "%/participants/" + who_.participant + "/%";
    return change(session_.sql,
                  "DELETE FROM receipts WHERE id IN (SELECT r.id FROM consents c JOIN receipts r"
                  " ON r.id > c.id AND r.id <= c.id + 64 WHERE c.subject = :subject"
                  " AND c.session = :session AND c.participant = :participant) AND key LIKE :path",
                  {&subject_, &who_.session, &who_.participant, &path});
  }
  std::size_t rename_statements() {
    return rename(
        "UPDATE consents SET participant = :p, subject = :e, evidence = '', receipt = ''");
  }
  std::size_t rename_events() {
    return rename("UPDATE room_events SET participant = :p, subject = :e");
  }
  std::size_t rename_records() {
    const auto rows = rows_of("cdrs");
    for (const auto& [id, json] : rows) {
      write("cdrs", id, pseudonymised_cdr(json, name_));
      session_.sql << "INSERT INTO outdated_lines VALUES (:id) ON CONFLICT DO NOTHING", use(id);
    }
    if (!rows.empty()) {
      session_.reconsider_chain(who_.session, who_.participant);
      session_.reconsider_chain(who_.session, name_.participant);
    }
    return rows.size();
  }
  void rename_exports() {
    static_cast<void>(rename("UPDATE record_exports SET participant = :p, subject = :e"));
  }
  std::size_t rename_recordings(const std::map<RecordId, std::string>& given) {
    const auto rows = rows_of("recordings");
    for (const auto& [id, json] : rows) {
      const auto now = given.find(RecordId{id});
      write("recordings", id,
            now != given.end() ? now->second : pseudonymised_recording(json, name_));
    }
    return rows.size();
  }

 private:
  std::size_t rename(std::string_view update) {
    return change(
        session_.sql, joined({update, of_person}),
        {&name_.participant, &name_.subject, &subject_, &who_.session, &who_.participant});
  }
  std::vector<std::pair<long long, std::string>> rows_of(std::string_view table) {
    std::vector<std::pair<long long, std::string>> rows;
    IdAndText row;
    soci::statement statement{session_.sql};
    for (const auto* of : {&subject_, &who_.session, &who_.participant})
      statement.exchange(use(*of));
    fetch_all(statement, row, joined({"SELECT id, json FROM ", table, of_person}), rows);
    return rows;
  }
  void write(std::string_view table, long long id, const std::string& json) {
    session_.sql << joined(
        {"UPDATE ", table, " SET participant = :p, subject = :e, json = :j WHERE id = :id"}),
        use(name_.participant), use(name_.subject), use(json), use(id);
  }

  Session& session_;
  const std::string& subject_;
  const PersonInSession& who_;
  const Pseudonym& name_;
};

}  // namespace

std::vector<PersonInSession> Database::persons_of(const std::string& subject) {
  std::vector<PersonInSession> found;
  PersonRow row;
  soci::statement statement{session_->sql};
  std::string text;
  for (const std::string_view table : {"cdrs", "consents", "room_events", "recordings"}) {
    statement.exchange(use(subject));
    text += joined({text.empty() ? "" : " UNION ", "SELECT session, room, participant FROM ", table,
                    " WHERE subject = :", table, " AND participant <> ''"});
  }
  fetch_all(statement, row, text, found);
  return found;
}

std::vector<std::pair<ConsentEvent, long long>> Database::statements_of_subject(
    const std::string& subject) {
  std::vector<std::pair<ConsentEvent, long long>> found;
  fetch_of<StatementRow>(session_->sql, subject,
                         joined({"SELECT ", consent_columns,
                                 ", leaf FROM consents WHERE subject = :subject ORDER BY id"}),
                         found);
  return found;
}

std::vector<StatementCounted> Database::statements_between(WallTime from, WallTime until,
                                                           RecordId after, std::size_t limit) {
  const long long first = to_stored(from);
  const long long last = to_stored(until);
  const auto id = static_cast<long long>(after);
  const auto most = static_cast<long long>(limit);
  std::vector<StatementCounted> found;
  CountedRow row;
  soci::statement statement{session_->sql};
  for (const auto* of : {&id, &first, &last, &most})
    statement.exchange(use(*of));
  fetch_all(statement, row,
            "SELECT id, participant, subject, purpose, statement FROM consents WHERE id > :after"
            " AND at >= :from AND at < :until AND statement <> '' ORDER BY id LIMIT :limit",
            found);
  return found;
}

SubjectFile Database::file_of(const std::string& subject) {
  SubjectFile file;
  file.persons = persons_of(subject);
  const auto query = [](std::string_view columns, std::string_view table) {
    return joined({"SELECT ", columns, " FROM ", table, " WHERE subject = :subject ORDER BY id"});
  };
  auto& sql = session_->sql;
  fetch_of<RoomEventRow>(sql, subject, query(room_event_columns, "room_events"), file.events);
  fetch_of<RecordingRow>(sql, subject, query(recording_columns, "recordings"), file.recordings);
  fetch_of<PrivacyActionRow>(sql, subject, query(privacy_action_columns, "privacy_actions"),
                             file.actions);
  file.exports = exports_of_subject(subject);
  return file;
}

Erased Database::pseudonymise(const std::string& subject, const PersonInSession& who,
                              const std::string& pseudonym,
                              const std::map<RecordId, std::string>& recordings,
                              const RowsOf& rows) {
  const Pseudonym name{pseudonym, std::string(erased_subject)};
  PersonsRows<Session> person{*session_, subject, who, name};
  Erased erased;
  erased.rooms = 1;
  if (rows.statements) {
    erased.answers = person.remove_answers();
    erased.statements = person.rename_statements();
    erased.events = person.rename_events();
  }
  if (rows.records) {
    erased.records = person.rename_records();
    person.rename_exports();
  }
  if (rows.recordings) erased.recordings = person.rename_recordings(recordings);
  return erased;
}

std::size_t Database::pseudonymise_messages(const std::map<PersonInSession, std::string>& names) {
  std::size_t count = 0;
  for (const auto& [who, pseudonym] : names) {
    const std::string pattern = "%\"" + who.participant + "\"%";
    std::vector<std::pair<long long, std::string>> waiting;
    IdAndText row;
    soci::statement statement{session_->sql};
    statement.exchange(use(pattern));
    fetch_all(statement, row, "SELECT id, body FROM webhook_deliveries WHERE body LIKE :pattern",
              waiting);
    for (const auto& [id, body] : waiting) {
      const auto now = pseudonymised_message(body, who.room, who.participant, pseudonym);
      if (!now) continue;
      session_->sql << "UPDATE webhook_deliveries SET body = :b WHERE id = :id", use(*now), use(id);
      ++count;
    }
  }
  return count;
}

std::size_t Database::erase_actions_of(const std::string& subject) {
  const std::string erased{erased_subject};
  return change(session_->sql,
                "UPDATE privacy_actions SET subject = :e, json = '{}' WHERE subject = :subject",
                {&erased, &subject});
}

std::vector<RecordId> Database::outdated_lines() {
  std::vector<RecordId> ids;
  const soci::rowset<long long> found =
      (session_->sql.prepare << "SELECT id FROM outdated_lines ORDER BY id");
  for (const long long id : found)
    ids.push_back(RecordId{id});
  return ids;
}

void Database::forget_outdated_lines() {
  begin();
  session_->sql << "DELETE FROM outdated_lines";
  commit();
}

std::optional<CdrEntry> Database::find_cdr(RecordId id) {
  const auto wanted = static_cast<long long>(id);
  std::vector<CdrEntry> found;
  CdrRow row;
  soci::statement statement{session_->sql};
  statement.exchange(use(wanted));
  fetch_all(statement, row, joined({"SELECT ", cdr_columns, " FROM cdrs WHERE id = :id"}), found);
  if (found.empty()) return std::nullopt;
  return std::optional<CdrEntry>{std::move(found.front())};
}

}  // namespace assent::gateway
