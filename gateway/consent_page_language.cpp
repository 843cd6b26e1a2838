// Which language the consent page speaks.
#include <algorithm>

#include "gateway/consent_page_words.hpp"

namespace assent::gateway {
namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

const PageWords* find(std::string_view tag) {
  const auto languages = page_languages();
  const std::string primary = lower(tag.substr(0, tag.find('-')));
  const auto found = std::find_if(languages.begin(), languages.end(),
                                  [&](const auto& words) { return words.language == primary; });
  return found == languages.end() ? nullptr : &*found;
}

// RFC 9110 §12.4.2: 0 to 1 with at most three digits; what is none counts least.
int thousandths(std::string_view quality) {
  if (quality.empty() || quality.size() > 5 || (quality[0] != '0' && quality[0] != '1')) return 0;
  if (quality[0] == '1') return 1000;
  int value = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const char digit = i + 2 < quality.size() ? quality[i + 2] : '0';
    if (digit < '0' || digit > '9') return 0;
    value = value * 10 + (digit - '0');
  }
  return value;
}

const PageWords* best_of(std::string_view wish) {
  const PageWords* best = nullptr;
  int best_quality = 0;
  while (!wish.empty()) {
    std::string_view range = wish.substr(0, wish.find(','));
    wish.remove_prefix(std::min(range.size() + 1, wish.size()));
    range.remove_prefix(std::min(range.find_first_not_of(" \t"), range.size()));
    const auto end = range.find_first_of("; \t");
    const auto q = range.find("q=");
    const int quality = q == std::string_view::npos ? 1000 : thousandths(range.substr(q + 2));
    const PageWords* const found = find(range.substr(0, end));
    if (found != nullptr && quality > best_quality) {
      best = found;
      best_quality = quality;
    }
  }
  return best;
}

}  // namespace

bool is_page_language(std::string_view tag) {
  const auto languages = page_languages();
  return std::any_of(languages.begin(), languages.end(),
                     [&](const PageWords& words) { return words.language == tag; });
}

const PageWords& words_for(std::span<const std::string_view> wishes) {
  for (const std::string_view wish : wishes)
    if (const PageWords* const found = best_of(wish)) return *found;
  return page_languages().front();
}

std::string_view purpose_name(const PageWords& words, std::string_view label) {
  const auto& known = page_languages().front().purposes;
  const auto* const found = std::find(known.begin(), known.end(), label);
  if (found == known.end()) return label;
  return words.purposes.at(static_cast<std::size_t>(found - known.begin()));
}

}  // namespace assent::gateway
