#pragma once

#include <cstddef>
#include <string_view>

namespace assent::gateway {

inline constexpr std::size_t id_bytes_max = 64;

// Rooms, participants, subjects, purposes, sinks, tenants: 1 to 64 of A-Z a-z 0-9 . _ ~ -, and
// neither "." nor "..", which every URL and file system along the way takes for something else.
[[nodiscard]] bool is_id(std::string_view text);

}  // namespace assent::gateway
