#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/cdr.hpp"
#include "gateway/storage_record.hpp"

// What storage keeps of the exports of call detail records: how far each target has come, and what
// left for it. The records themselves are not copied into a queue: whoever is erased before one was
// sent is erased in what is sent.
namespace assent::gateway {

// How far a target has come: it has every record up to this one, as far as it may have it.
struct ExportPlace {
  RecordId after{};
  std::string file;  // of a target that is a folder: its newest, and how much of it is whole
  std::uint64_t size = 0;
};

// One record that left, as a transfer of personal data. Whose it is, the table of records says: it
// may be nobody's by now.
struct ExportedRecord {
  RecordId id{};
  std::vector<CdrTransfer> ways;  // without counts
  std::size_t bytes = 0;
};

// What is to be written, in one transaction; the answer is the target's state after it.
struct ExportChange {
  std::string target;
  std::optional<ExportPlace> reached;
  std::vector<ExportedRecord> left;
  std::map<std::string, std::uint64_t> refused;  // records, by reason
  WallTime at{};
  // What is known of others is forgotten, but for what left for them.
  std::optional<std::vector<std::string>> only_of;
};

struct ExportState {
  ExportPlace place;
  std::uint64_t sent = 0;                        // records, since the target was first configured
  std::map<std::string, std::uint64_t> refused;  // likewise
};

// What left of one person's call for one target.
struct RecordExport {
  std::string session;
  std::string room;
  std::string participant;
  std::string target;
  std::uint64_t records = 0;
  std::vector<CdrTransfer> ways;  // with counts
};

// cdr_json.cpp
[[nodiscard]] std::string to_json(const std::vector<CdrTransfer>& ways);
// Nothing, where it cannot be read.
[[nodiscard]] std::vector<CdrTransfer> parse_transfers(std::string_view json);

}  // namespace assent::gateway
