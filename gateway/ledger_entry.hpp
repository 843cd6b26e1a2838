#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/subject_keys.hpp"
#include "policy/merkle_tree.hpp"
#include "policy/time.hpp"

namespace assent::gateway {

// What the ledger keeps of what happened.
enum class LedgerKind : unsigned char {
  consent,    // a participant's statement and what became of it
  event,      // one that the policy of a room took
  record,     // a call detail record
  policy,     // the rules put in force
  recording,  // a file of the built-in recorder, as it was closed
  start,      // the service began; the state says after which record of the database
  abandoned,  // the state's range of earlier entries was never acknowledged: a crash cut it off
  erasure,    // a subject's key was destroyed, or so many rows (the state) were given a pseudonym
  action,     // what was done about people's data: the state says what
  disposal,   // rows were destroyed at the end of their retention: "record:12", the kind of their
              // entries, and how many
  resume,     // a database or a ledger that had failed was opened anew; the state as a start's
  stop,       // the service ended in order; the state says how far the daily files had come, and
              // after which record: "<record>-<record>"
};
[[nodiscard]] std::string_view to_string(LedgerKind kind);
[[nodiscard]] std::optional<LedgerKind> ledger_kind_from(std::string_view word);

// What the caller records. Every text but `subject` and `data` stands in the ledger for ever: ids
// of rooms' sessions, purposes, states and hashes, and nothing that says who.
struct LedgerEntry {
  LedgerKind kind{};
  policy::WallTime at{};
  std::string session;  // this holding of the room; random, not the room's name
  std::string purpose;
  std::string state;         // granted, refused, withdrawn, ...; or the reason of a decision
  std::string jurisdiction;  // that the rule was of
  std::string rules;         // hash of policy and data sets, "sha256:<hex>"
  std::uint64_t epoch = 0;
  // The first entry of those whose records are in the database together or not at all; 0: none.
  std::uint64_t batch = 0;
  std::string subject;  // whom it is about: enters as a commitment only
  std::string data;     // receipt, evidence, participant: enters as a commitment only
};

using LedgerNonce = std::array<std::byte, 32>;

// The leaf as it is hashed and stored: JSON without white space, keys in one order. With a
// subject, HMAC-SHA-256(subject's key, which || nonce || text) stands for the id and for the data:
// who has the key can show what was recorded, and once the key is destroyed nobody can, not even
// by trying out every possible id. Nothing when a text is not one that a ledger may keep, or there
// is data without a subject to protect it.
[[nodiscard]] std::optional<std::string> to_leaf(const LedgerEntry& entry, const SubjectKey* key,
                                                 const LedgerNonce& nonce);

// "<first>-<last>", or one number, as a state says; first <= last.
[[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_entry_range(
    std::string_view text);

struct LedgerLeaf {
  LedgerEntry open;  // without subject and data
  std::optional<LedgerNonce> nonce;
  std::optional<policy::Digest> subject;
  std::optional<policy::Digest> data;
};
// Only what to_leaf() writes, byte for byte.
[[nodiscard]] std::optional<LedgerLeaf> parse_ledger_entry(std::string_view leaf);

// Whether the leaf was made of this subject and this data.
[[nodiscard]] bool commits_to(const LedgerLeaf& leaf, const SubjectKey& key,
                              std::string_view subject, std::string_view data);

}  // namespace assent::gateway
