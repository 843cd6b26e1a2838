#include "tests/simulation/oracle.hpp"

#include <algorithm>

namespace assent::simulation {
namespace {

std::string name_of(Person person) {
  return "person " + std::to_string(static_cast<std::uint32_t>(person));
}

bool contains_canary(std::span<const std::byte> bytes) {
  const auto word = std::as_bytes(std::span{canary.substr(0, 4)});
  return std::search(bytes.begin(), bytes.end(), word.begin(), word.end()) != bytes.end();
}

}  // namespace

void Oracle::leg_removed(media::TimePoint now, const Line& line) {
  if (!accounts_.is_settled(line.serial))
    journal_.object(now, "the record of a leg is lost with it");
  call_.leg_removed(line);
  hearing_.leg_removed(line);
}

void Oracle::arrived(media::TimePoint now, Line& line, const Datagram& datagram,
                     const media::Outbox& out, std::size_t from) {
  flights_.resize(out.outgoing().size());
  const auto extended = call_.take(line, datagram);
  const Produced produced = sort(out, from);
  const Event event{now, line, datagram, extended.value_or(0), out};
  if (!produced.fault.empty()) object(event, produced.fault);
  if (!extended) {
    ++accounts_.of(line.serial).dropped;
    if (out.outgoing().size() != from) object(event, "what must be dropped was let out");
  } else if (datagram.kind == Datagram::Kind::rtp) {
    judge_rtp(event, produced);
  } else {
    judge_rtcp(event, produced);
  }
}

Oracle::Produced Oracle::sort(const media::Outbox& out, std::size_t from) const {
  Produced produced;
  for (const auto& outgoing : out.outgoing().subspan(from)) {
    switch (outgoing.lane.kind) {
      case media::Lane::Kind::leg_rtp:
      case media::Lane::Kind::leg_rtcp:
        if (produced.call != nullptr) produced.fault = "forwarded twice";
        produced.call = &outgoing;
        break;
      case media::Lane::Kind::sink_rtp: {
        auto& copy = produced.copies.at(outgoing.lane.index);
        if (copy != nullptr) produced.fault = "two copies to one sink";
        copy = &outgoing;
        break;
      }
      case media::Lane::Kind::sink_rtcp:
        produced.reports.push_back(&outgoing);
        break;
    }
  }
  return produced;
}

void Oracle::judge_rtp(const Event& event, const Produced& produced) {
  auto& period = accounts_.of(event.line.serial);
  ++period.taken;
  period.taken_bytes += event.datagram.wire.size();
  judge_call(event, produced.call);
  if (!produced.reports.empty()) object(event, "a report out of a media packet");
  for (std::size_t i = 0; i < media::sinks_max; ++i) {
    const media::SinkId sink{static_cast<std::uint8_t>(i)};
    const bool known = std::any_of(sink_places.begin(), sink_places.end(), [&](const auto& place) {
      return place.id == sink && !place.config.is_server;
    });
    if (known && event.line.is_client()) {
      judge_sink(event, sink, produced.copies[i]);
    } else if (produced.copies[i] != nullptr) {
      object(event, "a copy to a sink that gets none");
    }
  }
}

// The live call is the same whatever anybody consents to, unless the server itself performs a
// purpose.
void Oracle::judge_call(const Event& event, const media::Outgoing* sent) {
  Line* to = opposite(event.line);
  const auto where = to == nullptr ? std::nullopt : call_.destination(*to, event.datagram);
  const Verdict server = judge_server(event);
  if (sent != nullptr) {
    if (server == Verdict::must_not) object(event, "the server got what it must not perform on");
    if (!where) object(event, "forwarded where nobody listens, or twice under one key");
    if (where && sent->to != *where) object(event, "forwarded to another address");
    if (to != nullptr) check_forwarded(event, *sent, *to);
  } else if (where && server == Verdict::must) {
    object(event, "lost to the call");
  }
  count_call(event, sent, where.has_value());
}

// May the server have it? All purposes that it performs must permit it.
Verdict Oracle::judge_server(const Event& event) {
  if (!event.line.is_client()) return Verdict::must;
  Verdict all = Verdict::must;
  for (const auto& place : sink_places) {
    if (!place.config.is_server) continue;
    const Verdict one = hearing_.judge(event.now, event.line, event.datagram, place.id);
    if (!book.perhaps_runs(event.line.room, place.id)) continue;
    const bool certain = book.certainly_runs(event.line.room, place.id);
    all = std::min(all, certain ? one : Verdict::may);
  }
  return all;
}

void Oracle::check_forwarded(const Event& event, const media::Outgoing& sent, Line& to) {
  const bool rtcp = event.datagram.kind == Datagram::Kind::rtcp;
  const auto kind =
      rtcp && !to.config.rtcp_mux ? media::Lane::Kind::leg_rtcp : media::Lane::Kind::leg_rtp;
  const media::Lane lane{kind, static_cast<std::uint32_t>(to.leg)};
  if (!(sent.lane == lane)) object(event, "forwarded by another door");
  const auto wire = event.out.bytes(sent);
  Bytes clear(wire.begin(), wire.end());
  if (to.opens) {
    const auto opened = rtcp ? to.opens->unprotect_rtcp(clear) : to.opens->unprotect_rtp(clear);
    if (!opened) return object(event, "the peer cannot open what was forwarded");
    clear.resize(opened->size());
  }
  if (clear != event.datagram.clear) object(event, "forwarded with other bytes");
}

void Oracle::count_call(const Event& event, const media::Outgoing* sent, bool could_go) {
  auto& period = accounts_.of(event.line.serial);
  const auto& routes = accounts_.routes(event.line.person);
  const auto is_gate = [](media::SinkId sink) { return place_of(sink).config.is_server; };
  const bool gated = event.line.is_client() && std::any_of(routes.begin(), routes.end(), is_gate);
  if (sent == nullptr) {
    ++period.not_forwarded;
    if (could_go) ++period.surely_withheld;
    if (gated) ++period.perhaps_withheld;
    return;
  }
  ++period.forwarded;
  period.forwarded_bytes += sent->size;
  Flight& flying = flight(event, *sent);
  flying.is_call_rtp = true;
  if (Line* to = opposite(event.line)) call_.forwarded(*to, event.datagram);
  if (!gated) return;
  for (const auto sink : routes)
    if (is_gate(sink)) count_copy(event, sink, event.datagram.clear.size(), flying);
}

void Oracle::count_copy(const Event& event, media::SinkId sink, std::size_t bytes, Flight& flying) {
  hearing_.heard(event.line, event.datagram, event.extended, sink);
  auto& copies = accounts_.of(event.line.serial).copies[sink];
  flying.copies.emplace_back(sink, copies.size());
  copies.push_back(
      {event.datagram.ssrc, hearing_.epoch(event.line.person, sink), event.extended, bytes, false});
}

void Oracle::judge_sink(const Event& event, media::SinkId sink, const media::Outgoing* sent) {
  const Verdict verdict = hearing_.judge(event.now, event.line, event.datagram, sink);
  const std::string name{place_of(sink).name};
  if (sent == nullptr) {
    ++kept_from_sinks_;
    if (verdict == Verdict::must) object(event, "withheld without a reason from " + name);
    return;
  }
  ++heard_by_sinks_;
  if (verdict == Verdict::must_not) return object(event, "must not go to " + name);
  const auto bytes = event.out.bytes(*sent);
  if (!std::ranges::equal(bytes, event.datagram.bare)) {
    object(event, "other bytes than the bare packet to " + name);
  }
  if (sent->source != event.line.config.source) object(event, "as somebody else's to " + name);
  if (sent->epoch != hearing_.epoch(event.line.person, sink)) {
    object(event, "with an epoch that is not the permit's to " + name);
  }
  if (sent->extended_sequence != event.extended)
    object(event, "misplaced in its stream to " + name);
  count_copy(event, sink, bytes.size(), flight(event, *sent));
}

void Oracle::judge_rtcp(const Event& event, const Produced& produced) {
  auto& period = accounts_.of(event.line.serial);
  ++period.rtcp;
  Line* to = opposite(event.line);
  if (produced.call == nullptr) {
    ++period.dropped;  // said to be dropped, as nobody is there
    if (to != nullptr) object(event, "RTCP lost to the call");
  } else if (to == nullptr) {
    object(event, "RTCP forwarded to nobody");
  } else {
    const auto where = call_.destination(*to, event.datagram);
    if (produced.call->to != *where) object(event, "RTCP forwarded to another address");
    check_forwarded(event, *produced.call, *to);
  }
  for (const auto* report : produced.reports)
    judge_report(event, *report);
}

void Oracle::judge_report(const Event& event, const media::Outgoing& sent) {
  const auto& place = place_of(media::SinkId{static_cast<std::uint8_t>(sent.lane.index)});
  const std::string name{place.name};
  if (!event.line.is_client() || !place.config.is_rtp ||
      !book.may_have(event.line.person, place.id, event.now)) {
    return object(event, "a report must not go to " + name);
  }
  const auto bytes = event.out.bytes(sent);
  if (contains_canary(bytes)) object(event, "a report names somebody to " + name);
  const auto compound = media::parse_rtcp(bytes);
  if (!compound) return object(event, "a malformed report to " + name);
  for (const auto& packet : *compound) {
    const auto ssrc = media::peek_rtcp_ssrc(packet.bytes());
    const bool about_others = packet.type() == media::RtcpType::sender_report && packet.count() > 0;
    if (!ssrc || !hearing_.knows(event.line, *ssrc, place.id) || about_others) {
      object(event, "a report of what is not heard to " + name);
    }
  }
}

void Oracle::given_back(std::size_t outgoing) {
  const Flight& lost = flights_.at(outgoing);
  auto& period = accounts_.of(lost.serial);
  if (lost.is_call_rtp) {
    --period.forwarded;
    period.forwarded_bytes -= lost.bytes;
    ++period.not_forwarded;
  }
  for (const auto& [sink, at] : lost.copies)
    period.copies.at(sink).at(at).given_back = true;
}

void Oracle::route_closed(media::TimePoint now, Person person, media::SinkId sink) {
  if (!hearing_.permit_set(person, sink, 0, false).empty()) {
    journal_.object(now, "a route was closed before its permit, and the cut is lost");
  }
  accounts_.route_closed(person, sink);
}

void Oracle::permit_set(media::TimePoint now, Person person, media::SinkId sink,
                        media::Permit permit, const std::vector<media::CutMark>& cut) {
  const auto expected = hearing_.permit_set(person, sink, permit.epoch, now < permit.open_until);
  std::vector<HearingModel::Mark> told;
  for (const auto& mark : cut)
    told.push_back({mark.ssrc, mark.epoch, mark.last_sequence});
  std::sort(told.begin(), told.end());
  if (told == expected) return;
  std::string text = "the cut of " + name_of(person) + " at " + std::string(place_of(sink).name) +
                     " was told wrong: ";
  for (const auto& mark : told)
    text += std::to_string(mark.epoch) + ":" + std::to_string(mark.last_sequence) + " ";
  text += "instead of ";
  for (const auto& mark : expected)
    text += std::to_string(mark.epoch) + ":" + std::to_string(mark.last_sequence) + " ";
  journal_.object(now, text);
}

void Oracle::settled(media::TimePoint now, Person person, const media::SourceRecord& record) {
  for (const auto& entry : record) {
    const auto found = std::find_if(lines_.begin(), lines_.end(), [&](const auto& line) {
      return line.second->leg == entry.leg && line.second->person == person;
    });
    if (found == lines_.end()) {
      journal_.object(now, "a record of a leg that is not there");
      continue;
    }
    const auto differences = accounts_.compare(*found->second, entry);
    if (differences.empty()) continue;
    journal_.object(now, "the record of " + name_of(person) +
                             (entry.side == media::Side::client ? " client" : " server") +
                             " leg: " + differences);
  }
}

Line* Oracle::opposite(const Line& line) {
  const auto found = lines_.find(line.opposite);
  return found == lines_.end() ? nullptr : found->second.get();
}

Oracle::Flight& Oracle::flight(const Event& event, const media::Outgoing& sent) {
  const auto at = static_cast<std::size_t>(&sent - event.out.outgoing().data());
  flights_.at(at) = {event.line.serial, false, sent.size, {}};
  return flights_[at];
}

void Oracle::object(const Event& event, const std::string& why) {
  const auto& datagram = event.datagram;
  journal_.object(event.now,
                  name_of(event.line.person) + (event.line.is_client() ? " client" : " server") +
                      " leg, frame " + std::to_string(datagram.frame) +
                      (datagram.repeats_previous ? " with the one before" : "") + ": " + why);
}

}  // namespace assent::simulation
