#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assent::policy {

// RFC 4648 §4, with padding. What is decoded has one spelling only: signed text must not be
// variable without its signature noticing.
[[nodiscard]] std::string to_base64(std::span<const std::byte> bytes);
[[nodiscard]] std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace assent::policy
