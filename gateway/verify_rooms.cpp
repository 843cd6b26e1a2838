#include "gateway/verify_rooms.hpp"

#include <algorithm>
#include <utility>

#include "gateway/cdr_chain.hpp"
#include "gateway/pseudonym.hpp"

namespace assent::gateway {
namespace {

constexpr const char* ask_us =
    "compare with the room's record (assent explain); what was delivered outside of a permission "
    "is to be destroyed by whoever got it";

// One holding of a room.
class SessionCheck {
 public:
  SessionCheck(const RecordedSession& session, const RoomHistory& history, const std::string& name,
               VerifyFindings& findings)
      : session_{session}, history_{history}, name_{name}, findings_{findings} {}

  void statement(const ConsentEvent& event) {
    if (event.statement.empty() || event.at >= history_.known_until()) return;
    ++statements;
    if (!history_.has_stated(event))
      fault("consents row " + std::to_string(static_cast<std::int64_t>(event.id)),
            "the room's record knows nothing of this statement");
  }

  void record(const CdrEntry& entry) {
    const std::string where = "cdrs row " + std::to_string(static_cast<std::int64_t>(entry.id));
    const auto cdr = parse_cdr(entry.json);
    if (!cdr) return fault(where, cdr.error().pointer + " " + cdr.error().what);
    ++records;
    if (cdr->session != entry.session || cdr->participant != entry.participant ||
        cdr->record_seq != entry.record_seq)
      fault(where, "its text is about another record than its columns");
    auto& last = last_of_[entry.participant];
    if (entry.record_seq <= last) {
      fault(where, "its chain has come to record " + std::to_string(last) + " before");
    } else if (entry.record_seq != last + 1) {
      // One that was stored and is gone is missing in its entry's place.
      ++findings_.not_shown
            ["call detail records that could not be stored when they were written: "
             "the next one of their chain counts and lists all"];
    }
    last = entry.record_seq;
    for (const auto& difference : chains_[entry.participant].add(*cdr))
      fault(where, "leg " + std::to_string(difference.leg) + ", route " +
                       std::to_string(difference.route) + ": it counts " +
                       std::to_string(difference.total) +
                       " packets delivered, and its chain lists " +
                       std::to_string(difference.listed));
    for (const Imbalance& imbalance : imbalances(*cdr))
      fault(where, "leg " + std::to_string(imbalance.leg) + ", route " +
                       std::to_string(imbalance.route) + ": " + std::to_string(imbalance.ingress) +
                       " packets came in, and " + std::to_string(imbalance.accounted) +
                       " were delivered or withheld");
    const bool may_differ = entry.subject == erased_subject || history_.has_erased();
    if (may_differ && !entry.participant.empty() && !history_.knows(entry.participant)) {
      ++findings_.not_shown
            ["call detail records whose person and that person's events were given different "
             "names at the end of their retention: whether deliveries were permitted"];
    } else if (entry.at < history_.known_until()) {
      delivered(*cdr, where);
    }
  }

  std::size_t statements = 0;
  std::size_t records = 0;
  std::size_t intervals = 0;

 private:
  void delivered(const Cdr& cdr, const std::string& where) {
    for (const CdrLeg& leg : cdr.legs)
      for (const CdrRoute& route : leg.routes)
        if (route.kind == RouteKind::sink)
          for (const DeliveredInterval& interval : route.delivered)
            judge(cdr, route, interval, where);
  }

  void judge(const Cdr& cdr, const CdrRoute& route, const DeliveredInterval& interval,
             const std::string& where) {
    ++intervals;
    const auto windows = history_.windows(cdr.participant, route.sink, interval.epoch);
    const std::string what = std::to_string(interval.packets) + " packets to " + route.sink +
                             " under epoch " + std::to_string(interval.epoch);
    if (windows.empty()) {
      fault(where, what + ", which never permitted it");
    } else if (!is_inside(windows, interval.first, interval.last)) {
      fault(where, what + ", outside of the time in which it was permitted");
    }
  }

  void fault(const std::string& where, std::string what) {
    findings_.fault(name_ + " " + where, "session " + session_.session + ": " + std::move(what),
                    ask_us);
  }

