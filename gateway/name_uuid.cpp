#include "gateway/name_uuid.hpp"

#include <algorithm>
#include <cstdint>

#include "gateway/sha256.hpp"

namespace assent::gateway {

std::string name_uuid(std::string_view name, policy::WallTime time) {
  constexpr std::size_t bytes_kept = 16;
  constexpr int time_bytes = 6;
  Sha256 bits = sha256(name);
  const auto at =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count()));
  for (int i = 0; i < time_bytes; ++i)
    bits[static_cast<std::size_t>(i)] =
        static_cast<std::byte>(at >> static_cast<unsigned>(8 * (time_bytes - 1 - i)));
  constexpr std::byte version_8{0x80};
  constexpr std::byte variant{0x80};
  bits[6] = (bits[6] & std::byte{0x0F}) | version_8;
  bits[8] = (bits[8] & std::byte{0x3F}) | variant;
  std::string text = to_hex(bits).substr(0, 2 * bytes_kept);
  for (const std::size_t place : {20U, 16U, 12U, 8U})
    text.insert(place, 1, '-');
  return text;
}

}  // namespace assent::gateway
