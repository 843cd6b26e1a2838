#pragma once

#include <cstddef>

#include "gateway/dispatcher.hpp"
#include "gateway/policy_in_force.hpp"
#include "gateway/storage.hpp"

// GET /v1/transfers.
namespace assent::gateway {

// More calls than these are for `assent transfers`, which takes its time.
inline constexpr std::size_t transfer_calls_max = 100'000;

// All outlive the dispatcher.
void bind_transfers(Dispatcher& dispatcher, Storage& storage, const PolicyInForce& policy);

}  // namespace assent::gateway
