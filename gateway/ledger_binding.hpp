#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/ledger_entry.hpp"
#include "gateway/storage_record.hpp"

// What ties a record to its entry in the ledger: the entry commits to all that the record says.
namespace assent::gateway {

// Whose key protects what is about no single person: rooms, policies.
inline constexpr std::string_view common_subject = "(all)";

// All that a record says, in one form: a JSON array that begins with the record's table and id.
[[nodiscard]] std::string ledger_data(const Record& record, RecordId id);

// Nothing for what the ledger does not keep: the answers to requests, and its own checkpoint.
[[nodiscard]] std::optional<LedgerEntry> ledger_entry(const Record& record, RecordId id);

// A record as it is read back to be compared with its entry.
struct BoundRecord {
  Record record;
  RecordId id{};
  std::optional<std::uint64_t> leaf;  // none: it was there before the ledger was begun
};

}  // namespace assent::gateway
