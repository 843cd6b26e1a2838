#include "bench/process_usage.hpp"

#include <time.h>

#include <cerrno>
#include <system_error>

namespace assent::bench {

std::chrono::nanoseconds cpu_time_of(pid_t process) {
  clockid_t clock{};
  if (const int error = clock_getcpuclockid(process, &clock); error != 0)
    throw std::system_error{error, std::generic_category(), "clock_getcpuclockid"};
  timespec time{};
  if (clock_gettime(clock, &time) != 0)
    throw std::system_error{errno, std::generic_category(), "clock_gettime"};
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace assent::bench
