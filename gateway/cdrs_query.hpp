#pragma once

#include "gateway/dispatcher.hpp"
#include "gateway/policy_in_force.hpp"
#include "gateway/storage.hpp"

// GET /v1/cdrs: a page as JSON, or all that match in another form, as they are read.
namespace assent::gateway {

// All outlive the dispatcher. `gateway`: its name.
void bind_cdrs(Dispatcher& dispatcher, Storage& storage, const PolicyInForce& policy,
               std::string gateway);

}  // namespace assent::gateway
