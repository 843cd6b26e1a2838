#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/decision.hpp"

namespace assent::policy {

// What one axis found, with the row it rests on.
struct Finding {
  Axis axis{};
  Reason reason = Reason::undecided;  // permitted where content
  std::string detail;                 // in whole sentences
  std::string row;  // "jurisdictions/US-CA", "transfers/EU/US", "processors/recorder"
  std::string citation;
  std::string source;
  std::string source_date;
  std::optional<WallTime> since;  // when what it rests on came to be, where somebody did it
};

// Whether an explanation says which other people a decision depends on. What they said is nobody's
// business but theirs, the server's and the officers'.
enum class Others : std::uint8_t { unnamed, named };

// Why this participant's media does, or does not, go to this sink.
struct Explanation {
  std::string room;
  std::string subject;
  WallTime at{};
  std::optional<WallTime> since;  // when this came to be so
  Decision decision;
  std::vector<Finding> findings;  // one an axis, in the order of Axis
  Others others = Others::named;
};

// "24 November 2026"
[[nodiscard]] std::string in_words(Date day);

// For a privacy officer to forward: plain English, the answer first, then a line for each finding.
[[nodiscard]] std::string in_words(const Explanation& explanation);

}  // namespace assent::policy
