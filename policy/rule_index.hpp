#pragma once

#include <bitset>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/rules.hpp"

// A RuleBook with its names turned into dense numbers, so that a room decides without looking
// anything up. Internal to policy/.
namespace assent::policy {

inline constexpr std::size_t slots_max = sinks_max + purposes_max;
using PurposeMask = std::bitset<purposes_max>;

// A purpose, in the order in which purposes are decided: what it requires comes before it.
struct IndexedPurpose {
  std::string name;
  const Purpose* rules = nullptr;
  PurposeMask required;      // directly
  PurposeMask dependents;    // directly or not, without itself
  bool satisfiable = false;  // false: it requires itself, or something undeclared
  std::vector<std::size_t> slots;
};

// A sink, or the conference server performing a purpose.
struct Slot {
  std::string name;
  std::size_t purpose = 0;
  std::string processor;
  std::string jurisdiction;
  std::vector<Instrument> instruments;
  std::string category;
  Reason binding = Reason::sink_unknown;
  bool third_party = true;
  bool own_use = true;
};

class RuleIndex {
 public:
  // What exceeds purposes_max or sinks_max is not indexed, and thereby denied.
  explicit RuleIndex(const RuleBook& rules);

  [[nodiscard]] const RuleBook& rules() const { return *rules_; }
  [[nodiscard]] const std::vector<IndexedPurpose>& purposes() const { return purposes_; }
  [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
  [[nodiscard]] std::optional<std::size_t> find_purpose(std::string_view name) const;
  [[nodiscard]] std::optional<std::size_t> find_slot(std::string_view name) const;

  // The next instant at which some row of the data begins, ends or goes stale.
  [[nodiscard]] std::optional<WallTime> next_boundary(WallTime after) const;

 private:
  void index_purposes();
  void index_slots();
  void add_slot(std::string name, std::size_t purpose, const std::string& processor,
                const std::string& jurisdiction);
  void index_dependents();
  void index_boundaries();

  const RuleBook* rules_;
  std::vector<IndexedPurpose> purposes_;
  std::vector<Slot> slots_;
  std::vector<WallTime> boundaries_;  // sorted
};

}  // namespace assent::policy
