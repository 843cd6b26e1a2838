#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/policy_texts.hpp"
#include "policy/time.hpp"

namespace assent::gateway {

using policy::WallTime;

// Given by storage, ascending over all tables; 0 = not stored yet.
enum class RecordId : std::int64_t {};

// What a participant stated about one purpose, and what became of it. Words are policy's.
struct ConsentEvent {
  RecordId id{};
  std::string session;  // this one holding of the room: a room's name may be used again
  std::string room;
  std::string participant;
  std::string subject;  // opaque, pseudonymous
  std::string purpose;
  std::string giver;      // participant, guardian
  std::string statement;  // granted, refused, withdrawn; empty when no person spoke (expiry)
  std::string state;      // granted, refused, withdrawn, expired, invalidated
  std::string method;     // written, verbal, online, service_start, implied
  std::string strength;
  std::string evidence;  // JSON object, or empty
  std::string notice;    // JSON object: id, version, language, hash; or empty
  std::string receipt;   // what its giver gets signed: see consent_receipt_text.hpp; or empty
  std::uint64_t epoch = 0;
  std::string rules;  // hash of policy and data sets it was decided under
  std::optional<WallTime> expires;
  WallTime at{};
};

// The answer to a request, kept so that its repetition gets the same one and is not done twice.
struct StoredReceipt {
  std::string key;     // idempotency_scope(): Idempotency-Key, and whose and for what it is
  std::string digest;  // of the request: the same key with another request is a conflict
  std::int32_t status = 0;
  std::string body;  // JSON
  WallTime at{};
  RecordId id{};  // after those of the consents that it is stored together with
};

// A CDR as it is stored: JSON text beside what it is looked up by. See cdr.hpp: to_entry().
struct CdrEntry {
  RecordId id{};
  std::string session;
  std::string room;
  std::string participant;  // empty: the room's own record
  std::string subject;
  std::uint32_t record_seq = 0;
  std::string kind;  // start, interim, stop
  WallTime at{};
  std::string json;
  // Of the last of a chain, from last_of_chains(): how the chain's records left for export targets,
  // as transfers; see export_queue.hpp.
  std::vector<std::string> exported{};
};

// A policy that an operator put in force, whole: what every decision names by its hash. The newest
// of all is in force; the same one may be accepted again after another.
struct AcceptedPolicy {
  RecordId id{};
  std::string hash;  // policy::RuleBook::hash of the three texts
  PolicyTexts texts;
  std::string source;  // file, api
  std::string by;      // the token's name; empty: whoever wrote the files
  std::string files;   // what the operator's files were at the time: see hash_of_files()
  // Of assent.yaml, which the decisions under this policy depend on, too.
  std::string server_processor;
  std::string server_jurisdiction;
  WallTime at{};
};

// One event that the policy of a room took: in their order they rebuild the room as it was at any
// instant. See room_event_json.hpp. Who it is about stands in `participant` and `subject` only.
struct RoomEvent {
  RecordId id{};
  std::string session;
  std::string room;
  std::string participant;  // empty: the whole room
  std::string subject;
  std::uint64_t seq = 0;  // from 1 in each session, without gaps
  std::string rules;      // hash of those that it was decided under
  WallTime at{};          // never earlier than that of the event before
  std::string json;

  bool operator==(const RoomEvent&) const = default;
};

// A file that the built-in recorder closed: what its manifest says of it.
struct ClosedRecording {
  RecordId id{};
  std::string session;
  std::string room;
  std::string participant;
  std::string subject;
  std::string sink;
  std::string purpose;
  std::uint64_t epoch = 0;
  std::string json;  // the manifest's entry, as in the file
  WallTime at{};
};

// A statement's receipt as its giver keeps it: see signed_receipt.hpp.
struct SignedReceipt {
  RecordId record{};  // the statement's
  std::string session;
  std::string room;
  std::string participant;
  std::string subject;
  std::string purpose;
  std::string giver;
  std::string state;
  WallTime at{};
  std::string jws;
};

// What is recorded of one holding of a room.
struct RecordedSession {
  std::string session;
  std::string room;
  WallTime first{};                // event
  WallTime last{};                 // event
  std::optional<WallTime> closed;  // by its call detail record
};

// The checkpoint of a ledger receipt, remembered apart from the ledger: one that was rolled back
// contradicts it. Only the longest is kept.
struct LedgerCheckpoint {
  std::uint64_t size = 0;  // entries that it covers
  std::string note;
};

// What was done about people's data: access, correction, erasure, retention, disclosure. Also what
// is known of a subject beyond one call: see subject_changes.hpp.
struct PrivacyAction {
  RecordId id{};
  std::string action;   // a word; stands in the ledger openly
  std::string subject;  // empty: nobody's in particular
  std::string actor;    // the token's name; the service itself: "service"
  std::string json;     // an object
  WallTime at{};
};

using Record = std::variant<ConsentEvent, StoredReceipt, CdrEntry, AcceptedPolicy, RoomEvent,
                            ClosedRecording, LedgerCheckpoint, PrivacyAction>;

enum class StorageError : unsigned char {
  queue_full,   // storage does not keep up; later records may be taken
  unavailable,  // the database cannot be written or read now: see Storage::health()
  verifying,    // the ledger is not open yet, for the first time: see Storage::health()
  duplicate,    // this idempotency key or (session, participant, record_seq) is stored already
  too_large,    // a record of more than record_bytes_max
  closed,       // after stop()
};
[[nodiscard]] std::string_view to_string(StorageError error);

template <class T>
using Stored = boost::system::result<T, StorageError>;

// Stored<T>::value() on an error is a programming error of the caller.
[[noreturn]] void throw_exception_from_error(StorageError error,
                                             const boost::source_location& location);

// Filters are ANDed; an empty or absent one does not filter. Oldest first.
struct CdrQuery {
  std::string room;
  std::string participant;
  std::string subject;
  std::optional<WallTime> from;   // at >= from
  std::optional<WallTime> until;  // at < until
  bool only_stops = false;        // the last records of calls and rooms
  RecordId after{};               // for the next page: the last id of this one
  RecordId upto{};                // of the newest to look at; 0: all
  std::size_t limit = 100;        // at most cdr_page_max + 1
};
// Filters are ANDed; an empty one does not filter. Oldest first, at most receipts_page_max.
struct ReceiptQuery {
  std::string session;
  std::string room;
  std::string participant;
  std::string subject;
  std::string giver;
  std::string receipt;  // its id
  RecordId after{};     // for the next page: the last record of this one
};
inline constexpr std::size_t receipts_page_max = 100;  // each is signed on the storage thread

// A page of CDRs ends with the record that brings it over cdr_page_bytes_max, too: only an empty
// one is the last.
inline constexpr std::size_t cdr_page_max = 1'000;
inline constexpr std::size_t cdr_page_bytes_max = 256'000;
inline constexpr std::size_t record_bytes_max = 4u << 20;

// The last records of people's calls: of those that have ended, by id, or of those that go on, by
// session and participant. Filters as above; for the next page, what the last of this one has.
struct ChainQuery {
  std::string room;
  std::string subject;
  std::optional<WallTime> since;  // at >= since
  bool open = false;
  RecordId after{};
  std::string after_session;
  std::string after_participant;
  std::size_t limit = 100;
};

}  // namespace assent::gateway
