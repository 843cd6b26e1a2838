#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/webhook_config.hpp"

namespace assent::gateway {

class PlainOrTls;

struct WebhookMessage {
  std::string id;
  std::string timestamp;  // Unix seconds
  std::string signature;
  std::string body;
};

enum class WebhookOutcome : unsigned char {
  delivered,        // 2xx
  gone,             // 410: the receiver wants no more
  refused,          // another status, also a redirect: none is followed
  unresolved,       // no address of the host
  address_refused,  // an address of the host may not be reached: see webhook_address.hpp
  unreachable,      // no connection
  untrusted,        // no TLS with that host, or a certificate that is not its own
  no_answer,        // in time, or none that is HTTP
  cancelled,
};
[[nodiscard]] std::string_view to_string(WebhookOutcome outcome);

// POSTs messages to one receiver, one connection each. The host is resolved for each message, all
// its addresses are judged, and the connection goes to a judged address: a name that points
// elsewhere a moment later (DNS rebinding) does not matter. One time limit holds for all of it.
// Control thread only.
class WebhookClient {
 public:
  // Throws std::runtime_error if the authorities of `config` cannot be read.
  WebhookClient(boost::asio::any_io_executor executor, const WebhookConfig& config,
                std::chrono::milliseconds within = std::chrono::seconds{10});

  // One at a time.
  boost::asio::awaitable<WebhookOutcome> post(const WebhookMessage& message);
  // Ends the post under way; there are no others.
  void cancel();

 private:
  struct Resolution;
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

  boost::asio::awaitable<Endpoints> resolve();
  boost::asio::awaitable<WebhookOutcome> exchange_with(PlainOrTls& stream,
                                                       const Endpoints& addresses,
                                                       const WebhookMessage& message);

  boost::asio::any_io_executor executor_;
  const WebhookConfig& config_;
  std::chrono::milliseconds within_;
  boost::asio::ssl::context tls_;
  std::shared_ptr<Resolution> resolution_;  // under way
  PlainOrTls* stream_ = nullptr;            // under way
  bool cancelled_ = false;
};

}  // namespace assent::gateway
