#pragma once

#include <optional>
#include <span>
#include <vector>

#include "gateway/rule_books.hpp"
#include "gateway/storage_record.hpp"
#include "policy/room.hpp"

// A room out of its record.
namespace assent::gateway {

struct EventInRoom {
  WallTime at{};
  RecordedEvent what;
};

// The events up to `until`, read. It begins with the rules; one that is missing among them, or not
// understood, is a fault. `record`: of one session, in order.
[[nodiscard]] FromRecord<std::vector<EventInRoom>> read_record(std::span<const RoomEvent> record,
                                                               WallTime until = WallTime::max());

// The room as it was at that instant, under the rules that it had. `books` must outlive it.
[[nodiscard]] FromRecord<policy::Room> rebuild_room(std::span<const RoomEvent> record,
                                                    RuleBooks& books, WallTime at);

}  // namespace assent::gateway
