#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/consent.hpp"
#include "policy/jurisdiction.hpp"
#include "policy/reason.hpp"
#include "policy/transfer.hpp"

namespace assent::policy {

// Everything the decision about one participant and one sink depends on. What is left at its
// default denies.
struct Facts {
  bool started = false;
  Reason binding = Reason::sink_unknown;
  bool denied_by_layer = true;              // tenant, room or leg
  Rule rule = Rule::prohibit;               // the strictest in the room
  Reason prohibition = Reason::prohibited;  // why, where it is prohibit
  bool ciphertext_only = true;
  bool needs_plaintext = true;

  ConsentState consent = ConsentState::unknown;  // the participant's own
  bool needs_guardian = true;
  bool guardian_granted = false;  // verified and firm enough
  bool strong_enough = false;     // own grant reaches the least strength

  bool on_consent = true;  // the bases that the purpose names
  bool on_request = false;
  bool all_bases = true;
  bool requested = false;

  bool everybody_granted = false;
  bool somebody_granted = false;
  bool go_on_without_refuser = false;
  bool notice_given = false;

  bool own_use = true;
  bool sale_permitted = false;
  Reason transfer = Reason::transfer_unknown;
  bool requires_permitted = false;
};

// The decision itself: Reason::permitted, or the first thing that is missing.
[[nodiscard]] Reason decide(const Facts& facts);

// The axes, ANDed. decide() is the first that fails, in this order.
enum class Axis : std::uint8_t {
  started,
  binding,
  layers,
  composition,
  ciphertext,
  consent,
  minors,
  strength,
  basis,
  others,
  notice,
  own_use,
  transfer,
  required,
};
inline constexpr std::size_t axes = 14;

// `permitted` where the axis is content.
[[nodiscard]] Reason judge(Axis axis, const Facts& facts);
[[nodiscard]] std::string_view to_string(Axis axis);

// What a Room reports about one participant and one sink.
struct Decision {
  std::string participant;
  std::string sink;
  std::string purpose;
  bool permitted = false;
  Reason reason = Reason::undecided;
  Epoch epoch = 0;                   // of the event that changed it
  std::optional<WallTime> deadline;  // of a permission; closed at this very instant
  Rule rule = Rule::prohibit;        // that applied
  std::string row;                   // the jurisdiction that decided the rule
  std::string blocker;               // the participant on whom it fails, where it is somebody else
  Mechanism mechanism = Mechanism::none;  // of the transfer
  std::string rules_hash;

  bool operator==(const Decision&) const = default;
};

// A consent whose state changed, by a statement, by time or by changed rules.
struct ConsentChange {
  std::string participant;
  std::string purpose;
  Giver giver = Giver::participant;
  ConsentState state = ConsentState::unknown;
  Epoch epoch = 0;

  bool operator==(const ConsentChange&) const = default;
};

// What one event brought about. Empty lists: nothing changed.
struct Decisions {
  Epoch epoch = 0;
  std::vector<Decision> changed;
  std::vector<ConsentChange> consents;
  // Present participants whom an all-party room goes on without, by the operator's choice; the
  // CDR says so.
  std::vector<std::string> went_on_without;
};

}  // namespace assent::policy
