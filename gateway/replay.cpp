#include "gateway/replay.hpp"

#include <algorithm>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

namespace assent::gateway {
namespace {

using policy::Decision;
using policy::Event;

// A room under one set of rules, while its record is played.
class RoomUnder {
 public:
  RoomUnder(RuleBooks& had, RuleBooks* changed) : had_{had}, changed_{changed} {}

  // The first rules, and then others.
  FromRecord<void> come_under(const std::string& id, WallTime now, const RulesInForce& rules,
                              const policy::TenantSet* tenant) {
    const auto recorded = had_.book(rules);
    if (!recorded) return recorded.error();
    const policy::RuleBook* wanted = *recorded;
    if (changed_ != nullptr) {
      const auto changed = changed_->book(rules);
      if (!changed) return changed.error();
      wanted = *changed;
    }
    if (!room_) {
      // The tenant was there under the rules that it had. Where the others do not know it any more,
      // everything is denied; as a new tenant it would be refused, and the room be laxer without.
      room_.emplace(id, **recorded);
      if (tenant != nullptr) take(now, *tenant);
      if (wanted == *recorded) return {};
    }
    take(now, policy::RulesChanged{wanted});
    return {};
  }

  // All that time alone brings about until then, and the event.
  void pass(WallTime now, const Event& event) {
    for (auto due = room_->next_timeout(); due && *due <= now; due = room_->next_timeout())
      take(*due, policy::TimePassed{});
    take(now, event);
  }

  [[nodiscard]] const policy::Room& room() const { return *room_; }
  // What has changed since the last time.
  [[nodiscard]] std::vector<Decision> take_news() { return std::exchange(news_, {}); }
  [[nodiscard]] std::size_t not_taken() const { return not_taken_; }

 private:
  void take(WallTime now, const Event& event) {
    policy::Decisions decisions;
    const auto taken = room_->handle(now, event, decisions);
    if (!taken) ++not_taken_;
    news_.insert(news_.end(), decisions.changed.begin(), decisions.changed.end());
  }

  RuleBooks& had_;
  RuleBooks* changed_;
  std::optional<policy::Room> room_;
  std::vector<Decision> news_;
  std::size_t not_taken_ = 0;
};

// Every pair of a person and a sink that either side permits at some time.
struct Pair {
  std::optional<Decision> had;
  std::optional<Decision> changed;
  policy::Reason reason{};  // of the other side, when the one side first permitted
  std::string processor;
  std::string country;
};

class Comparison {
 public:
  Comparison(const RecordedSession& session, RuleBooks& had, RuleBooks& changed)
      : session_{session}, had_{had, nullptr}, changed_{had, &changed} {}

  FromRecord<void> come_under(WallTime now, const RulesInForce& rules,
                              const policy::TenantSet* tenant) {
    if (auto fit = had_.come_under(session_.room, now, rules, tenant); !fit) return fit;
    return changed_.come_under(session_.room, now, rules, tenant);
  }

  void pass(WallTime now, const Event& event) {
    if (const auto* joined = std::get_if<policy::ParticipantJoined>(&event))
      subjects_[joined->participant] = joined->subject;
    had_.pass(now, event);
    changed_.pass(now, event);
    compare();
  }

  ReplayedRoom finish() {
    compare();
    ReplayedRoom room;
    room.session = session_;
    room.not_taken = changed_.not_taken() - std::min(changed_.not_taken(), had_.not_taken());
    for (const auto& [key, pair] : pairs_) {
      if (pair.had) ++room.permits;
      if (pair.had && !pair.changed) room.stop.push_back(change_of(pair, *pair.had));
      if (!pair.had && pair.changed) room.open.push_back(change_of(pair, *pair.changed));
    }
    return room;
  }

 private:
  void compare() {
    follow(had_, changed_, &Pair::had);
    follow(changed_, had_, &Pair::changed);
  }

  void follow(RoomUnder& side, const RoomUnder& other, std::optional<Decision> Pair::*which) {
    for (const Decision& decision : side.take_news()) {
      if (!decision.permitted) continue;
      Pair& pair = pairs_[{decision.participant, decision.sink}];
      if (pair.*which) continue;
      if (!pair.had && !pair.changed) {
        pair.reason = other.room().decision(decision.participant, decision.sink).reason;
        place(side.room().rules(), decision.sink, pair);
      }
      pair.*which = decision;
    }
  }

