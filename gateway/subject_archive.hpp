#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/subject_file.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

// All that is kept about one person, for the person: each part with what it is, in plain words.
// `records`: the person's call detail records, the oldest first. `rules`: in force now, for labels
// and retention.
[[nodiscard]] boost::json::object subject_archive(
    const std::string& subject, const SubjectFile& file, const std::vector<CdrEntry>& records,
    const std::shared_ptr<const policy::RuleBook>& rules, WallTime now);

// The same archive as a page to read: HTML that needs nothing else.
[[nodiscard]] std::string archive_page(const boost::json::object& archive);

struct ErasureReport {
  Erased rows;
  std::size_t recordings_deleted = 0;
  std::size_t recordings_kept = 0;
  // Whose files or manifests are not where their sink should have them: nobody deleted those.
  std::vector<std::pair<std::string, std::string>>
      recordings_not_found;                               // sink and file, below its directory
  std::map<std::string, WallTime> recordings_kept_until;  // by purpose
  boost::json::object told_to_sinks;
  WallTime newest_record{};
  WallTime newest_statement{};
};
// What became of an erasure, and what is kept under a pseudonym, until when, because of what.
[[nodiscard]] boost::json::object erasure_report(
    const ErasureReport& report, const std::shared_ptr<const policy::RuleBook>& rules,
    WallTime now);

}  // namespace assent::gateway
