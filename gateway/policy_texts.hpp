#pragma once

#include <string>

namespace assent::gateway {

// A file of the policy as it was read.
struct PolicyText {
  std::string name;  // as faults call it
  std::string text;
  bool is_built_in = false;  // part of the program, no file of the operator's
  bool is_read = true;       // false: the file could not be read, which was said

  bool operator==(const PolicyText&) const = default;
};

struct PolicyTexts {
  PolicyText policy;
  PolicyText jurisdictions;
  PolicyText transfers;

  bool operator==(const PolicyTexts&) const = default;
};

}  // namespace assent::gateway
