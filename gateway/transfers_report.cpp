#include "gateway/transfers_report.hpp"

#include <fcntl.h>

#include <chrono>
#include <ostream>
#include <span>
#include <stdexcept>
#include <system_error>

#include "gateway/call_record.hpp"
#include "gateway/chain_walk.hpp"
#include "gateway/database.hpp"
#include "gateway/database_snapshot.hpp"
#include "gateway/durable_file.hpp"
#include "gateway/policy_file.hpp"
#include "gateway/transfers_picture.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t page = 1'000;

std::string in_form(const TransferReport& report, TransfersQuestion::Form form) {
  switch (form) {
    case TransfersQuestion::Form::json:
      return transfers_json(report) + '\n';
    case TransfersQuestion::Form::csv:
      return transfers_csv(report);
    case TransfersQuestion::Form::table:
      break;
  }
  return transfers_table(report);
}

// What the newest policy calls processors and places; without one, ids are names.
TransferNames names_of(Database& database) {
  auto newest = database.find_policy({});
  if (!newest) return {};
  Faults unused;  // it was in force: what an older program took is good enough for names
  const auto loaded = read_policy(std::move(newest->texts), {}, unused);
  return loaded ? names_in(loaded->rules) : TransferNames{};
}

// For its owner's eyes: it may name a person.
void write_private(const std::filesystem::path& file, const std::string& text) {
  constexpr mode_t owner_only = 0600;
  const FileHandle handle{
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, owner_only)};
  std::error_code error;
  if (!handle) error = {errno, std::generic_category()};
  if (!error) error = write_at(handle.get(), 0, std::as_bytes(std::span{text}));
  if (error) throw std::system_error(error, file.string() + " cannot be written");
}

}  // namespace

void report_transfers(const DatabasePlace& database, const TransfersQuestion& question,
                      std::ostream& out, std::ostream& progress) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds between_lines{2};
  const auto records = open_snapshot(database);
  TransferTotals totals{question.filter, question.grouping};
  TransferTotals paths{question.filter, TransferGrouping::paths};
  ChainQuery first;
  first.room = question.filter.room;
  first.subject = question.filter.subject;
  first.since = question.filter.since;
  first.limit = page;
  ChainWalk walk{std::move(first)};
  std::size_t calls = 0;
  for (auto next_line = Clock::now() + between_lines; walk.next();) {
    const auto asked = *walk.next();
    for (const auto& entry : walk.take(records->last_of_chains(asked))) {
      ++calls;
      totals.add(entry);
      if (!question.picture.empty()) paths.add(entry);
    }
    if (Clock::now() < next_line) continue;
    next_line = Clock::now() + between_lines;
    progress << "read " << calls << " calls" << std::endl;
  }
  if (!question.picture.empty()) {
    write_private(question.picture,
                  transfers_picture(paths.finish(), names_of(*records), read_clocks().wall));
  }
  out << in_form(totals.finish(), question.form);
}

}  // namespace assent::gateway
