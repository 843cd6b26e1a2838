#pragma once

#include <string>
#include <string_view>

#include "policy/time.hpp"

namespace assent::gateway {

// A UUID of version 8 (RFC 9562 §5.8) that is the same for the same name: the time in front, as in
// version 7, then bits of the name's SHA-256. Where nobody knows the name, nobody finds it.
[[nodiscard]] std::string name_uuid(std::string_view name, policy::WallTime time);

}  // namespace assent::gateway
