#include "gateway/subject_archive.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "gateway/rfc3339.hpp"
#include "gateway/subject_changes.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

// What each part is, for who reads it.
constexpr std::pair<std::string_view, std::string_view> parts[] = {
    {"summary", "What this archive is, and how much it holds."},
    {"statements",
     "Each time you agreed, refused, took something back or were shown a notice: what it was "
     "about, when, how it was said, what proves it, and what it stood as afterwards. A state "
     "without a statement came about by itself, for example when an agreement ran out."},
    {"receipts",
     "The receipts of your statements, signed. Keep them: with the organiser's key anybody can "
     "check that they are genuine (assent receipt)."},
    {"calls",
     "The records of each call that you took part in: from when to when, what your device sent, "
     "and for every place that your voice or picture could go to, what was delivered and what "
     "was withheld, and why. A call has several records; the last one counts everything. "
     "Addresses and telephone numbers are kept shortened, as evidence of your country."},
    {"transfers",
     "Where data about you passed from one country to another: from whom to whom, for which "
     "purpose, and under which legal mechanism."},
    {"exports",
     "To whom the records of your calls were given, how many of them, and, where they crossed a "
     "border, under which legal mechanism."},
    {"recordings",
     "The recordings of you that the organiser's own recorder made: which file, when, and its "
     "fingerprint. Ask for a copy of those that you want to have."},
    {"events",
     "What the room's rules were told about you, in order. From these every decision can be "
     "computed again."},
    {"corrections",
     "What you had put right. The record stays as it was, and this stands beside it."},
    {"actions", "What was done about your data before: who asked to see, change or disclose it."},
    {"retention", "How long each kind of data is kept, and what becomes of it then."}};

json::value parsed(const std::string& text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  return error ? json::value(nullptr) : std::move(value);
}

void place(json::object& out, const std::string& room, const std::string& session,
           const std::string& participant) {
  out["room"] = room;
  out["session"] = session;
  out["participant"] = participant;
}

std::int64_t number(RecordId id) {
  return static_cast<std::int64_t>(id);
}

std::string label_of(const policy::RuleBook& rules, const std::string& purpose) {
  const auto found = rules.purposes.find(purpose);
  return found == rules.purposes.end() ? purpose : found->second.label;
}

std::string in_words(const ConsentEvent& event, const std::string& label) {
  const std::string who = event.giver == "guardian" ? "Your guardian" : "You";
  if (event.statement == "granted") return who + " agreed: " + label + ".";
  if (event.statement == "refused") return who + " refused: " + label + ".";
  if (event.statement == "withdrawn") return who + " withdrew: " + label + ".";
  if (event.state == "expired") return "An agreement ran out: " + label + ".";
  if (event.state == "invalidated") return "An agreement does not count any more: " + label + ".";
  return "A notice was given: " + label + ".";
}

json::object statement_json(const ConsentEvent& event, const policy::RuleBook& rules) {
  json::object out{{"id", number(event.id)},
                   {"at", to_rfc3339(event.at)},
                   {"in_words", in_words(event, label_of(rules, event.purpose))}};
  place(out, event.room, event.session, event.participant);
  out["purpose"] = event.purpose;
  out["giver"] = event.giver;
  if (!event.statement.empty()) out["statement"] = event.statement;
  out["state"] = event.state;
  out["method"] = event.method;
  out["strength"] = event.strength;
  if (!event.notice.empty()) out["notice"] = parsed(event.notice);
  if (!event.evidence.empty()) out["evidence"] = parsed(event.evidence);
  if (event.expires) out["expires"] = to_rfc3339(*event.expires);
  out["epoch"] = event.epoch;
  out["rules"] = event.rules;
  return out;
}

// Of the newest record of each time that the person was there: its sums are those of all before.
json::array transfers_of(const std::vector<CdrEntry>& records) {
  std::map<std::string, std::pair<const CdrEntry*, json::value>> newest;
  for (const auto& entry : records) {
    const auto record = parsed(entry.json);
    const auto* const object = record.if_object();
    if (object == nullptr || !object->contains("transfers")) continue;
    const auto* const opened = object->if_contains("opened");
    const std::string since = opened == nullptr ? std::string{} : json::serialize(*opened);
    newest[entry.session + ' ' + entry.participant + ' ' + since] = {&entry,
                                                                     object->at("transfers")};
  }
  json::array all;
  for (const auto& [when, of] : newest) {
    const auto& [entry, transfers] = of;
    if (!transfers.is_array()) continue;
    for (const auto& transfer : transfers.get_array()) {
      json::object out{{"room", entry->room}, {"session", entry->session}};
      if (const auto* fields = transfer.if_object())
        for (const auto& [name, value] : *fields)
          out[name] = value;
      all.push_back(std::move(out));
    }
  }
  return all;
}

// What of the records themselves went to others.
json::array exports_of(const std::vector<RecordExport>& exports) {
  json::array all;
  for (const auto& of : exports) {
    json::object out{{"target", of.target}, {"records", of.records}};
    place(out, of.room, of.session, of.participant);
    out["transfers"] = parsed(to_json(of.ways)).at("transfers");
    all.push_back(std::move(out));
  }
  return all;
}

