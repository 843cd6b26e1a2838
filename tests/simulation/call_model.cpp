#include "tests/simulation/call_model.hpp"

#include <algorithm>

namespace assent::simulation {

void CallModel::leg_added(const Line& line) {
  Leg& leg = legs_[line.serial];
  leg.room = line.room;
  leg.person = line.person;
  leg.is_client = line.is_client();
  leg.key_generation = line.key_generation;
  leg.signalled_rtp = leg.rtp = line.config.remote_rtp;
  leg.rtcp = line.config.remote_rtcp;
  for (const auto ssrc : line.config.signalled_ssrcs) {
    leg.signalled.insert(ssrc);
    claim(leg, ssrc);
  }
}

void CallModel::leg_changed(const Line& line) {
  Leg& leg = legs_.at(line.serial);
  if (leg.key_generation != line.key_generation) {
    leg.key_generation = line.key_generation;
    leg.opened.clear();
    leg.opened_rtcp.clear();
    leg.sealed.clear();
  }
  // Where an authenticated peer was found stands until offer/answer moves it.
  if (!leg.moved || line.config.remote_rtp != leg.signalled_rtp) {
    leg.signalled_rtp = leg.rtp = line.config.remote_rtp;
    leg.rtcp = line.config.remote_rtcp;
    leg.moved = false;
  }
  leg.signalled.clear();
  leg.signalled.insert(line.config.signalled_ssrcs.begin(), line.config.signalled_ssrcs.end());
  release_unused(leg.room, leg.person);
  for (const auto ssrc : line.config.signalled_ssrcs)
    claim(leg, ssrc);
}

void CallModel::leg_removed(const Line& line) {
  legs_.erase(line.serial);
  release_unused(line.room, line.person);
}

std::optional<std::int64_t> CallModel::take(const Line& line, const Datagram& datagram) {
  if (datagram.kind == Datagram::Kind::bad) return std::nullopt;
  Leg& leg = legs_.at(line.serial);
  const bool rtp = datagram.kind == Datagram::Kind::rtp;
  const auto& expected = datagram.component == media::Component::rtp ? leg.rtp : leg.rtcp;
  if (!line.is_secure() && datagram.from != expected) return std::nullopt;

  const auto known = leg.heard.find(datagram.ssrc);
  if (rtp && known == leg.heard.end() && is_anothers(leg, datagram.ssrc)) return std::nullopt;
  if (line.is_secure()) {
    if (datagram.key_generation != leg.key_generation) return std::nullopt;
    const bool fresh = rtp ? leg.opened.emplace(datagram.ssrc, datagram.frame).second
                           : leg.opened_rtcp.insert(datagram.wire).second;
    if (!fresh) return std::nullopt;
    moved_to(leg, line, datagram);
  }
  if (!rtp) return 0;
  if (known != leg.heard.end()) return datagram.frame - known->second;
  claim(leg, datagram.ssrc);
  const auto zero = datagram.frame & ~std::int64_t{0xffff};
  leg.heard.emplace(datagram.ssrc, zero);
  return datagram.frame - zero;
}

void CallModel::moved_to(Leg& leg, const Line& line, const Datagram& datagram) {
  auto& remote = datagram.component == media::Component::rtp ? leg.rtp : leg.rtcp;
  if (datagram.from == remote) return;
  leg.moved = true;
  remote = datagram.from;
  if (line.config.rtcp_mux) leg.rtcp = datagram.from;
}

std::optional<media::Endpoint> CallModel::destination(const Line& to,
                                                      const Datagram& datagram) const {
  const Leg& leg = legs_.at(to.serial);
  if (datagram.kind == Datagram::Kind::rtcp) return leg.rtcp;
  if (!to.config.peer_listens) return std::nullopt;
  const auto sealed = leg.sealed.find(datagram.ssrc);
  // Never the same index twice under one key (RFC 3711 §9.1).
  if (to.is_secure() && sealed != leg.sealed.end() &&
      (datagram.frame < sealed->second.first || sealed->second.frames.contains(datagram.frame))) {
    return std::nullopt;
  }
  return leg.rtp;
}

void CallModel::forwarded(const Line& to, const Datagram& datagram) {
  if (datagram.kind == Datagram::Kind::rtcp || !to.is_secure()) return;
  Leg& leg = legs_.at(to.serial);
  auto& sealed = leg.sealed.try_emplace(datagram.ssrc, Sealed{datagram.frame, {}}).first->second;
  sealed.frames.insert(datagram.frame);
}

// The first to signal or to send it owns it in this room, until none of their legs has it.
void CallModel::claim(const Leg& leg, media::Ssrc ssrc) {
  if (leg.is_client) owners_.try_emplace({leg.room, ssrc}, leg.person);
}

void CallModel::release_unused(media::RoomKey room, Person person) {
  std::erase_if(owners_, [&](const auto& owner) {
    if (owner.first.first != room || owner.second != person) return false;
    return std::none_of(legs_.begin(), legs_.end(), [&](const auto& entry) {
      const Leg& leg = entry.second;
      return leg.is_client && leg.person == person &&
             (leg.signalled.contains(owner.first.second) || leg.heard.contains(owner.first.second));
    });
  });
}

bool CallModel::is_anothers(const Leg& leg, media::Ssrc ssrc) const {
  if (!leg.is_client) return false;
  const auto owner = owners_.find({leg.room, ssrc});
  return owner != owners_.end() && owner->second != leg.person;
}

}  // namespace assent::simulation
