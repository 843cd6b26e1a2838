#include <algorithm>
#include <utility>
#include <variant>

#include "policy/room_state.hpp"

namespace assent::policy {

Room::State::State(std::string id, const RuleBook& rules)
    : id_{std::move(id)}, index_{rules}, surveys_(index_.slots().size()) {}

Accepted<void> Room::State::handle(WallTime now, const Event& event, Decisions& out) {
  out = {};
  out.epoch = epoch_;
  const WallTime before = now_;
  now_ = std::max(now, now_);  // what has expired must not come back with the clock
  const auto fit = std::visit([this](const auto& e) { return check(e); }, event);
  if (!fit) {
    now_ = before;
    return fit;
  }
  pending_ = epoch_ + 1;
  touched_.reset();
  sweep_time(before, out);
  std::visit([&](const auto& e) { apply(e, out); }, event);
  decide_touched(out);

  const bool only_time = std::holds_alternative<TimePassed>(event);
  if (!only_time || !out.changed.empty() || !out.consents.empty()) epoch_ = pending_;
  out.epoch = epoch_;
  return {};
}

// --- what is refused ---

Accepted<void> Room::State::check_present(std::string_view participant) const {
  if (find(participant) == nullptr)
    return Refusal{RefusalCode::participant_unknown, "/participant"};
  return {};
}

Accepted<void> Room::State::check_pair(std::string_view participant,
                                       std::string_view purpose) const {
  if (const auto present = check_present(participant); !present) return present;
  if (!index_.find_purpose(purpose)) return Refusal{RefusalCode::purpose_unknown, "/purpose"};
  return {};
}

Accepted<void> Room::State::check(const ParticipantJoined& event) const {
  if (find(event.participant) != nullptr)
    return Refusal{RefusalCode::participant_present, "/participant"};
  if (members_.size() >= participants_max) return Refusal{RefusalCode::limit_reached, ""};
  return {};
}

Accepted<void> Room::State::check(const ParticipantLeft& event) const {
  return check_present(event.participant);
}

Accepted<void> Room::State::check(const ConsentStated& event) const {
  if (const auto pair = check_pair(event.participant, event.purpose); !pair) return pair;
  if (!event.subject.empty() && find(event.participant)->subject != event.subject)
    return Refusal{RefusalCode::participant_unknown, "/participant"};
  // Nobody has to prove that they do not consent.
  if (event.statement.answer == Answer::refused) return {};
  return check_grant(*find(event.participant), *index_.find_purpose(event.purpose),
                     event.statement);
}

Accepted<void> Room::State::check_grant(const Member& member, std::size_t purpose,
                                        const Statement& statement) const {
  const bool by_guardian = statement.giver == Giver::guardian;
  if (by_guardian && !member.needs_guardian) return Refusal{RefusalCode::not_a_minor, "/giver"};
  const auto& rule = rules().method_rules.at(static_cast<std::size_t>(statement.method));
  if (!rule) return Refusal{RefusalCode::method_unknown, "/method"};
  if (const auto form = check_form(statement, *rule, now_); !form) return form;
  if (by_guardian) {
    const MethodRule guardian{rules().minors.least, rules().minors.evidence, {}};
    if (const auto form = check_form(statement, guardian, now_); !form) return form;
  }
  if (const auto notice = check_notice(rules(), required_notice(member, purpose), statement.notice);
      !notice)
    return notice;
  const auto& standing = by_guardian ? member.guardian : member.own;
  if (const auto follows = check_follows(standing[purpose], statement, now_); !follows)
    return follows;
  if (member.nonces.contains(statement.nonce))
    return Refusal{RefusalCode::statement_replayed, "/nonce"};
  if (!statement.nonce.empty() && member.nonces.size() >= nonces_max)
    return Refusal{RefusalCode::limit_reached, "/nonce"};
  return {};
}

Accepted<void> Room::State::check(const ConsentWithdrawn& event) const {
  return check_pair(event.participant, event.purpose);
}

Accepted<void> Room::State::check(const ConsentInvalidated& event) const {
  return check_pair(event.participant, event.purpose);
}

Accepted<void> Room::State::check(const NoticeGiven& event) const {
  if (const auto pair = check_pair(event.participant, event.purpose); !pair) return pair;
  if (event.notice.id.empty()) return Refusal{RefusalCode::notice_missing, "/notice/id"};
  const auto purpose = *index_.find_purpose(event.purpose);
  return check_notice(rules(), required_notice(*find(event.participant), purpose), event.notice);
}

Accepted<void> Room::State::check(const PurposeStarted& event) const {
  const auto purpose = index_.find_purpose(event.purpose);
  if (!purpose) return Refusal{RefusalCode::purpose_unknown, "/purpose"};
  if (event.by == By::server) {
    const auto slot = index_.find_slot(server_sink(event.purpose));
    if (!slot) return Refusal{RefusalCode::server_unknown, "/by"};
    if (index_.slots()[*slot].binding == Reason::no_media_path)
      return Refusal{RefusalCode::no_media_path, "/by"};
    return {};
  }
  if (event.sinks.empty()) return Refusal{RefusalCode::sink_unknown, "/sinks"};
  for (std::size_t i = 0; i < event.sinks.size(); ++i) {
    const std::string field = "/sinks/" + std::to_string(i);
    const auto slot = index_.find_slot(event.sinks[i]);
    if (!slot || !rules().sinks.contains(event.sinks[i]))
      return Refusal{RefusalCode::sink_unknown, field};
    if (index_.slots()[*slot].purpose != *purpose)
      return Refusal{RefusalCode::sink_of_other_purpose, field};
    if (index_.slots()[*slot].binding == Reason::no_media_path)
      return Refusal{RefusalCode::no_media_path, field};
  }
  return {};
}

Accepted<void> Room::State::check(const PurposeStopped& event) const {
  const auto purpose = index_.find_purpose(event.purpose);
  if (!purpose) return Refusal{RefusalCode::purpose_unknown, "/purpose"};
  const auto& slots = index_.purposes()[*purpose].slots;
  const bool runs = std::any_of(slots.begin(), slots.end(),
                                [this](std::size_t slot) { return active_.test(slot); });
  if (!runs) return Refusal{RefusalCode::purpose_not_started, "/purpose"};
  return {};
}

Accepted<void> Room::State::check(const JurisdictionAdded& event) const {
  return check_present(event.participant);
}
Accepted<void> Room::State::check(const JurisdictionsReevaluated& event) const {
  return check_present(event.participant);
}
Accepted<void> Room::State::check(const MinorStated& event) const {
  return check_present(event.participant);
}
Accepted<void> Room::State::check(const SaleOptedOut& event) const {
  return check_present(event.participant);
}
Accepted<void> Room::State::check(const CiphertextStated& event) const {
  return check_present(event.participant);
}

Accepted<void> Room::State::check(const LegTightened& event) const {
  return check_present(event.participant);
}

Accepted<void> Room::State::check(const TenantSet& event) const {
  // A name that is written wrong must not end up with the laxer global policy.
  if (!event.tenant.empty() && !rules().tenants.contains(event.tenant))
    return Refusal{RefusalCode::tenant_unknown, "/tenant"};
  return {};
}

Accepted<void> Room::State::check(const RulesChanged& event) const {
  if (event.rules == nullptr) return Refusal{RefusalCode::rules_missing, ""};
  return {};
}

// --- what is taken ---

void Room::State::apply(const ParticipantJoined& event, Decisions&) {
  MemberPlace member{Member{}};
  member->id = event.participant;
  member->subject = event.subject;
  member->evidence = event.evidence;
  member->binding = binding_rows(rules().jurisdictions, event.evidence);
  member->minor = event.minor;
  member->sale_opt_out = event.sale_opt_out;
  member->ciphertext_only = event.ciphertext_only;
  member->leg = event.leg;
  member->own.resize(index_.purposes().size());
  member->guardian.resize(index_.purposes().size());
  member->notices_given.resize(index_.purposes().size());
  member->cells.resize(index_.slots().size());
  refresh(*member);
  const auto at = std::lower_bound(members_.begin(), members_.end(), event.participant,
                                   [](const auto& m, const auto& id) { return m->id < id; });
  members_.insert(at, std::move(member));
  touch_all();
}

void Room::State::apply(const ParticipantLeft& event, Decisions& out) {
  const auto at = std::find_if(members_.begin(), members_.end(),
                               [&](const auto& member) { return member->id == event.participant; });
  Member& member = **at;
  for (std::size_t slot = 0; slot < member.cells.size(); ++slot) {
    if (!active_.test(slot)) continue;
    member.cells[slot] = {Reason::participant_unknown, Mechanism::none, never, pending_, now_};
    out.changed.push_back(decision_of(member, slot));
  }
  if (member.next_expiry != never) expiries_.erase({member.next_expiry, member.id});
  detach_profile(member);
  members_.erase(at);
  touch_all();
}

void Room::State::apply(const ConsentStated& event, Decisions& out) {
  Member& member = present(event.participant);
  const std::size_t purpose = *index_.find_purpose(event.purpose);
  const Statement& statement = event.statement;
  const auto& rule = rules().method_rules.at(static_cast<std::size_t>(statement.method));
  if (!statement.nonce.empty() && member.nonces.size() < nonces_max)
    member.nonces.insert(statement.nonce);
  auto& standing = statement.giver == Giver::guardian ? member.guardian : member.own;
  const Strength strength = rule ? rule->strength : Strength::none;
  set_consent(member, purpose, statement.giver,
              after_statement(standing[purpose], statement, strength, now_, pending_), out);
}

void Room::State::apply(const ConsentWithdrawn& event, Decisions& out) {
  Member& member = present(event.participant);
  const std::size_t purpose = *index_.find_purpose(event.purpose);
  auto& standing = event.giver == Giver::guardian ? member.guardian : member.own;
  set_consent(member, purpose, event.giver,
              after_closing(standing[purpose], ConsentState::withdrawn, now_, pending_), out);
}

void Room::State::apply(const ConsentInvalidated& event, Decisions& out) {
  Member& member = present(event.participant);
  const std::size_t purpose = *index_.find_purpose(event.purpose);
  for (const Giver giver : {Giver::participant, Giver::guardian}) {
    if (event.giver && *event.giver != giver) continue;
    const Consent& standing = (giver == Giver::guardian ? member.guardian : member.own)[purpose];
    if (standing.state == ConsentState::granted)
      set_consent(member, purpose, giver,
                  after_closing(standing, ConsentState::invalidated, now_, pending_), out);
  }
}

void Room::State::apply(const NoticeGiven& event, Decisions&) {
  const std::size_t purpose = *index_.find_purpose(event.purpose);
  present(event.participant).notices_given[purpose] = event.notice;
  touch(purpose);
}

void Room::State::apply(const PurposeStarted& event, Decisions& out) {
  const std::size_t purpose = *index_.find_purpose(event.purpose);
  SlotMask wanted;
  if (event.by == By::server) wanted.set(*index_.find_slot(server_sink(event.purpose)));
  if (event.by == By::sinks)
    for (const std::string& sink : event.sinks)
      wanted.set(*index_.find_slot(sink));
  for (const std::size_t slot : index_.purposes()[purpose].slots) {
    if (active_.test(slot) && !wanted.test(slot))
      close_slot(slot, Reason::purpose_not_started, out);
    if (!active_.test(slot) && wanted.test(slot))
      for (const auto& member : members_)
        member->cells[slot] = {};
  }
  active_ |= wanted;
  requested_.set(purpose, event.requested);
  touch(purpose);
}

void Room::State::apply(const PurposeStopped& event, Decisions& out) {
  const std::size_t purpose = *index_.find_purpose(event.purpose);
  for (const std::size_t slot : index_.purposes()[purpose].slots)
    if (active_.test(slot)) close_slot(slot, Reason::purpose_not_started, out);
  touch(purpose);
}

void Room::State::apply(const JurisdictionAdded& event, Decisions&) {
  Member& member = present(event.participant);
  member.evidence.push_back(event.evidence);
  member.binding = with_more(rules().jurisdictions, std::move(member.binding), event.evidence);
  refresh(member);
  touch_all();
}

void Room::State::apply(const JurisdictionsReevaluated& event, Decisions&) {
  Member& member = present(event.participant);
  member.evidence = event.evidence;
  member.binding = binding_rows(rules().jurisdictions, event.evidence);
  refresh(member);
  touch_all();
}

void Room::State::apply(const MinorStated& event, Decisions&) {
  Member& member = present(event.participant);
  member.minor = event.minor;
  refresh(member);
  touch_all();
}

void Room::State::apply(const SaleOptedOut& event, Decisions&) {
  Member& member = present(event.participant);
  member.sale_opt_out = true;
  refresh(member);
  touch_all();
}

void Room::State::apply(const CiphertextStated& event, Decisions&) {
  present(event.participant).ciphertext_only = event.ciphertext_only;
  touch_all();
}

void Room::State::apply(const TenantSet& event, Decisions& out) {
  tenant_ = event.tenant;
  layers_changed(out);
}

void Room::State::apply(const RoomTightened& event, Decisions& out) {
  room_layer_ = event.room;
  layers_changed(out);
}

void Room::State::apply(const LegTightened& event, Decisions& out) {
  Member& member = present(event.participant);
  member.leg = event.leg;
  refresh(member);
  invalidate_outdated(member, out);
  touch_all();
}

void Room::State::apply(const RulesChanged& event, Decisions& out) {
  move_to(RuleIndex{*event.rules}, out);
}

}  // namespace assent::policy
