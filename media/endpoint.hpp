#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace assent::media {

// A UDP address as bytes. IPv4 is held as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2), so that one
// comparison serves both families. The zero value is "nowhere".
struct Endpoint {
  std::array<std::byte, 16> address{};
  std::uint16_t port = 0;

  // Compared for every packet: as two words and a port, not byte by byte.
  bool operator==(const Endpoint& other) const {
    return port == other.port && std::memcmp(address.data(), other.address.data(), 16) == 0;
  }
  std::strong_ordering operator<=>(const Endpoint& other) const {
    if (const auto order = address <=> other.address; order != 0) return order;
    return port <=> other.port;
  }

  [[nodiscard]] bool is_set() const { return port != 0; }
  [[nodiscard]] bool is_v4() const;
};

// "192.0.2.1" or "2001:db8::1", no brackets, no names; nullopt for anything else.
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view address, std::uint16_t port);

// The address alone, as parse_endpoint reads it.
[[nodiscard]] std::string address_text(const Endpoint& endpoint);

}  // namespace assent::media
