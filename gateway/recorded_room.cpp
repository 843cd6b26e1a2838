#include "gateway/recorded_room.hpp"

#include <string>
#include <utility>

namespace assent::gateway {
namespace {

RecordFault fault_in(const RoomEvent& event, const std::string& what) {
  return {"event " + std::to_string(event.seq) + " of room " + event.room + ", session " +
          event.session + ": " + what};
}

}  // namespace

FromRecord<std::vector<EventInRoom>> read_record(std::span<const RoomEvent> record,
                                                 WallTime until) {
  std::vector<EventInRoom> events;
  for (const RoomEvent& event : record) {
    if (event.at > until) break;
    if (event.seq != events.size() + 1) {
      return fault_in(event, "the record lacks what came before it, from event " +
                                 std::to_string(events.size() + 1) +
                                 " on; what followed is not known for sure");
    }
    auto read = parse_room_event(event);
    if (!read) return fault_in(event, read.error().pointer + " " + read.error().what);
    if (events.empty() && !std::holds_alternative<RulesInForce>(*read)) {
      return fault_in(event, "the record does not begin with the rules");
    }
    events.push_back({event.at, *std::move(read)});
  }
  if (events.empty()) return RecordFault{"nothing is recorded of the room up to this instant"};
  return events;
}

FromRecord<policy::Room> rebuild_room(std::span<const RoomEvent> record, RuleBooks& books,
                                      WallTime at) {
  auto events = read_record(record, at);
  if (!events) return events.error();
  std::optional<policy::Room> room;
  policy::Decisions decisions;
  for (std::size_t i = 0; i < events->size(); ++i) {
    auto& [when, what] = (*events)[i];
    if (const auto* rules = std::get_if<RulesInForce>(&what)) {
      const auto book = books.book(*rules);
      if (!book) return book.error();
      if (!room) {
        room.emplace(record[i].room, **book);
        continue;
      }
      what.emplace<policy::Event>(policy::RulesChanged{*book});
    }
    const auto taken = room->handle(when, std::get<policy::Event>(what), decisions);
    if (!taken) return fault_in(record[i], std::string(sentence(taken.error().code)));
  }
  // What time alone has changed since: of the past the packets' own deadlines took care.
  const auto passed = room->handle(at, policy::TimePassed{}, decisions);
  (void)passed;  // time is never refused
  return *std::move(room);
}

}  // namespace assent::gateway
