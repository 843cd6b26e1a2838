#include "gateway/dispatcher.hpp"

#include <openssl/rand.h>

#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace assent::gateway {
namespace {

namespace asio = boost::asio;

bool is_of_type(std::string_view content_type, const std::string& wanted) {
  std::string plain;  // RFC 9110 §8.3.1: no case; blanks around the semicolon
  for (const char c : content_type) {
    if (c == ' ' || c == '\t') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return plain == wanted || plain == wanted + ";charset=utf-8" ||
         plain == wanted + ";charset=\"utf-8\"";
}

std::string type_taken(Takes takes) {
  return takes == Takes::form ? "application/x-www-form-urlencoded" : "application/json";
}

std::optional<Problem> head_fault(const ApiRoute& route, const RequestHead& head) {
  const std::string type = type_taken(route.takes);
  const bool has_type = head.content_type && is_of_type(*head.content_type, type);
  if (route.takes != Takes::nothing && !has_type) {
    return make_problem(ProblemType::unsupported_media, "send \"Content-Type: " + type + "\"");
  }
  if (route.takes == Takes::nothing && head.has_body) {
    return make_problem(ProblemType::malformed_request, "this operation takes no body");
  }
  if (head.idempotency_key && !is_idempotency_key(*head.idempotency_key)) {
    return make_problem(ProblemType::invalid_parameter,
                        "Idempotency-Key must be 1 to 128 visible ASCII characters");
  }
  if (head.last_event_id && head.last_event_id->size() > 128) {
    return make_problem(ProblemType::invalid_parameter, "Last-Event-ID is too long");
  }
  return std::nullopt;
}

std::string random_incident_id() {
  std::array<unsigned char, 8> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  std::string id;
  for (const unsigned char byte : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    id += digits[byte >> 4U];
    id += digits[byte & 15U];
  }
  return id;
}

// Beside the path: a withdrawal by the guardian is not one by the participant.
std::string what_is_asked(const HttpRequest& request) {
  std::string asked;
  for (const auto& [name, value] : request.query)
    asked += name + '=' + value + '\n';
  return asked + request.body;
}

bool succeeded(const HttpResponse& response) {
  return response.status >= 200 && response.status < 300;
}

// A 5xx too: a withdrawal that could not be recorded is in effect all the same.
bool may_have_changed(const HttpResponse& response) {
  return response.status < 400 || response.status >= 500;
}

}  // namespace

Dispatcher::Dispatcher(const Access& access, IncidentReport report, IdempotencyLimits limits)
    : access_{access}, report_{std::move(report)}, cache_{limits} {}

void Dispatcher::bind(Operation operation, HttpHandler handler) {
  handlers_.at(static_cast<std::size_t>(operation)) = std::move(handler);
}

std::vector<Operation> Dispatcher::unbound() const {
  std::vector<Operation> missing;
  for (std::size_t i = 0; i < handlers_.size(); ++i) {
    if (!handlers_[i]) missing.push_back(static_cast<Operation>(i));
  }
  return missing;
}

void Dispatcher::on_answered(Observer observer) {
  observer_ = std::move(observer);
}

void Dispatcher::on_keyed_request(ReplayHook hook) {
  hook_ = std::move(hook);
}

std::optional<HttpResponse> Dispatcher::refuse(const RequestHead& head, Routed& routed) const {
  if (routed.refusal) return std::move(routed.refusal);
  auto refusal = access_.admit(*routed.route, head.authorization, routed.request);
  if (refusal) return refusal;
  auto fault = std::move(routed.parameter_fault);
  if (!fault) fault = head_fault(*routed.route, head);
  if (fault) return problem_response(*fault);
  return std::nullopt;
}

Admission Dispatcher::judge(const RequestHead& head) {
  Admission admission;
  Routed routed = route_request(head.method, head.target);
  admission.refusal = refuse(head, routed);
  if (admission.refusal) {
    std::optional<Operation> operation;
    if (routed.route != nullptr) operation = routed.route->operation;
    if (observer_) observer_(operation, admission.refusal->status, {});
    return admission;
  }
  admission.route = routed.route;
  admission.request = std::move(routed.request);
  if (head.idempotency_key) admission.request.idempotency_key = *head.idempotency_key;
  if (head.last_event_id) admission.request.last_event_id = *head.last_event_id;
  admission.request.browser = {std::string(head.host), std::string(head.origin),
                               std::string(head.fetch_site), std::string(head.accept_language)};
  admission.request.accept = std::string(head.accept);
  return admission;
}

HttpResponse Dispatcher::incident(std::string_view what) {
  const std::string id = random_incident_id();
  if (report_) report_(id, what);
  return problem_response(make_problem(
      ProblemType::internal, "the operator finds the reason in the log under incident " + id));
}

asio::awaitable<HttpResponse> Dispatcher::perform(const ApiRoute& route,
                                                  const HttpRequest& request) {
  const HttpHandler& handler = handlers_.at(static_cast<std::size_t>(route.operation));
  if (!handler) {
    co_return problem_response(make_problem(ProblemType::not_implemented, ""));
  }
  std::string what;
  try {
    HttpResponse response = co_await handler(request);
    co_return response;
  } catch (const std::exception& failure) {
    what = failure.what();
  } catch (...) {
    what = "an exception of no known type";
  }
  co_return incident(what);
}

asio::awaitable<std::optional<HttpResponse>> Dispatcher::ask_hook(const HttpRequest& request) {
  if (!hook_) co_return std::nullopt;
  std::string what;
  try {
    std::optional<HttpResponse> answer = co_await hook_(request);
    co_return answer;
  } catch (const std::exception& failure) {
    what = failure.what();
  } catch (...) {
    what = "an exception of no known type";
  }
  co_return incident(what);
}

asio::awaitable<HttpResponse> Dispatcher::perform_once(const ApiRoute& route,
                                                       HttpRequest& request) {
  request.body_hash = sha256(what_is_asked(request));
  IdempotencyCache::Begun begun = cache_.begin(std::chrono::steady_clock::now(), request);
  if (begun.answer && !succeeded(*begun.answer)) co_return std::move(*begun.answer);
  std::optional<HttpResponse> durable = co_await ask_hook(request);
  if (durable) {
    if (begun.ticket) cache_.abandon(*begun.ticket);
    co_return std::move(*durable);
  }
  if (begun.answer) co_return std::move(*begun.answer);
  HttpResponse response = co_await perform_change(route, request, begun.ticket);
  cache_.finish(*begun.ticket, std::chrono::steady_clock::now(), response);
  co_return response;
}

asio::awaitable<HttpResponse> Dispatcher::perform_change(
    const ApiRoute& route, const HttpRequest& request,
    std::optional<IdempotencyCache::Ticket> ticket) {
  // A withdrawal takes effect before it is acknowledged: from now on no older grant is repeated.
  const bool deletes = request.method == HttpMethod::delete_;
  if (deletes) cache_.changed(request.path, deletes, ticket);
  HttpResponse response = co_await perform(route, request);
  if (may_have_changed(response)) cache_.changed(request.path, deletes, ticket);
  co_return response;
}

asio::awaitable<HttpResponse> Dispatcher::serve(const ApiRoute& route, HttpRequest& request) {
  const auto dry_run = request.query.find("dry_run");
  const bool only_asks = route.method == HttpMethod::get ||
                         (dry_run != request.query.end() && dry_run->second == "true");
  if (only_asks) {
    HttpResponse response = co_await perform(route, request);
    co_return response;
  }
  if (request.idempotency_key) {
    HttpResponse response = co_await perform_once(route, request);
    co_return response;
  }
  HttpResponse response = co_await perform_change(route, request, std::nullopt);
  co_return response;
}

asio::awaitable<HttpResponse> Dispatcher::answer(const ApiRoute& route, HttpRequest& request) {
  const auto begun = std::chrono::steady_clock::now();
  HttpResponse response = co_await serve(route, request);
  if (observer_) {
    observer_(route.operation, response.status, std::chrono::steady_clock::now() - begun);
  }
  co_return response;
}

}  // namespace assent::gateway
