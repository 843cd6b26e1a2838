// Legs that find their address by ICE and their keys by DTLS, and what happens by time.
#include <cstring>

#include "media/datagram.hpp"
#include "media/relay.hpp"

namespace assent::media {

std::optional<DropReason> Relay::serve_transport(TimePoint now, Leg& leg, const Endpoint& from,
                                                 std::span<const std::byte> datagram, Outbox& out) {
  auto* const transport = leg.webrtc();
  if (transport == nullptr) return DropReason::unknown_protocol;
  if (classify_datagram(datagram) == DatagramClass::dtls) {
    if (!transport->handle_dtls(now, from, datagram)) return DropReason::foreign_source;
  } else if (!transport->handle_stun(now, from, datagram)) {
    return DropReason::auth_failed;
  }
  follow_transport(leg, out);
  relay_messages(now, leg, out);
  return std::nullopt;
}

void Relay::follow_transport(Leg& leg, Outbox& out) {
  auto& transport = *leg.webrtc();
  for (const auto& datagram : transport.take_outgoing()) {
    if (!out.has_room_for(1)) break;  // lost, as on a network: it is sent again
    std::memcpy(out.room().data(), datagram.bytes.data(), datagram.bytes.size());
    Outgoing outgoing;
    outgoing.lane = {Lane::Kind::leg_rtp, static_cast<std::uint32_t>(leg.id)};
    outgoing.size = static_cast<std::uint16_t>(datagram.bytes.size());
    outgoing.to = datagram.to;
    outgoing.source = leg.config().source;
    outgoing.came_from = static_cast<std::uint32_t>(leg.id);
    out.push(outgoing);
  }
  if (leg.follow_transport() && leg.moves++ < Leg::moves_told_max) {
    events_.push_back(RemoteLearned{room_of(leg), leg.config().source});
  }
  set_timer(leg);
}

std::optional<TimePoint> Relay::next_timeout() const {
  if (!pictures_wanted_.empty()) return TimePoint{};
  auto next = timers_.next();
  for (const LegId id : speaking_) {
    const auto due = legs_[index(id)]->playback->next_timeout();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

void Relay::handle_timeout(TimePoint now, Outbox& out) {
  speak(now, out);
  ask_for_pictures(now, out);
  // Each once, also those that have something to do again at once.
  due_legs_.clear();
  while (out.has_room_for(datagrams_per_timeout_max * (due_legs_.size() + 1))) {
    const auto leg = timers_.take_due(now);
    if (!leg) break;
    due_legs_.push_back(*leg);
  }
  for (const LegId id : due_legs_) {
    Leg& leg = *legs_[index(id)];
    leg.webrtc()->handle_timeout(now);
    follow_transport(leg, out);
  }
}

void Relay::say_goodbye(TimePoint now, LegId id, Outbox& out) {
  Leg& leg = *legs_[index(id)];
  if (!leg.webrtc() || now >= leg.sends_until()) return;
  leg.webrtc()->close(now);
  follow_transport(leg, out);
}

void Relay::add_candidate(LegId id, const IceCandidate& candidate) {
  Leg& leg = *legs_[index(id)];
  if (!leg.webrtc()) return;
  leg.webrtc()->add_candidate(candidate);
  set_timer(leg);
}

}  // namespace assent::media
