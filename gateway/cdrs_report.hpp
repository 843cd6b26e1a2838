#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "gateway/cdr_form.hpp"
#include "gateway/database_place.hpp"
#include "gateway/storage_record.hpp"

// The command `assent cdrs`: reads one instant of the database and changes nothing. What
// fails throws a std::exception whose text is for the operator.
namespace assent::gateway {

struct CdrsQuestion {
  CdrQuery filter;
  CdrForm form = CdrForm::lines;
  std::string processor;  // as the policy in force shows them to it; empty: all
  std::string gateway;    // its name
};

// `write` takes the text piece by piece. `progress`: a line now and then, when it takes long.
void report_cdrs(const DatabasePlace& database, const CdrsQuestion& question,
                 const std::function<void(std::string_view)>& write, std::ostream& progress);

}  // namespace assent::gateway
