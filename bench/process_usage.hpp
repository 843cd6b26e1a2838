#pragma once

#include <sys/types.h>

#include <chrono>

namespace assent::bench {

// User and system time of all threads of a process, living and ended, by the kernel's own
// accounting, to the nanosecond. Throws std::system_error when there is no such process.
[[nodiscard]] std::chrono::nanoseconds cpu_time_of(pid_t process);

}  // namespace assent::bench
