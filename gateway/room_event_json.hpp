#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/json_fault.hpp"
#include "gateway/storage_record.hpp"
#include "policy/event.hpp"

// The events of a room's policy as they are stored: enough to decide again as it was decided, and
// no more. Who an event is about stands beside the JSON, in columns, so that an erasure there
// leaves the record of the room whole. Of the evidence of a statement only what decides is kept:
// which kinds there were, and the country of a transfer; the rest is in the ConsentEvent.
namespace assent::gateway {

// The rules that a room is under: by their hash, and who runs the conference server, which is not
// in the hashed files. The first event of every room.
struct RulesInForce {
  std::string hash;
  policy::Server server;
};

// policy::RulesChanged is among them as RulesInForce alone.
using RecordedEvent = std::variant<RulesInForce, policy::Event>;

[[nodiscard]] std::string to_json(const policy::Event& event);

// Whom it is about; empty: the whole room.
[[nodiscard]] std::string_view participant_of(const policy::Event& event);

// The inverse, with the participant and subject of the columns. Whatever is not exactly what
// to_json() writes is a fault.
[[nodiscard]] boost::system::result<RecordedEvent, JsonFault> parse_room_event(
    const RoomEvent& record);

}  // namespace assent::gateway