  static void place(const policy::RuleBook& rules, const std::string& sink, Pair& pair) {
    const auto declared = rules.sinks.find(sink);
    const bool is_server = declared == rules.sinks.end();
    pair.processor = is_server ? rules.server.processor : declared->second.processor;
    pair.country = is_server ? rules.server.jurisdiction : declared->second.jurisdiction;
  }

  PermitChange change_of(const Pair& pair, const Decision& decision) const {
    const auto subject = subjects_.find(decision.participant);
    return {decision.participant, subject == subjects_.end() ? std::string{} : subject->second,
            decision.sink,        decision.purpose,
            pair.processor,       pair.country,
            decision.mechanism,   pair.reason};
  }

  const RecordedSession& session_;
  RoomUnder had_;
  RoomUnder changed_;
  std::map<std::string, std::string> subjects_;
  std::map<std::pair<std::string, std::string>, Pair> pairs_;
};

// By whole days, so that the hour stays.
std::chrono::milliseconds shift_to(std::optional<policy::Date> as_at, WallTime first) {
  if (!as_at) return std::chrono::milliseconds{0};
  return *as_at - std::chrono::floor<std::chrono::days>(first);
}

void shift(Event& event, std::chrono::milliseconds by) {
  auto* stated = std::get_if<policy::ConsentStated>(&event);
  if (stated == nullptr) return;
  auto& statement = stated->statement;
  if (statement.expires) *statement.expires += by;
  if (statement.stated_at) *statement.stated_at += by;
  statement.seen_epoch.reset();  // epochs are counted otherwise under other rules
}

}  // namespace

FromRecord<ReplayedRoom> replay_room(const RecordedSession& session,
                                     std::span<const RoomEvent> record, RuleBooks& had,
                                     RuleBooks& changed, std::optional<policy::Date> as_at) {
  auto events = read_record(record);
  if (!events) return events.error();
  const auto by = shift_to(as_at, events->front().at);
  Comparison comparison{session, had, changed};
  for (std::size_t i = 0; i < events->size(); ++i) {
    auto& [at, what] = (*events)[i];
    if (const auto* rules = std::get_if<RulesInForce>(&what)) {
      const bool begins = i == 0 && events->size() > 1;
      auto* next = begins ? std::get_if<Event>(&(*events)[1].what) : nullptr;
      const auto* tenant = next != nullptr ? std::get_if<policy::TenantSet>(next) : nullptr;
      if (auto fit = comparison.come_under(at + by, *rules, tenant); !fit) return fit.error();
      if (tenant != nullptr) ++i;  // it was told
      continue;
    }
    Event& event = std::get<Event>(what);
    shift(event, by);
    comparison.pass(at + by, event);
  }
  return comparison.finish();
}

SinkChange& ReplayTotals::line_of(const PermitChange& change, const RecordedSession& session) {
  SinkChange& line =
      lines_[{change.sink, change.processor, change.country, change.mechanism, change.reason}];
  if (line.sessions.empty()) {
    line.sink = change.sink;
    line.purpose = change.purpose;
    line.processor = change.processor;
    line.country = change.country;
    line.mechanism = change.mechanism;
    line.reason = change.reason;
    line.first = session;
  }
  line.sessions.insert(session.session);
  line.people.insert(change.subject.empty() ? session.session + '\n' + change.participant
                                            : change.subject);
  return line;
}

void ReplayTotals::add(ReplayedRoom room) {
  ++report_.rooms;
  report_.permits += room.permits;
  report_.stop += room.stop.size();
  report_.open += room.open.size();
  report_.not_taken += room.not_taken;
  for (const PermitChange& change : room.stop)
    ++line_of(change, room.session).stop;
  for (const PermitChange& change : room.open)
    ++line_of(change, room.session).open;
  if (!room.stop.empty() || !room.open.empty()) report_.details.push_back(std::move(room));
}

ReplayReport ReplayTotals::finish(std::optional<policy::Date> as_at, std::string change) {
  report_.as_at = as_at;
  report_.change = std::move(change);
  for (auto& [key, line] : lines_)
    report_.sinks.push_back(std::move(line));
  std::stable_sort(report_.sinks.begin(), report_.sinks.end(),
                   [](const SinkChange& a, const SinkChange& b) { return a.stop > b.stop; });
  return std::move(report_);
}

}  // namespace assent::gateway
