#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace assent::media {

// Network byte order. The caller has checked that the bytes are there; compilers make one load
// and one swap of each.
[[nodiscard]] constexpr std::uint16_t load_be16(std::span<const std::byte> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[at]) << 8 |
                                    std::to_integer<unsigned>(bytes[at + 1]));
}

[[nodiscard]] constexpr std::uint32_t load_be32(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<std::uint32_t>(bytes[at]) << 24 |
         std::to_integer<std::uint32_t>(bytes[at + 1]) << 16 |
         std::to_integer<std::uint32_t>(bytes[at + 2]) << 8 |
         std::to_integer<std::uint32_t>(bytes[at + 3]);
}

constexpr void store_be16(std::span<std::byte> bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::byte>(value >> 8);
  bytes[at + 1] = static_cast<std::byte>(value & 0xff);
}

constexpr void store_be32(std::span<std::byte> bytes, std::size_t at, std::uint32_t value) {
  bytes[at] = static_cast<std::byte>(value >> 24);
  bytes[at + 1] = static_cast<std::byte>(value >> 16 & 0xff);
  bytes[at + 2] = static_cast<std::byte>(value >> 8 & 0xff);
  bytes[at + 3] = static_cast<std::byte>(value & 0xff);
}

}  // namespace assent::media
