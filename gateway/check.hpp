#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "gateway/config.hpp"
#include "gateway/fault.hpp"
#include "policy/time.hpp"

namespace assent::gateway {

// What the configuration comes to, a line a section, for a person to compare with what was meant.
[[nodiscard]] std::string summary_of(const Config& config);

// What a file says it is, by its keys.
enum class CheckedFile : unsigned char { config, policy, jurisdictions, transfers };
[[nodiscard]] CheckedFile kind_of(const std::filesystem::path& file);

// `assent check`: every fault of every file on `err`, as "file:line:column: what", with its remedy;
// a summary and the warnings of what is sound on `out`. Each configuration is checked with the
// policy it names; files of the policy are checked together, with the embedded ones for the rest.
// Without files, the embedded defaults. `now` says which rows are stale. True when nothing is
// wrong.
[[nodiscard]] bool check_files(const std::vector<std::filesystem::path>& files,
                               const Surroundings& surroundings, policy::WallTime now,
                               std::ostream& out, std::ostream& err);

}  // namespace assent::gateway