json::array retention_of(const policy::RuleBook& rules) {
  json::array all;
  for (const auto& [name, category] : rules.categories) {
    const auto& kept = category.retention;
    all.push_back(json::object{{"category", name},
                               {"label", category.label},
                               {"until_contract_end", kept.until_contract_end},
                               {"legal_minimum_days", kept.legal_minimum.count()},
                               {"then", policy::to_string(kept.then)}});
  }
  return all;
}

}  // namespace

json::object subject_archive(const std::string& subject, const SubjectFile& file,
                             const std::vector<CdrEntry>& records,
                             const std::shared_ptr<const policy::RuleBook>& rules, WallTime now) {
  json::array statements;
  json::array receipts;
  for (const auto& [event, jws] : file.statements) {
    statements.push_back(statement_json(event, *rules));
    if (!jws.empty())
      receipts.push_back(json::object{{"statement", number(event.id)}, {"jws", jws}});
  }
  json::array calls;
  for (const auto& entry : records) {
    auto record = parsed(entry.json);
    if (auto* const object = record.if_object()) (*object)["id"] = number(entry.id);
    calls.push_back(std::move(record));
  }
  json::array events;
  for (const auto& event : file.events) {
    json::object out{{"id", number(event.id)}, {"at", to_rfc3339(event.at)}};
    place(out, event.room, event.session, event.participant);
    out["event"] = parsed(event.json);
    events.push_back(std::move(out));
  }
  json::array recordings;
  for (const auto& recording : file.recordings) {
    json::object out{{"id", number(recording.id)}, {"closed", to_rfc3339(recording.at)}};
    place(out, recording.room, recording.session, recording.participant);
    out["sink"] = recording.sink;
    out["purpose"] = recording.purpose;
    out["recording"] = parsed(recording.json);
    recordings.push_back(std::move(out));
  }
  json::array actions;
  for (const auto& action : file.actions)
    actions.push_back(json::object{{"id", number(action.id)},
                                   {"at", to_rfc3339(action.at)},
                                   {"action", action.action},
                                   {"by", action.actor},
                                   {"what", parsed(action.json)}});
  json::object explained;
  for (const auto& [part, what] : parts)
    explained[part] = what;
  json::object out{{"subject", subject},
                   {"made", to_rfc3339(now)},
                   {"explained", std::move(explained)},
                   {"summary",
                    {{"rooms", file.persons.size()},
                     {"statements", statements.size()},
                     {"call_records", calls.size()},
                     {"recordings", recordings.size()}}}};
  out["statements"] = std::move(statements);
  out["receipts"] = std::move(receipts);
  out["calls"] = std::move(calls);
  out["transfers"] = transfers_of(records);
  out["exports"] = exports_of(file.exports);
  out["recordings"] = std::move(recordings);
  out["events"] = std::move(events);
  out["corrections"] = to_json(state_of(file.actions)).at("corrections");
  out["actions"] = std::move(actions);
  out["retention"] = retention_of(*rules);
  return out;
}

namespace {

// Under a pseudonym, because the law asks for it; nothing where it asks for nothing.
void add_kept(json::array& kept, const policy::RuleBook& rules, const std::string& category,
              std::size_t rows, WallTime newest, WallTime now) {
  if (rows == 0) return;
  json::object out{{"what", category}, {"rows", rows}, {"under", "a pseudonym"}};
  const auto known = rules.categories.find(category);
  const auto until =
      known == rules.categories.end() ? newest : newest + known->second.retention.legal_minimum;
  if (until > now) {
    out["until"] = to_rfc3339(until);
    out["because"] = "the law sets a minimum time (policy.yaml, legal_minimum)";
  } else {
    out["because"] = "the others in the call need its record whole; nobody is named in it";
  }
  kept.push_back(std::move(out));
}

}  // namespace

json::object erasure_report(const ErasureReport& report,
                            const std::shared_ptr<const policy::RuleBook>& rules, WallTime now) {
  const Erased& rows = report.rows;
  json::array kept;
  add_kept(kept, *rules, "call-records", rows.records, report.newest_record, now);
  add_kept(kept, *rules, "consents", rows.statements + rows.events, report.newest_statement, now);
  for (const auto& [purpose, until] : report.recordings_kept_until) {
    kept.push_back(json::object{{"what", "recordings of the purpose " + purpose},
                                {"under", "a pseudonym"},
                                {"until", to_rfc3339(until)},
                                {"because", "the law sets a minimum time (policy.yaml)"}});
  }
  json::object out{{"erased",
                    {{"rooms", rows.rooms},
                     {"statements", rows.statements},
                     {"events", rows.events},
                     {"call_records", rows.records},
                     {"recordings", report.recordings_deleted},
                     {"actions", rows.actions},
                     {"stored_answers", rows.answers},
                     {"queued_messages", rows.messages}}},
                   {"key", "destroyed"}};
  out["kept"] = std::move(kept);
  out["sinks_told"] = report.told_to_sinks;
  json::array not_found;
  for (const auto& [sink, file] : report.recordings_not_found)
    not_found.push_back(json::object{{"sink", sink}, {"file", file}});
  out["recordings_not_found"] = std::move(not_found);
  out["afterwards"] =
      "The ledger keeps commitments that nobody can open any more. Whoever comes under the same "
      "subject id is a new person: nothing is kept by which the id could be recognised.";
  return out;
}

}  // namespace assent::gateway
