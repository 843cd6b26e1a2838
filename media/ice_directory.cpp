#include "media/ice_directory.hpp"

#include <algorithm>

namespace assent::media {

void IceDirectory::listen(LegId leg, std::string_view ufrag) {
  auto& entry = legs_[leg];
  if (entry.ufrag == ufrag) return;
  by_ufrag_.erase(entry.ufrag);
  entry.ufrag = ufrag;
  by_ufrag_.insert_or_assign(entry.ufrag, leg);
}

void IceDirectory::remove(LegId leg) {
  const auto entry = legs_.find(leg);
  if (entry == legs_.end()) return;
  by_ufrag_.erase(entry->second.ufrag);
  for (const auto& address : entry->second.addresses)
    by_address_.erase(address);
  legs_.erase(entry);
}

std::optional<LegId> IceDirectory::named(std::string_view ufrag) const {
  const auto found = by_ufrag_.find(ufrag);
  if (found == by_ufrag_.end()) return std::nullopt;
  return found->second;
}

std::optional<LegId> IceDirectory::at(const Endpoint& from) const {
  const auto found = by_address_.find(from);
  if (found == by_address_.end()) return std::nullopt;
  return found->second;
}

void IceDirectory::assign(LegId leg, const Endpoint& from) {
  const auto entry = legs_.find(leg);
  if (entry == legs_.end()) return;
  if (const auto before = at(from)) std::erase(legs_[*before].addresses, from);
  auto& addresses = entry->second.addresses;
  if (addresses.size() == addresses_per_leg_max) {
    by_address_.erase(addresses.front());
    addresses.erase(addresses.begin());
  }
  addresses.push_back(from);
  by_address_.insert_or_assign(from, leg);
}

}  // namespace assent::media
