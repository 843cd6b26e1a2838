#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "gateway/cdr.hpp"
#include "gateway/database.hpp"
#include "gateway/recorded_room.hpp"
#include "gateway/verify_findings.hpp"

namespace assent::gateway {

// What the policy decided in one holding of a room, computed again from its record.
class RoomHistory {
 public:
  // When one person's media might go to one sink under one epoch.
  struct Window {
    std::uint64_t epoch = 0;
    WallTime from{};
    WallTime until{};
  };

  // As far as the record goes without a gap. A fault: it cannot be decided again at all.
  [[nodiscard]] static FromRecord<RoomHistory> of(std::span<const RoomEvent> record,
                                                  RuleBooks& books);

  // The windows of this epoch; empty: none was ever opened.
  [[nodiscard]] std::vector<Window> windows(const std::string& participant, const std::string& sink,
                                            std::uint64_t epoch) const;
  [[nodiscard]] bool has_stated(const ConsentEvent& event) const;
  [[nodiscard]] bool knows(const std::string& participant) const {
    return participants_.contains(participant);
  }
  // Somebody's events were given another name.
  [[nodiscard]] bool has_erased() const { return has_erased_; }
  // Where a gap makes what followed unknown; max() without one.
  [[nodiscard]] WallTime known_until() const { return known_until_; }

 private:
  void take(WallTime at, const policy::Decisions& decisions);

  std::map<std::pair<std::string, std::string>, std::vector<Window>> windows_;
  std::set<std::tuple<std::string, std::string, std::string, std::string, std::uint64_t>> stated_;
  WallTime known_until_ = WallTime::max();
  std::set<std::string> participants_;
  bool has_erased_ = false;
};

// How much later than its closing a permitted packet may have been counted, and how far apart the
// clocks of a call and of its records may be.
inline constexpr std::chrono::milliseconds window_slack{1'000};

// That this was delivered inside a window of its epoch.
[[nodiscard]] bool is_inside(const std::vector<RoomHistory::Window>& windows, WallTime first,
                             WallTime last);

// Decisions, statements and call detail records of every recorded room. `progress`: told how many
// of how many are done.
void verify_rooms(Database& database, const std::string& name, VerifyFindings& findings,
                  const std::function<void(std::size_t done, std::size_t all)>& progress);

}  // namespace assent::gateway
