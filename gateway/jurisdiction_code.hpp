#pragma once

#include <string>

namespace assent::gateway {

class YamlValue;

// An ISO 3166-1 country or an ISO 3166-2 region of a configuration; empty where it is absent or at
// fault.
[[nodiscard]] std::string read_jurisdiction(const YamlValue& value);

}  // namespace assent::gateway
