// The path of a packet: handle_datagram -> Leg::open_rtp -> parse -> forward (Leg::seal_rtp) and
// fork (judge, which asks the permit) -> Outbox.
#include "media/relay.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "media/datagram.hpp"
#include "media/earlier_media.hpp"

namespace assent::media {
namespace {

template <class Visit>
void for_each_sink(std::uint32_t set, Visit&& visit) {
  for (; set != 0; set &= set - 1)
    visit(SinkId{static_cast<std::uint8_t>(std::countr_zero(set))});
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

// Not taken after all; it was counted lately, and nothing has closed the interval since.
bool uncount(IngressStream* stream, SinkId sink, std::size_t bytes) {
  Delivery* given = stream != nullptr ? stream->delivery_to(sink) : nullptr;
  if (given == nullptr || given->interval.packets == 0) return false;
  --given->interval.packets;
  given->interval.bytes -= bytes;
  return true;
}

// What was captured before the grant stays out, also when it arrives late or rides along in a
// later packet. The first packet after the grant may carry audio from before it, and what it
// overtook was captured before it: perhaps before the grant.
bool may_precede_grant(Delivery& delivery, Codec codec, const RtpView& packet,
                       std::int64_t sequence) {
  if (sequence < delivery.not_before) return true;
  if (!delivery.is_first) return false;
  delivery.is_first = false;
  const bool redundant = may_repeat_the_last(codec, packet.payload());
  delivery.not_before = redundant ? sequence + 1 : sequence;
  return redundant;
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
    case DatagramClass::stun:
    case DatagramClass::dtls:
      dropped = serve_transport(now, leg, from, datagram, out);
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

  const auto clear =
      stream != nullptr ? leg.open_rtp(datagram) : leg.open_first_rtp(datagram, *claimed);
  if (!clear) return clear.error();
  const auto packet = parse_rtp(*clear);
  if (!packet) return packet.error();

  // Authenticated and sound: from here on it may change state.
  if (stream == nullptr) stream = bind_stream(now, leg, *packet);
  if (stream == nullptr) return DropReason::foreign_ssrc;
  stream->last_heard = now;
  if (leg.learn_remote(from, Component::rtp) && leg.moves++ < Leg::moves_told_max) {
    events_.push_back(RemoteLearned{room_of(leg), leg.config().source});
  }
  const auto sequence = stream->sequence.record(packet->sequence());
  ++stream->packets;
  stream->bytes += packet->payload().size();
  ++leg.counters.rtp_packets;
  leg.counters.rtp_bytes += datagram.size();

  const auto pass_on = [&] {
    const auto lost =
        forward(now, leg, leg.link(stream->section), *clear, Lane::Kind::leg_rtp, out);
    if (lost) ++leg.counters.unforwarded[static_cast<std::size_t>(*lost)];
    return !lost;
  };
  if (leg.config().side != Side::client) {
    pass_on();
    return std::nullopt;
  }
  if (source(leg.config().source).server_gates == 0) {
    pass_on();
  } else {
    const auto answers = ask_gates(now, leg, *stream, *packet, sequence);
    if (!answers.content) {
      ++leg.counters.withheld_from_server;
      if (answers.silence) send_silence(now, leg, leg.link(stream->section), *packet, out);
    }
    const bool forwarded = answers.content && pass_on();
    count_at_gates(now, leg, *stream, *packet, sequence, answers, forwarded);
  }
  fork(now, leg, *stream, *packet, sequence, out);
  if (leg.config().payload_types[packet->payload_type()] == Codec::telephone_event) {
    hear_keys(now, leg, *stream, *packet, sequence);
  }
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
  return forward_reports(now, leg, *clear, out);
}

// To each leg that this one's media goes to: reports name sources, and whoever does not know one
// passes over it (RFC 3550 §6.4).
std::optional<DropReason> Relay::forward_reports(TimePoint now, Leg& from,
                                                 std::span<const std::byte> packet, Outbox& out) {
  std::optional<DropReason> lost = DropReason::not_connected;
  for (std::size_t i = 0; i < from.links.size(); ++i) {
    const auto& link = from.links[i];
    const auto same_leg = [&link](const auto& other) { return other && other->leg == link->leg; };
    if (!link ||
        std::any_of(from.links.begin(), from.links.begin() + static_cast<long>(i), same_leg))
      continue;
    if (!out.has_room_for(1)) break;
    const auto reason = forward(now, from, &*link, packet, Lane::Kind::leg_rtcp, out);
    if (!reason || lost) lost = reason;
  }
  return lost;
}

std::optional<DropReason> Relay::forward(TimePoint now, Leg& from, const LegLink* link,
                                         std::span<const std::byte> packet, Lane::Kind kind,
                                         Outbox& out) {
  const bool rtp = kind == Lane::Kind::leg_rtp;
  const auto peer = reachable_peer(now, link, rtp);
  if (!peer) return peer.error();
  Leg& to = **peer;
  const auto room = out.room();
  std::memcpy(room.data(), packet.data(), packet.size());
  const auto sealed = rtp ? to.seal_rtp(room, packet.size()) : to.seal_rtcp(room, packet.size());
  if (!sealed) return sealed.error();

  const bool muxed = rtp || to.config().rtcp_mux;
  Outgoing outgoing;
  outgoing.lane = {muxed ? Lane::Kind::leg_rtp : Lane::Kind::leg_rtcp,
                   static_cast<std::uint32_t>(link->leg)};
  outgoing.size = static_cast<std::uint16_t>(*sealed);
  outgoing.to = rtp ? to.config().remote_rtp : to.config().remote_rtcp;
  outgoing.source = from.config().source;
  outgoing.came_from = static_cast<std::uint32_t>(from.id);
  out.push(outgoing);
  if (rtp) {
    ++from.counters.forwarded_packets;
    from.counters.forwarded_bytes += *sealed;
  }
  return std::nullopt;
}

Parsed<Leg*> Relay::reachable_peer(TimePoint now, const LegLink* link, bool rtp) {
  if (link == nullptr) return DropReason::not_connected;
  Leg& to = *legs_[index(link->leg)];
  const auto& remote = rtp ? to.config().remote_rtp : to.config().remote_rtcp;
  if (!remote.is_set() || (rtp && !to.hears(link->section))) return DropReason::not_connected;
  if (now >= to.sends_until()) return DropReason::not_connected;
  if (rtp && to.playback && to.playback_section == link->section)
    return DropReason::held_for_prompt;
  return &to;
}

void Relay::send_silence(TimePoint now, Leg& from, const LegLink* link, const RtpView& packet,
                         Outbox& out) {
  const auto peer = reachable_peer(now, link, true);
  if (!peer) return;
  const auto room = out.room();
  const auto codec = from.config().payload_types[packet.payload_type()];
  const auto size =
      write_silent_rtp(packet, codec, room.first(room.size() - srtp_trailer_bytes_max));
  if (size == 0) return;
  const auto sealed = (*peer)->seal_rtp(room, size);
  if (!sealed) return;
  Outgoing outgoing;
  outgoing.lane = {Lane::Kind::leg_rtp, static_cast<std::uint32_t>(link->leg)};
  outgoing.size = static_cast<std::uint16_t>(*sealed);
  outgoing.to = (*peer)->config().remote_rtp;
  outgoing.source = from.config().source;
  outgoing.came_from = static_cast<std::uint32_t>(link->leg);  // the gateway's own
  out.push(outgoing);
}

Withheld Relay::denial(SourceId source, SinkId sink) const {
  return permits_.of(source, sink).open_until == TimePoint{} ? Withheld::no_permit
                                                             : Withheld::expired;
}

std::optional<Withheld> Relay::judge(SinkId sink, Delivery& delivery, Codec codec,
                                     const RtpView& packet, std::int64_t sequence) const {
  if (delivery.collides) return Withheld::ssrc_collision;
  if ((sinks_[index(sink)].accepts & codec_bit(codec)) == 0) return Withheld::unfit_format;
  if (may_precede_grant(delivery, codec, packet, sequence)) return Withheld::before_grant;
  return std::nullopt;
}

// Of what a sink may have at all only Opus reaches back further than a packet.
bool Relay::reaches_before_grant(TimePoint now, const Leg& leg, SinkId sink,
                                 const RtpView& packet) const {
  const auto opened = sources_[index(leg.config().source)].opened[index(sink)];
  if (now - opus_reach_max >= opened) return false;  // for most packets
  const auto& types = leg.config().payload_types;
  return now - reach_back(types, packet.payload_type(), packet.payload()) < opened;
}

std::size_t Relay::write_copy(const Leg& leg, SinkId sink, const RtpView& packet,
                              std::span<std::byte> out) const {
  const auto named = sinks_[index(sink)].extensions;
  if (named == 0 || !packet.has_extension()) return write_bare_rtp(packet, out);
  return write_bare_rtp(packet, ids_in(named, leg.config().extension_ids), out);
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
    auto why = judge(sink, to, codec, packet, sequence);
    if (!why && reaches_before_grant(now, leg, sink, packet)) why = Withheld::before_grant;
    if (why) {
      ++route.withheld[static_cast<std::size_t>(*why)];
      return;
    }
    const auto size = write_copy(leg, sink, packet, out.room());
    const auto epoch = permits_.of(id, sink).epoch;
    Outgoing outgoing;
    outgoing.lane = {Lane::Kind::sink_rtp, static_cast<std::uint32_t>(sink)};
    outgoing.size = static_cast<std::uint16_t>(size);
    outgoing.source = id;
    outgoing.came_from = static_cast<std::uint32_t>(leg.id);
    outgoing.epoch = epoch;
    outgoing.extended_sequence = sequence;
    out.push(outgoing);
    count(to, now, epoch, stream.ssrc, sequence, size);
  });
}

Relay::GateAnswers Relay::ask_gates(TimePoint now, Leg& leg, IngressStream& stream,
                                    const RtpView& packet, std::int64_t sequence) {
  const SourceId id = leg.config().source;
  const Codec codec = leg.config().payload_types[packet.payload_type()];
  const auto reach =
      reach_back(leg.config().payload_types, packet.payload_type(), packet.payload());
  GateAnswers answers;
  for_each_sink(source(id).server_gates, [&](SinkId sink) {
    auto& why = answers.why[index(sink)];
    if (!permits_.admits(now, id, sink)) {
      why = denial(id, sink);
    } else if (now - reach < source(id).opened[index(sink)]) {
      why = Withheld::before_grant;
    } else if (may_precede_grant(delivery(id, stream, sink), codec, packet, sequence)) {
      why = Withheld::before_grant;
    }
    answers.content = answers.content && !why;
    if (why && (source(id).silenced >> index(sink) & 1) == 0) answers.silence = false;
  });
  return answers;
}

void Relay::count_at_gates(TimePoint now, Leg& leg, IngressStream& stream, const RtpView& packet,
                           std::int64_t sequence, const GateAnswers& answers, bool forwarded) {
  const SourceId id = leg.config().source;
  // Content, and yet the server did not get it: on another purpose's account, or nobody took it.
  const auto otherwise = answers.content ? Withheld::sink_full : Withheld::no_permit;
  for_each_sink(source(id).server_gates, [&](SinkId sink) {
    RouteCounters& route = leg.route(sink);
    ++route.offered;
    if (forwarded) {
      count(delivery(id, stream, sink), now, permits_.of(id, sink).epoch, stream.ssrc, sequence,
            packet.bytes().size());
    } else {
      const auto why = answers.why[index(sink)].value_or(otherwise);
      ++route.withheld[static_cast<std::size_t>(why)];
    }
  });
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
      if (classify_datagram(bytes) == DatagramClass::rtp) give_back_to_call(outgoing, bytes);
      return;
    case Lane::Kind::leg_rtcp:
    case Lane::Kind::sink_rtcp:
      return;
    case Lane::Kind::sink_rtp:
      break;
  }
  const SinkId sink{static_cast<std::uint8_t>(outgoing.lane.index)};
  Leg& leg = *legs_[outgoing.came_from];
  const auto ssrc = peek_rtp_ssrc(bytes);
  if (!ssrc || !uncount(leg.stream(*ssrc), sink, outgoing.size)) return;
  ++leg.route(sink).withheld[static_cast<std::size_t>(Withheld::sink_full)];
}

void Relay::give_back_to_call(const Outgoing& outgoing, std::span<const std::byte> bytes) {
  if (outgoing.came_from == outgoing.lane.index) return;  // it was the gateway's own
  Leg& leg = *legs_[outgoing.came_from];
  --leg.counters.forwarded_packets;
  leg.counters.forwarded_bytes -= outgoing.size;
  ++leg.counters.unforwarded[static_cast<std::size_t>(DropReason::outbound_full)];
  if (leg.config().side != Side::client) return;

  const auto ssrc = peek_rtp_ssrc(bytes);  // in the clear in a sealed packet, too
  const auto clear_bytes = outgoing.size - legs_[outgoing.lane.index]->rtp_trailer_bytes();
  for_each_sink(source(outgoing.source).server_gates, [&](SinkId sink) {
    if (!ssrc || !uncount(leg.stream(*ssrc), sink, clear_bytes)) return;
    ++leg.route(sink).withheld[static_cast<std::size_t>(Withheld::sink_full)];
  });
}

}  // namespace assent::media
