#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assent::gateway {

struct WebhookUrl {
  bool tls = true;
  std::string host;  // a name, or an address in numbers without brackets
  std::uint16_t port = 443;
  std::string target;     // path and query
  std::string authority;  // of the Host field
};

// http or https with a host; no user, no fragment. Nothing if it is not one.
[[nodiscard]] std::optional<WebhookUrl> parse_webhook_url(std::string_view text);

}  // namespace assent::gateway
