#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "gateway/policy_texts.hpp"

namespace assent::gateway {

// One value that differs. A path is "purposes/recording/least_strength": names of keys (with ~1 for
// a slash, RFC 6901); an item of a list goes by what names it ("recording en", "EU US dpf"), or
// else by its number. A list of plain values is one value: "[consent, requested_service]".
struct PolicyDifference {
  std::string path;
  std::optional<std::string> before;  // absent: it was not there
  std::optional<std::string> after;   // absent: it is not there any more

  bool operator==(const PolicyDifference&) const = default;
};

struct PolicyDiff {
  static constexpr std::size_t differences_max = 500;

  std::vector<PolicyDifference> differences;  // by file, then by path
  std::size_t left_out = 0;                   // beyond differences_max
};

// What changed in meaning, not in layout, comments or order of keys. Both were read before without
// a fault; a text that is no YAML counts as empty.
[[nodiscard]] PolicyDiff diff_of(const PolicyTexts& before, const PolicyTexts& after);

}  // namespace assent::gateway
