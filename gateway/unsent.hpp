#pragma once

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <cstddef>
#include <optional>

namespace assent::gateway {

// Bytes that the system took for a TCP connection and has not sent even once; nullopt: it does not
// say.
inline std::optional<std::size_t> unsent_bytes(int descriptor) {
  int bytes = 0;
  if (::ioctl(descriptor, SIOCOUTQNSD, &bytes) != 0 || bytes < 0) return std::nullopt;
  return static_cast<std::size_t>(bytes);
}

}  // namespace assent::gateway
