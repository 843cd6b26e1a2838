#include "policy/room.hpp"

#include <utility>

#include "policy/room_state.hpp"

namespace assent::policy {

Room::Room(std::string id, const RuleBook& rules)
    : state_{std::make_unique<State>(std::move(id), rules)} {}
Room::~Room() = default;
Room::Room(Room&&) noexcept = default;
Room& Room::operator=(Room&&) noexcept = default;

Accepted<void> Room::handle(WallTime now, const Event& event, Decisions& out) {
  return state_->handle(now, event, out);
}

Accepted<void> Room::preview(WallTime now, const Event& event, Decisions& out) const {
  return state_->clone().handle(now, event, out);
}

std::optional<WallTime> Room::next_timeout() const {
  return state_->next_timeout();
}

Decision Room::decision(std::string_view participant, std::string_view sink) const {
  return state_->decision(participant, sink);
}

std::vector<Decision> Room::decisions() const {
  std::vector<Decision> all;
  for (const auto& member : state_->members_)
    for (std::size_t slot = 0; slot < state_->index_.slots().size(); ++slot)
      if (state_->active_.test(slot)) all.push_back(state_->decision_of(*member, slot));
  return all;
}

std::vector<Decision> Room::decisions_for_purpose(std::string_view participant,
                                                  std::string_view purpose) const {
  std::vector<Decision> found;
  for (const std::string& sink : active_sinks(purpose))
    found.push_back(state_->decision(participant, sink));
  return found;
}

Reason Room::judge_mix(std::span<const std::string> contributors, std::string_view sink) const {
  if (contributors.empty()) return Reason::participant_unknown;
  for (const std::string& contributor : contributors) {
    const Decision decision = state_->decision(contributor, sink);
    if (!decision.permitted) return decision.reason;
  }
  return Reason::permitted;
}

std::vector<Explanation> Room::explain(std::string_view participant,
                                       std::string_view sink_or_purpose, Others others) const {
  std::vector<Explanation> found;
  const Member* member = state_->find(participant);
  if (member == nullptr) return found;
  const RuleIndex& index = state_->index_;
  if (const auto slot = index.find_slot(sink_or_purpose)) {
    found.push_back(state_->explain(*member, *slot, others));
    return found;
  }
  const auto purpose = index.find_purpose(sink_or_purpose);
  if (!purpose) return found;
  const auto& slots = index.purposes()[*purpose].slots;
  for (const std::size_t slot : slots)
    if (state_->active_.test(slot)) found.push_back(state_->explain(*member, slot, others));
  if (found.empty() && !slots.empty())
    found.push_back(state_->explain(*member, slots.front(), others));
  return found;
}

const Consent* Room::consent(std::string_view participant, std::string_view purpose,
                             Giver giver) const {
  const Member* member = state_->find(participant);
  const auto found = state_->index_.find_purpose(purpose);
  if (member == nullptr || !found) return nullptr;
  return &(giver == Giver::guardian ? member->guardian : member->own)[*found];
}

const std::string& Room::id() const {
  return state_->id_;
}
const RuleBook& Room::rules() const {
  return state_->index_.rules();
}
Epoch Room::epoch() const {
  return state_->epoch_;
}

std::vector<std::string> Room::participants() const {
  std::vector<std::string> ids;
  for (const auto& member : state_->members_)
    ids.push_back(member->id);
  return ids;
}

std::vector<std::string> Room::active_sinks(std::string_view purpose) const {
  std::vector<std::string> sinks;
  const auto found = state_->index_.find_purpose(purpose);
  if (!found) return sinks;
  for (const std::size_t slot : state_->index_.purposes()[*found].slots)
    if (state_->active_.test(slot)) sinks.push_back(state_->index_.slots()[slot].name);
  return sinks;
}

}  // namespace assent::policy
