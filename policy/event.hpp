#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "policy/consent.hpp"
#include "policy/jurisdiction.hpp"
#include "policy/rules.hpp"

// What a Room is told. Ids were checked for form by whoever read them.
namespace assent::policy {

enum class Minor : std::uint8_t {
  unknown,  // flagged as possibly a minor: treated as one
  yes,
  no,
  unflagged,  // nothing was said; the policy decides
};

struct ParticipantJoined {
  std::string participant;
  std::string subject;
  std::vector<JurisdictionEvidence> evidence;  // none: unknown
  Minor minor = Minor::unknown;
  bool sale_opt_out = false;
  bool ciphertext_only = false;  // end-to-end encrypted, and no key for sinks
  Tightening leg;
};
struct ParticipantLeft {
  std::string participant;
};
// A grant or a refusal.
struct ConsentStated {
  std::string participant;
  std::string purpose;
  Statement statement;
  // Whose it must be: the participant's id may be another's by now. Empty: whoever has it.
  std::string subject{};
};
struct ConsentWithdrawn {
  std::string participant;
  std::string purpose;
  Giver giver = Giver::participant;
};
struct ConsentInvalidated {
  std::string participant;
  std::string purpose;
  std::optional<Giver> giver;  // absent: whoever gave it
};
// The notice of a purpose was given, without any statement yet.
struct NoticeGiven {
  std::string participant;
  std::string purpose;
  NoticeReference notice;
};

enum class By : std::uint8_t { sinks, server };

// Starts it, or replaces the set of sinks of one that runs.
struct PurposeStarted {
  std::string purpose;
  By by = By::sinks;
  std::vector<std::string> sinks;  // with By::sinks; not empty
  bool requested = true;           // somebody asked for this service
};
struct PurposeStopped {
  std::string purpose;
};
// Added at once; what was known stays.
struct JurisdictionAdded {
  std::string participant;
  JurisdictionEvidence evidence;
};
// The explicit re-evaluation: the only way to remove one.
struct JurisdictionsReevaluated {
  std::string participant;
  std::vector<JurisdictionEvidence> evidence;
};
struct MinorStated {
  std::string participant;
  Minor minor = Minor::unknown;
};
struct SaleOptedOut {
  std::string participant;
};
struct CiphertextStated {
  std::string participant;
  bool ciphertext_only = true;
};
// Replaces the tenant's or the room's layer.
struct TenantSet {
  std::string tenant;  // of RuleBook::tenants; empty: none
};
struct RoomTightened {
  Tightening room;
};
// Replaces the layer of one participant's leg.
struct LegTightened {
  std::string participant;
  Tightening leg;
};
// `rules` must outlive its use by the room.
struct RulesChanged {
  const RuleBook* rules = nullptr;
};
struct TimePassed {};

using Event =
    std::variant<TimePassed, ParticipantJoined, ParticipantLeft, ConsentStated, ConsentWithdrawn,
                 ConsentInvalidated, NoticeGiven, PurposeStarted, PurposeStopped, JurisdictionAdded,
                 JurisdictionsReevaluated, MinorStated, SaleOptedOut, CiphertextStated, TenantSet,
                 RoomTightened, LegTightened, RulesChanged>;

}  // namespace assent::policy
