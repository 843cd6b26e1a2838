#pragma once

#include <string>

namespace assent::gateway {

// One cell after RFC 4180, in quotation marks where anything in it could be taken for more than
// text. What a spreadsheet would run as a formula has an apostrophe before it.
[[nodiscard]] std::string csv_cell(std::string cell);

}  // namespace assent::gateway
