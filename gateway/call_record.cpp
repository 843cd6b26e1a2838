#include "gateway/call_record.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace assent::gateway {
namespace {

bool is_client(const CdrLeg& leg) {
  return leg.side == "client";
}

void add_count(std::map<std::string, std::uint64_t>& counts, std::string_view word,
               std::uint64_t count) {
  if (count != 0) counts[std::string(word)] += count;
}

std::string_view side_word(media::Side side) {
  return side == media::Side::client ? "client" : "server";
}

}  // namespace

ClockReading read_clocks() {
  return {std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()),
          std::chrono::steady_clock::now()};
}

void CallRecord::add_leg(media::LegId leg, media::Side side, std::string media,
                         std::string transport, WallTime now) {
  if (legs_.contains(leg)) return;
  legs_[leg] = {cdr_.legs.size(), now};
  CdrLeg& entry = cdr_.legs.emplace_back();
  entry.side = side_word(side);
  entry.media = std::move(media);
  entry.transport = std::move(transport);
  entry.routes.emplace_back();  // the call itself
  if (!is_client(entry)) return;
  for (const auto& [sink, destination] : attached_)
    attach_route(entry, destination);
}

void CallRecord::name_carrier(media::LegId leg, const std::string& carrier) {
  const auto open = legs_.find(leg);
  if (open != legs_.end()) cdr_.legs[open->second.index].carrier = carrier;
}

void CallRecord::attach_route(CdrLeg& leg, const Destination& destination) const {
  const auto known = std::find_if(leg.routes.begin(), leg.routes.end(), [&](const auto& route) {
    return route.kind == RouteKind::sink && route.sink == destination.sink &&
           route.purpose == destination.purpose;
  });
  if (known == leg.routes.end()) {
    CdrRoute& route = leg.routes.emplace_back();
    route.kind = RouteKind::sink;
    route.sink = destination.sink;
    route.purpose = destination.purpose;
    route.attached_at = leg.packets;
  } else if (known->detached_at) {
    known->earlier_ingress = known->ingress(leg.packets);
    known->attached_at = leg.packets;
    known->detached_at.reset();
  }
}

void CallRecord::attach(media::SinkId sink, Destination destination) {
  for (auto& leg : cdr_.legs)
    if (is_client(leg)) attach_route(leg, destination);
  attached_.insert_or_assign(sink, std::move(destination));
}

void CallRecord::detach(media::SinkId sink) {
  for (auto& leg : cdr_.legs)
    if (const auto route = open_route(leg, sink)) leg.routes[*route].detached_at = leg.packets;
  attached_.erase(sink);
}

std::optional<std::size_t> CallRecord::open_route(const CdrLeg& leg, media::SinkId sink) const {
  const auto known = attached_.find(sink);
  if (known == attached_.end()) return std::nullopt;
  for (std::size_t i = 0; i < leg.routes.size(); ++i) {
    const CdrRoute& route = leg.routes[i];
    const bool open = route.kind == RouteKind::sink && !route.detached_at;
    if (open && route.sink == known->second.sink) return i;
  }
  return std::nullopt;
}

void CallRecord::fold(const media::SourceRecord& record, const ClockReading& clocks,
                      const ReasonOf& reason_of) {
  for (const auto& leg : record) {
    const auto known = legs_.find(leg.leg);
    if (known != legs_.end()) fold_leg(known->second, leg, clocks, reason_of);
  }
}

