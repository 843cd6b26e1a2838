#include "gateway/verify_tables.hpp"

#include <string>

namespace assent::gateway {
namespace {

constexpr const char* restore = "restore the database from a backup, and find out who changed it";

// Where a restart goes on with the daily files.
void verify_exported(Database& database, const RunsEnd& end, const std::string& name,
                     VerifyFindings& findings) {
  const auto exported = static_cast<std::int64_t>(database.exported());
  const std::int64_t least = end.exported.value_or(0);
  const bool differs = end.in_order ? exported != least : exported < least;
  if (differs)
    findings.fault(name,
                   "it says that the daily files have come to record " + std::to_string(exported) +
                       ", and the ledger that they had come to " + std::to_string(least),
                   restore);
  if (!end.in_order)
    ++findings.not_shown
          ["how far the daily files had come beyond the last orderly end: the last run did not end "
           "in order"];
}

void verify_answers(Database& database, const std::string& name, VerifyFindings& findings) {
  const auto answers = database.judge_answers();
  if (answers.contradicting != 0)
    findings.fault(name,
                   std::to_string(answers.contradicting) +
                       " answers that are kept for repeated requests say something else than the "
                       "consents they were stored with",
                   restore);
  if (answers.all != 0)
    findings.not_shown
        ["answers that are kept for repeated requests: purpose, state and epoch are those of the "
         "consent that each was stored with; that none is gone, and the rest of what they say, is "
         "not in the ledger"] += answers.all;
}

}  // namespace

void verify_tables(Database& database, const RunsEnd& end, const std::string& name,
                   VerifyFindings& findings) {
  if (end.in_order) {
    findings.shown.emplace_back("the last run of the service ended in order");
  } else {
    ++findings.not_shown
          ["that nothing was cut off at the end: the last run of the service did not end in order "
           "(--receipts shows whether what people were told of is there)"];
  }
  if (end.crashes != 0)
    findings.not_shown["earlier runs that did not end in order, either"] += end.crashes;
  verify_exported(database, end, name, findings);
  if (const auto chains = database.misjudged_chains(); chains != 0)
    findings.fault(name,
                   "its list of unfinished call detail records is wrong about " +
                       std::to_string(chains) + " of them",
                   restore);
  verify_answers(database, name, findings);
}

}  // namespace assent::gateway
