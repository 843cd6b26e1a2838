#pragma once

#include <filesystem>
#include <optional>

#include "gateway/config.hpp"
#include "gateway/fault.hpp"

namespace assent::gateway {

// Everything between the command line and serve(): reads the file (empty: the embedded default),
// makes the directories, and reads or makes the tokens of the token directory, which are then among
// config.api.tokens. With a fault there is nothing to serve with.
[[nodiscard]] std::optional<Config> prepare_to_serve(const std::filesystem::path& file,
                                                     const Surroundings& surroundings,
                                                     Faults& faults);

}  // namespace assent::gateway
