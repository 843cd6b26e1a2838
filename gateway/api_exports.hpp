#pragma once

#include "gateway/dispatcher.hpp"
#include "gateway/exports.hpp"
#include "gateway/policy_in_force.hpp"

// GET /v1/exports.
namespace assent::gateway {

// All outlive the dispatcher.
void bind_exports(Dispatcher& dispatcher, const Exports& exports, const PolicyInForce& policy);

}  // namespace assent::gateway
