#include "gateway/call_record.hpp"

#include <algorithm>
#include <utility>

namespace assent::gateway {
namespace {

// Appends, or prolongs the interval that it continues.
void add_interval(std::vector<DeliveredInterval>& delivered, const DeliveredInterval& more) {
  const auto same = std::find_if(delivered.rbegin(), delivered.rend(), [&](const auto& known) {
    return known.ssrc == more.ssrc && known.epoch == more.epoch;
  });
  if (same == delivered.rend()) {
    delivered.push_back(more);
    return;
  }
  same->first_sequence = std::min(same->first_sequence, more.first_sequence);
  same->last_sequence = std::max(same->last_sequence, more.last_sequence);
  same->packets += more.packets;
  same->bytes += more.bytes;
  same->last = std::max(same->last, more.last);
}

void add_count(std::map<std::string, std::uint64_t>& counts, std::string_view word,
               std::uint64_t count) {
  if (count != 0) counts[std::string(word)] += count;
}

}  // namespace

ClockReading read_clocks() {
  return {std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()),
          std::chrono::steady_clock::now()};
}

void CallRecord::add_leg(media::LegId leg, media::Side side, std::string media,
                         std::string transport) {
  if (legs_.contains(leg)) return;
  legs_[leg] = cdr_.legs.size();
  CdrLeg& entry = cdr_.legs.emplace_back();
  entry.side = side == media::Side::client ? "client" : "server";
  entry.media = std::move(media);
  entry.transport = std::move(transport);
  entry.routes.emplace_back();  // the call itself
  if (side != media::Side::client) return;
  for (const auto& [sink, destination] : attached_) {
    CdrRoute& route = entry.routes.emplace_back();
    route.kind = RouteKind::sink;
    route.sink = destination.sink;
    route.purpose = destination.purpose;
  }
}

void CallRecord::attach(media::SinkId sink, Destination destination) {
  for (auto& leg : cdr_.legs) {
    if (leg.side != "client") continue;
    CdrRoute& route = leg.routes.emplace_back();
    route.kind = RouteKind::sink;
    route.sink = destination.sink;
    route.purpose = destination.purpose;
    route.attached_at = leg.packets;
  }
  attached_.insert_or_assign(sink, std::move(destination));
}

void CallRecord::detach(media::SinkId sink) {
  for (auto& leg : cdr_.legs) {
    if (CdrRoute* route = open_route(leg, sink)) route->detached_at = leg.packets;
  }
  attached_.erase(sink);
}

CdrRoute* CallRecord::open_route(CdrLeg& leg, media::SinkId sink) {
  const auto known = attached_.find(sink);
  if (known == attached_.end()) return nullptr;
  for (auto& route : leg.routes) {
    const bool open = route.kind == RouteKind::sink && !route.detached_at;
    if (open && route.sink == known->second.sink) return &route;
  }
  return nullptr;
}

void CallRecord::fold(const media::SourceRecord& record, const ClockReading& clocks,
                      const ReasonOf& reason_of) {
  for (const auto& leg : record) {
    const auto known = legs_.find(leg.leg);
    if (known != legs_.end()) fold_leg(cdr_.legs[known->second], leg, clocks, reason_of);
  }
}

void CallRecord::fold_leg(CdrLeg& leg, const media::LegRecord& record, const ClockReading& clocks,
                          const ReasonOf& reason_of) {
  const auto& counters = record.counters;
  leg.packets += counters.rtp_packets;
  leg.bytes += counters.rtp_bytes;
  leg.control_packets += counters.rtcp_packets;
  CdrRoute& call = leg.routes.front();
  for (std::size_t i = 0; i < media::drop_reasons; ++i) {
    const auto word = to_string(static_cast<media::DropReason>(i));
    add_count(leg.dropped, word, counters.drops[i]);
    add_count(call.withheld, word, counters.unforwarded[i]);
  }
  add_count(call.withheld, "server_purpose", counters.withheld_from_server);
  if (counters.forwarded_packets != 0) {
    DeliveredInterval forwarded;  // of all streams: the call needs no proof stream by stream
    forwarded.packets = counters.forwarded_packets;
    forwarded.bytes = counters.forwarded_bytes;
    forwarded.first = forwarded.last = clocks.wall;
    add_interval(call.delivered, forwarded);
  }

  for (const auto& interval : record.delivered) {
    CdrRoute* route = open_route(leg, interval.sink);
    if (route == nullptr) continue;
    add_interval(route->delivered,
                 {static_cast<std::uint32_t>(interval.ssrc), interval.epoch,
                  static_cast<std::uint64_t>(std::max<std::int64_t>(interval.first_sequence, 0)),
                  static_cast<std::uint64_t>(std::max<std::int64_t>(interval.last_sequence, 0)),
                  interval.packets, interval.bytes, clocks.wall_of(interval.first_time),
                  clocks.wall_of(interval.last_time)});
  }
  for (const auto& [sink, counted] : record.routes) {
    CdrRoute* route = open_route(leg, sink);
    if (route == nullptr) continue;
    for (std::size_t i = 0; i < media::withheld_reasons; ++i) {
      const auto reason = static_cast<media::Withheld>(i);
      const auto word = reason == media::Withheld::no_permit ? reason_of(sink) : to_string(reason);
      add_count(route->withheld, word, counted.withheld[i]);
    }
  }
}

Cdr CallRecord::next(CdrKind kind, std::optional<CauseForClosing> cause, WallTime now) {
  cdr_.kind = kind;
  cdr_.record_seq = ++sequence_;
  cdr_.cause = cause;
  cdr_.at = cdr_.counted_until = now;
  return cdr_;
}

}  // namespace assent::gateway
