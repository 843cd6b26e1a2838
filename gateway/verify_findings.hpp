#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "gateway/fault.hpp"

namespace assent::gateway {

// What one verification came to.
struct VerifyFindings {
  Faults faults;                                 // what is wrong, where, and what to do
  std::map<std::string, std::size_t> not_shown;  // what could not be shown, and how often
  std::vector<std::string> shown;                // what was, one line each

  void fault(const std::string& where, std::string what, std::string remedy) {
    faults.add({where, 0, 0, "", std::move(what), std::move(remedy)});
  }
};

}  // namespace assent::gateway
