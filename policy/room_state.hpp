#pragma once

#include <bitset>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/room.hpp"
#include "policy/rule_index.hpp"

// The inside of a Room. Events are in room_events.cpp, decisions in room_decisions.cpp, reasons
// for people in room_explanation.cpp, what they are asked in room_asking.cpp. Internal to policy/.
namespace assent::policy {

inline constexpr WallTime never = WallTime::max();

using SlotMask = std::bitset<slots_max>;

// What was decided about one participant and one slot.
struct Cell {
  Reason reason = Reason::undecided;
  Mechanism mechanism = Mechanism::none;
  WallTime deadline = never;  // of a permission
  Epoch epoch = 0;
  WallTime since{};  // when this reason came to hold
};

// What the law says about everybody with the same jurisdictions, by slot. Shared, because most of
// a room has the same.
struct Profile {
  BindingRows binding;
  bool deny_contested = false;
  std::vector<RuleAnswer> rules;
  std::vector<TransferAnswer> transfers;
  std::size_t users = 0;
};

struct Member {
  std::string id;
  std::string subject;
  std::vector<JurisdictionEvidence> evidence;
  BindingRows binding;
  Minor minor = Minor::unknown;
  bool sale_opt_out = false;
  bool ciphertext_only = false;
  Tightening leg;
  std::set<std::string, std::less<>> nonces;

  std::vector<Consent> own;                    // by purpose
  std::vector<Consent> guardian;               // by purpose
  std::vector<NoticeReference> notices_given;  // by purpose; without an id: none
  std::vector<Cell> cells;                     // by slot

  // Derived from the above and the rules.
  Tightening layers;  // tenant, room and leg together
  Profile* profile = nullptr;
  bool needs_guardian = true;
  bool sale_permitted = false;
  std::vector<Strength> least;  // by purpose
  std::vector<Rule> at_least;   // by purpose
  SlotMask denied;              // by a layer
  WallTime next_expiry = never;
};

// Keeps its place in memory when the room's list of members moves; a copy has another.
class MemberPlace {
 public:
  explicit MemberPlace(Member member) : member_{std::make_unique<Member>(std::move(member))} {}
  MemberPlace(const MemberPlace& other) : MemberPlace{*other.member_} {}
  MemberPlace(MemberPlace&&) noexcept = default;
  MemberPlace& operator=(const MemberPlace&) = delete;
  MemberPlace& operator=(MemberPlace&&) noexcept = default;
  ~MemberPlace() = default;

  [[nodiscard]] Member* get() const { return member_.get(); }
  Member* operator->() const { return get(); }
  Member& operator*() const { return *get(); }

 private:
  std::unique_ptr<Member> member_;
};

// How one member stands to one purpose.
struct Standing {
  ConsentState state = ConsentState::unknown;
  bool strong_enough = false;
  bool guardian_granted = false;
  bool counts = false;  // toward "everybody" and "somebody"
  WallTime until = never;
};

// What a slot's decisions have in common.
struct Survey {
  Rule rule = Rule::prohibit;
  Reason prohibition = Reason::prohibited;
  std::string row;                   // of the jurisdiction that decided the rule; empty: a layer
  std::string rule_holder;           // the member it binds
  std::vector<std::string> missing;  // those without a grant that counts, by id
  bool everybody = false;
  bool somebody = false;
  bool go_on = false;
  WallTime rule_until = never;
  WallTime everybody_until = never;
  WallTime somebody_until{};
};

class Room::State {
 public:
  State(std::string id, const RuleBook& rules);
  State(State&&) noexcept = default;
  [[nodiscard]] State clone() const;

  Accepted<void> handle(WallTime now, const Event& event, Decisions& out);
  [[nodiscard]] std::optional<WallTime> next_timeout() const;

  [[nodiscard]] Decision decision(std::string_view participant, std::string_view sink) const;
  [[nodiscard]] Decision decision_of(const Member& member, std::size_t slot) const;
  [[nodiscard]] Explanation explain(const Member& member, std::size_t slot, Others others) const;
  [[nodiscard]] Asking asking(const Member& member, std::size_t purpose) const;
  [[nodiscard]] const Member* find(std::string_view participant) const;

  std::string id_;
  RuleIndex index_;
  Epoch epoch_ = 0;
  std::vector<MemberPlace> members_;  // sorted by id
  SlotMask active_;
  PurposeMask requested_;

 private:
  State(const State&) = default;  // its members still point to the other's profiles

