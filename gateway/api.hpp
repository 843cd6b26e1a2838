#pragma once

#include <functional>
#include <string>

#include "gateway/conferences.hpp"
#include "gateway/dispatcher.hpp"
#include "gateway/event_stream.hpp"
#include "gateway/ip_database.hpp"
#include "gateway/opt_outs.hpp"
#include "gateway/policy_changes.hpp"
#include "gateway/policy_in_force.hpp"
#include "gateway/storage.hpp"

namespace assent::gateway {

// What the API speaks for.
struct ApiBackend {
  Conferences& conferences;
  const PolicyInForce& policy;
  PolicyChanges& policy_changes;
  Storage& storage;
  const IpDatabase& ip_database;
  const OptOuts& opt_outs;
  EventHub& events;
  MetricsSnapshot& totals;
  std::function<boost::asio::awaitable<std::string>()> metrics;  // Prometheus text
  // JSON, or why not ready; with files and remedies for whoever may be told of them.
  std::function<Answered<std::string>(bool told)> readiness;
};

// Binds every operation of the route table. `backend` outlives the dispatcher.
void bind_api(Dispatcher& dispatcher, ApiBackend& backend);

}  // namespace assent::gateway
