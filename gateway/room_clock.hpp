#pragma once

#include <algorithm>
#include <optional>

#include "gateway/call_record.hpp"

namespace assent::gateway {

// The wall clock of one room, which never runs backwards: its events are ordered by it, and what
// the packet path counted under the steady clock is held against the times of its permissions. So
// where the system's wall clock steps back, the room goes on as the steady clock does; a step
// forward it follows, for a consent must not outlast its date.
class RoomClock {
 public:
  [[nodiscard]] ClockReading read(ClockReading system) {
    if (last_) system.wall = std::max(system.wall, last_->wall_of(system.steady));
    last_ = system;
    return system;
  }

 private:
  std::optional<ClockReading> last_;
};

}  // namespace assent::gateway
