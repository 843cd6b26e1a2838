#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "gateway/config.hpp"
#include "gateway/fault.hpp"

namespace assent::gateway {

// What is not wrong, but will surprise: each a sentence for the operator.
[[nodiscard]] std::vector<std::string> warnings_of(const Config& config);

// What the configuration comes to, a line a section, for a person to compare with what was meant.
[[nodiscard]] std::string summary_of(const Config& config);

// `assent check`: every fault of every file on `err`, as "file:line:column: what", with its remedy;
// a summary of what is sound on `out`. Without files, the embedded default. True when nothing is
// wrong.
[[nodiscard]] bool check_files(const std::vector<std::filesystem::path>& files,
                               const Surroundings& surroundings, std::ostream& out,
                               std::ostream& err);

}  // namespace assent::gateway