  // Events: each is checked whole before anything is applied (room_events.cpp).
  Accepted<void> check(const TimePassed&) const { return {}; }
  Accepted<void> check(const ParticipantJoined& event) const;
  Accepted<void> check(const ParticipantLeft& event) const;
  Accepted<void> check(const ConsentStated& event) const;
  Accepted<void> check(const ConsentWithdrawn& event) const;
  Accepted<void> check(const ConsentInvalidated& event) const;
  Accepted<void> check(const NoticeGiven& event) const;
  Accepted<void> check(const PurposeStarted& event) const;
  Accepted<void> check(const PurposeStopped& event) const;
  Accepted<void> check(const JurisdictionAdded& event) const;
  Accepted<void> check(const JurisdictionsReevaluated& event) const;
  Accepted<void> check(const MinorStated& event) const;
  Accepted<void> check(const SaleOptedOut& event) const;
  Accepted<void> check(const CiphertextStated& event) const;
  Accepted<void> check(const TenantSet& event) const;
  Accepted<void> check(const RoomTightened&) const { return {}; }
  Accepted<void> check(const LegTightened& event) const;
  Accepted<void> check(const RulesChanged& event) const;
  [[nodiscard]] Accepted<void> check_present(std::string_view participant) const;
  [[nodiscard]] Accepted<void> check_pair(std::string_view participant,
                                          std::string_view purpose) const;
  [[nodiscard]] Accepted<void> check_grant(const Member& member, std::size_t purpose,
                                           const Statement& statement) const;

  void apply(const TimePassed&, Decisions&) {}
  void apply(const ParticipantJoined& event, Decisions& out);
  void apply(const ParticipantLeft& event, Decisions& out);
  void apply(const ConsentStated& event, Decisions& out);
  void apply(const ConsentWithdrawn& event, Decisions& out);
  void apply(const ConsentInvalidated& event, Decisions& out);
  void apply(const NoticeGiven& event, Decisions& out);
  void apply(const PurposeStarted& event, Decisions& out);
  void apply(const PurposeStopped& event, Decisions& out);
  void apply(const JurisdictionAdded& event, Decisions& out);
  void apply(const JurisdictionsReevaluated& event, Decisions& out);
  void apply(const MinorStated& event, Decisions& out);
  void apply(const SaleOptedOut& event, Decisions& out);
  void apply(const CiphertextStated& event, Decisions& out);
  void apply(const TenantSet& event, Decisions& out);
  void apply(const RoomTightened& event, Decisions& out);
  void apply(const LegTightened& event, Decisions& out);
  void apply(const RulesChanged& event, Decisions& out);

  // What follows from an event (room_effects.cpp).
  void sweep_time(WallTime before, Decisions& out);
  void expire(Member& member, Decisions& out);
  void set_consent(Member& member, std::size_t purpose, Giver giver, Consent consent,
                   Decisions& out);
  void close_slot(std::size_t slot, Reason why, Decisions& out);
  void layers_changed(Decisions& out);
  void invalidate_outdated(Member& member, Decisions& out);
  [[nodiscard]] bool is_outdated(const Member& member, std::size_t purpose,
                                 const NoticeReference& given) const;
  void move_to(const RuleIndex& next, Decisions& out);
  void remap(Member& member, const RuleIndex& next, const PurposeMask& suspended, Decisions& out);
  void refresh(Member& member);
  void refresh_bars(Member& member);
  void refresh_expiry(Member& member);
  void attach_profile(Member& member);
  void detach_profile(Member& member);
  void compute(Profile& profile) const;
  [[nodiscard]] const std::string& required_notice(const Member& member, std::size_t purpose) const;
  void touch(std::size_t purpose) { touched_.set(purpose); }
  void touch_all() { touched_.set(); }

  // Decisions (room_decisions.cpp).
  void decide_touched(Decisions& out);
  void decide_slot(std::size_t slot, Decisions& out);
  [[nodiscard]] Standing standing(const Member& member, std::size_t purpose) const;
  [[nodiscard]] Survey survey(std::size_t slot) const;
  void survey_rules(std::size_t slot, Survey& found) const;
  [[nodiscard]] Facts facts_of(const Member& member, std::size_t slot, const Standing& standing,
                               const Survey& survey, const TransferAnswer& transfer) const;
  [[nodiscard]] TransferAnswer transfer_of(const Member& member, std::size_t slot) const;
  [[nodiscard]] bool consented_to_transfer(const Member& member, std::size_t slot) const;
  // When the purposes that this one requires stop being permitted; empty: they are not.
  [[nodiscard]] std::optional<WallTime> required_until(const Member& member,
                                                       std::size_t purpose) const;
  [[nodiscard]] WallTime deadline_of(const Member& member, std::size_t slot,
                                     const Standing& standing, const Survey& survey,
                                     const TransferAnswer& transfer) const;

  // Reasons for people (room_explanation.cpp).
  [[nodiscard]] Finding finding(Axis axis, const Member& member, std::size_t slot,
                                const Facts& facts, const Survey& survey, Others others) const;
  [[nodiscard]] std::string layers_in_words(const Member& member, std::size_t slot) const;
  [[nodiscard]] bool rules_out(const Tightening& layer, std::size_t slot) const;

  [[nodiscard]] Member& present(std::string_view participant);  // checked before
  [[nodiscard]] const RuleBook& rules() const { return index_.rules(); }

  WallTime now_{};
  Epoch pending_ = 0;  // the epoch of the event in hand
  std::string tenant_;
  Tightening room_layer_;
  std::map<std::string, Profile> profiles_;
  std::set<std::pair<WallTime, std::string>> expiries_;  // next of each member
  std::vector<Survey> surveys_;                          // by slot, of active ones
  PurposeMask touched_;
};

}  // namespace assent::policy
