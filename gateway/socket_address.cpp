#include "gateway/socket_address.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace assent::gateway {
namespace {

constexpr std::size_t v4_at = 12;  // in an IPv4-mapped IPv6 address

unsigned byte_at(const media::Endpoint& endpoint, std::size_t i) {
  return std::to_integer<unsigned>(endpoint.address.at(i));
}

bool all_zero(const media::Endpoint& endpoint, std::size_t from, std::size_t to) {
  return std::all_of(endpoint.address.begin() + static_cast<std::ptrdiff_t>(from),
                     endpoint.address.begin() + static_cast<std::ptrdiff_t>(to),
                     [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

std::optional<media::Endpoint> parse_socket_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) {
    return std::nullopt;
  }
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  const auto endpoint = media::parse_endpoint(host, port);
  if (!endpoint || endpoint->is_v4() == brackets) return std::nullopt;
  return endpoint;
}

std::string socket_address_text(const media::Endpoint& endpoint) {
  const std::string host = media::address_text(endpoint);
  const std::string port = ':' + std::to_string(endpoint.port);
  return endpoint.is_v4() ? host + port : '[' + host + ']' + port;
}

bool is_loopback(const media::Endpoint& endpoint) {
  if (endpoint.is_v4()) return byte_at(endpoint, v4_at) == 127;
  return all_zero(endpoint, 0, 15) && byte_at(endpoint, 15) == 1;
}

bool is_wildcard(const media::Endpoint& endpoint) {
  return all_zero(endpoint, endpoint.is_v4() ? v4_at : 0, 16);
}

bool is_multicast(const media::Endpoint& endpoint) {
  if (!endpoint.is_v4()) return byte_at(endpoint, 0) == 0xff;
  const unsigned first = byte_at(endpoint, v4_at);
  return (first >= 224 && first <= 239) || first == 255;
}

}  // namespace assent::gateway
