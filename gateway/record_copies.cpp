#include "gateway/record_copies.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <string>
#include <utility>

#include "gateway/cdr_view.hpp"
#include "policy/release.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

json::array ids_of(const RecordExport& exported, const std::vector<CdrEntry>& records) {
  json::array ids;
  for (const auto& entry : records)
    if (entry.session == exported.session && entry.participant == exported.participant)
      ids.push_back(static_cast<std::int64_t>(entry.id));
  return ids;
}

}  // namespace

json::array record_copies(const std::vector<RecordExport>& exports,
                          const std::vector<CdrEntry>& records,
                          const std::vector<ExportConfig>& targets, const policy::RuleBook& rules) {
  json::array copies;
  for (const auto& exported : exports) {
    const auto target = std::find_if(targets.begin(), targets.end(),
                                     [&](const auto& of) { return of.name == exported.target; });
    const std::string processor = target == targets.end() ? std::string{} : target->processor;
    json::object copy{{"export", exported.target}, {"records", exported.records}};
    if (!processor.empty()) copy["processor"] = processor;
    const CdrView view{policy::records_view(rules, processor), processor};
    if (view.kind() == policy::RecordsView::full) {
      copy["ids"] = ids_of(exported, records);
    } else {
      copy["session"] = view.name_of(exported.session, exported.session);
      copy["participant"] = view.name_of(exported.session, exported.participant);
    }
    copies.push_back(std::move(copy));
  }
  return copies;
}

}  // namespace assent::gateway
