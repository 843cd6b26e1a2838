#pragma once

#include <boost/json/fwd.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/policy_layer.hpp"
#include "gateway/problem.hpp"
#include "gateway/rfc3339.hpp"
#include "media/silence.hpp"
#include "policy/consent.hpp"

namespace assent::gateway {

// The bodies of the API, parsed: who holds one knows that every id, word, size and time in it is
// sound. Whether the policy knows the purpose or the room exists is for the reader of these.

inline constexpr std::size_t sdp_bytes_max = 65'536;
inline constexpr std::size_t sinks_of_purpose_max = 16;
inline constexpr std::size_t jurisdictions_max = 16;
inline constexpr std::size_t evidence_entries_max = 32;
inline constexpr std::chrono::seconds link_lifetime_min{60};
inline constexpr std::chrono::seconds link_lifetime_max{24 * 60 * 60};

struct PutRoom {
  std::optional<std::string> tenant;
  PolicyLayer policy;
};
struct PatchRoom {
  PolicyLayer policy;
};

enum class MinorStatus : unsigned char { unknown, adult, minor };

// What is claimed of where somebody is; jurisdictions are ISO 3166-1 ("NL") or 3166-2 ("US-CA")
// codes.
struct JurisdictionClaims {
  std::vector<std::string> declared;
  std::vector<std::string> account;
  std::optional<std::string> e164;  // "+31201234567"
  std::optional<std::string> ip;    // IPv4 or IPv6, canonical as sent
};

struct PutParticipant {
  std::string subject;
  std::optional<std::string> language;  // BCP 47
  std::optional<MinorStatus> minor;     // absent: nothing was said, the policy decides
  JurisdictionClaims jurisdictions;
  bool sale_opt_out = false;
  bool ciphertext_only = false;  // end-to-end encrypted, and no key for sinks
  bool latching = false;
  PolicyLayer policy;  // for this leg
};

// What becomes known in mid-call. All of it counts, or nothing.
struct PatchParticipant {
  std::optional<JurisdictionClaims> jurisdictions;
  bool reevaluate = false;  // they replace what was known, instead of adding to it
  std::optional<MinorStatus> minor;
  bool sale_opt_out = false;
  std::optional<bool> ciphertext_only;
  std::optional<PolicyLayer> policy;  // tightens this leg further
};

enum class Side : unsigned char { client, server };
enum class TransportProfile : unsigned char { rtp_avp, rtp_savp, dtls };

struct Offer {
  Side from = Side::client;
  std::string sdp;
  std::optional<TransportProfile> transport;  // toward the other side; absent: as received
  std::optional<std::string> carrier;         // of the offerer's leg, for the record
  std::string connection;                     // of the participant; empty: not named
};

struct Answer {
  std::string sdp;
  std::string connection;
};

// As a browser's RTCIceCandidate says it of itself.
struct SaidCandidate {
  std::string text;                // "candidate:..."; empty: there are no more
  std::optional<std::string> mid;  // by one of both
  std::optional<std::uint64_t> section;
  std::optional<std::string> ufrag;
};

// One of both.
struct PostCandidates {
  Side from = Side::client;
  std::optional<SaidCandidate> candidate;
  std::optional<std::string> sdpfrag;  // RFC 8840
  std::string connection;
};

enum class Statement : unsigned char { refused, granted };
enum class ConsentMethod : unsigned char { implied, service_start, online, verbal, written };
enum class BoxDefault : unsigned char { unticked, ticked };  // a ticked one is no consent

struct NoticeReference {
  std::string id;
  std::string version;
  std::string language;
  std::string hash;  // lower-case hex of a SHA-256
};

struct PutConsent {
  Statement statement = Statement::refused;
  ConsentMethod method = ConsentMethod::implied;
  std::map<std::string, std::string> evidence;
  std::optional<UtcTime> expires;
  std::optional<NoticeReference> notice;
  std::optional<BoxDefault> default_state;
  std::optional<policy::Giver> giver;  // absent: whom the token speaks for
  std::optional<UtcTime> stated_at;    // absent: now
  std::optional<std::uint64_t> seen_epoch;
};

// A link to the participant's consent page.
struct PostConsentLink {
  std::optional<std::string> language;  // BCP 47; absent: the participant's, or the browser's
  std::optional<std::chrono::seconds> lifetime;  // absent: as configured
};

struct PutNotice {
  NoticeReference notice;
};

inline constexpr std::chrono::seconds answer_within_min{5};
inline constexpr std::chrono::seconds answer_within_max{600};

// Asks aloud for all of the purposes at once.
struct PutQuestions {
  std::vector<std::string> purposes;
  std::map<std::string, NoticeReference> notices;  // by purpose: those that were given
  std::optional<std::string> language;             // BCP 47
  std::chrono::seconds answer_within{30};          // from the end of the prompt
};

enum class PerformedBy : unsigned char { sinks, server };

struct PutPurpose {
  PerformedBy by = PerformedBy::sinks;
  std::optional<std::vector<std::string>> sinks;  // only by sinks; absent: all of the purpose
  // What the server that performs it gets of those who have not consented.
  media::WithheldAudio withhold = media::WithheldAudio::drop;
  bool requested = true;  // somebody asked for the service
};

[[nodiscard]] boost::system::result<PutRoom, Problem> parse_put_room(const boost::json::value&);
[[nodiscard]] boost::system::result<PatchRoom, Problem> parse_patch_room(const boost::json::value&);
[[nodiscard]] boost::system::result<PutParticipant, Problem> parse_put_participant(
    const boost::json::value&);
[[nodiscard]] boost::system::result<PatchParticipant, Problem> parse_patch_participant(
    const boost::json::value&);
[[nodiscard]] boost::system::result<Offer, Problem> parse_offer(const boost::json::value&);
[[nodiscard]] boost::system::result<Answer, Problem> parse_answer(const boost::json::value&);
[[nodiscard]] boost::system::result<PostCandidates, Problem> parse_post_candidates(
    const boost::json::value&);
[[nodiscard]] boost::system::result<PutConsent, Problem> parse_put_consent(
    const boost::json::value&);
[[nodiscard]] boost::system::result<PostConsentLink, Problem> parse_post_consent_link(
    const boost::json::value&);
[[nodiscard]] boost::system::result<PutNotice, Problem> parse_put_notice(const boost::json::value&);
[[nodiscard]] boost::system::result<PutQuestions, Problem> parse_put_questions(
    const boost::json::value&);
[[nodiscard]] boost::system::result<PutPurpose, Problem> parse_put_purpose(
    const boost::json::value&);

}  // namespace assent::gateway
