#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "gateway/recorded_room.hpp"

// Recorded rooms under other rules than they had: 'the framework is annulled on this date: which
// sinks stop?'
namespace assent::gateway {

// Somebody's media that went to a sink under one set of rules and would not under the other.
struct PermitChange {
  std::string participant;
  std::string subject;
  std::string sink;
  std::string purpose;
  std::string processor;
  std::string country;
  policy::Mechanism mechanism{};  // of the transfer, where it goes
  policy::Reason reason{};        // why not, where it does not
};

struct ReplayedRoom {
  RecordedSession session;
  std::size_t permits = 0;  // under the rules it had: pairs of a person and a sink
  std::vector<PermitChange> stop;
  std::vector<PermitChange> open;
  // Statements and starts that the changed rules would not have taken, such as a grant that refers
  // to a notice which they do not have.
  std::size_t not_taken = 0;
};

// Plays the record under both, at the same time. `as_at`: as if the room had taken place on that
// day, at the same hour; what people let expire moves with it.
[[nodiscard]] FromRecord<ReplayedRoom> replay_room(const RecordedSession& session,
                                                   std::span<const RoomEvent> record,
                                                   RuleBooks& had, RuleBooks& changed,
                                                   std::optional<policy::Date> as_at);

// The table: what changes, by sink, processor, country, mechanism and reason.
struct SinkChange {
  std::string sink;
  std::string purpose;
  std::string processor;
  std::string country;
  policy::Mechanism mechanism{};
  policy::Reason reason{};
  std::set<std::string> sessions;
  std::set<std::string> people;
  std::size_t stop = 0;
  std::size_t open = 0;
  RecordedSession first;
};

struct UnreadableRoom {
  RecordedSession session;
  std::string what;
};

// All rooms together.
struct ReplayReport {
  std::optional<policy::Date> as_at;
  std::string change;  // in words
  std::size_t rooms = 0;
  std::size_t permits = 0;
  std::size_t stop = 0;
  std::size_t open = 0;
  std::size_t not_taken = 0;
  std::vector<SinkChange> sinks;      // those with most to stop first
  std::vector<ReplayedRoom> details;  // of the rooms in which something changes
  std::vector<UnreadableRoom> unreadable;
};

// Adds up room after room.
class ReplayTotals {
 public:
  void add(ReplayedRoom room);
  void add(UnreadableRoom room) { report_.unreadable.push_back(std::move(room)); }
  [[nodiscard]] ReplayReport finish(std::optional<policy::Date> as_at, std::string change);

 private:
  using Key = std::tuple<std::string, std::string, std::string, policy::Mechanism, policy::Reason>;
  SinkChange& line_of(const PermitChange& change, const RecordedSession& session);

  ReplayReport report_;
  std::map<Key, SinkChange> lines_;
};

[[nodiscard]] std::string in_words(const ReplayReport& report, bool with_details);
[[nodiscard]] std::string to_json(const ReplayReport& report);

}  // namespace assent::gateway
