#include "gateway/webhooks.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <span>
#include <utility>

#include "gateway/pseudonym.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/webhook_schedule.hpp"
#include "gateway/webhook_signature.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr auto storage_pause = 250ms;  // before it is asked again
constexpr auto longest_rest = 24h;

WallTime wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string body_of(std::string_view event, WallTime at, const std::string& json) {
  std::string body = R"({"type":")";
  body.append(event).append(R"(","timestamp":")").append(to_rfc3339(at));
  body.append(R"(","data":)").append(json).append("}");
  return body;
}

}  // namespace

struct Webhooks::Receiver {
  Receiver(const asio::any_io_executor& executor, const WebhookConfig& configured)
      : config{configured}, client{executor, configured}, wake{executor} {
    metrics.webhook = configured.name;
  }

  const WebhookConfig& config;
  WebhookClient client;
  asio::steady_timer wake;
  bool woken = false;  // while it was busy
  WebhookMetrics metrics;
  WebhookChange outcome;  // of the last attempt, not written yet
  bool failing = false;
  bool full = false;
  bool disabled = false;  // by the receiver

  [[nodiscard]] bool wants(std::string_view event) const {
    return !disabled &&
           std::find(config.events.begin(), config.events.end(), event) != config.events.end();
  }
  void rouse() {
    woken = true;
    wake.cancel();
  }
};

Webhooks::Webhooks(asio::any_io_executor executor, const std::vector<WebhookConfig>& configured,
                   Storage& storage, media::Entropy entropy, Log& log)
    : executor_{std::move(executor)},
      storage_{storage},
      entropy_{std::move(entropy)},
      log_{log},
      pause_{executor_},
      ended_{executor_} {
  for (const auto& webhook : configured)
    receivers_.push_back(std::make_unique<Receiver>(executor_, webhook));
}

Webhooks::~Webhooks() = default;

void Webhooks::spawn(asio::awaitable<void> coroutine) {
  ++running_;
  asio::co_spawn(executor_, std::move(coroutine), [this](const std::exception_ptr& failed) {
    --running_;
    if (running_ == 0) ended_.cancel();
    if (failed) std::rethrow_exception(failed);
  });
}

void Webhooks::start() {
  spawn(forget_others());
  for (auto& receiver : receivers_)
    spawn(serve(*receiver));
}

