#pragma once

#include <string_view>

namespace assent::gateway {

// BCP 47, in its outer form: subtags of 1 to 8 letters and digits, the first of 2 to 8.
[[nodiscard]] bool is_language_tag(std::string_view tag);

// How well somebody who asked for `wanted` is served by `offered`: "en-US" by "en-us" and, less
// well, by "en" or "en-GB" (RFC 4647: letters have no case).
enum class LanguageMatch : unsigned char { none, same_language, same_tag };
[[nodiscard]] LanguageMatch match_language(std::string_view wanted, std::string_view offered);

}  // namespace assent::gateway
