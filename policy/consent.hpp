#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/refusal.hpp"
#include "policy/time.hpp"

namespace assent::policy {

// Room-wide, increasing with every event that changed something. 0 is before the first.
using Epoch = std::uint64_t;

// Only `granted` can permit. The zero value does not.
enum class ConsentState : std::uint8_t {
  unknown,
  granted,
  refused,
  withdrawn,
  expired,
  invalidated,  // the notice or purpose changed materially since
};
inline constexpr std::size_t consent_states = 6;

enum class Method : std::uint8_t {
  written,        // a signed document
  verbal,         // spoken or keyed, in the participant's own stream
  online,         // a box that was not ticked, ticked
  service_start,  // terms accepted when the service began
  implied,        // by the nature of the request
};
inline constexpr std::size_t methods = 5;

// How much a method proves. Ordered; the policy file gives each method one of these.
enum class Strength : std::uint8_t { none, weakest, weak, firm, strong };
inline constexpr std::size_t strengths = 5;

enum class Answer : std::uint8_t { refused, granted };

enum class Giver : std::uint8_t {
  participant,
  guardian,  // for a minor only; never replaces the minor's own refusal
};

// How the box stood before the participant touched it.
enum class DefaultState : std::uint8_t { unstated, unticked, ticked };

struct NoticeReference {
  std::string id;
  std::string version;
  std::string language;
  std::string hash;  // "sha256:<hex>"

  bool operator==(const NoticeReference&) const = default;
};

using Evidence = std::map<std::string, std::string, std::less<>>;

// One answer of one participant to one purpose.
struct Statement {
  Answer answer = Answer::refused;
  Method method = Method::implied;
  Giver giver = Giver::participant;
  Evidence evidence;
  NoticeReference notice;
  DefaultState default_state = DefaultState::unstated;
  std::optional<WallTime> expires;
  // When it was given; absent means now.
  std::optional<WallTime> stated_at;
  // The epoch of the consent that the answer was given to; a grant that has not seen the latest
  // refusal or withdrawal is refused.
  std::optional<Epoch> seen_epoch;
  // Counts once; empty means none.
  std::string nonce;

  bool operator==(const Statement&) const = default;
};

// What stands for one participant, purpose and giver.
struct Consent {
  ConsentState state = ConsentState::unknown;
  Strength strength = Strength::none;
  Statement statement;                // the latest one taken
  WallTime changed_at{};              // of the state
  Epoch epoch = 0;                    // of the state
  std::optional<WallTime> closed_at;  // the latest refusal, withdrawal or invalidation

  // Expires early: at the very instant it is over.
  [[nodiscard]] ConsentState state_at(WallTime now) const;
};

// What a method proves and what must come with it. Evidence words are keys of
// Statement::evidence, and "notice.id", "notice.version", "notice.language", "notice.hash".
struct MethodRule {
  Strength strength = Strength::none;
  std::vector<std::string> evidence;
  std::string proves;  // in words
};

// Statements that are dated later than this ahead of now are refused.
inline constexpr std::chrono::milliseconds clock_skew_max{5'000};

// The statement's form: evidence complete, box not pre-ticked, times sound. A refusal needs none
// of it: nobody has to prove that they do not consent.
[[nodiscard]] Accepted<void> check_form(const Statement& statement, const MethodRule& rule,
                                        WallTime now);

// May it follow on what stands? Refusals always may; a grant must be newer than what closed it.
[[nodiscard]] Accepted<void> check_follows(const Consent& before, const Statement& statement,
                                           WallTime now);

// The transition itself, after both checks passed.
[[nodiscard]] Consent after_statement(const Consent& before, const Statement& statement,
                                      Strength strength, WallTime now, Epoch epoch);
// To withdrawn, expired or invalidated. Those always succeed: what restricts is never refused.
[[nodiscard]] Consent after_closing(const Consent& before, ConsentState to, WallTime now,
                                    Epoch epoch);

[[nodiscard]] std::string_view to_string(ConsentState state);
[[nodiscard]] std::string_view to_string(Method method);
[[nodiscard]] std::string_view to_string(Strength strength);
[[nodiscard]] std::string_view to_string(Giver giver);
[[nodiscard]] std::string_view to_string(DefaultState state);

}  // namespace assent::policy
