#pragma once

#include <optional>
#include <string_view>

#include "gateway/api_routes.hpp"
#include "gateway/http_message.hpp"

namespace assent::gateway {

// Where a request goes. Either `route` is set, or `refusal` says why there is none (404, 405 with
// Allow, 400 for a target that is no path). A fault of a parameter is kept apart: it is told only
// to who may use the route.
struct Routed {
  const ApiRoute* route = nullptr;
  HttpRequest request;  // method, path, parameters and query
  std::optional<Problem> parameter_fault;
  std::optional<HttpResponse> refusal;
};

// Finds the route of a method and an origin-form target (RFC 9112 §3.2.1) in `api_routes()`. Fixed
// segments are compared as sent; parameters and query are percent-decoded, once.
[[nodiscard]] Routed route_request(std::string_view method, std::string_view target);

}  // namespace assent::gateway
