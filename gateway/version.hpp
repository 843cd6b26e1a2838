#pragma once

#include <string_view>

namespace assent::gateway {

// The release, as in the top CMakeLists.txt: "0.1.0".
[[nodiscard]] std::string_view version();

}  // namespace assent::gateway
