#include "gateway/webhook_table.hpp"

#include <soci/soci.h>

#include <algorithm>
#include <chrono>

namespace assent::gateway {
namespace {

using soci::into;
using soci::use;

long long to_stored(policy::WallTime time) {
  return time.time_since_epoch().count();
}
policy::WallTime to_wall(long long stored) {
  return policy::WallTime{std::chrono::milliseconds{stored}};
}

void remove_others(soci::session& sql, const std::vector<std::string>& kept) {
  std::vector<std::string> gone;
  const soci::rowset<std::string> known =
      (sql.prepare << "SELECT DISTINCT webhook FROM webhook_deliveries");
  for (const auto& webhook : known) {
    if (std::find(kept.begin(), kept.end(), webhook) == kept.end()) gone.push_back(webhook);
  }
  for (const auto& webhook : gone)
    sql << "DELETE FROM webhook_deliveries WHERE webhook = :w", use(webhook);
}

}  // namespace

void apply(soci::session& sql, const WebhookChange& change) {
  if (change.only_of) remove_others(sql, *change.only_of);
  for (const auto id : change.removed) {
    const long long row = id;
    sql << "DELETE FROM webhook_deliveries WHERE id = :id", use(row);
  }
  for (const auto& delivery : change.postponed) {
    const long long row = delivery.id;
    const long long attempts = delivery.attempts;
    const long long due = to_stored(delivery.due);
    sql << "UPDATE webhook_deliveries SET attempts = :a, due = :d WHERE id = :id", use(attempts),
        use(due), use(row);
  }
  for (const auto& delivery : change.added) {
    const long long made = to_stored(delivery.made);
    const long long attempts = delivery.attempts;
    const long long due = to_stored(delivery.due);
    sql << "INSERT INTO webhook_deliveries (webhook, message, body, made, attempts, due)"
           " VALUES (:1, :2, :3, :4, :5, :6)",
        use(delivery.webhook), use(delivery.message), use(delivery.body), use(made), use(attempts),
        use(due);
  }
}

WebhookState webhook_state(soci::session& sql, const std::string& webhook) {
  WebhookState state;
  long long waiting = 0;
  sql << "SELECT count(*) FROM webhook_deliveries WHERE webhook = :w", use(webhook), into(waiting);
  state.waiting = static_cast<std::size_t>(waiting);
  long long id = 0;
  long long made = 0;
  long long attempts = 0;
  long long due = 0;
  WebhookDelivery next;
  sql << "SELECT id, message, body, made, attempts, due FROM webhook_deliveries"
         " WHERE webhook = :w ORDER BY due, id LIMIT 1",
      use(webhook), into(id), into(next.message), into(next.body), into(made), into(attempts),
      into(due);
  if (!sql.got_data()) return state;
  next.id = id;
  next.webhook = webhook;
  next.made = to_wall(made);
  next.attempts = static_cast<std::uint32_t>(attempts);
  next.due = to_wall(due);
  state.next = std::move(next);
  return state;
}

}  // namespace assent::gateway
