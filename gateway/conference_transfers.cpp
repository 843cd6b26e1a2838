// Which personal data crossed which border, for a participant's record, and what of it nothing
// makes lawful.
#include <algorithm>
#include <boost/json/object.hpp>
#include <utility>

#include "gateway/conference.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

void add(Flow& flow, const CdrRoute& route) {
  if (route.first) flow.first = std::min(flow.first.value_or(*route.first), *route.first);
  if (route.last) flow.last = std::max(flow.last.value_or(*route.last), *route.last);
  flow.milliseconds = std::max(flow.milliseconds, route.milliseconds);  // legs run side by side
  flow.packets += route.packets;
  flow.bytes += route.bytes;
}

std::map<FlowKey, Flow> flows_in(const Cdr& cdr, const CallTransfers& transfers) {
  std::map<FlowKey, Flow> flows;
  for (const auto& leg : cdr.legs) {
    if (leg.side != "client") continue;
    for (const auto& route : leg.routes) {
      const bool is_call = route.kind == RouteKind::call;
      add(flows[{is_call ? FlowOf::call : FlowOf::sink, route.sink}], route);
    }
    // What arrived, be it passed on or not; the call's own route tells when.
    CdrRoute arrived = leg.routes.front();
    arrived.packets = leg.packets;
    arrived.bytes = leg.bytes;
    add(flows[{FlowOf::arrival, {}}], arrived);
  }
  for (const auto& [target, flow] : transfers.told())
    flows[{FlowOf::records, target}] = flow;
  return flows;
}

json::object way_json(const CdrTransfer& way) {
  return {{"exporter", way.exporter},
          {"importer", way.importer},
          {"role", way.role},
          {"from", way.from},
          {"to", way.to},
          {"purpose", way.purpose},
          {"reason", way.reason}};
}

}  // namespace

bool Conference::relies_on_contested(const Participant& participant) const {
  return policy_.rules().composition.rely_on_contested_transfers &&
         !policy::tightened(layers_of_all(), participant.who.leg).deny_contested_transfers;
}

void Conference::count_transfers(Participant& participant) {
  const auto& rules = policy_.rules();
  const auto origin = policy::binding_rows(rules.jurisdictions, participant.who.evidence);
  const bool contested = relies_on_contested(participant);
  const auto flows = flows_in(participant.record.cdr(), participant.transfers);
  const WallTime now = read_clocks().wall;
  for (const auto& path : paths_) {
    const auto flow = flows.find(path.flow);
    if (flow == flows.end()) continue;
    participant.transfers.count(path.flow, flow->second, now, [&](WallTime when) {
      auto ways = judge_path(rules, origin, path, contested, when);
      if (!path.gated) report_unlawful(participant, ways);
      return ways;
    });
  }
}

std::vector<CdrTransfer> Conference::unlawful_ways(const Participant& participant) const {
  const auto& rules = policy_.rules();
  const auto origin = policy::binding_rows(rules.jurisdictions, participant.who.evidence);
  const WallTime now = read_clocks().wall;
  std::vector<CdrTransfer> unlawful;
  for (const auto& path : paths_) {
    if (path.gated) continue;
    for (auto& way : judge_path(rules, origin, path, relies_on_contested(participant), now))
      if (!way.reason.empty()) unlawful.push_back(std::move(way));
  }
  return unlawful;
}

std::vector<CdrTransfer> Conference::unlawful_ways(std::string_view participant) const {
  const auto found = participants_.find(participant);
  return found == participants_.end() ? std::vector<CdrTransfer>{} : unlawful_ways(*found->second);
}

// Each once. The call goes on: whether it may is not the gateway's to say.
void Conference::report_unlawful(Participant& participant, const std::vector<CdrTransfer>& ways) {
  for (const auto& way : ways) {
    const auto is_it = [&](const CdrTransfer& other) { return is_same_way(way, other); };
    auto& reported = participant.reported_ways;
    if (way.reason.empty() || std::any_of(reported.begin(), reported.end(), is_it)) continue;
    reported.push_back(way);
    ++services_.totals.unlawful_transfers;
    auto object = way_json(way);
    object["room"] = identity_.room;
    object["participant"] = participant.id;
    tell("unlawful_transfer", participant.id, object);
  }
}

}  // namespace assent::gateway
