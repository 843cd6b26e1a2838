#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace assent::gateway {

using Sha256 = std::array<std::byte, 32>;

[[nodiscard]] Sha256 sha256(std::string_view bytes);
[[nodiscard]] std::string to_hex(const Sha256& digest);  // lower case
[[nodiscard]] std::optional<Sha256> sha256_from_hex(std::string_view hex);

// Takes as long for a near miss as for a wild guess.
[[nodiscard]] bool equal_in_constant_time(const Sha256& one, const Sha256& other);

}  // namespace assent::gateway
