#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "gateway/database_place.hpp"
#include "gateway/rule_books.hpp"
#include "policy/time.hpp"

// The commands that look back at recorded rooms: `assent explain` and `assent replay`. They read
// one instant of the database and change nothing. What fails throws a std::exception whose text is
// for the operator.
namespace assent::gateway {

struct ExplainQuestion {
  std::string room;
  std::string participant;
  std::string purpose;  // or a sink
  std::string session;  // empty: the latest that had begun
  policy::WallTime at{};
  bool as_json = false;
};

void explain(const DatabasePlace& database, const ExplainQuestion& question, std::ostream& out);

struct ReplayQuestion {
  std::string room;  // empty: all
  std::optional<policy::WallTime> since;
  std::optional<policy::WallTime> until;
  ChangedRules change;
  std::optional<policy::Date> as_at;
  bool with_details = false;
  bool as_json = false;
};

// `progress`: a line now and then, when it takes long.
void replay(const DatabasePlace& database, const ReplayQuestion& question, std::ostream& out,
            std::ostream& progress);

}  // namespace assent::gateway
