#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace assent::gateway {

using UtcTime = std::chrono::sys_time<std::chrono::milliseconds>;

// RFC 3339 §5.6 date-time, with any offset; years 1970 to 9999. Fractions beyond a millisecond are
// cut off. A leap second counts as the second that follows it. Nothing if it is not one.
[[nodiscard]] std::optional<UtcTime> parse_rfc3339(std::string_view text);

// Or a day, 2025-01-31, for its beginning in UTC.
[[nodiscard]] std::optional<UtcTime> parse_day_or_time(std::string_view text);

// As "2025-01-31T12:00:00.250Z".
[[nodiscard]] std::string to_rfc3339(UtcTime time);

}  // namespace assent::gateway
