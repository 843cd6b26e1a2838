#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/log.hpp"
#include "gateway/metrics.hpp"
#include "gateway/storage.hpp"
#include "gateway/webhook_client.hpp"
#include "gateway/webhook_config.hpp"
#include "media/sdes.hpp"

namespace assent::gateway {

// Events of a webhook that may wait; what happens beyond is given up, and counted.
inline constexpr std::size_t webhook_waiting_max = 10'000;

// Sends events to the receivers that the configuration names (Standard Webhooks 1.0). An event is
// written to the database's queue right after it was told, and leaves it when its receiver took it:
// it is delivered at least once, also over a restart, and always with the same `webhook-id`. A
// crash in the moment between the two loses it. One delivery at a time for each receiver, first
// attempts in the order of the events; one that failed does not hold up those that follow. Control
// thread only. Nothing waits for it.
class Webhooks {
 public:
  // All of it outlives this object, which outlives its coroutines: stop() waits for them.
  Webhooks(boost::asio::any_io_executor executor, const std::vector<WebhookConfig>& configured,
           Storage& storage, media::Entropy entropy, Log& log);
  ~Webhooks();
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  // Goes on with what an earlier run left.
  void start();
  // `json`: an object, as GET /v1/events has it.
  void tell(std::string_view event, const std::string& json);
  // Whoever is told of as this participant of this room gets another name, in what is told from now
  // on and in what is not written yet; until the room closes.
  void rename(std::string room, std::string participant, std::string pseudonym);
  // When it comes back, what was told is in the database, if that takes it.
  boost::asio::awaitable<void> stop();

  [[nodiscard]] std::vector<WebhookMetrics> metrics() const;

 private:
  struct Receiver;

  boost::asio::awaitable<void> write();
  boost::asio::awaitable<void> forget_others();
  boost::asio::awaitable<void> serve(Receiver& receiver);
  boost::asio::awaitable<void> attempt(Receiver& receiver, WebhookDelivery delivery);
  void settle(Receiver& receiver, WebhookDelivery delivery, WebhookOutcome outcome);
  void refuse_all(Receiver& receiver, const WebhookDelivery& delivery);
  boost::asio::awaitable<void> rest(Receiver& receiver, std::chrono::milliseconds pause);
  void spawn(boost::asio::awaitable<void> coroutine);
  [[nodiscard]] std::string renamed(std::string body) const;
  [[nodiscard]] std::string new_id() const;
  [[nodiscard]] double chance() const;

  boost::asio::any_io_executor executor_;
  Storage& storage_;
  media::Entropy entropy_;
  Log& log_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
  std::vector<WebhookDelivery> unwritten_;
  std::map<std::pair<std::string, std::string>, std::string> renamed_;  // (room, participant)
  bool writing_ = false;
  bool stopping_ = false;
  std::size_t running_ = 0;          // coroutines
  boost::asio::steady_timer pause_;  // of write(), after storage refused
  boost::asio::steady_timer ended_;  // cancelled when running_ is 0
};

}  // namespace assent::gateway
