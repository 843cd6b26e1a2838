// From decisions to the worker, the sinks and the records.
#include <algorithm>
#include <utility>

#include "gateway/conference.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

constexpr std::string_view storage_failed = "storage_failed";

// Why packets were withheld while this was the standing of the pair.
std::string_view reason_word(const policy::Decision& decision, std::string_view hindrance) {
  return decision.permitted && !hindrance.empty() ? hindrance : to_string(decision.reason);
}

}  // namespace

std::vector<Conference::PermitOrder> Conference::orders_of(const policy::Decisions& decisions,
                                                           bool permitted,
                                                           const ClockReading& clocks) {
  std::vector<PermitOrder> orders;
  for (const auto& decision : decisions.changed) {
    if (decision.permitted != permitted) continue;
    const auto who = participants_.find(decision.participant);
    const auto sink = services_.sinks.find(decision.sink);
    if (who == participants_.end() || !sink) continue;
    media::Permit permit = media::Permit::denied(decision.epoch);
    const bool opens = permitted && !services_.lapsed;
    if (opens) {
      permit.open_until =
          decision.deadline ? clocks.steady_of(*decision.deadline) : media::TimePoint::max();
    }
    const auto hindrance = permitted && !opens ? storage_failed : std::string_view{};
    orders.push_back({who->second.get(), *sink, decision, permit, hindrance, std::nullopt, {}, {}});
  }
  return orders;
}

// What closes comes first: it waits for nothing but the worker. A new epoch of what stays open is
// an opening.
asio::awaitable<std::vector<SinkCut>> Conference::enforce(policy::Decisions decisions,
                                                          CauseForClosing cause,
                                                          RouteChange routes) {
  const auto clocks = read_clocks();
  std::vector<SinkCut> cut;
  std::vector<Participant*> touched;
  for (const bool permitted : {false, true}) {
    auto orders = orders_of(decisions, permitted, clocks);
    RouteChange now;
    if (!(permitted ? routes.opened : routes.gone).empty()) now.who = routes.who;
    (permitted ? now.opened : now.gone) = permitted ? routes.opened : routes.gone;
    if (orders.empty() && now.who.empty()) continue;
    for (auto& order : orders) {
      if (permitted && order.hindrance.empty()) co_await open_track(order);
    }
    co_await carry_out(orders, now);
    attach(now);
    touched.insert(touched.end(), now.who.begin(), now.who.end());
    for (auto& order : orders) {
      touched.push_back(order.participant);
      for (const auto& mark : order.cut) {
        cut.push_back({order.decision.sink, static_cast<std::uint32_t>(mark.ssrc), mark.epoch,
                       mark.last_sequence});
        publish_cut(cut.back(), order.participant->id);
      }
      Standing& standing = order.participant->standing[order.sink];
      const auto track = std::exchange(standing.track, order.track);
      standing.decision = order.decision;
      standing.hindrance = order.hindrance;
      standing.purposes = order.purposes;
      if (track) co_await close_track(order, *track);
    }
    detach(now);
    std::vector<Participant*> affected = now.who;
    for (const auto& order : orders)
      affected.push_back(order.participant);
    co_await tell_purposes(std::move(affected));
  }
  for (const auto& change : decisions.consents) {
    ++services_.totals.consent_changes[static_cast<std::size_t>(change.state)];
    const auto who = participants_.find(change.participant);
    if (who != participants_.end()) touched.push_back(who->second.get());
  }
  for (const auto& id : decisions.went_on_without) {
    const auto who = participants_.find(id);
    if (who == participants_.end() || who->second->record.cdr().went_on_without) continue;
    who->second->record.cdr().went_on_without = true;
    touched.push_back(who->second.get());
  }
  publish_decisions(decisions);
  publish_purposes(routes);
  // From now on the records of all are under other rules.
  if (cause == CauseForClosing::policy_change) touched = everybody();
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  std::vector<Record> records;
  for (Participant* participant : touched) {
    records.push_back(entry_of(*participant, CdrKind::interim, cause));
  }
  if (!records.empty()) record_later(std::move(records));
  // The clock may have to ring earlier now.
  const auto timeout = policy_.next_timeout();
  if (timeout && clocks.steady_of(*timeout) < timer_.expiry()) timer_.cancel();
  co_return cut;
}

// What is permitted is withheld while nothing can be recorded, and goes on when that is over: the
// decisions stand.
asio::awaitable<void> Conference::review_permits() {
  const auto hold = co_await turn_.take();
  if (closed_) co_return;
  co_await heed_ledger();
  policy::Decisions standing;
  standing.epoch = policy_.epoch();
  for (const auto& [id, participant] : participants_)
    for (const auto& [sink, of] : participant->standing)
      if (of.decision.permitted && (of.hindrance == storage_failed) != services_.lapsed)
        standing.changed.push_back(of.decision);
  if (!standing.changed.empty())
    co_await enforce(std::move(standing), CauseForClosing::sink_change);
}

