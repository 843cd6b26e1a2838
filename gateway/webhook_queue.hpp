#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/time.hpp"

namespace assent::gateway {

// One event on its way to one webhook. It is in the database until it was delivered or given up.
struct WebhookDelivery {
  std::int64_t id = 0;  // the database's
  std::string webhook;  // by its configured name
  std::string message;  // `webhook-id`: the same in every attempt
  std::string body;     // JSON
  policy::WallTime made{};
  std::uint32_t attempts = 0;  // that failed
  policy::WallTime due{};      // of the next attempt
};

// What is to be written, in one transaction, and whose next delivery is asked for.
struct WebhookChange {
  std::vector<WebhookDelivery> added;
  std::vector<std::int64_t> removed;
  std::vector<WebhookDelivery> postponed;  // their attempts and due
  // Deliveries to others are removed: nobody is left to send them to.
  std::optional<std::vector<std::string>> only_of;
  std::string next_of;  // webhook
};

struct WebhookState {
  std::optional<WebhookDelivery> next;  // the earliest due
  std::size_t waiting = 0;              // of this webhook, with it
};

}  // namespace assent::gateway
