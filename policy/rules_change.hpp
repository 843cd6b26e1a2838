#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "policy/decision.hpp"
#include "policy/rules.hpp"

// What it means to people that one rule book comes in the place of another.
namespace assent::policy {

// What they agreed to, and what is not the same any more: a grant for one of these purposes, or
// given to one of these notices, is suspended.
struct MaterialChange {
  std::vector<std::string> purposes;
  std::vector<std::string> notices;  // "recording en"
};
[[nodiscard]] MaterialChange material_change(const RuleBook& from, const RuleBook& to);

// What one event does in one room, or in many together, in numbers.
struct Effect {
  struct OnSink {
    std::size_t closed = 0;  // permits
    std::size_t opened = 0;

    bool operator==(const OnSink&) const = default;
  };
  std::size_t grants_suspended = 0;
  std::map<std::string, OnSink, std::less<>> sinks;  // only those that it touches

  Effect& operator+=(const Effect& other);
  bool operator==(const Effect&) const = default;
};
// `before`: Room::decisions() without the event.
[[nodiscard]] Effect effect_of(std::span<const Decision> before, const Decisions& of_event);

}  // namespace assent::policy
