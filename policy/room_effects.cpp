#include <algorithm>
#include <utility>

#include "policy/room_state.hpp"

namespace assent::policy {
namespace {

// Everything that decides about a profile besides the rules.
std::string key_of(const BindingRows& binding, bool deny_contested) {
  std::string key = deny_contested ? "!" : "=";
  if (binding.unknown) key += '?';
  for (const std::string& code : binding.codes)
    key += code + ',';
  return key;
}

}  // namespace

Room::State Room::State::clone() const {
  State copy{*this};
  for (const auto& member : copy.members_) {
    const Profile* profile = member->profile;
    if (profile != nullptr)
      member->profile = &copy.profiles_.at(key_of(profile->binding, profile->deny_contested));
  }
  return copy;
}

const Member* Room::State::find(std::string_view participant) const {
  const auto at = std::lower_bound(members_.begin(), members_.end(), participant,
                                   [](const auto& m, const auto& id) { return m->id < id; });
  return at != members_.end() && (*at)->id == participant ? at->get() : nullptr;
}

Member& Room::State::present(std::string_view participant) {
  return const_cast<Member&>(*find(participant));
}

std::optional<WallTime> Room::State::next_timeout() const {
  const auto boundary = index_.next_boundary(now_);
  if (expiries_.empty()) return boundary;
  const WallTime expiry = expiries_.begin()->first;
  return boundary ? std::min(*boundary, expiry) : expiry;
}

void Room::State::sweep_time(WallTime before, Decisions& out) {
  while (!expiries_.empty() && expiries_.begin()->first <= now_)
    expire(present(expiries_.begin()->second), out);
  const auto boundary = index_.next_boundary(before);
  if (!boundary || *boundary > now_) return;
  for (auto& [key, profile] : profiles_)
    compute(profile);
  touch_all();
}

void Room::State::expire(Member& member, Decisions& out) {
  for (std::size_t purpose = 0; purpose < member.own.size(); ++purpose)
    for (const Giver giver : {Giver::participant, Giver::guardian}) {
      const Consent& consent = (giver == Giver::guardian ? member.guardian : member.own)[purpose];
      if (consent.state_at(now_) == consent.state) continue;
      set_consent(member, purpose, giver,
                  after_closing(consent, ConsentState::expired, now_, pending_), out);
    }
}

void Room::State::set_consent(Member& member, std::size_t purpose, Giver giver, Consent consent,
                              Decisions& out) {
  auto& standing = giver == Giver::guardian ? member.guardian : member.own;
  standing[purpose] = std::move(consent);
  out.consents.push_back(
      {member.id, index_.purposes()[purpose].name, giver, standing[purpose].state, pending_});
  refresh_expiry(member);
  touch(purpose);
}

void Room::State::close_slot(std::size_t slot, Reason why, Decisions& out) {
  active_.reset(slot);
  for (const auto& member : members_) {
    member->cells[slot] = {why, Mechanism::none, never, pending_, now_};
    out.changed.push_back(decision_of(*member, slot));
  }
}

void Room::State::layers_changed(Decisions& out) {
  for (const auto& member : members_) {
    refresh(*member);
    invalidate_outdated(*member, out);
  }
  touch_all();
}

const std::string& Room::State::required_notice(const Member& member, std::size_t purpose) const {
  const IndexedPurpose& indexed = index_.purposes()[purpose];
  const auto layer = member.layers.purposes.find(indexed.name);
  const bool specific = layer != member.layers.purposes.end() && !layer->second.notice.empty();
  return specific ? layer->second.notice : indexed.rules->notice;
}

// The notice is not in force any more, unless it changed in form only.
bool Room::State::is_outdated(const Member& member, std::size_t purpose,
                              const NoticeReference& given) const {
  const auto fit = check_notice(rules(), required_notice(member, purpose), given);
  if (fit) return false;
  const bool changed = fit.error().code == RefusalCode::notice_outdated;  // so there is another
  return !changed || find_notice(rules(), given.id, given.language)->material;
}

// Grants that refer to such a notice are suspended, and who was given one has to be given another.
void Room::State::invalidate_outdated(Member& member, Decisions& out) {
  for (std::size_t purpose = 0; purpose < member.own.size(); ++purpose) {
    NoticeReference& shown = member.notices_given[purpose];
    if (is_outdated(member, purpose, shown)) shown = {};
    for (const Giver giver : {Giver::participant, Giver::guardian}) {
      const Consent& consent = (giver == Giver::guardian ? member.guardian : member.own)[purpose];
      if (consent.state != ConsentState::granted) continue;
      if (!is_outdated(member, purpose, consent.statement.notice)) continue;
      set_consent(member, purpose, giver,
                  after_closing(consent, ConsentState::invalidated, now_, pending_), out);
    }
  }
}

// Everything by its name from the old rules to the new. What is not there any more is closed, what
// people agreed to on other terms is suspended, and then all is decided anew.
void Room::State::move_to(const RuleIndex& next, Decisions& out) {
  for (std::size_t slot = 0; slot < index_.slots().size(); ++slot) {
    if (!active_.test(slot)) continue;
    const auto found = next.find_slot(index_.slots()[slot].name);
    const bool same = found && next.purposes()[next.slots()[*found].purpose].name ==
                                   index_.purposes()[index_.slots()[slot].purpose].name;
    if (!same) close_slot(slot, Reason::sink_unknown, out);
  }
  PurposeMask suspended;
  for (std::size_t purpose = 0; purpose < index_.purposes().size(); ++purpose)
    suspended.set(purpose, has_new_terms(rules(), next.rules(), index_.purposes()[purpose].name));
  for (const auto& member : members_)
    remap(*member, next, suspended, out);

  SlotMask active;
  PurposeMask requested;
  for (std::size_t slot = 0; slot < index_.slots().size(); ++slot)
    if (active_.test(slot)) active.set(*next.find_slot(index_.slots()[slot].name));
  for (std::size_t purpose = 0; purpose < index_.purposes().size(); ++purpose)
    if (const auto found = next.find_purpose(index_.purposes()[purpose].name))
      requested.set(*found, requested_.test(purpose));

  for (const auto& member : members_)
    detach_profile(*member);
  index_ = next;
  active_ = active;
  requested_ = requested;
  surveys_.assign(index_.slots().size(), {});
  for (const auto& member : members_) {
    // New data may add to what binds a participant; only a re-evaluation takes away.
    for (const JurisdictionEvidence& hint : member->evidence)
      member->binding = with_more(rules().jurisdictions, std::move(member->binding), hint);
    refresh(*member);
    refresh_expiry(*member);
    invalidate_outdated(*member, out);
  }
  touch_all();
}

void Room::State::remap(Member& member, const RuleIndex& next, const PurposeMask& suspended,
                        Decisions& out) {
  std::vector<Consent> own(next.purposes().size());
  std::vector<Consent> guardian(next.purposes().size());
  std::vector<NoticeReference> notices_given(next.purposes().size());
  for (std::size_t purpose = 0; purpose < index_.purposes().size(); ++purpose) {
    const auto found = next.find_purpose(index_.purposes()[purpose].name);
    for (const Giver giver : {Giver::participant, Giver::guardian}) {
      Consent& consent = (giver == Giver::guardian ? member.guardian : member.own)[purpose];
      if (suspended.test(purpose) && consent.state == ConsentState::granted)
        set_consent(member, purpose, giver,
                    after_closing(consent, ConsentState::invalidated, now_, pending_), out);
      if (found) (giver == Giver::guardian ? guardian : own)[*found] = std::move(consent);
    }
    if (found && !suspended.test(purpose))
      notices_given[*found] = std::move(member.notices_given[purpose]);
  }
  std::vector<Cell> cells(next.slots().size());
  for (std::size_t slot = 0; slot < index_.slots().size(); ++slot)
    if (active_.test(slot)) cells[*next.find_slot(index_.slots()[slot].name)] = member.cells[slot];
  member.own = std::move(own);
  member.guardian = std::move(guardian);
  member.notices_given = std::move(notices_given);
  member.cells = std::move(cells);
}

void Room::State::refresh(Member& member) {
  const auto tenant = rules().tenants.find(tenant_);
  const bool tenant_missing = !tenant_.empty() && tenant == rules().tenants.end();
  member.layers = tenant == rules().tenants.end() ? Tightening{} : tenant->second;
  member.layers = tightened(tightened(std::move(member.layers), room_layer_), member.leg);

  for (std::size_t slot = 0; slot < index_.slots().size(); ++slot)
    member.denied.set(slot, tenant_missing || rules_out(member.layers, slot));
  const bool unflagged_as_minor =
      rules().minors.unflagged_as_minor || member.layers.unflagged_as_minor;
  member.needs_guardian = member.minor == Minor::yes || member.minor == Minor::unknown ||
                          (member.minor == Minor::unflagged && unflagged_as_minor);
  member.sale_permitted =
      rules().sale_permitted && !member.layers.deny_sale && !member.sale_opt_out;
  refresh_bars(member);
  detach_profile(member);
  attach_profile(member);
}

bool Room::State::rules_out(const Tightening& layer, std::size_t slot) const {
  const Slot& at = index_.slots()[slot];
  const auto purpose = layer.purposes.find(index_.purposes()[at.purpose].name);
  const bool prohibited = purpose != layer.purposes.end() && purpose->second.prohibit;
  return prohibited || layer.deny_sinks.contains(at.name) ||
         layer.deny_processors.contains(at.processor);
}

// The least strength and the mildest rule by purpose.
void Room::State::refresh_bars(Member& member) {
  member.least.assign(index_.purposes().size(), Strength::strong);
  member.at_least.assign(index_.purposes().size(), Rule::none);
  for (std::size_t purpose = 0; purpose < index_.purposes().size(); ++purpose) {
    const IndexedPurpose& indexed = index_.purposes()[purpose];
    Strength least = indexed.rules->least;
    for (const auto& [code, strength] : indexed.rules->least_in) {
      const auto& codes = member.binding.codes;
      const bool binds = std::binary_search(codes.begin(), codes.end(), code);
      if (binds || member.binding.unknown) least = std::max(least, strength);
    }
    if (const auto layer = member.layers.purposes.find(indexed.name);
        layer != member.layers.purposes.end()) {
      least = std::max(least, layer->second.least);
      member.at_least[purpose] = layer->second.at_least;
    }
    member.least[purpose] = least;
  }
}

void Room::State::refresh_expiry(Member& member) {
  if (member.next_expiry != never) expiries_.erase({member.next_expiry, member.id});
  member.next_expiry = never;
  for (const auto* consents : {&member.own, &member.guardian})
    for (const Consent& consent : *consents)
      if (consent.state == ConsentState::granted && consent.statement.expires)
        member.next_expiry = std::min(member.next_expiry, *consent.statement.expires);
  if (member.next_expiry != never) expiries_.insert({member.next_expiry, member.id});
}

void Room::State::attach_profile(Member& member) {
  const bool deny_contested = member.layers.deny_contested_transfers;
  auto [at, is_new] = profiles_.try_emplace(key_of(member.binding, deny_contested));
  Profile& profile = at->second;
  if (is_new) {
    profile.binding = member.binding;
    profile.deny_contested = deny_contested;
    compute(profile);
  }
  ++profile.users;
  member.profile = &profile;
}

void Room::State::detach_profile(Member& member) {
  if (member.profile == nullptr) return;
  Profile& profile = *std::exchange(member.profile, nullptr);
  if (--profile.users == 0)
    profiles_.erase(key_of(BindingRows{profile.binding}, profile.deny_contested));
}

void Room::State::compute(Profile& profile) const {
  const Composition& composition = rules().composition;
  profile.rules.clear();
  profile.transfers.clear();
  for (const Slot& slot : index_.slots()) {
    const bool biometric = index_.purposes()[slot.purpose].rules->biometric;
    const RuleQuestion rule{slot.third_party, biometric, composition.contested_as_stated,
                            composition.unknown};
    profile.rules.push_back(strictest_rule(rules().jurisdictions, profile.binding, rule, now_));
    const TransferQuestion transfer{
        slot.category, slot.jurisdiction,
        composition.rely_on_contested_transfers && !profile.deny_contested, false};
    profile.transfers.push_back(judge_transfer(rules().jurisdictions, rules().transfers,
                                               profile.binding, slot.instruments, transfer, now_));
  }
}

}  // namespace assent::policy
