// Which personal data crossed which border, for a participant's record.
#include <algorithm>
#include <utility>

#include "gateway/conference.hpp"

namespace assent::gateway {
void Conference::Flow::add(const CdrRoute& route) {
  for (const auto& interval : route.delivered) {
    first = first ? std::min(*first, interval.first) : interval.first;
    last = last ? std::max(*last, interval.last) : interval.last;
    packets += interval.packets;
    bytes += interval.bytes;
  }
}

// Counters go up only, so the rest came after the last of what was counted earlier.
Conference::Flow Conference::Flow::since(const Flow& earlier) const {
  Flow rest = *this;
  rest.packets -= earlier.packets;
  rest.bytes -= earlier.bytes;
  if (earlier.last) rest.first = std::max(first, earlier.last);
  return rest;
}

std::map<Conference::FlowKey, Conference::Flow> Conference::flows_of(const Cdr& cdr) {
  std::map<FlowKey, Flow> flows;
  for (const auto& leg : cdr.legs) {
    if (leg.side != "client") continue;
    for (const auto& route : leg.routes)
      flows[{route.kind, route.sink}].add(route);
  }
  return flows;
}

// Whether what passed until now was lawful is for the rules until now to say.
void Conference::keep_transfers(Participant& participant) const {
  participant.earlier_transfers = transfers_of(participant);
  participant.earlier_flows = flows_of(participant.record.cdr());
}

std::vector<CdrTransfer> Conference::transfers_of(Participant& participant) const {
  const auto& rules = policy_.rules();
  const auto binding = policy::binding_rows(rules.jurisdictions, participant.who.evidence);
  auto transfers = participant.earlier_transfers;
  auto flows = flows_of(participant.record.cdr());

  const auto add = [&](const FlowKey& key, const std::string& processor_name, const std::string& to,
                       const std::string& purpose, const std::string& category) {
    const Flow flow = flows[key].since(participant.earlier_flows[key]);
    if (flow.packets == 0) return;
    const auto processor = rules.processors.find(processor_name);
    const bool known = processor != rules.processors.end();
    const auto answer = policy::judge_transfer(
        rules.jurisdictions, rules.transfers, binding,
        known ? std::span<const policy::Instrument>{processor->second.instruments}
              : std::span<const policy::Instrument>{},
        {category, to, false, false}, read_clocks().wall);
    auto origins = binding.codes;
    if (binding.unknown) origins.emplace_back("unknown");
    for (const auto& from : origins) {
      if (!to.empty() && policy::country_of(from) == policy::country_of(to)) continue;
      CdrTransfer& transfer = transfers.emplace_back();
      transfer.exporter = "operator";
      transfer.importer = known ? processor_name : "conference server";
      transfer.role = known ? to_string(processor->second.role) : "self";
      transfer.from = from;
      transfer.to = to.empty() ? "unknown" : to;
      transfer.mechanism = to_string(answer.mechanism);
      transfer.row = answer.instrument;
      transfer.purpose = purpose;
      transfer.first = flow.first;
      transfer.last = flow.last;
      transfer.packets = flow.packets;
      transfer.bytes = flow.bytes;
    }
  };

  add({RouteKind::call, ""}, rules.server.processor, rules.server.jurisdiction, "call", "");
  for (const auto& [name, sink] : rules.sinks) {
    const auto purpose = rules.purposes.find(sink.purpose);
    add({RouteKind::sink, name}, sink.processor, sink.jurisdiction, sink.purpose,
        purpose == rules.purposes.end() ? std::string{} : purpose->second.category);
  }
  return transfers;
}

}  // namespace assent::gateway
