#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/json_fault.hpp"
#include "gateway/storage_record.hpp"
#include "policy/event.hpp"

namespace assent::gateway {

// Call detail records. One chain per room (participant empty) and one per participant: a start,
// interims, a stop; record_seq counts from 1. Whoever comes again starts anew in the same chain,
// under another `opened`. Counters are cumulative since the start: the newest record has all
// totals. Intervals are listed once: a record has those that began or grew since the last one that
// storage acknowledged, so that a long call's records do not repeat each other, and one that could
// not be stored costs nothing. See cdr_chain.hpp for what a chain says together.

inline constexpr std::uint64_t cdr_version = 3;  // of the format

enum class CdrKind : unsigned char { start, interim, stop };

// Why this record was closed (after 3GPP TS 32.298, cause for record closing).
enum class CauseForClosing : unsigned char {
  period,  // an interim record's time was up
  consent_change,
  jurisdiction_change,
  policy_change,
  sink_change,         // a purpose started or stopped, a sink appeared or went
  participant_change,  // its minority, its opt-out or its encryption was stated anew
  leg_change,          // an offer or answer changed the legs
  participant_left,
  room_closed,
  media_timeout,
  shutdown,  // orderly end of the service
  restart,   // closed at the next start: the service ended without a stop
};

struct CdrJurisdiction {
  std::string code;  // ISO 3166-1 or -2; empty: unknown
  policy::EvidenceKind kind = policy::EvidenceKind::declared;
  // As given by the caller. Written shortened: an address to /24 or /48, a number to its first four
  // digits; nothing longer ever reaches a CDR.
  std::string evidence;
};

struct CdrConsent {
  std::string purpose;
  std::string giver;  // participant, guardian; empty in records of format 1: the participant
  std::string state;  // unknown, granted, refused, withdrawn, expired, invalidated
  std::string method;
  std::string strength;
  std::uint64_t epoch = 0;
  std::optional<WallTime> since;
  std::optional<WallTime> expires;
  std::string notice;   // id and version, or hash
  std::string receipt;  // id of the receipt
};

// A run of packets that one destination got under one epoch. Leg, route, ssrc, epoch and first
// sequence name it; what a later record of the chain says of the same one takes its place.
struct DeliveredInterval {
  std::uint32_t ssrc = 0;
  std::uint64_t epoch = 0;
  std::uint64_t first_sequence = 0;  // extended (RFC 3550 appendix A.1)
  std::uint64_t last_sequence = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // RTP packets as delivered, without transport headers
  WallTime first{};
  WallTime last{};
};

enum class RouteKind : unsigned char {
  call,  // the other leg of the same participant: the live call itself
  sink,
};

// One destination of a leg's media. It answers for every packet that the leg took in while it was
// attached: from `attached_at` to `detached_at`, both in packets of the leg's ingress, and
// `earlier_ingress` of the times before, if it was attached more than once.
struct CdrRoute {
  RouteKind kind = RouteKind::call;
  std::string sink;     // empty for the call
  std::string purpose;  // empty for the call
  std::uint64_t earlier_ingress = 0;
  std::uint64_t attached_at = 0;
  std::optional<std::uint64_t> detached_at;
  // All that was delivered since the start, and the time during which it was: for the call to
  // within the interim period.
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t milliseconds = 0;
  std::optional<WallTime> first;
  std::optional<WallTime> last;
  std::map<std::string, std::uint64_t> withheld;  // packets by reason
  std::vector<DeliveredInterval> delivered;       // what is new of it

