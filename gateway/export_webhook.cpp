// Records pushed to a receiver, signed as the events of webhooks are (Standard Webhooks 1.0).
#include <chrono>

#include "gateway/call_record.hpp"
#include "gateway/export_sender.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/webhook_client.hpp"
#include "gateway/webhook_signature.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

std::string body_of(const ExportBatch& batch) {
  std::string body = R"({"type":"call_records","timestamp":")";
  body.append(to_rfc3339(read_clocks().wall)).append(R"(","data":{"export":")");
  body.append(batch.target).append(R"(","records":[)");
  const char* separator = "";
  for (const auto& record : batch.records) {
    body.append(separator).append(to_json(record));
    separator = ",";
  }
  return body + "]}}";
}

class WebhookSender final : public ExportSender {
 public:
  WebhookSender(const asio::any_io_executor& executor, const WebhookConfig& receiver)
      : receiver_{receiver}, client_{executor, receiver} {}

  asio::awaitable<ExportOutcome> send(const ExportBatch& batch, ExportPlace&) override {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const std::int64_t seconds = now.time_since_epoch().count();
    WebhookMessage message;
    message.id = batch.id;
    message.timestamp = std::to_string(seconds);
    message.body = body_of(batch);
    message.signature = webhook_signature(receiver_.secret, message.id, seconds, message.body);
    const auto outcome = co_await client_.post(message);
    if (outcome == WebhookOutcome::delivered) co_return ExportOutcome::sent;
    if (outcome == WebhookOutcome::gone) co_return ExportOutcome::gone;
    co_return fail(std::string(to_string(outcome)));
  }
  void cancel() override { client_.cancel(); }

 private:
  const WebhookConfig& receiver_;
  WebhookClient client_;
};

}  // namespace

std::unique_ptr<ExportSender> make_webhook_sender(const asio::any_io_executor& executor,
                                                  const ExportConfig& config) {
  return std::make_unique<WebhookSender>(executor, std::get<WebhookExport>(config.to).receiver);
}

}  // namespace assent::gateway
