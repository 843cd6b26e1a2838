// Data channels: SCTP packets in DTLS, passed between the two legs of a participant as they are,
// but for what a participant writes to a server that performs purposes itself (data_gate.hpp).
// Nothing is kept: what cannot leave at once is lost, as on a network, and SCTP sends it again.
#include <bit>

#include "media/relay.hpp"

namespace assent::media {
namespace {

template <class Visit>
void for_each_sink(std::uint32_t set, Visit&& visit) {
  for (; set != 0; set &= set - 1)
    visit(SinkId{static_cast<std::uint8_t>(std::countr_zero(set))});
}

}  // namespace

void Relay::relay_messages(TimePoint now, Leg& from, Outbox& out) {
  for (const auto& message : from.webrtc()->take_messages()) {
    if (const auto lost = relay_message(now, from, message, out))
      ++from.counters.drops[static_cast<std::size_t>(*lost)];
  }
}

std::optional<DropReason> Relay::relay_message(TimePoint now, Leg& from,
                                               std::span<const std::byte> message, Outbox& out) {
  const auto section = from.config().data;
  if (!section) return DropReason::unknown_protocol;
  ++from.counters.data_packets;
  const LegLink* const link = from.link(*section);
  if (link == nullptr) return DropReason::not_connected;
  Leg& to = *legs_[index(link->leg)];
  if (to.config().data != link->section) return DropReason::not_connected;

  const auto packet = parse_sctp(message);
  if (from.config().side == Side::client) {
    if (packet) return pass_gates(now, from, to, *packet, out);
    if (data_gates(from.config().source) != 0) return packet.error();
  } else if (packet) {
    to.data_gate.hear_server(*packet);
  }
  const auto lost = send_message(now, to, message, out);
  if (!lost) ++from.counters.data_forwarded;
  return lost;
}

std::uint32_t Relay::data_gates(SourceId id) const {
  std::uint32_t gates = 0;
  for_each_sink(sources_[index(id)].server_gates, [&](SinkId sink) {
    if (sinks_[index(sink)].covers_data) gates |= std::uint32_t{1} << index(sink);
  });
  return gates;
}

std::optional<DropReason> Relay::pass_gates(TimePoint now, Leg& from, Leg& to,
                                            const SctpView& packet, Outbox& out) {
  const SourceId id = from.config().source;
  DataAnswers answers;
  bool permitted = true;
  for_each_sink(data_gates(id), [&](SinkId sink) {
    if (permits_.admits(now, id, sink)) return;
    answers[index(sink)] = denial(id, sink);
    permitted = false;
  });
  std::array<std::byte, datagram_bytes_max> room;
  const auto rest = from.data_gate.withhold(packet, permitted, room);
  if (!rest) {
    const auto lost = send_message(now, to, packet.bytes(), out);
    if (!lost) ++from.counters.data_forwarded;
    if (packet.carries_data()) count_data(from, answers, Withheld::sink_full, !lost);
    return lost;
  }
  ++from.counters.data_withheld;
  count_data(from, answers, permitted ? Withheld::before_grant : Withheld::no_permit, false);
  // What is lost of the rest is in no account: the packet is in one already.
  if (*rest != 0) (void)send_message(now, to, std::span{room}.first(*rest), out);
  return std::nullopt;
}

void Relay::count_data(Leg& leg, const DataAnswers& answers, Withheld otherwise, bool delivered) {
  for_each_sink(data_gates(leg.config().source), [&](SinkId sink) {
    RouteCounters& route = leg.route(sink);
    ++route.data_offered;
    if (delivered) {
      ++route.data_delivered;
    } else {
      ++route.data_withheld[static_cast<std::size_t>(answers[index(sink)].value_or(otherwise))];
    }
  });
}

std::optional<DropReason> Relay::send_message(TimePoint now, Leg& to,
                                              std::span<const std::byte> message, Outbox& out) {
  if (message.size() > dtls_message_bytes_max) return DropReason::too_long;
  if (!out.has_room_for(1)) return DropReason::outbound_full;
  if (!to.webrtc() || now >= to.sends_until() || !to.webrtc()->send(now, message))
    return DropReason::not_connected;
  follow_transport(to, out);
  return std::nullopt;
}

}  // namespace assent::media
