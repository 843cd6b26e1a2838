#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/storage_record.hpp"
#include "policy/rules.hpp"

// What of one holding of a room has come to the end of its retention, and what becomes of it.
// Call detail records go by the policy's category `call-records`, consents and the events of rooms
// by `consents`, recordings by that of their purpose.
namespace assent::gateway {

inline constexpr std::string_view consents_category = "consents";

struct KeptRows {
  std::size_t rows = 0;
  WallTime newest{};
};

// One person whose rows name it still.
struct PersonKept {
  std::string participant;
  std::string subject;
  KeptRows records;
  KeptRows statements;
  KeptRows events;
};

// What is kept of one holding that has ended.
struct HoldingKept {
  std::string session;
  std::string room;
  std::string tenant;
  std::vector<PersonKept> persons;
  KeptRows records;  // all of them, also those of nobody in particular
  KeptRows events;
  std::vector<ClosedRecording> recordings;  // that have a file
};

enum class RowsGo : unsigned char { stay, renamed, destroyed };

struct PersonDisposal {
  std::string participant;
  std::string subject;
  RowsGo records = RowsGo::stay;
  RowsGo statements = RowsGo::stay;  // events are renamed with them
};

struct HoldingDisposal {
  std::string session;
  std::string room;
  std::vector<PersonDisposal> persons;
  bool all_records = false;  // destroyed: the last named person's were due
  bool all_events = false;
  std::vector<ClosedRecording> recordings;  // whose files go

  [[nodiscard]] bool is_empty() const {
    return persons.empty() && !all_records && !all_events && recordings.empty();
  }
};

// When contracts ended or are to end. A subject's own end counts before its tenant's.
struct ContractEnds {
  std::map<std::string, WallTime, std::less<>> subjects;
  std::map<std::string, WallTime, std::less<>> tenants;

  [[nodiscard]] std::optional<WallTime> of(std::string_view subject, std::string_view tenant) const;
};

// A line of what goes, for who reads it.
struct DueLine {
  std::string category;
  std::string what;  // "call detail records", ...
  policy::Disposal then = policy::Disposal::destroy;
  std::size_t rows = 0;  // or files
  WallTime oldest_due = WallTime::max();
  WallTime newest_due = WallTime::min();
};
using DueLines = std::map<std::string, DueLine>;  // by category and what

[[nodiscard]] HoldingDisposal due_in(const HoldingKept& kept, const policy::RuleBook& rules,
                                     const ContractEnds& ends, WallTime now, DueLines& lines);

}  // namespace assent::gateway
