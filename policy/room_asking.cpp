#include "policy/room_state.hpp"

namespace assent::policy {

Asking Room::State::asking(const Member& member, std::size_t purpose) const {
  Asking asked;
  asked.notice = required_notice(member, purpose);
  asked.least = member.least[purpose];
  asked.needs_guardian = member.needs_guardian;
  if (member.at_least[purpose] == Rule::prohibit) return asked;
  for (const std::size_t slot : index_.purposes()[purpose].slots) {
    const Slot& at = index_.slots()[slot];
    if (at.binding != Reason::permitted || member.denied.test(slot)) continue;
    asked.recipients.push_back(
        {at.name, at.processor, at.jurisdiction, transfer_of(member, slot), active_.test(slot)});
  }
  return asked;
}

std::optional<Asking> Room::asking(std::string_view participant, std::string_view purpose) const {
  const Member* member = state_->find(participant);
  const auto found = state_->index_.find_purpose(purpose);
  if (member == nullptr || !found) return std::nullopt;
  return state_->asking(*member, *found);
}

}  // namespace assent::policy
