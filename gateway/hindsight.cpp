#include "gateway/hindsight.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "gateway/api_json.hpp"
#include "gateway/database.hpp"
#include "gateway/database_snapshot.hpp"
#include "gateway/recorded_room.hpp"
#include "gateway/replay.hpp"
#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace {

// What is recorded, read as it is at one instant.
class Records {
 public:
  explicit Records(const DatabasePlace& place) : database_{open_snapshot(place)} {}

  std::vector<RecordedSession> sessions(const std::string& room) {
    return database_->recorded_sessions(room);
  }
  std::vector<RoomEvent> events(const std::string& session) {
    return database_->room_events(session);
  }
  // Of the policy with this hash; of the newest, where it is empty.
  std::optional<PolicyTexts> texts_of(const std::string& hash) {
    auto accepted = database_->find_policy(hash);
    if (!accepted) return std::nullopt;
    return std::move(accepted->texts);
  }
  RuleBooks books(std::optional<ChangedRules> change = std::nullopt) {
    return RuleBooks{[this](const std::string& hash) { return texts_of(hash); }, std::move(change)};
  }

 private:
  std::unique_ptr<Database> database_;
};

template <class T>
T or_throw(FromRecord<T> read) {
  if (!read) throw std::runtime_error(read.error().what);
  return *std::move(read);
}

RecordedSession session_asked_for(const std::vector<RecordedSession>& sessions,
                                  const ExplainQuestion& question) {
  const RecordedSession* found = nullptr;
  for (const RecordedSession& session : sessions) {
    const bool named = question.session.empty() || session.session == question.session;
    if (named && session.first <= question.at) found = &session;
  }
  if (found != nullptr) return *found;
  if (sessions.empty()) throw std::runtime_error("nothing is recorded of a room " + question.room);
  std::string known = "room " + question.room + " was not held before " + to_rfc3339(question.at) +
                      (question.session.empty() ? "" : " in that session") +
                      "; its recorded sessions:";
  for (const RecordedSession& session : sessions)
    known += "\n  " + session.session + " from " + to_rfc3339(session.first) + " to " +
             to_rfc3339(session.closed.value_or(session.last));
  throw std::runtime_error(known);
}

// When the person came and went, for who asks about another time.
std::string presence(const std::vector<EventInRoom>& events, const std::string& participant) {
  std::string words;
  for (const auto& [at, what] : events) {
    const auto* event = std::get_if<policy::Event>(&what);
    if (event == nullptr || participant_of(*event) != participant) continue;
    if (std::holds_alternative<policy::ParticipantJoined>(*event))
      words += (words.empty() ? "This person was there from " : "; from ") + to_rfc3339(at);
    if (std::holds_alternative<policy::ParticipantLeft>(*event)) words += " to " + to_rfc3339(at);
  }
  return words.empty() ? "This person is not in the record of the room.\n"
                       : words + ". Ask about such an instant with --at.\n";
}

// Whoever was in a room that ended without them leaving is not in it any more.
void empty_if_closed(policy::Room& room, const RecordedSession& session, policy::WallTime at) {
  if (!session.closed || *session.closed > at) return;
  policy::Decisions unused;
  for (const std::string& participant : room.participants()) {
    const auto left = room.handle(at, policy::ParticipantLeft{participant}, unused);
    (void)left;  // whoever is there can leave
  }
}

// Somebody who is not there: the answer is no, wherever it might have gone.
std::vector<policy::Explanation> explain_absent(const policy::Room& room,
                                                const ExplainQuestion& question) {
  std::vector<policy::Explanation> found;
  const auto add = [&](const std::string& sink, const std::string& purpose) {
    policy::Explanation one{room.id(), {}, question.at, {}, {}, {}};
    one.decision = room.decision(question.participant, sink);
    one.decision.purpose = purpose;
    found.push_back(std::move(one));
  };
  for (const auto& [name, sink] : room.rules().sinks)
    if (sink.purpose == question.purpose || name == question.purpose) add(name, sink.purpose);
  if (found.empty()) add(policy::server_sink(question.purpose), question.purpose);
  return found;
}