asio::awaitable<void> Conference::carry_out(std::vector<PermitOrder>& orders,
                                            const RouteChange& routes) {
  struct Reply {
    std::vector<std::pair<Participant*, media::SourceRecord>> records;
  };
  const auto apply = [&orders, &routes](MediaPath& path) {
    Reply reply;
    auto& relay = path.relay();
    const auto now = std::chrono::steady_clock::now();
    // The packets counted so far were judged by the decisions and on the routes of before.
    const auto settle = [&](Participant* participant) {
      reply.records.emplace_back(participant, relay.settle(participant->source));
    };
    for (Participant* participant : routes.who) {
      settle(participant);
      for (const auto sink : routes.opened)
        relay.open_route(participant->source, sink);
    }
    for (auto& order : orders) {
      const auto source = order.participant->source;
      order.cut = path.set_permit(now, source, order.sink, order.permit);
      if (order.track) path.set_track(source, order.sink, *order.track);
      settle(order.participant);
    }
    for (const auto* participant : routes.who) {
      for (const auto sink : routes.gone)
        relay.close_route(now, participant->source, sink);
    }
    return reply;
  };
  const auto reply = co_await worker_.run(apply);
  for (const auto& [participant, record] : reply.records)
    fold(*participant, record);
}

void Conference::fold(Participant& participant, const media::SourceRecord& record) {
  const auto reason_of = [&](media::SinkId sink) -> std::string_view {
    const auto& standing = participant.standing[sink];
    return reason_word(standing.decision, standing.hindrance);
  };
  participant.record.fold(record, read_clocks(), reason_of);
  count(record, reason_of);
}

void Conference::count(const media::SourceRecord& record, const CallRecord::ReasonOf& reason_of) {
  for (const auto& leg : record) {
    auto& traffic = leg.side == media::Side::client ? services_.totals.from_client
                                                    : services_.totals.from_server;
    const auto& counters = leg.counters;
    traffic.rtp_packets += counters.rtp_packets;
    traffic.rtp_bytes += counters.rtp_bytes;
    traffic.rtcp_packets += counters.rtcp_packets;
    traffic.relayed_packets += counters.forwarded_packets;
    traffic.relayed_bytes += counters.forwarded_bytes;
    traffic.withheld_from_server += counters.withheld_from_server;
    traffic.data_packets += counters.data_packets;
    traffic.data_withheld += counters.data_withheld;
    for (std::size_t i = 0; i < media::drop_reasons; ++i) {
      traffic.dropped[i] += counters.drops[i];
      traffic.lost[i] += counters.unforwarded[i];
    }
    for (const auto& interval : leg.delivered) {
      if (SinkMetrics* sink = services_.sinks.totals(services_.totals, interval.sink)) {
        sink->delivered_packets += interval.packets;
        sink->delivered_bytes += interval.bytes;
      }
    }
    for (const auto& [id, counted] : leg.routes) {
      SinkMetrics* sink = services_.sinks.totals(services_.totals, id);
      for (std::size_t i = 0; sink != nullptr && i < media::withheld_reasons; ++i) {
        const auto why = static_cast<media::Withheld>(i);
        if (counted.withheld[i] == 0) continue;
        const auto word = why == media::Withheld::no_permit ? reason_of(id) : to_string(why);
        sink->withheld[std::string(word)] += counted.withheld[i];
      }
    }
  }
}

asio::awaitable<void> Conference::settle(std::vector<Participant*> who) {
  const auto apply = [&who](MediaPath& path) {
    std::vector<media::SourceRecord> records;
    for (const auto* participant : who)
      records.push_back(path.relay().settle(participant->source));
    return records;
  };
  const auto records = co_await worker_.run(apply);
  for (std::size_t i = 0; i < who.size(); ++i)
    fold(*who[i], records[i]);
}

void Conference::attach(const RouteChange& routes) {
  for (Participant* participant : routes.who) {
    for (const auto sink : routes.opened) {
      const auto& name = services_.sinks.name(sink);
      auto& decision = participant->standing[sink].decision;
      decision = policy_.decision(participant->id, name);
      decision.permitted = false;  // until the worker was told otherwise
      participant->record.attach(sink, {name, decision.purpose});
    }
  }
}

void Conference::detach(const RouteChange& routes) {
  for (Participant* participant : routes.who) {
    for (const auto sink : routes.gone) {
      participant->record.detach(sink);
      participant->standing.erase(sink);
    }
  }
}

}  // namespace assent::gateway
