#include "gateway/webhook_client.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <stdexcept>
#include <utility>

#include "gateway/plain_or_tls.hpp"
#include "gateway/version.hpp"
#include "gateway/webhook_address.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using asio::ip::tcp;

namespace {

constexpr std::uint32_t head_bytes_max = 8'192;
constexpr std::uint64_t body_bytes_max = 16'384;

ssl::context make_tls(const WebhookConfig& config) {
  ssl::context tls{ssl::context::tls_client};
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  boost::system::error_code error;
  if (config.ca_file.empty()) {
    tls.set_default_verify_paths(error);
  } else {
    tls.load_verify_file(config.ca_file.string(), error);
  }
  if (error) {
    throw std::runtime_error("the authorities of a webhook cannot be read: " + error.message());
  }
  tls.set_verify_mode(ssl::verify_peer);
  return tls;
}

http::request<http::string_body> request_of(const WebhookConfig& config,
                                            const WebhookMessage& message) {
  constexpr unsigned http_1_1 = 11;
  http::request<http::string_body> request{http::verb::post, config.url.target, http_1_1};
  request.set(http::field::host, config.url.authority);
  request.set(http::field::user_agent, "assent/" + std::string(version()));
  request.set(http::field::content_type, "application/webhook+json");
  request.set(http::field::connection, "close");
  request.set("webhook-id", message.id);
  request.set("webhook-timestamp", message.timestamp);
  request.set("webhook-signature", message.signature);
  request.body() = message.body;
  request.prepare_payload();
  return request;
}

WebhookOutcome outcome_of(unsigned status) {
  constexpr unsigned gone = 410;
  if (status / 100 == 2) return WebhookOutcome::delivered;
  return status == gone ? WebhookOutcome::gone : WebhookOutcome::refused;
}

}  // namespace

std::string_view to_string(WebhookOutcome outcome) {
  using enum WebhookOutcome;
  switch (outcome) {
    case delivered:
      return "delivered";
    case gone:
      return "gone";
    case refused:
      return "refused";
    case unresolved:
      return "unresolved";
    case address_refused:
      return "address_refused";
    case unreachable:
      return "unreachable";
    case untrusted:
      return "untrusted";
    case no_answer:
      return "no_answer";
    case cancelled:
      return "cancelled";
  }
  return "unknown";
}

// A look-up cannot be interrupted: whoever waited for it may be gone when it comes back, so the
// two share it.
struct WebhookClient::Resolution {
  explicit Resolution(const asio::any_io_executor& executor) : resolver{executor}, done{executor} {}
  tcp::resolver resolver;
  asio::steady_timer done;
  Endpoints found;
};

WebhookClient::WebhookClient(asio::any_io_executor executor, const WebhookConfig& config,
                             std::chrono::milliseconds within)
    : executor_{std::move(executor)}, config_{config}, within_{within}, tls_{make_tls(config)} {}

void WebhookClient::cancel() {
  cancelled_ = true;
  if (resolution_) resolution_->done.cancel();
  if (stream_ != nullptr) stream_->close();
}

asio::awaitable<WebhookOutcome> WebhookClient::post(const WebhookMessage& message) {
  const auto deadline = std::chrono::steady_clock::now() + within_;
  const Endpoints addresses = co_await resolve();
  if (cancelled_) co_return WebhookOutcome::cancelled;
  if (addresses.empty()) co_return WebhookOutcome::unresolved;
  const auto may = [this](const tcp::endpoint& endpoint) {
    return may_reach(endpoint.address(), config_.allow_private);
  };
  // One that points inside beside others is an attempt, not a choice.
  if (!std::all_of(addresses.begin(), addresses.end(), may)) {
    co_return WebhookOutcome::address_refused;
  }
  PlainOrTls stream{executor_};
  stream.expires_at(deadline);
  stream_ = &stream;
  const auto outcome = co_await exchange_with(stream, addresses, message);
  stream_ = nullptr;
  const bool over = outcome == WebhookOutcome::delivered || outcome == WebhookOutcome::gone;
  co_return cancelled_ && !over ? WebhookOutcome::cancelled : outcome;
}

asio::awaitable<WebhookClient::Endpoints> WebhookClient::resolve() {
  const auto resolution = std::make_shared<Resolution>(executor_);
  resolution_ = resolution;
  resolution->done.expires_after(within_);
  resolution->resolver.async_resolve(
      config_.url.host, std::to_string(config_.url.port),
      [resolution](boost::system::error_code error, const tcp::resolver::results_type& results) {
        if (!error) resolution->found.assign(results.begin(), results.end());
        resolution->done.expires_at(asio::steady_timer::time_point::min());
      });
  boost::system::error_code woken;
  co_await resolution->done.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  resolution_.reset();
  co_return resolution->found;
}

asio::awaitable<WebhookOutcome> WebhookClient::exchange_with(PlainOrTls& stream,
                                                             const Endpoints& addresses,
                                                             const WebhookMessage& message) {
  const bool connected = co_await stream.connect(addresses);
  if (!connected || cancelled_) co_return WebhookOutcome::unreachable;
  if (config_.url.tls) {
    const bool trusted = co_await stream.offer_tls(tls_, config_.url.host);
    if (!trusted) co_return WebhookOutcome::untrusted;
  }
  const auto request = request_of(config_, message);
  boost::system::error_code error;
  co_await http::async_write(stream, request, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return WebhookOutcome::no_answer;
  beast::flat_buffer buffer{head_bytes_max + body_bytes_max};
  http::response_parser<http::string_body> parser;
  parser.header_limit(head_bytes_max);
  parser.body_limit(body_bytes_max);
  co_await http::async_read(stream, buffer, parser,
                            asio::redirect_error(asio::use_awaitable, error));
  // What the receiver says besides its status is of no use here, whole or not.
  co_return parser.is_header_done() ? outcome_of(parser.get().result_int())
                                    : WebhookOutcome::no_answer;
}

}  // namespace assent::gateway
