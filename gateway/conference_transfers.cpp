// Which personal data crossed which border, for a participant's record.
#include <algorithm>
#include <utility>

#include "gateway/conference.hpp"

namespace assent::gateway {
namespace {

struct Flow {
  std::optional<WallTime> first;
  std::optional<WallTime> last;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;

  void add(const CdrRoute& route) {
    for (const auto& interval : route.delivered) {
      first = first ? std::min(*first, interval.first) : interval.first;
      last = last ? std::max(*last, interval.last) : interval.last;
      packets += interval.packets;
      bytes += interval.bytes;
    }
  }
};

Flow flow_to(const Cdr& cdr, RouteKind kind, std::string_view sink) {
  Flow flow;
  for (const auto& leg : cdr.legs) {
    if (leg.side != "client") continue;
    for (const auto& route : leg.routes) {
      if (route.kind == kind && route.sink == sink) flow.add(route);
    }
  }
  return flow;
}

}  // namespace

std::vector<CdrTransfer> Conference::transfers_of(Participant& participant) const {
  const auto& rules = policy_.rules();
  const auto binding = policy::binding_rows(rules.jurisdictions, participant.who.evidence);
  std::vector<CdrTransfer> transfers;

  const auto add = [&](const Flow& flow, const std::string& processor_name, const std::string& to,
                       const std::string& purpose, const std::string& category) {
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

  const Cdr& cdr = participant.record.cdr();
  add(flow_to(cdr, RouteKind::call, ""), rules.server.processor, rules.server.jurisdiction, "call",
      "");
  for (const auto& [name, sink] : rules.sinks) {
    const auto purpose = rules.purposes.find(sink.purpose);
    add(flow_to(cdr, RouteKind::sink, name), sink.processor, sink.jurisdiction, sink.purpose,
        purpose == rules.purposes.end() ? std::string{} : purpose->second.category);
  }
  return transfers;
}

}  // namespace assent::gateway