  [[nodiscard]] std::uint64_t ingress(std::uint64_t of_leg) const;
};

struct CdrLeg {
  std::string side;           // client, server
  std::string media;          // audio, video, ...: the m-line
  std::string transport;      // RTP/AVP, RTP/SAVP, ...
  std::string carrier;        // where the offer named one
  std::uint64_t packets = 0;  // RTP taken in: sound, authentic, owned
  std::uint64_t bytes = 0;
  std::uint64_t control_packets = 0;             // RTCP and other protocols taken in
  std::map<std::string, std::uint64_t> dropped;  // datagrams by reason, beside `packets`
  std::vector<CdrRoute> routes;
};

// Personal data that passed from one jurisdiction to another.
struct CdrTransfer {
  std::string exporter;   // "participant", or the gateway's name
  std::string importer;   // a processor's name, the gateway's, a webhook's, ...
  std::string role;       // controller, processor, ...
  std::string from;       // whose law binds it: the participant's; "unknown"
  std::string via;        // where the gateway is, of what it passes on
  std::string to;         // "unknown"
  std::string mechanism;  // adequacy, dpf, scc, ..., not_needed, none
  std::string row;        // of the data set that decided
  std::string reason;     // why it is not lawful; empty: it is
  std::string purpose;    // "call" for the call's own path, "records" for what is told of it
  std::optional<WallTime> first;
  std::optional<WallTime> last;
  std::uint64_t milliseconds = 0;  // during which it passed
  std::uint64_t packets = 0;       // of records: how many
  std::uint64_t bytes = 0;
};

// Of either exporter.
inline constexpr std::string_view exporting_participant = "participant";
inline constexpr std::string_view unknown_place = "unknown";
inline constexpr std::string_view mechanism_not_needed = "not_needed";

struct Cdr {
  std::uint64_t version = cdr_version;  // that it was read from; it is written in the newest
  std::optional<std::uint64_t> id;      // given by storage; in the exported lines
  CdrKind kind = CdrKind::start;
  std::uint32_t record_seq = 1;
  std::optional<CauseForClosing> cause;  // absent in a start
  // Of what was shown to a processor: what of the record is in it. Empty: all; see cdr_view.hpp.
  std::string view;
  std::string session;
  std::string room;
  std::string tenant;
  std::string participant;  // empty: the room's own record
  std::string subject;
  policy::Minor minor = policy::Minor::unknown;
  // By the operator's choice a purpose that asks for everybody's consent went on without theirs.
  bool went_on_without = false;
  WallTime opened{};         // of the chain
  WallTime at{};             // of this record
  WallTime counted_until{};  // earlier than `at` only after a restart
  std::vector<CdrJurisdiction> jurisdictions;
  std::vector<CdrConsent> consents;
  std::vector<CdrLeg> legs;
  std::vector<CdrTransfer> transfers;
  std::string policy_hash;
  std::string data_hash;  // of jurisdictions and transfers
  std::optional<WallTime> retain_until;
  // By the layers of tenant, room and leg: they get no record of this either.
  std::vector<std::string> denied_processors;
};

[[nodiscard]] std::string_view to_string(CdrKind kind);
[[nodiscard]] std::string_view to_string(CauseForClosing cause);
[[nodiscard]] std::string_view to_string(RouteKind kind);

// One line of JSON, without a line feed, the same text for the same record.
[[nodiscard]] std::string to_json(const Cdr& cdr);

// The inverse of to_json (of what it wrote: evidence comes back shortened). Unknown fields and
// words, missing fields and other versions are faults. Records of versions 1 and 2 have no totals
// and list every interval each time: their totals are added up.
[[nodiscard]] boost::system::result<Cdr, JsonFault> parse_cdr(std::string_view json);

[[nodiscard]] CdrEntry to_entry(const Cdr& cdr);

// The stop record of a chain whose last record is `last`, which was stored with its intervals.
[[nodiscard]] Cdr closed_after(const Cdr& last, CauseForClosing cause, WallTime now);

// `ingress x routes = delivered + withheld`, for every route of every leg.
struct Imbalance {
  std::size_t leg = 0;    // index in Cdr::legs
  std::size_t route = 0;  // index in CdrLeg::routes
  std::uint64_t ingress = 0;
  std::uint64_t accounted = 0;
};
[[nodiscard]] std::vector<Imbalance> imbalances(const Cdr& cdr);

// 192.0.2.7 -> 192.0.2.0/24, 2001:db8:1:2::7 -> 2001:db8:1::/48; a text that is no address -> "".
[[nodiscard]] std::string truncated_address(std::string_view address);

}  // namespace assent::gateway
