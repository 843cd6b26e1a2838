#pragma once

#include "gateway/config.hpp"
#include "gateway/log.hpp"
#include "gateway/policy_file.hpp"

namespace assent::gateway {

// Both as prepare_to_serve gave them. Runs the service until SIGINT or SIGTERM, then closes every
// call's record and ends; on SIGHUP reads the files of the policy again. Gives the exit status; what
// prevented the start, or ended it, is in the log.
int serve(const Config& config, LoadedPolicy policy, Log& log);

}  // namespace assent::gateway
