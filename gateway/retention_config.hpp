#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace assent::gateway {

class YamlMap;

// When what has come to the end of its retention goes. How long each kind is kept is the policy's.
struct RetentionConfig {
  std::optional<unsigned> hour = 3;  // of the day, UTC; none: only when it is asked for
  std::chrono::microseconds answers{std::chrono::hours{24 * 30}};  // to requests with a key
  std::map<std::string, std::chrono::sys_days, std::less<>> contract_ends;  // by tenant
  bool operator==(const RetentionConfig&) const = default;
};

[[nodiscard]] std::span<const std::string_view> retention_keys();
[[nodiscard]] std::span<const std::string_view> contract_end_keys();  // of one of the list

// What stands under `retention:`.
[[nodiscard]] RetentionConfig read_retention(const YamlMap& map);

}  // namespace assent::gateway
