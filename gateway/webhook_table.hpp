#pragma once

#include "gateway/webhook_queue.hpp"

namespace soci {
class session;
}

namespace assent::gateway {

// A script of database_migrations.
inline constexpr const char* webhook_table_schema = R"sql(
-- Events that wait for their receivers. Not a record: rows go when they are delivered.
CREATE TABLE webhook_deliveries (
  id INTEGER PRIMARY KEY,
  webhook TEXT NOT NULL, message TEXT NOT NULL, body TEXT NOT NULL,
  made INTEGER NOT NULL, attempts INTEGER NOT NULL, due INTEGER NOT NULL);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook, due, id);
)sql";

// Within a transaction, if it changes anything.
void apply(soci::session& sql, const WebhookChange& change);
[[nodiscard]] WebhookState webhook_state(soci::session& sql, const std::string& webhook);

}  // namespace assent::gateway
