#include <algorithm>
#include <utility>

#include "policy/room_state.hpp"

namespace assent::policy {

void Room::State::decide_touched(Decisions& out) {
  PurposeMask all = touched_;
  for (std::size_t purpose = 0; purpose < index_.purposes().size(); ++purpose)
    if (touched_.test(purpose)) all |= index_.purposes()[purpose].dependents;
  // In index order: what a purpose requires is decided before it.
  for (std::size_t purpose = 0; purpose < index_.purposes().size(); ++purpose) {
    if (!all.test(purpose)) continue;
    for (const std::size_t slot : index_.purposes()[purpose].slots)
      if (active_.test(slot)) decide_slot(slot, out);
  }
  // Whoever applies them in order closes before opening.
  std::stable_partition(out.changed.begin(), out.changed.end(),
                        [](const Decision& decision) { return !decision.permitted; });
  auto& without = out.went_on_without;
  std::sort(without.begin(), without.end());
  without.erase(std::unique(without.begin(), without.end()), without.end());
}

void Room::State::decide_slot(std::size_t slot, Decisions& out) {
  surveys_[slot] = survey(slot);
  const Survey& found = surveys_[slot];
  const std::size_t purpose = index_.slots()[slot].purpose;
  bool any_permitted = false;
  for (const auto& member : members_) {
    const Standing stands = standing(*member, purpose);
    const TransferAnswer transfer = transfer_of(*member, slot);
    const Facts facts = facts_of(*member, slot, stands, found, transfer);
    Cell next{decide(facts), transfer.mechanism, never, pending_, now_};
    const bool permitted = next.reason == Reason::permitted;
    if (permitted) next.deadline = deadline_of(*member, slot, stands, found, transfer);
    any_permitted = any_permitted || permitted;

    Cell& cell = member->cells[slot];
    const bool same = cell.reason == next.reason && cell.deadline == next.deadline &&
                      cell.mechanism == next.mechanism;
    if (same) continue;
    if (cell.reason == next.reason) next.since = cell.since;
    cell = next;
    out.changed.push_back(decision_of(*member, slot));
  }
  if (found.rule == Rule::all_party && found.go_on && any_permitted)
    out.went_on_without.insert(out.went_on_without.end(), found.missing.begin(),
                               found.missing.end());
}

Standing Room::State::standing(const Member& member, std::size_t purpose) const {
  const Consent& own = member.own[purpose];
  const Consent& guardian = member.guardian[purpose];
  Standing stands;
  stands.state = own.state_at(now_);
  const bool granted = stands.state == ConsentState::granted;
  stands.strong_enough = granted && own.strength >= member.least[purpose];
  stands.guardian_granted =
      guardian.state_at(now_) == ConsentState::granted && guardian.strength >= rules().minors.least;
  stands.counts = stands.strong_enough && (!member.needs_guardian || stands.guardian_granted);
  if (granted && own.statement.expires) stands.until = *own.statement.expires;
  if (member.needs_guardian && guardian.statement.expires)
    stands.until = std::min(stands.until, *guardian.statement.expires);
  return stands;
}

Survey Room::State::survey(std::size_t slot) const {
  const std::size_t purpose = index_.slots()[slot].purpose;
  Survey found;
  found.go_on = rules().composition.go_on_without_refuser;
  survey_rules(slot, found);
  for (const auto& member : members_) {
    if (member->layers.stop_for_all) found.go_on = false;
    const Standing stands = standing(*member, purpose);
    if (stands.counts) {
      found.somebody = true;
      found.everybody_until = std::min(found.everybody_until, stands.until);
      found.somebody_until = std::max(found.somebody_until, stands.until);
    } else {
      found.missing.push_back(member->id);
    }
  }
  found.everybody = found.somebody && found.missing.empty();
  return found;
}

// The strictest rule among everybody in the room, listeners included.
void Room::State::survey_rules(std::size_t slot, Survey& found) const {
  const std::size_t purpose = index_.slots()[slot].purpose;
  const Member* holder = nullptr;
  for (const auto& member : members_) {
    const RuleAnswer& law = member->profile->rules[slot];
    if (law.until) found.rule_until = std::min(found.rule_until, *law.until);
    const Rule rule = stricter(law.rule, member->at_least[purpose]);
    if (holder != nullptr && rule >= found.rule) continue;
    holder = member.get();
    found.rule = rule;
    // A layer's own bar has no row of law.
    found.row = law.rule <= rule ? law.row : std::string{};
    found.prohibition = law.rule <= rule ? law.why : Reason::policy_denies;
  }
  if (holder != nullptr) found.rule_holder = holder->id;
}

Facts Room::State::facts_of(const Member& member, std::size_t slot, const Standing& stands,
                            const Survey& found, const TransferAnswer& transfer) const {
  const Slot& at = index_.slots()[slot];
  const IndexedPurpose& purpose = index_.purposes()[at.purpose];
  const auto& bases = purpose.rules->bases;
  const Consent& own = member.own[at.purpose];
  Facts facts;
  facts.started = active_.test(slot);
  facts.binding = at.binding;
  facts.denied_by_layer = member.denied.test(slot);
  facts.rule = found.rule;
  facts.prohibition = found.prohibition;
  facts.ciphertext_only = member.ciphertext_only;
  facts.needs_plaintext = purpose.rules->needs_plaintext;
  facts.consent = stands.state;
  facts.needs_guardian = member.needs_guardian;
  facts.guardian_granted = stands.guardian_granted;
  facts.strong_enough = stands.strong_enough;
  facts.on_consent = std::find(bases.begin(), bases.end(), Basis::consent) != bases.end();
  facts.on_request = std::find(bases.begin(), bases.end(), Basis::requested_service) != bases.end();
  facts.all_bases = purpose.rules->combine == Combine::all;
  facts.requested = requested_.test(at.purpose);
  facts.everybody_granted = found.everybody;
  facts.somebody_granted = found.somebody;
  facts.go_on_without_refuser = found.go_on;
  facts.notice_given =
      !member.notices_given[at.purpose].id.empty() || !own.statement.notice.id.empty();
  facts.own_use = at.own_use;
  facts.sale_permitted = member.sale_permitted;
  facts.transfer = transfer.reason;
  facts.requires_permitted = required_until(member, at.purpose).has_value();
  return facts;
}

TransferAnswer Room::State::transfer_of(const Member& member, std::size_t slot) const {
  const TransferAnswer& answer = member.profile->transfers[slot];
  const bool may = rules().composition.rely_on_explicit_consent &&
                   !member.layers.deny_explicit_consent && consented_to_transfer(member, slot);
  if (answer.reason == Reason::permitted || !may) return answer;
  const Slot& at = index_.slots()[slot];
  const bool contested =
      rules().composition.rely_on_contested_transfers && !member.profile->deny_contested;
  return judge_transfer(rules().jurisdictions, rules().transfers, member.binding, at.instruments,
                        {at.category, at.jurisdiction, contested, true}, now_);
}

// Art. 49(1)(a): explicit, and told of the country. The evidence "transfer" names it.
bool Room::State::consented_to_transfer(const Member& member, std::size_t slot) const {
  const Slot& at = index_.slots()[slot];
  const Consent& own = member.own[at.purpose];
  const auto named = own.statement.evidence.find("transfer");
  return own.state_at(now_) == ConsentState::granted && own.strength >= Strength::firm &&
         named != own.statement.evidence.end() &&
         (named->second == at.jurisdiction || named->second == country_of(at.jurisdiction));
}

std::optional<WallTime> Room::State::required_until(const Member& member,
                                                    std::size_t purpose) const {
  const IndexedPurpose& indexed = index_.purposes()[purpose];
  if (!indexed.satisfiable) return std::nullopt;
  WallTime until = never;
  for (std::size_t required = 0; required < index_.purposes().size(); ++required) {
    if (!indexed.required.test(required)) continue;
    std::optional<WallTime> best;
    for (const std::size_t slot : index_.purposes()[required].slots) {
      const Cell& cell = member.cells[slot];
      const bool permitted = active_.test(slot) && cell.reason == Reason::permitted;
      if (permitted) best = std::max(best.value_or(cell.deadline), cell.deadline);
    }
    if (!best) return std::nullopt;
    until = std::min(until, *best);
  }
  return until;
}

WallTime Room::State::deadline_of(const Member& member, std::size_t slot, const Standing& stands,
                                  const Survey& found, const TransferAnswer& transfer) const {
  WallTime until = std::min(stands.until, found.rule_until);
  if (transfer.until) until = std::min(until, *transfer.until);
  if (found.rule == Rule::all_party && !found.go_on) until = std::min(until, found.everybody_until);
  if (found.rule <= Rule::one_party) until = std::min(until, found.somebody_until);
  return std::min(until, required_until(member, index_.slots()[slot].purpose).value_or(until));
}

Decision Room::State::decision(std::string_view participant, std::string_view sink) const {
  const Member* member = find(participant);
  const auto slot = index_.find_slot(sink);
  if (member != nullptr && slot) return decision_of(*member, *slot);
  Decision none;
  none.participant = participant;
  none.sink = sink;
  none.reason = member == nullptr ? Reason::participant_unknown : Reason::sink_unknown;
  none.rules_hash = rules().hash;
  return none;
}

Decision Room::State::decision_of(const Member& member, std::size_t slot) const {
  const Slot& at = index_.slots()[slot];
  const Cell& cell = member.cells[slot];
  const Survey& found = surveys_[slot];
  Decision decision;
  decision.participant = member.id;
  decision.sink = at.name;
  decision.purpose = index_.purposes()[at.purpose].name;
  decision.rules_hash = rules().hash;
  decision.epoch = cell.epoch;
  decision.reason = cell.reason;
  if (!active_.test(slot)) {
    if (cell.reason == Reason::undecided) decision.reason = Reason::purpose_not_started;
    return decision;
  }
  decision.permitted = cell.reason == Reason::permitted;
  decision.mechanism = cell.mechanism;
  decision.rule = found.rule;
  decision.row = found.row;
  if (decision.permitted && cell.deadline != never) decision.deadline = cell.deadline;
  if (cell.reason == Reason::others_missing && !found.missing.empty())
    decision.blocker = found.missing.front();
  if (cell.reason == found.prohibition && found.rule_holder != member.id)
    decision.blocker = found.rule_holder;
  return decision;
}

}  // namespace assent::policy
