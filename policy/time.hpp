#pragma once

#include <chrono>

namespace assent::policy {

// Wall time, UTC: consents, notices and data sets expire by the calendar. Always a parameter;
// nothing in policy/ reads a clock.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using Date = std::chrono::sys_days;

}  // namespace assent::policy
