// What goes at the end of its retention, as a table.
#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <vector>

#include "gateway/retention.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

using Row = std::array<std::string, 6>;

std::string text_of(const json::object& line, std::string_view key) {
  const auto* const value = line.if_contains(key);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_uint64()) return std::to_string(value->get_uint64());
  if (value->is_int64()) return std::to_string(value->get_int64());
  return {};
}

std::string day_of(const json::object& line, std::string_view key) {
  constexpr std::size_t date_length = 10;
  return text_of(line, key).substr(0, date_length);
}

}  // namespace

std::string retention_table(const json::object& report) {
  const bool only_shown = report.at("dry_run").as_bool();
  std::vector<Row> rows{{"ROWS", "WHAT", "CATEGORY", "THEN", "DUE", "BECAUSE"}};
  for (const auto& entry : report.at("due").as_array()) {
    const auto& line = entry.as_object();
    const std::string first = day_of(line, "first_due");
    const std::string last = day_of(line, "last_due");
    rows.push_back({text_of(line, "rows"), text_of(line, "what"), text_of(line, "category"),
                    text_of(line, "then"), first == last ? first : first + " to " + last,
                    text_of(line, "because")});
  }
  const std::string looked_at = text_of(report, "holdings") + " ended rooms were looked at";
  if (rows.size() == 1)
    return "Nothing " + std::string(only_shown ? "would go" : "went") + "; " + looked_at + ".\n";
  std::array<std::size_t, 6> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      out += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    out += row.back() + '\n';
  }
  return out + (only_shown ? "This would go; " : "This went; ") + looked_at + ".\n";
}

}  // namespace assent::gateway
