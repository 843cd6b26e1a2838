#include <algorithm>

#include "gateway/cdr.hpp"
#include "gateway/export_queue.hpp"
#include "gateway/json_fields.hpp"

namespace assent::gateway {

template <>
inline constexpr auto json_words<CdrKind> =
    std::array{Word<CdrKind>{CdrKind::start, "start"}, Word<CdrKind>{CdrKind::interim, "interim"},
               Word<CdrKind>{CdrKind::stop, "stop"}};
template <>
inline constexpr auto json_words<CauseForClosing> =
    std::array{Word<CauseForClosing>{CauseForClosing::period, "period"},
               Word<CauseForClosing>{CauseForClosing::consent_change, "consent_change"},
               Word<CauseForClosing>{CauseForClosing::jurisdiction_change, "jurisdiction_change"},
               Word<CauseForClosing>{CauseForClosing::policy_change, "policy_change"},
               Word<CauseForClosing>{CauseForClosing::sink_change, "sink_change"},
               Word<CauseForClosing>{CauseForClosing::participant_change, "participant_change"},
               Word<CauseForClosing>{CauseForClosing::leg_change, "leg_change"},
               Word<CauseForClosing>{CauseForClosing::participant_left, "participant_left"},
               Word<CauseForClosing>{CauseForClosing::room_closed, "room_closed"},
               Word<CauseForClosing>{CauseForClosing::media_timeout, "media_timeout"},
               Word<CauseForClosing>{CauseForClosing::shutdown, "shutdown"},
               Word<CauseForClosing>{CauseForClosing::restart, "restart"}};
template <>
inline constexpr auto json_words<RouteKind> =
    std::array{Word<RouteKind>{RouteKind::call, "call"}, Word<RouteKind>{RouteKind::sink, "sink"}};

namespace {

constexpr std::uint64_t version_min = 1;  // read, too
constexpr std::uint64_t version_of_totals = 3;

struct TransferList {
  std::vector<CdrTransfer> transfers;
};

// An address to /24 or /48, a number to what tells its country and region.
std::string shortened(policy::EvidenceKind kind, std::string_view evidence) {
  constexpr std::size_t number_kept = 5;  // "+" and four digits
  if (kind == policy::EvidenceKind::ip) return truncated_address(evidence);
  if (kind == policy::EvidenceKind::e164) return std::string(evidence.substr(0, number_kept));
  return std::string(evidence);
}

}  // namespace

static void describe(auto& visit, Is<CdrJurisdiction> auto& of) {
  visit("code", of.code);
  visit("evidence_kind", of.kind);
  const auto as_stored = [&](const std::string& text) { return shortened(of.kind, text); };
  visit.formed("evidence", of.evidence, as_stored);
}
static void describe(auto& visit, Is<CdrConsent> auto& of) {
  visit("purpose", of.purpose);
  visit("giver", of.giver);
  visit("state", of.state);
  visit("method", of.method);
  visit("strength", of.strength);
  visit("epoch", of.epoch);
  visit("since", of.since);
  visit("expires", of.expires);
  visit("notice", of.notice);
  visit("receipt", of.receipt);
}
static void describe(auto& visit, Is<DeliveredInterval> auto& of) {
  visit("ssrc", of.ssrc);
  visit("epoch", of.epoch);
  visit("first_sequence", of.first_sequence);
  visit("last_sequence", of.last_sequence);
  visit("packets", of.packets);
  visit("bytes", of.bytes);
  visit("first", of.first);
  visit("last", of.last);
}
static void describe(auto& visit, Is<CdrRoute> auto& of) {
  visit("kind", of.kind);
  visit("sink", of.sink);
  visit("purpose", of.purpose);
  visit.unless_default("earlier_ingress", of.earlier_ingress);
  visit("attached_at", of.attached_at);
  visit("detached_at", of.detached_at);
  visit.unless_default("packets", of.packets);
  visit.unless_default("bytes", of.bytes);
  visit.unless_default("milliseconds", of.milliseconds);
  visit("first", of.first);
  visit("last", of.last);
  visit("withheld", of.withheld);
  visit("delivered", of.delivered);
}
static void describe(auto& visit, Is<CdrLeg> auto& of) {
  visit("side", of.side);
  visit("media", of.media);
  visit("transport", of.transport);
  visit("carrier", of.carrier);
  visit("packets", of.packets);
  visit("bytes", of.bytes);
  visit("control_packets", of.control_packets);
  visit("dropped", of.dropped);
  visit("routes", of.routes);
}
static void describe(auto& visit, Is<CdrTransfer> auto& of) {
  visit("exporter", of.exporter);
  visit("importer", of.importer);
  visit("role", of.role);
  visit("from", of.from);
  visit("via", of.via);
  visit("to", of.to);
  visit("mechanism", of.mechanism);
  visit("row", of.row);
  visit("reason", of.reason);
  visit("purpose", of.purpose);
  visit("first", of.first);
  visit("last", of.last);
  visit.unless_default("milliseconds", of.milliseconds);
  visit("packets", of.packets);
  visit("bytes", of.bytes);
}
static void describe(auto& visit, Is<TransferList> auto& of) {
  visit("transfers", of.transfers);
}
static void describe(auto& visit, Is<Cdr> auto& of) {
  visit("id", of.id);
  visit.version("version", cdr_version, version_min, of.version);
  visit("kind", of.kind);
  visit("record_seq", of.record_seq);
  visit("cause_for_closing", of.cause);
  visit("view", of.view);
  visit("session", of.session);
  visit("room", of.room);
  visit("tenant", of.tenant);
  visit("participant", of.participant);
  visit("subject", of.subject);
  visit("minor", of.minor);
  visit.unless_default("went_on_without", of.went_on_without);
  visit("opened", of.opened);
  visit("at", of.at);
  visit("counted_until", of.counted_until);
  visit("jurisdictions", of.jurisdictions);
  visit("consents", of.consents);
  visit("legs", of.legs);
  visit("transfers", of.transfers);
  visit("policy_hash", of.policy_hash);
  visit("data_hash", of.data_hash);
  visit("retain_until", of.retain_until);
  visit.unless_default("denied_processors", of.denied_processors);
}

std::string_view to_string(CdrKind kind) {
  return json_word(kind);
}
std::string_view to_string(CauseForClosing cause) {
  return json_word(cause);
}
std::string_view to_string(RouteKind kind) {
  return json_word(kind);
}

std::string to_json(const Cdr& cdr) {
  return to_json_text(cdr);
}

std::string to_json(const std::vector<CdrTransfer>& ways) {
  return to_json_text(TransferList{ways});
}
std::vector<CdrTransfer> parse_transfers(std::string_view json) {
  auto list = parse_json_text<TransferList>(json, record_bytes_max);
  return list ? std::move(list->transfers) : std::vector<CdrTransfer>{};
}

namespace {

std::uint64_t between(WallTime first, WallTime last) {
  return last > first ? static_cast<std::uint64_t>((last - first).count()) : 0;
}

void add_up(CdrRoute& route) {
  for (const auto& interval : route.delivered) {
    route.packets += interval.packets;
    route.bytes += interval.bytes;
    route.milliseconds += between(interval.first, interval.last);
    route.first = std::min(route.first.value_or(interval.first), interval.first);
    route.last = std::max(route.last.value_or(interval.last), interval.last);
  }
}

}  // namespace

boost::system::result<Cdr, JsonFault> parse_cdr(std::string_view text) {
  auto cdr = parse_json_text<Cdr>(text, record_bytes_max);
  if (!cdr || cdr->version >= version_of_totals) return cdr;
  for (auto& leg : cdr->legs)
    for (auto& route : leg.routes)
      add_up(route);
  for (auto& transfer : cdr->transfers)
    if (transfer.first && transfer.last)
      transfer.milliseconds = between(*transfer.first, *transfer.last);
  return cdr;
}

}  // namespace assent::gateway