  const RecordedSession& session_;
  const RoomHistory& history_;
  const std::string& name_;
  VerifyFindings& findings_;
  std::map<std::string, std::uint32_t> last_of_;
  std::map<std::string, CdrChain> chains_;
};

}  // namespace

FromRecord<RoomHistory> RoomHistory::of(std::span<const RoomEvent> record, RuleBooks& books) {
  RoomHistory history;
  for (std::size_t i = 0; i < record.size(); ++i)
    if (record[i].seq != i + 1) {
      history.known_until_ = i == 0 ? WallTime::min() : record[i - 1].at;
      record = record.first(i);
    }
  auto events = read_record(record);
  if (!events) return events.error();
  for (const RoomEvent& event : record) {
    history.participants_.insert(event.participant);
    history.has_erased_ = history.has_erased_ || event.subject == erased_subject;
  }
  std::optional<policy::Room> room;
  policy::Decisions decisions;
  for (auto& [at, what] : *events) {
    if (const auto* rules = std::get_if<RulesInForce>(&what)) {
      const auto book = books.book(*rules);
      if (!book) return book.error();
      if (!room) {
        room.emplace(record.front().room, **book);
        continue;
      }
      what.emplace<policy::Event>(policy::RulesChanged{*book});
    }
    const auto taken = room->handle(at, std::get<policy::Event>(what), decisions);
    if (!taken) return RecordFault{std::string(sentence(taken.error().code))};
    history.take(at, decisions);
  }
  return history;
}

void RoomHistory::take(WallTime at, const policy::Decisions& decisions) {
  for (const auto& decision : decisions.changed) {
    auto& windows = windows_[{decision.participant, decision.sink}];
    // A renewed permission goes on under its old epoch until the new one is recorded.
    if (!decision.permitted)
      for (Window& window : windows)
        window.until = std::min(window.until, at);
    if (decision.permitted)
      windows.push_back({decision.epoch, at, decision.deadline.value_or(WallTime::max())});
  }
  for (const auto& change : decisions.consents)
    stated_.emplace(change.participant, change.purpose, to_string(change.giver),
                    to_string(change.state), change.epoch);
}

std::vector<RoomHistory::Window> RoomHistory::windows(const std::string& participant,
                                                      const std::string& sink,
                                                      std::uint64_t epoch) const {
  std::vector<Window> found;
  const auto of = windows_.find({participant, sink});
  if (of == windows_.end()) return found;
  std::copy_if(of->second.begin(), of->second.end(), std::back_inserter(found),
               [&](const Window& window) { return window.epoch == epoch; });
  return found;
}

bool RoomHistory::has_stated(const ConsentEvent& event) const {
  return stated_.contains(
      {event.participant, event.purpose, event.giver, event.state, event.epoch});
}

bool is_inside(const std::vector<RoomHistory::Window>& windows, WallTime first, WallTime last) {
  return std::any_of(windows.begin(), windows.end(), [&](const RoomHistory::Window& window) {
    const bool ended = window.until != WallTime::max();
    return first >= window.from - window_slack && (!ended || last <= window.until + window_slack);
  });
}

void verify_rooms(Database& database, const std::string& name, VerifyFindings& findings,
                  const std::function<void(std::size_t, std::size_t)>& progress) {
  RuleBooks books{[&](const std::string& hash) -> std::optional<PolicyTexts> {
    auto accepted = database.find_policy(hash);
    if (!accepted) return std::nullopt;
    return std::move(accepted->texts);
  }};
  std::size_t statements = 0;
  std::size_t records = 0;
  std::size_t intervals = 0;
  const auto sessions = database.recorded_sessions({});
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const auto events = database.room_events(sessions[i].session);
    const auto history = RoomHistory::of(events, books);
    if (!history) {
      findings.fault(name + " session " + sessions[i].session,
                     "its decisions cannot be computed again: " + history.error().what,
                     "restore the database from a backup");
      continue;
    }
    if (history->known_until() != WallTime::max())
      ++findings.not_shown["rooms whose record has a gap: what was decided after it"];
    SessionCheck check{sessions[i], *history, name, findings};
    for (const auto& event : database.consents_of(sessions[i]))
      check.statement(event);
    for (const auto& entry : database.cdrs_of(sessions[i].session))
      check.record(entry);
    statements += check.statements;
    records += check.records;
    intervals += check.intervals;
    progress(i + 1, sessions.size());
  }
  if (const auto alone = database.cdrs_without_events(); alone != 0)
    findings.not_shown["call detail records of rooms of which no event is recorded"] += alone;
  findings.shown.push_back("the decisions of " + std::to_string(sessions.size()) +
                           " rooms, computed again; " + std::to_string(statements) +
                           " statements are those that they stand on");
  findings.shown.push_back(std::to_string(records) +
                           " call detail records: no packet is missing, "
                           "and all of " +
                           std::to_string(intervals) +
                           " delivered intervals lie in permitted epochs, to within a second");
}

}  // namespace assent::gateway
