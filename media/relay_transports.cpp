// Legs that find their address by ICE and their keys by DTLS, and what happens by time.
#include <algorithm>
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
  const bool listed = std::ranges::find(shaking_, leg.id) != shaking_.end();
  const bool waits = transport.next_timeout().has_value();
  if (waits && !listed) shaking_.push_back(leg.id);
  if (!waits && listed) std::erase(shaking_, leg.id);
}

std::optional<TimePoint> Relay::next_timeout() const {
  std::optional<TimePoint> next;
  const auto consider = [&next](const std::optional<TimePoint>& due) {
    if (due && (!next || *due < *next)) next = due;
  };
  for (const LegId id : speaking_)
    consider(legs_[index(id)]->playback->next_timeout());
  for (const LegId id : shaking_)
    consider(legs_[index(id)]->webrtc()->next_timeout());
  return next;
}

void Relay::handle_timeout(TimePoint now, Outbox& out) {
  speak(now, out);
  const auto waiting = shaking_;  // a handshake that is over leaves the list
  for (const LegId id : waiting) {
    Leg& leg = *legs_[index(id)];
    const auto due = leg.webrtc()->next_timeout();
    if (!due || now < *due || !out.has_room_for(1)) continue;
    leg.webrtc()->handle_timeout(now);
    follow_transport(leg, out);
  }
}

}  // namespace assent::media