// What is wrong with the files is said once, not for each room.
void check_change(const ChangedRules& change, std::optional<PolicyTexts> newest) {
  if (change.files == PolicyFiles{}) return;
  Faults faults;
  if (newest) {
    replace_texts(change.files, *newest, faults);
    (void)read_policy(*newest, {}, faults);
  } else {
    (void)load_policy(change.files, {}, faults);
  }
  if (!faults.empty())
    throw std::runtime_error("the changed rules are at fault:\n" + to_string(faults));
}

void check_known(const policy::RuleBook& rules, const std::string& purpose) {
  if (rules.purposes.contains(purpose) || rules.sinks.contains(purpose)) return;
  std::vector<std::string_view> names;
  for (const auto& [name, unused] : rules.purposes)
    names.push_back(name);
  throw std::runtime_error("the policy of that time has no purpose " + as_shown(purpose) + "; " +
                           suggest(purpose, names));
}

std::string change_in_words(const ChangedRules& change) {
  std::string words;
  const auto add = [&](const std::string& part) { words += (words.empty() ? "" : " and ") + part; };
  for (const auto mechanism : change.annulled)
    add("with " + std::string(to_string(mechanism)) + " annulled from " +
        to_rfc3339(change.on).substr(0, sizeof "2026-12-01" - 1));
  for (const auto* file :
       {&change.files.policy, &change.files.jurisdictions, &change.files.transfers})
    if (!file->empty()) add("with " + file->string());
  return words.empty() ? "once more under the same" : words;
}

}  // namespace

void explain(const DatabasePlace& database, const ExplainQuestion& question, std::ostream& out) {
  Records records{database};
  const auto session = session_asked_for(records.sessions(question.room), question);
  const auto events = records.events(session.session);
  auto books = records.books();
  auto room = or_throw(rebuild_room(events, books, question.at));
  check_known(room.rules(), question.purpose);
  empty_if_closed(room, session, question.at);

  auto explanations = room.explain(question.participant, question.purpose);
  const bool is_absent = explanations.empty();
  if (is_absent) explanations = explain_absent(room, question);
  for (auto& explanation : explanations)
    explanation.at = question.at;
  if (question.as_json) {
    out << explanations_json(explanations) << '\n';
    return;
  }
  std::string words;
  for (const auto& explanation : explanations)
    words += (words.empty() ? "" : "\n") + in_words(explanation);
  if (is_absent) words += presence(or_throw(read_record(events)), question.participant);
  if (is_absent && session.closed && *session.closed <= question.at)
    words += "The room was over by " + to_rfc3339(*session.closed) + ".\n";
  out << words;
}

void replay(const DatabasePlace& database, const ReplayQuestion& question, std::ostream& out,
            std::ostream& progress) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds between_lines{2};
  Records records{database};
  check_change(question.change, records.texts_of({}));
  auto had = records.books();
  auto changed = records.books(question.change);
  ReplayTotals totals;
  const auto sessions = records.sessions(question.room);
  auto next_line = Clock::now() + between_lines;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const RecordedSession& session = sessions[i];
    const bool early = question.since && session.last < *question.since;
    const bool late = question.until && session.first >= *question.until;
    if (early || late) continue;
    auto replayed =
        replay_room(session, records.events(session.session), had, changed, question.as_at);
    if (replayed) {
      totals.add(*std::move(replayed));
    } else {
      totals.add(UnreadableRoom{session, replayed.error().what});
    }
    if (Clock::now() < next_line) continue;
    next_line = Clock::now() + between_lines;
    progress << "replayed " << i + 1 << " of " << sessions.size() << " rooms" << std::endl;
  }
  const auto report = totals.finish(question.as_at, change_in_words(question.change));
  out << (question.as_json ? to_json(report) + '\n' : in_words(report, question.with_details));
}

}  // namespace assent::gateway
