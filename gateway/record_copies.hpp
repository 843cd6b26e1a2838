#pragma once

#include <boost/json/array.hpp>
#include <vector>

#include "gateway/export_queue.hpp"
#include "gateway/exports_config.hpp"
#include "gateway/storage_record.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

// Which copies of a person's call detail records targets of exports have, for who has to have them
// deleted there: in the words in which the target knows them, without saying whose they are.
// `records`: all of the person's.
[[nodiscard]] boost::json::array record_copies(const std::vector<RecordExport>& exports,
                                               const std::vector<CdrEntry>& records,
                                               const std::vector<ExportConfig>& targets,
                                               const policy::RuleBook& rules);

}  // namespace assent::gateway
