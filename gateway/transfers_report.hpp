#pragma once

#include <filesystem>
#include <iosfwd>

#include "gateway/database_place.hpp"
#include "gateway/transfers.hpp"

// The command `assent transfers`: reads one instant of the database and changes nothing. What fails
// throws a std::exception whose text is for the operator.
namespace assent::gateway {

struct TransfersQuestion {
  enum class Form : unsigned char { table, json, csv };
  TransferFilter filter;
  TransferGrouping grouping = TransferGrouping::paths;
  Form form = Form::table;
  std::filesystem::path picture;  // an SVG besides; empty: none
};

// `progress`: a line now and then, when it takes long.
void report_transfers(const DatabasePlace& database, const TransfersQuestion& question,
                      std::ostream& out, std::ostream& progress);

}  // namespace assent::gateway
