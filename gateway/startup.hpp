#pragma once

#include <filesystem>
#include <optional>

#include "gateway/config.hpp"
#include "gateway/fault.hpp"
#include "gateway/log.hpp"
#include "gateway/policy_file.hpp"

namespace assent::gateway {

// What serve() runs on.
struct Prepared {
  Config config;
  LoadedPolicy policy;
};

// Everything between the command line and serve(): reads the configuration (empty: the embedded
// default) and the policy it names, makes the directories, and reads or makes the tokens of the
// token directory, which are then among config.api.tokens. With a fault there is nothing to serve,
// and if it is in a file, nothing was made either.
[[nodiscard]] std::optional<Prepared> prepare_to_serve(const std::filesystem::path& file,
                                                       const Surroundings& surroundings,
                                                       policy::WallTime now, Faults& faults);

// Tells what the operator has to know before the first call: where the tokens are, and warnings.
void log_preparation(const Prepared& prepared, Log& log);

}  // namespace assent::gateway
