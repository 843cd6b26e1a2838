// The path of a packet: handle_datagram -> Leg::open_rtp -> parse -> forward (Leg::seal_rtp) and
// fork (judge, which asks the permit) -> Outbox.
#include "media/relay.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "media/datagram.hpp"

namespace assent::media {
namespace {

template <class Visit>
void for_each_sink(std::uint32_t set, Visit&& visit) {
  for (; set != 0; set &= set - 1)
    visit(SinkId{static_cast<std::uint8_t>(std::countr_zero(set))});
}

// RFC 6716 §3.1: configurations 0..15 are SILK and hybrid, the only modes with in-band FEC.
bool may_carry_redundancy(Codec codec, std::span<const std::byte> payload) {
  return codec == Codec::opus && !payload.empty() && std::to_integer<unsigned>(payload[0]) < 0x80;
}

void count(Delivery& delivery, TimePoint now, std::uint64_t epoch, Ssrc ssrc, std::int64_t sequence,
           std::size_t bytes) {
  auto& interval = delivery.interval;
  if (interval.packets == 0) {
    interval = {delivery.sink, ssrc, epoch, sequence, sequence, 0, 0, now, now};
  }
  interval.first_sequence = std::min(interval.first_sequence, sequence);
  interval.last_sequence = std::max(interval.last_sequence, sequence);
  interval.last_time = now;
  ++interval.packets;
  interval.bytes += bytes;
  const auto last = delivery.last ? std::max(delivery.last->last_sequence, sequence) : sequence;
  delivery.last = CutMark{delivery.sink, ssrc, epoch, last};
}

}  // namespace

void Relay::handle_datagram(TimePoint now, LegId id, Component component, const Endpoint& from,
                            std::span<std::byte> datagram, Outbox& out) {
  assert(out.has_room_for(datagrams_per_input_max));
  Leg& leg = *legs_[index(id)];
  std::optional<DropReason> dropped;
  if (datagram.size() + srtp_trailer_bytes_max > datagram_bytes_max) {
    ++leg.counters.drops[static_cast<std::size_t>(DropReason::malformed)];
    return;
  }
  switch (classify_datagram(datagram)) {
    case DatagramClass::rtp:
      dropped = component == Component::rtp ? relay_rtp(now, leg, from, datagram, out)
                                            : DropReason::unknown_protocol;
      break;
    case DatagramClass::rtcp:
      dropped = relay_rtcp(now, leg, component, from, datagram, out);
      break;
    default:
      dropped = datagram.empty() ? DropReason::too_short : DropReason::unknown_protocol;
  }
  if (dropped) ++leg.counters.drops[static_cast<std::size_t>(*dropped)];
}

std::optional<DropReason> Relay::relay_rtp(TimePoint now, Leg& leg, const Endpoint& from,
                                           std::span<std::byte> datagram, Outbox& out) {
  if (!leg.expects(from, Component::rtp)) return DropReason::foreign_source;
  const auto claimed = peek_rtp_ssrc(datagram);
  if (!claimed) return DropReason::too_short;
  IngressStream* stream = leg.stream(*claimed);
  if (stream == nullptr && is_foreign(leg, *claimed)) {
    report_conflict(leg, *claimed);
    return DropReason::foreign_ssrc;
  }
  if (stream == nullptr && leg.streams().size() == streams_per_leg_max) {
    return DropReason::foreign_ssrc;
  }

  const auto clear = leg.open_rtp(datagram);
  if (!clear) return clear.error();
  const auto packet = parse_rtp(*clear);
  if (!packet) return packet.error();

  // Authenticated and sound: from here on it may change state.
  if (stream == nullptr) stream = bind_stream(leg, packet->ssrc());
  if (leg.learn_remote(from, Component::rtp) && leg.moves++ < Leg::moves_told_max) {
    events_.push_back(RemoteLearned{room_of(leg), leg.config().source});
  }
  const auto sequence = stream->sequence.record(packet->sequence());
  ++stream->packets;
  stream->bytes += packet->payload().size();
  ++leg.counters.rtp_packets;
  leg.counters.rtp_bytes += datagram.size();

  if (!server_may_have(now, leg, *stream, *packet, sequence)) {
    ++leg.counters.withheld_from_server;
  } else if (const auto lost = forward(leg, *clear, Lane::Kind::leg_rtp, out)) {
    ++leg.counters.unforwarded[static_cast<std::size_t>(*lost)];
  }
  if (leg.config().side == Side::client) fork(now, leg, *stream, *packet, sequence, out);
  return std::nullopt;
}

std::optional<DropReason> Relay::relay_rtcp(TimePoint now, Leg& leg, Component component,
                                            const Endpoint& from, std::span<std::byte> datagram,
                                            Outbox& out) {
  if (!leg.expects(from, component)) return DropReason::foreign_source;
  const auto clear = leg.open_rtcp(datagram);
  if (!clear) return clear.error();
  const auto reports = parse_rtcp(*clear);
  if (!reports) return reports.error();

  if (leg.learn_remote(from, component) && leg.moves++ < Leg::moves_told_max) {
    events_.push_back(RemoteLearned{room_of(leg), leg.config().source});
  }
  ++leg.counters.rtcp_packets;
  if (leg.config().side == Side::client) fork_reports(now, leg, *reports, out);
  return forward(leg, *clear, Lane::Kind::leg_rtcp, out);
}

std::optional<DropReason> Relay::forward(Leg& from, std::span<const std::byte> packet,
                                         Lane::Kind kind, Outbox& out) {
  if (!from.connected) return DropReason::not_connected;
  Leg& to = *legs_[index(from.peer)];
  const bool rtp = kind == Lane::Kind::leg_rtp;
  const auto& remote = rtp ? to.config().remote_rtp : to.config().remote_rtcp;
  if (!remote.is_set() || (rtp && !to.config().peer_listens)) return DropReason::not_connected;

  const auto room = out.room();
  std::memcpy(room.data(), packet.data(), packet.size());
  const auto sealed = rtp ? to.seal_rtp(room, packet.size()) : to.seal_rtcp(room, packet.size());
  if (!sealed) return sealed.error();

  const bool muxed = rtp || to.config().rtcp_mux;
  Outgoing outgoing;
  outgoing.lane = {muxed ? Lane::Kind::leg_rtp : Lane::Kind::leg_rtcp,
                   static_cast<std::uint32_t>(from.peer)};
  outgoing.size = static_cast<std::uint16_t>(*sealed);
  outgoing.to = remote;
  out.push(outgoing);
  if (rtp) {
    ++from.counters.forwarded_packets;
    from.counters.forwarded_bytes += *sealed;
  }
  return std::nullopt;
}

Withheld Relay::denial(SourceId source, SinkId sink) const {
  return permits_.of(source, sink).open_until == TimePoint{} ? Withheld::no_permit
                                                             : Withheld::expired;
}

std::optional<Withheld> Relay::judge(SinkId sink, Delivery& delivery, Codec codec,
                                     const RtpView& packet, std::int64_t sequence) const {
  if (delivery.collides) return Withheld::ssrc_collision;
  if ((sinks_[index(sink)].accepts & codec_bit(codec)) == 0) return Withheld::unfit_format;
  if (sequence < delivery.not_before) return Withheld::before_grant;
  if (delivery.skip_redundancy) {
    delivery.skip_redundancy = false;
    if (may_carry_redundancy(codec, packet.payload())) return Withheld::before_grant;
  }
  return std::nullopt;
}

void Relay::fork(TimePoint now, Leg& leg, IngressStream& stream, const RtpView& packet,
                 std::int64_t sequence, Outbox& out) {
  const SourceId id = leg.config().source;
  const Codec codec = leg.config().payload_types[packet.payload_type()];
  for_each_sink(source(id).routes, [&](SinkId sink) {
    RouteCounters& route = leg.route(sink);
    ++route.offered;
    if (!permits_.admits(now, id, sink)) {
      ++route.withheld[static_cast<std::size_t>(denial(id, sink))];
      return;
    }
    Delivery& to = delivery(id, stream, sink);
    if (const auto why = judge(sink, to, codec, packet, sequence)) {
      ++route.withheld[static_cast<std::size_t>(*why)];
      return;
    }
    const auto size = write_bare_rtp(packet, out.room());
    const auto epoch = permits_.of(id, sink).epoch;
    Outgoing outgoing;
    outgoing.lane = {Lane::Kind::sink_rtp, static_cast<std::uint32_t>(sink)};
    outgoing.size = static_cast<std::uint16_t>(size);
    outgoing.source = id;
    outgoing.epoch = epoch;
    outgoing.extended_sequence = sequence;
    out.push(outgoing);
    count(to, now, epoch, stream.ssrc, sequence, size);
  });
}

bool Relay::server_may_have(TimePoint now, Leg& leg, IngressStream& stream, const RtpView& packet,
                            std::int64_t sequence) {
  const SourceId id = leg.config().source;
  Source& from = source(id);
  if (leg.config().side != Side::client || from.server_gates == 0) return true;
  bool may_have = true;
  for_each_sink(from.server_gates,
                [&](SinkId sink) { may_have = may_have && permits_.admits(now, id, sink); });
  for_each_sink(from.server_gates, [&](SinkId sink) {
    RouteCounters& route = leg.route(sink);
    ++route.offered;
    if (may_have) {
      count(delivery(id, stream, sink), now, permits_.of(id, sink).epoch, stream.ssrc, sequence,
            packet.bytes().size());
    } else {
      ++route.withheld[static_cast<std::size_t>(denial(id, sink))];
    }
  });
  return may_have;
}

void Relay::fork_reports(TimePoint now, const Leg& leg, const RtcpCompound& reports, Outbox& out) {
  const SourceId id = leg.config().source;
  for_each_sink(source(id).routes, [&](SinkId sink) {
    if (!sinks_[index(sink)].is_rtp || !permits_.admits(now, id, sink)) return;
    for (const auto& stream : leg.streams()) {
      const auto known = std::find_if(
          stream.deliveries.begin(), stream.deliveries.end(), [sink](const Delivery& delivery) {
            return delivery.sink == sink && delivery.last && !delivery.collides;
          });
      if (known == stream.deliveries.end() || !out.has_room_for(datagrams_per_input_max)) continue;
      const auto size = sink_report(reports, stream.ssrc, source(id).cname, out.room());
      if (size == 0) continue;
      Outgoing outgoing;
      outgoing.lane = {Lane::Kind::sink_rtcp, static_cast<std::uint32_t>(sink)};
      outgoing.size = static_cast<std::uint16_t>(size);
      outgoing.source = id;
      out.push(outgoing);
    }
  });
}

void Relay::give_back(const Outgoing& outgoing, std::span<const std::byte> bytes) {
  switch (outgoing.lane.kind) {
    case Lane::Kind::leg_rtp:
      if (classify_datagram(bytes) == DatagramClass::rtp) give_back_to_call(outgoing);
      return;
    case Lane::Kind::leg_rtcp:
    case Lane::Kind::sink_rtcp:
      return;
    case Lane::Kind::sink_rtp:
      break;
  }
  const SinkId sink{static_cast<std::uint8_t>(outgoing.lane.index)};
  const auto packet = parse_rtp(bytes);
  for (const LegId id : source(outgoing.source).legs) {
    Leg& leg = *legs_[index(id)];
    IngressStream* stream = packet ? leg.stream(packet->ssrc()) : nullptr;
    Delivery* given = stream != nullptr ? stream->delivery_to(sink) : nullptr;
    if (given == nullptr || given->interval.packets == 0) continue;
    --given->interval.packets;
    given->interval.bytes -= outgoing.size;
    ++leg.route(sink).withheld[static_cast<std::size_t>(Withheld::sink_full)];
    return;
  }
}

void Relay::give_back_to_call(const Outgoing& outgoing) {
  auto& counters = legs_[index(legs_[outgoing.lane.index]->peer)]->counters;
  --counters.forwarded_packets;
  counters.forwarded_bytes -= outgoing.size;
  ++counters.unforwarded[static_cast<std::size_t>(DropReason::outbound_full)];
}

}  // namespace assent::media
