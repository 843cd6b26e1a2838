#pragma once

#include <chrono>

namespace assent::media {

// Monotonic time. It is always a parameter: nothing in media/ reads a clock.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

}  // namespace assent::media
