#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "media/endpoint.hpp"

namespace assent::gateway {

// "192.0.2.1:5004" or "[2001:db8::1]:5004"; numbers only, port 1 to 65535.
[[nodiscard]] std::optional<media::Endpoint> parse_socket_address(std::string_view text);
[[nodiscard]] std::string socket_address_text(const media::Endpoint& endpoint);

[[nodiscard]] bool is_loopback(const media::Endpoint& endpoint);
[[nodiscard]] bool is_wildcard(const media::Endpoint& endpoint);   // 0.0.0.0 or ::
[[nodiscard]] bool is_multicast(const media::Endpoint& endpoint);  // or IPv4's broadcast

}  // namespace assent::gateway
