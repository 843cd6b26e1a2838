#include "gateway/cdrs_report.hpp"

#include <chrono>
#include <ostream>
#include <stdexcept>

#include "gateway/cdr_view.hpp"
#include "gateway/database.hpp"
#include "gateway/database_snapshot.hpp"
#include "gateway/fault.hpp"
#include "gateway/policy_file.hpp"
#include "policy/release.hpp"

namespace assent::gateway {
namespace {

// By the policy that is in force, as the database has it: no other can say what may be shown.
CdrView view_for(Database& database, const CdrsQuestion& question) {
  if (question.processor.empty()) return {};
  auto newest = database.find_policy({});
  if (!newest) throw std::runtime_error("the database has no policy that says what may be shown");
  Faults faults;
  const auto loaded = read_policy(std::move(newest->texts), {}, faults);
  if (!loaded) throw std::runtime_error("the policy in force cannot be read: " + to_string(faults));
  const CdrView view{policy::records_view(loaded->rules, question.processor), question.processor};
  const std::string whom = "the policy shows " + as_shown(question.processor);
  if (view.kind() == policy::RecordsView::none)
    throw std::runtime_error(whom + " no call detail records");
  if (view.kind() == policy::RecordsView::aggregates)
    throw std::runtime_error(whom + " aggregates only: GET /v1/aggregates/MONTH has them");
  if (view.needs_rooms() && question.filter.room.empty())
    throw std::runtime_error(whom + " the records of a case only: name its room with --room");
  return view;
}

}  // namespace

void report_cdrs(const DatabasePlace& database, const CdrsQuestion& question,
                 const std::function<void(std::string_view)>& write, std::ostream& progress) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds between_lines{2};
  const auto records = open_snapshot(database);
  const CdrView view = view_for(*records, question);
  const auto writer = make_cdr_writer(question.form, question.gateway);
  std::string out;
  writer->begin(out);
  CdrQuery query = question.filter;
  query.limit = cdr_page_max;
  std::size_t read = 0;
  std::size_t unreadable = 0;
  for (auto next_line = Clock::now() + between_lines;;) {
    const auto page = records->cdrs(query);
    for (const auto& entry : page) {
      auto cdr = parse_cdr(entry.json);
      if (!cdr) {
        ++unreadable;
        continue;
      }
      if (view.kind() == policy::RecordsView::full)
        cdr->id = static_cast<std::uint64_t>(static_cast<std::int64_t>(entry.id));
      if (const auto shown = view.shown(*cdr)) writer->add(*shown, out);
    }
    write(out);
    out.clear();
    read += page.size();
    if (page.empty()) break;
    query.after = page.back().id;
    if (Clock::now() < next_line) continue;
    next_line = Clock::now() + between_lines;
    progress << "read " << read << " records" << std::endl;
  }
  writer->finish(out);
  write(out);
  if (unreadable != 0) progress << unreadable << " records cannot be read" << std::endl;
}

}  // namespace assent::gateway
