#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::gateway {

inline constexpr std::size_t form_fields_max = 64;

// The fields of an application/x-www-form-urlencoded body (URL Standard §5.1), in their order; a
// name may come twice. Stricter than browsers need: nothing when a name is empty, an escape is
// broken, a character is not ASCII and printable, or there are too many fields.
using FormFields = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::optional<FormFields> parse_form(std::string_view body);

}  // namespace assent::gateway
