#pragma once

#include "gateway/config.hpp"
#include "gateway/log.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

// `config` as prepare_to_serve gave it. Runs the service until SIGINT or SIGTERM, then closes every call's record and ends. Gives the
// exit status; what prevented the start, or ended it, is in the log.
int serve(const Config& config, const policy::RuleBook& rules, Log& log);

}  // namespace assent::gateway
