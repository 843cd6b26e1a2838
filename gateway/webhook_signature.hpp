#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assent::gateway {

// Standard Webhooks 1.0: what `webhook-signature` carries, "v1," and the base64 of the HMAC-SHA-256
// under the secret's bytes over "ID.SECONDS.BODY".
[[nodiscard]] std::string webhook_signature(std::string_view secret, std::string_view id,
                                            std::int64_t unix_seconds, std::string_view body);

// The bytes of "whsec_" and base64 (RFC 4648 §4), 24 to 64 of them as the standard asks. Blanks at
// the end are those of a file.
[[nodiscard]] std::optional<std::string> parse_webhook_secret(std::string_view text);

}  // namespace assent::gateway
