#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/access.hpp"
#include "gateway/http_application.hpp"
#include "gateway/idempotency.hpp"
#include "gateway/router.hpp"

namespace assent::gateway {

// The API between the HTTP server and the handlers: routes, admits, applies Idempotency-Key, and
// turns what a handler throws into a 500 with an incident id. Lives on the control thread.
class Dispatcher final : public HttpApplication {
 public:
  // The id goes to the client, the id and `what` to the operator's log.
  using IncidentReport = std::function<void(std::string_view incident, std::string_view what)>;
  // Asked before a request with a key is carried out or its stored answer repeated; its answer, if
  // it has one, is given instead. For what must outlast a restart: the stored receipt of a consent,
  // or the refusal of a grant that was withdrawn since. See idempotency_scope().
  using ReplayHook =
      std::function<boost::asio::awaitable<std::optional<HttpResponse>>(const HttpRequest&)>;
  // Told of every answer, for metrics; no operation: the request had no route.
  using Observer = std::function<void(std::optional<Operation>, unsigned status,
                                      std::chrono::steady_clock::duration took)>;

  // `access` outlives the dispatcher.
  Dispatcher(const Access& access, IncidentReport report, IdempotencyLimits limits = {});

  void bind(Operation operation, HttpHandler handler);
  [[nodiscard]] std::vector<Operation> unbound() const;  // these are answered with 501
  void on_keyed_request(ReplayHook hook);
  void on_answered(Observer observer);

  [[nodiscard]] Admission judge(const RequestHead& head) override;
  [[nodiscard]] boost::asio::awaitable<HttpResponse> answer(const ApiRoute& route,
                                                            HttpRequest& request) override;

 private:
  std::optional<HttpResponse> refuse(const RequestHead& head, Routed& routed) const;
  boost::asio::awaitable<HttpResponse> serve(const ApiRoute& route, HttpRequest& request);
  boost::asio::awaitable<HttpResponse> perform(const ApiRoute& route, const HttpRequest& request);
  boost::asio::awaitable<HttpResponse> perform_change(
      const ApiRoute& route, const HttpRequest& request,
      std::optional<IdempotencyCache::Ticket> ticket);
  boost::asio::awaitable<HttpResponse> perform_once(const ApiRoute& route, HttpRequest& request);
  boost::asio::awaitable<std::optional<HttpResponse>> ask_hook(const HttpRequest& request);
  HttpResponse incident(std::string_view what);

  const Access& access_;
  IncidentReport report_;
  IdempotencyCache cache_;
  ReplayHook hook_;
  Observer observer_;
  std::array<HttpHandler, operations> handlers_;
};

}  // namespace assent::gateway