void CallRecord::fold_leg(OpenLeg& open, const media::LegRecord& record, const ClockReading& clocks,
                          const ReasonOf& reason_of) {
  const auto& counters = record.counters;
  CdrLeg& leg = cdr_.legs[open.index];
  leg.packets += counters.rtp_packets;
  leg.bytes += counters.rtp_bytes;
  leg.control_packets += counters.rtcp_packets + counters.data_packets;
  add_count(leg.dropped, "data_withheld", counters.data_withheld);
  CdrRoute& call = leg.routes.front();
  for (std::size_t i = 0; i < media::drop_reasons; ++i) {
    const auto word = to_string(static_cast<media::DropReason>(i));
    add_count(leg.dropped, word, counters.drops[i]);
    add_count(call.withheld, word, counters.unforwarded[i]);
  }
  add_count(call.withheld, "server_purpose", counters.withheld_from_server);
  const WallTime counted = std::min(std::exchange(open.counted, clocks.wall), clocks.wall);
  if (counters.forwarded_packets != 0) {
    DeliveredInterval forwarded;  // of all streams: the call needs no proof stream by stream
    forwarded.packets = counters.forwarded_packets;
    forwarded.bytes = counters.forwarded_bytes;
    forwarded.first = counted;
    forwarded.last = clocks.wall;
    deliver({open.index, 0}, forwarded);
  }

  for (const auto& interval : record.delivered) {
    const auto route = open_route(leg, interval.sink);
    if (!route) continue;
    deliver({open.index, *route},
            {static_cast<std::uint32_t>(interval.ssrc), interval.epoch,
             static_cast<std::uint64_t>(std::max<std::int64_t>(interval.first_sequence, 0)),
             static_cast<std::uint64_t>(std::max<std::int64_t>(interval.last_sequence, 0)),
             interval.packets, interval.bytes, clocks.wall_of(interval.first_time),
             clocks.wall_of(interval.last_time)});
  }
  for (const auto& [sink, counted_of] : record.routes) {
    const auto route = open_route(leg, sink);
    if (!route) continue;
    for (std::size_t i = 0; i < media::withheld_reasons; ++i) {
      const auto reason = static_cast<media::Withheld>(i);
      const auto word = reason == media::Withheld::no_permit ? reason_of(sink) : to_string(reason);
      add_count(leg.routes[*route].withheld, word, counted_of.withheld[i]);
    }
  }
}

// Adds to the totals, and prolongs the interval that it continues or begins one. What lies before
// every interval that is known came late, and is one by itself: a name never changes.
void CallRecord::deliver(Place place, const DeliveredInterval& more) {
  CdrRoute& route = cdr_.legs[place.leg].routes[place.route];
  route.packets += more.packets;
  route.bytes += more.bytes;
  route.milliseconds += static_cast<std::uint64_t>(
      std::max<WallTime::duration>(more.last - more.first, WallTime::duration::zero()).count());
  route.first = std::min(route.first.value_or(more.first), more.first);
  route.last = std::max(route.last.value_or(more.last), more.last);

  const std::uint32_t number = sequence_ + 1;
  auto& known = intervals_[place];
  Growing* continued = nullptr;
  for (auto& one : known) {
    const auto& interval = one.interval;
    const bool fits = interval.ssrc == more.ssrc && interval.epoch == more.epoch &&
                      interval.first_sequence <= more.first_sequence;
    if (!fits) continue;
    if (continued == nullptr || interval.first_sequence > continued->interval.first_sequence)
      continued = &one;
  }
  if (continued == nullptr) {
    known.push_back({more, number});
    return;
  }
  DeliveredInterval& interval = continued->interval;
  interval.last_sequence = std::max(interval.last_sequence, more.last_sequence);
  interval.packets += more.packets;
  interval.bytes += more.bytes;
  interval.first = std::min(interval.first, more.first);
  interval.last = std::max(interval.last, more.last);
  continued->changed_for = number;
}

Cdr CallRecord::next(CdrKind kind, std::optional<CauseForClosing> cause, WallTime now) {
  cdr_.kind = kind;
  cdr_.record_seq = ++sequence_;
  cdr_.cause = cause;
  cdr_.at = cdr_.counted_until = now;
  Cdr record = cdr_;
  for (const auto& [place, known] : intervals_)
    for (const auto& one : known)
      if (one.changed_for > stored_)
        record.legs[place.leg].routes[place.route].delivered.push_back(one.interval);
  return record;
}

void CallRecord::stored(std::uint32_t number) {
  stored_ = std::max(stored_, number);
  for (auto& [place, known] : intervals_) {
    // Of each stream the last may grow on.
    std::set<std::uint32_t> streams;
    std::vector<Growing> kept;
    for (auto one = known.rbegin(); one != known.rend(); ++one) {
      const bool is_last = streams.insert(one->interval.ssrc).second;
      if (is_last || one->changed_for > stored_) kept.push_back(*one);
    }
    std::reverse(kept.begin(), kept.end());
    known = std::move(kept);
  }
}

}  // namespace assent::gateway
