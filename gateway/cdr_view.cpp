#include "gateway/cdr_view.hpp"

#include <algorithm>

#include "gateway/sha256.hpp"

namespace assent::gateway {
namespace {

using policy::RecordsView;

// Without intervals: which streams there were says more about a device than help needs.
CdrRoute route_for_support(const CdrRoute& whole) {
  CdrRoute route;
  route.kind = whole.kind;
  route.sink = whole.sink;
  route.purpose = whole.purpose;
  route.earlier_ingress = whole.earlier_ingress;
  route.attached_at = whole.attached_at;
  route.detached_at = whole.detached_at;
  route.packets = whole.packets;
  route.bytes = whole.bytes;
  route.milliseconds = whole.milliseconds;
  route.first = whole.first;
  route.last = whole.last;
  route.withheld = whole.withheld;
  // Who needs a guardian is no matter of a case: they lack a consent, as others do.
  if (auto missing = route.withheld.extract("guardian_missing"); !missing.empty())
    route.withheld["consent_unknown"] += missing.mapped();
  return route;
}

CdrLeg leg_for_support(const CdrLeg& whole) {
  CdrLeg leg;
  leg.side = whole.side;
  leg.media = whole.media;
  leg.transport = whole.transport;
  leg.carrier = whole.carrier;
  leg.packets = whole.packets;
  leg.bytes = whole.bytes;
  leg.control_packets = whole.control_packets;
  leg.dropped = whole.dropped;
  for (const auto& route : whole.routes)
    leg.routes.push_back(route_for_support(route));
  return leg;
}

// The call itself alone: what went to a sink, and what was withheld from one, is not the carrier's.
CdrLeg leg_for_carriers(const CdrLeg& whole) {
  CdrLeg leg;
  leg.side = whole.side;
  leg.media = whole.media;
  leg.transport = whole.transport;
  leg.carrier = whole.carrier;
  leg.packets = whole.packets;
  leg.bytes = whole.bytes;
  for (const auto& of : whole.routes) {
    if (of.kind != RouteKind::call) continue;
    CdrRoute& route = leg.routes.emplace_back();
    route.packets = of.packets;
    route.bytes = of.bytes;
    route.milliseconds = of.milliseconds;
    route.first = of.first;
    route.last = of.last;
  }
  return leg;
}

}  // namespace

std::optional<Cdr> CdrView::shown(const Cdr& whole) const {
  const auto& denied = whole.denied_processors;
  if (std::find(denied.begin(), denied.end(), processor_) != denied.end()) return std::nullopt;
  switch (view_) {
    case RecordsView::full:
      return whole;
    case RecordsView::support:
      return for_support(whole);
    case RecordsView::conference: {
      const bool by_carrier = std::any_of(whole.legs.begin(), whole.legs.end(),
                                          [](const CdrLeg& leg) { return !leg.carrier.empty(); });
      if (!by_carrier) return std::nullopt;
      return for_carriers(whole);
    }
    case RecordsView::aggregates:
    case RecordsView::none:
      break;
  }
  return std::nullopt;
}

std::string CdrView::name_of(const std::string& session, const std::string& what) const {
  constexpr std::size_t kept = 20;  // hexadecimal digits: 80 bits
  if (what.empty()) return {};
  std::string text;
  for (const std::string* part : {&processor_, &session, &what})
    text.append(std::to_string(part->size())).append(":").append(*part);
  return to_hex(sha256(text)).substr(0, kept);
}

Cdr CdrView::common(const Cdr& whole) const {
  Cdr cdr;
  cdr.view = to_string(view_);
  cdr.kind = whole.kind;
  cdr.record_seq = whole.record_seq;
  cdr.cause = whole.cause;
  cdr.session = name_of(whole.session, whole.session);
  cdr.participant = name_of(whole.session, whole.participant);
  cdr.opened = whole.opened;
  cdr.at = whole.at;
  cdr.counted_until = whole.counted_until;
  return cdr;
}

// By the room's own name: that is what the case is about.
Cdr CdrView::for_support(const Cdr& whole) const {
  Cdr cdr = common(whole);
  cdr.room = whole.room;
  for (const auto& of : whole.consents) {
    if (of.giver == "guardian") continue;
    CdrConsent& consent = cdr.consents.emplace_back();
    consent.purpose = of.purpose;
    consent.state = of.state;
    consent.since = of.since;
  }
  for (const auto& leg : whole.legs)
    cdr.legs.push_back(leg_for_support(leg));
  return cdr;
}

Cdr CdrView::for_carriers(const Cdr& whole) const {
  Cdr cdr = common(whole);
  cdr.room = cdr.session;
  // Why a record was made in between, a consent or a sink, is not the carrier's.
  if (cdr.kind == CdrKind::interim) cdr.cause = CauseForClosing::period;
  // Where the carrier's own number is, as its leg is tagged.
  for (const auto& of : whole.jurisdictions)
    if (of.kind == policy::EvidenceKind::e164) cdr.jurisdictions.push_back({of.code, of.kind, {}});
  for (const auto& leg : whole.legs)
    if (!leg.carrier.empty()) cdr.legs.push_back(leg_for_carriers(leg));
  return cdr;
}

}  // namespace assent::gateway
