#include "gateway/csv.hpp"

#include <string_view>

namespace assent::gateway {
namespace {

bool is_formula(std::string_view cell) {
  constexpr std::string_view wide = "\xEF\xBC";  // fullwidth forms of the signs
  if (cell.starts_with(wide)) return true;
  return !cell.empty() && std::string_view{"=+-@\t\r\n|%"}.find(cell.front()) != cell.npos;
}

}  // namespace

std::string csv_cell(std::string cell) {
  if (is_formula(cell)) cell.insert(0, 1, '\'');
  if (cell.find_first_of("\",;\t\r\n'") == cell.npos && cell.find(' ') == cell.npos) return cell;
  std::string quoted{'"'};
  for (const char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace assent::gateway
