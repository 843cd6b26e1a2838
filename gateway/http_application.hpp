#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string_view>

#include "gateway/api_routes.hpp"
#include "gateway/http_message.hpp"

namespace assent::gateway {

// What the server has read of a request before its body. Views into the connection's buffer.
struct RequestHead {
  std::string_view method;  // HEAD arrives as GET
  std::string_view target;
  std::optional<std::string_view> authorization;
  std::optional<std::string_view> content_type;
  std::optional<std::string_view> idempotency_key;
  std::optional<std::string_view> last_event_id;
  // What browsers say; empty where they do not.
  std::string_view host;
  std::string_view origin;
  std::string_view fetch_site;
  std::string_view accept_language;
  std::string_view accept;
  bool has_body = false;
};

// The verdict on a head: go on to `route` with `request`, or `refusal`.
struct Admission {
  const ApiRoute* route = nullptr;
  HttpRequest request;
  std::optional<HttpResponse> refusal;
};

// What an HTTP server serves. Judging comes before the body is read: who may not ask anyway cannot
// make the gateway take 256 KiB from it. Neither throws.
class HttpApplication {
 public:
  virtual ~HttpApplication() = default;
  [[nodiscard]] virtual Admission judge(const RequestHead& head) = 0;
  // The request is as admitted, with its body.
  [[nodiscard]] virtual boost::asio::awaitable<HttpResponse> answer(const ApiRoute& route,
                                                                    HttpRequest& request) = 0;
};

}  // namespace assent::gateway
