#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "gateway/cdr.hpp"

// Call detail records to give out.
namespace assent::gateway::test {

inline constexpr WallTime noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 26} +
                               std::chrono::hours{12}};

// Every text in it is one that is nowhere else: "secret of" and what it is of.
inline std::string secret(std::string_view of) {
  return "secret-of-" + std::string(of);
}

inline CdrRoute sample_route(RouteKind kind) {
  CdrRoute route;
  route.kind = kind;
  if (kind == RouteKind::sink) {
    route.sink = secret("sink");
    route.purpose = secret("route-purpose");
  }
  route.packets = 90;
  route.bytes = 9'000;
  route.milliseconds = 1'800;
  route.first = noon;
  route.last = noon + std::chrono::milliseconds{1'800};
  route.withheld[secret("withheld")] = 10;
  route.delivered.push_back({0xABCDEF01, 1, 65'530, 65'619, 90, 9'000, noon, noon});
  return route;
}

inline CdrLeg sample_leg(const std::string& side, const std::string& carrier) {
  CdrLeg leg;
  leg.side = side;
  leg.media = "audio";
  leg.transport = "RTP/SAVP";
  leg.carrier = carrier;
  leg.packets = 100;
  leg.bytes = 10'000;
  leg.control_packets = 3;
  leg.dropped[secret("dropped")] = 2;
  leg.routes = {sample_route(RouteKind::call), sample_route(RouteKind::sink)};
  return leg;
}

inline Cdr sample_cdr() {
  Cdr cdr;
  cdr.kind = CdrKind::stop;
  cdr.record_seq = 3;
  cdr.cause = CauseForClosing::participant_left;
  cdr.session = secret("session");
  cdr.room = secret("room");
  cdr.tenant = secret("tenant");
  cdr.participant = secret("participant");
  cdr.subject = secret("subject");
  cdr.minor = policy::Minor::yes;
  cdr.went_on_without = true;
  cdr.opened = noon;
  cdr.at = noon + std::chrono::minutes{2};
  cdr.counted_until = cdr.at;
  cdr.jurisdictions = {{"DE", policy::EvidenceKind::declared, secret("declared")},
                       {"NL", policy::EvidenceKind::e164, "+3120"}};
  CdrConsent consent;
  consent.purpose = secret("purpose");
  consent.giver = "participant";
  consent.state = "granted";
  consent.method = "online";
  consent.strength = "firm";
  consent.epoch = 4;
  consent.since = noon;
  consent.expires = noon + std::chrono::hours{1};
  consent.notice = secret("notice");
  consent.receipt = secret("receipt");
  cdr.consents = {consent};
  cdr.legs = {sample_leg("client", secret("carrier")), sample_leg("server", "")};
  CdrTransfer transfer;
  transfer.exporter = secret("exporter");
  transfer.importer = secret("importer");
  transfer.role = "processor";
  transfer.from = "FR";
  transfer.via = "IT";
  transfer.to = "JP";
  transfer.mechanism = "scc";
  transfer.row = secret("row");
  transfer.purpose = secret("transfer-purpose");
  transfer.first = transfer.last = noon;
  transfer.packets = 1;
  transfer.bytes = 77;
  cdr.transfers = {transfer};
  cdr.policy_hash = secret("policy");
  cdr.data_hash = secret("data");
  cdr.retain_until = noon + std::chrono::hours{24};
  return cdr;
}

// What is recorded of a room that one person was in: in the order of the records.
inline std::vector<Cdr> sample_call(const std::string& room, const std::string& person) {
  Cdr of_room;
  of_room.session = "session-of-" + room;
  of_room.room = room;
  of_room.opened = of_room.at = of_room.counted_until = noon;
  Cdr start = sample_cdr();
  start.kind = CdrKind::start;
  start.record_seq = 1;
  start.cause.reset();
  start.session = of_room.session;
  start.room = room;
  start.participant = person;
  start.subject = "s-" + person;
  start.at = start.opened = noon + std::chrono::seconds{1};
  start.legs.clear();
  start.consents.clear();
  start.transfers.clear();
  Cdr granted = sample_cdr();
  granted.kind = CdrKind::interim;
  granted.record_seq = 2;
  granted.cause = CauseForClosing::consent_change;
  granted.session = start.session;
  granted.room = room;
  granted.participant = person;
  granted.subject = start.subject;
  granted.opened = start.opened;
  granted.at = noon + std::chrono::seconds{10};
  granted.consents[0].purpose = "recording";
  Cdr stop = granted;
  stop.kind = CdrKind::stop;
  stop.record_seq = 3;
  stop.cause = CauseForClosing::participant_left;
  stop.at = noon + std::chrono::minutes{2};
  Cdr room_stop = of_room;
  room_stop.kind = CdrKind::stop;
  room_stop.record_seq = 2;
  room_stop.cause = CauseForClosing::room_closed;
  room_stop.at = noon + std::chrono::minutes{3};
  return {of_room, start, granted, stop, room_stop};
}

}  // namespace assent::gateway::test
