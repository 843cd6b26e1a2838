#pragma once

#include <cstdint>
#include <optional>

#include "gateway/database.hpp"
#include "gateway/verify_findings.hpp"

namespace assent::gateway {

// How the last run of the service ended, as the ledger says.
struct RunsEnd {
  bool in_order = false;                 // its last entry is that of an orderly end
  std::optional<std::int64_t> exported;  // how far the daily files had come at the last orderly end
  std::size_t crashes = 0;               // starts before which there was no orderly end
};

// What the database keeps beside its records, of which the ledger has no entries each: it must
// follow from the records, or from the entry of the last orderly end. What cannot be shown is said.
void verify_tables(Database& database, const RunsEnd& end, const std::string& name,
                   VerifyFindings& findings);

}  // namespace assent::gateway
