#pragma once

#include <filesystem>
#include <vector>

#include "gateway/config.hpp"
#include "gateway/fault.hpp"

namespace assent::gateway {

// The tokens of a directory: for each of the roles conference-server, operator and privacy-officer
// one, in a file of the role's name that only its owner can read, one line. What is not there is
// made from 32 random bytes. A file that others can read is a fault: its token may be known.
[[nodiscard]] std::vector<TokenConfig> load_or_make_tokens(const std::filesystem::path& directory,
                                                           Faults& faults);

}  // namespace assent::gateway
