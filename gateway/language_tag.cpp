#include "gateway/language_tag.hpp"

#include <algorithm>
#include <cstddef>

namespace assent::gateway {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

bool is_language_tag(std::string_view tag) {
  std::size_t length = 0;
  bool first = true;
  for (const char c : tag) {
    if (c != '-') {
      if (!is_alphanumeric(c) || ++length > 8) return false;
      continue;
    }
    if (length < (first ? 2U : 1U)) return false;
    first = false;
    length = 0;
  }
  return length >= (first ? 2U : 1U);
}

LanguageMatch match_language(std::string_view wanted, std::string_view offered) {
  if (same_letters(wanted, offered)) return LanguageMatch::same_tag;
  const bool same_language =
      same_letters(wanted.substr(0, wanted.find('-')), offered.substr(0, offered.find('-')));
  return same_language ? LanguageMatch::same_language : LanguageMatch::none;
}

}  // namespace assent::gateway
