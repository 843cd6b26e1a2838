#pragma once

#include <cstdint>

namespace assent::gateway {

// What a start came to; where it did not succeed, the log says why.
enum class StartResult : std::uint8_t {
  started,
  failed,         // it may succeed another time
  misconfigured,  // somebody has to change a file first
};

// Exit status of a program that would only end again if it were started again: EX_CONFIG of
// sysexits.h, which config/assent.service does not restart on.
inline constexpr int exit_misconfigured = 78;

}  // namespace assent::gateway