asio::awaitable<void> Webhooks::stop() {
  stopping_ = true;
  pause_.cancel();
  for (auto& receiver : receivers_) {
    receiver->client.cancel();
    receiver->rouse();
  }
  while (running_ > 0) {
    boost::system::error_code woken;
    ended_.expires_after(longest_rest);
    co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

// --- from events to the queue ---

void Webhooks::rename(std::string room, std::string participant, std::string pseudonym) {
  renamed_.try_emplace({std::move(room), std::move(participant)}, std::move(pseudonym));
  for (auto& delivery : unwritten_)
    delivery.body = renamed(std::move(delivery.body));
}

std::string Webhooks::renamed(std::string body) const {
  for (const auto& [who, pseudonym] : renamed_)
    if (body.find('"' + who.second + '"') != std::string::npos)
      if (auto now = pseudonymised_message(body, who.first, who.second, pseudonym))
        return *std::move(now);
  return body;
}

void Webhooks::tell(std::string_view event, const std::string& json) {
  const WallTime now = wall_now();
  const std::string body = renamed(body_of(event, now, json));
  if (event == "room_closed")
    std::erase_if(renamed_, [&](const auto& of) {
      return json.find('"' + of.first.first + '"') != std::string::npos;
    });
  std::string id;
  for (auto& receiver : receivers_) {
    if (!receiver->wants(event)) continue;
    if (receiver->metrics.waiting >= webhook_waiting_max) {
      ++receiver->metrics.given_up;
      if (!std::exchange(receiver->full, true)) {
        log_.error("webhook.queue_full", {{"webhook", OperatorText{receiver->config.name}}});
      }
      continue;
    }
    if (id.empty()) id = new_id();
    ++receiver->metrics.waiting;
    WebhookDelivery& delivery = unwritten_.emplace_back();
    delivery.webhook = receiver->config.name;
    delivery.message = id;
    delivery.body = body;
    delivery.made = delivery.due = now;
  }
  if (!unwritten_.empty() && !std::exchange(writing_, true)) spawn(write());
}

// While storage is at work more may be told: that is written together.
asio::awaitable<void> Webhooks::write() {
  while (!unwritten_.empty()) {
    WebhookChange change;
    change.added = std::exchange(unwritten_, {});
    auto kept = change.added;
    const auto written = co_await storage_.webhooks(std::move(change));
    if (written) {
      for (auto& receiver : receivers_)
        receiver->rouse();
      continue;
    }
    for (auto& delivery : kept)
      delivery.body = renamed(std::move(delivery.body));
    kept.insert(kept.end(), std::make_move_iterator(unwritten_.begin()),
                std::make_move_iterator(unwritten_.end()));
    unwritten_ = std::move(kept);
    if (stopping_) break;
    boost::system::error_code woken;
    pause_.expires_after(storage_pause);
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  writing_ = false;
}

asio::awaitable<void> Webhooks::forget_others() {
  for (bool done = false; !done && !stopping_;) {
    std::vector<std::string> names;
    for (const auto& receiver : receivers_)
      names.push_back(receiver->config.name);
    WebhookChange change;
    change.only_of = std::move(names);
    const auto forgotten = co_await storage_.webhooks(std::move(change));
    done = forgotten.has_value();
    if (done || stopping_) break;
    boost::system::error_code woken;
    asio::steady_timer pause{executor_, storage_pause};
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

// --- from the queue to the receiver ---

asio::awaitable<void> Webhooks::serve(Receiver& receiver) {
  for (;;) {
    WebhookChange change = receiver.outcome;
    change.next_of = receiver.config.name;
    auto state = co_await storage_.webhooks(std::move(change));
    if (state) receiver.outcome = {};
    if (stopping_ || (state && receiver.disabled)) break;
    if (!state) {
      co_await rest(receiver, storage_pause);
      continue;
    }
    const auto unwritten = std::count_if(
        unwritten_.begin(), unwritten_.end(),
        [&](const auto& delivery) { return delivery.webhook == receiver.config.name; });
    receiver.metrics.waiting = state->waiting + static_cast<std::size_t>(unwritten);
    if (receiver.metrics.waiting < webhook_waiting_max) receiver.full = false;
    if (!state->next) {
      co_await rest(receiver, longest_rest);
    } else if (const auto early = state->next->due - wall_now(); early > 0ms) {
      co_await rest(receiver, std::min<std::chrono::milliseconds>(early, longest_rest));
    } else {
      co_await attempt(receiver, std::move(*state->next));
    }
  }
}

asio::awaitable<void> Webhooks::rest(Receiver& receiver, std::chrono::milliseconds pause) {
  if (!std::exchange(receiver.woken, false)) {
    boost::system::error_code woken;
    receiver.wake.expires_after(pause);
    co_await receiver.wake.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    receiver.woken = false;
  }
}

asio::awaitable<void> Webhooks::attempt(Receiver& receiver, WebhookDelivery delivery) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::int64_t seconds = now.time_since_epoch().count();
  WebhookMessage message;
  message.id = delivery.message;
  message.timestamp = std::to_string(seconds);
  message.signature =
      webhook_signature(receiver.config.secret, delivery.message, seconds, delivery.body);
  message.body = delivery.body;
  const auto outcome = co_await receiver.client.post(message);
  settle(receiver, std::move(delivery), outcome);
}

void Webhooks::settle(Receiver& receiver, WebhookDelivery delivery, WebhookOutcome outcome) {
  if (outcome == WebhookOutcome::cancelled) return;  // the next run makes the attempt
  const OperatorText name{receiver.config.name};
  if (outcome == WebhookOutcome::delivered) {
    ++receiver.metrics.delivered;
    receiver.outcome.removed.push_back(delivery.id);
    if (std::exchange(receiver.failing, false)) {
      log_.info("webhook.recovered", {{"webhook", name}});
    }
    return;
  }
  if (outcome == WebhookOutcome::gone) return refuse_all(receiver, delivery);
  const WallTime now = wall_now();
  const auto pause = webhook_pause(++delivery.attempts, now - delivery.made, chance());
  if (!pause) {
    ++receiver.metrics.given_up;
    receiver.outcome.removed.push_back(delivery.id);
    log_.error("webhook.given_up", {{"webhook", name}, {"outcome", outcome}});
    return;
  }
  ++receiver.metrics.retried;
  delivery.due = now + *pause;
  receiver.outcome.postponed.push_back(std::move(delivery));
  // Once, not at every attempt.
  if (!std::exchange(receiver.failing, true)) {
    log_.warning("webhook.failing", {{"webhook", name}, {"outcome", outcome}});
  }
}

// 410: whoever runs the receiver wants no more, until the next start asks again. What still waits
// is sent then.
void Webhooks::refuse_all(Receiver& receiver, const WebhookDelivery& delivery) {
  receiver.disabled = true;
  ++receiver.metrics.given_up;
  receiver.outcome.removed.push_back(delivery.id);
  log_.error("webhook.disabled", {{"webhook", OperatorText{receiver.config.name}}});
}

std::vector<WebhookMetrics> Webhooks::metrics() const {
  std::vector<WebhookMetrics> all;
  for (const auto& receiver : receivers_)
    all.push_back(receiver->metrics);
  return all;
}

std::string Webhooks::new_id() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<std::byte, 16> random{};
  entropy_(random);
  std::string id = "msg_";
  for (const auto byte : random) {
    id += digits[std::to_integer<std::size_t>(byte) >> 4U];
    id += digits[std::to_integer<std::size_t>(byte) & 0xfU];
  }
  return id;
}

double Webhooks::chance() const {
  std::uint32_t number = 0;
  entropy_(std::as_writable_bytes(std::span{&number, 1}));
  return static_cast<double>(number) / 4'294'967'296.0;
}

}  // namespace assent::gateway
