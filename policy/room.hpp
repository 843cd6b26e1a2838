#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/asking.hpp"
#include "policy/decision.hpp"
#include "policy/event.hpp"
#include "policy/explanation.hpp"
#include "policy/refusal.hpp"
#include "policy/rules.hpp"

namespace assent::policy {

inline constexpr std::size_t participants_max = 10'000;
inline constexpr std::size_t nonces_max = 256;  // of a participant; then grants are refused

// One conference: who is in it, what they said, what is running, and therefore what may go where.
// A state machine: events and time in, decisions out. Starts empty, with everything denied.
class Room {
 public:
  // `rules` must outlive the room, or the RulesChanged that replaces it.
  Room(std::string id, const RuleBook& rules);
  ~Room();
  Room(Room&&) noexcept;
  Room& operator=(Room&&) noexcept;

  // Takes one event whole, or refuses it and has changed nothing. `out` is overwritten: every
  // (participant, sink) of a started purpose whose decision differs from before; for a join, all
  // of the joiner's, and those of the others that the join closes; for a leave or stop, the
  // closing ones. Time never runs backwards: an earlier `now` counts as the latest one seen.
  [[nodiscard]] Accepted<void> handle(WallTime now, const Event& event, Decisions& out);

  // What handle() would do, without doing it: on a copy of the room.
  [[nodiscard]] Accepted<void> preview(WallTime now, const Event& event, Decisions& out) const;

  // When to call handle with TimePassed: the next instant at which time alone changes something.
  [[nodiscard]] std::optional<WallTime> next_timeout() const;

  // As of the last event. A pair that does not exist is denied.
  [[nodiscard]] Decision decision(std::string_view participant, std::string_view sink) const;
  [[nodiscard]] std::vector<Decision> decisions() const;  // all of started purposes
  [[nodiscard]] std::vector<Decision> decisions_for_purpose(std::string_view participant,
                                                            std::string_view purpose) const;

  // A stream or mix that several contribute to: permitted where every contributor is. An unknown
  // contributor, or none named, denies.
  [[nodiscard]] Reason judge_mix(std::span<const std::string> contributors,
                                 std::string_view sink) const;

  // `sink_or_purpose`: the sinks of a purpose give one explanation each; a purpose that is not
  // started gives one that says so. Empty: neither is known.
  [[nodiscard]] std::vector<Explanation> explain(std::string_view participant,
                                                 std::string_view sink_or_purpose,
                                                 Others others = Others::named) const;

  // nullptr: no such participant or purpose.
  [[nodiscard]] const Consent* consent(std::string_view participant, std::string_view purpose,
                                       Giver giver = Giver::participant) const;
  // Empty: no such participant or purpose.
  [[nodiscard]] std::optional<Asking> asking(std::string_view participant,
                                             std::string_view purpose) const;

  [[nodiscard]] const std::string& id() const;
  [[nodiscard]] const RuleBook& rules() const;
  [[nodiscard]] Epoch epoch() const;
  [[nodiscard]] std::vector<std::string> participants() const;
  [[nodiscard]] std::vector<std::string> active_sinks(std::string_view purpose) const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace assent::policy
