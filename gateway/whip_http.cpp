#include "gateway/whip_http.hpp"

#include <boost/beast/http.hpp>
#include <utility>

#include "gateway/whip_answer.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

std::string text_of(const WhipRequest& request, http::field field) {
  const auto value = request[field];
  return {value.data(), value.size()};
}

// Endpoints and sessions have no representation, and are nevertheless there (RFC 9725 §4.1).
bool is_read(http::verb method) {
  return method == http::verb::get || method == http::verb::head;
}

WhipResponse not_allowed(std::string_view allowed) {
  auto response =
      whip_problem(http::status::method_not_allowed, "Nothing is defined for this method here.");
  response.set(http::field::allow, allowed);
  return response;
}

WhipResponse options(std::string_view allowed, std::string_view field, std::string_view type) {
  auto response = whip_status(http::status::ok);
  response.set(http::field::allow, allowed);
  response.set(field, type);
  return response;
}

WhipResponse wrong_type(std::string_view type) {
  auto response =
      whip_problem(http::status::unsupported_media_type, "The body is of another type.");
  response.set(http::field::accept, type);
  return response;
}

constexpr std::string_view at_endpoint = "OPTIONS, GET, HEAD, POST";
constexpr std::string_view at_session = "OPTIONS, GET, HEAD, PATCH, DELETE";

}  // namespace

void add_cors(http::verb asked, WhipResponse& response) {
  response.set(http::field::access_control_allow_origin, "*");
  if (asked != http::verb::options) {
    response.set(http::field::access_control_expose_headers,
                 "Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After, WWW-Authenticate");
    return;
  }
  response.set(http::field::access_control_allow_methods, "OPTIONS, GET, POST, PATCH, DELETE");
  // "*" does not cover Authorization (Fetch, CORS protocol).
  response.set(http::field::access_control_allow_headers,
               "Authorization, Content-Type, If-Match, Accept");
  response.set(http::field::access_control_max_age, "600");
}

asio::awaitable<WhipResponse> WhipHttp::answer(WhipRequest request, std::string address) {
  const auto method = request.method();
  auto response = co_await ask(std::move(request), std::move(address));
  response.set(http::field::cache_control, "no-store");
  add_cors(method, response);
  co_return response;
}

asio::awaitable<WhipResponse> WhipHttp::ask(WhipRequest request, std::string address) {
  WhipSessions::Asked asked;
  asked.target = request.target();
  if (asked.target.starts_with(whip_session_path)) {
    auto id = asked.target.substr(whip_session_path.size());
    co_return co_await ask_session(std::move(id), request);
  }
  for (const auto& rule : config_.paths) {
    auto place = rule.path.match(asked.target);
    if (!place) continue;
    asked.rule = &rule;
    asked.place = *std::move(place);
    break;
  }
  if (asked.rule == nullptr) {
    co_return whip_problem(make_problem(ProblemType::not_found, "No endpoint has this path."));
  }
  if (request.method() == http::verb::options)
    co_return options(at_endpoint, "Accept-Post", whip_sdp_type);
  if (is_read(request.method())) co_return whip_status(http::status::no_content);
  if (request.method() != http::verb::post) co_return not_allowed(at_endpoint);
  if (!is_of_type(text_of(request, http::field::content_type), whip_sdp_type))
    co_return wrong_type(whip_sdp_type);
  asked.authorization = text_of(request, http::field::authorization);
  asked.address = std::move(address);
  asked.sdp = std::move(request.body());
  co_return co_await sessions_.begin(std::move(asked));
}

asio::awaitable<WhipResponse> WhipHttp::ask_session(std::string id, const WhipRequest& request) {
  if (!sessions_.has(id)) {
    co_return whip_problem(make_problem(ProblemType::not_found, "There is no such session."));
  }
  if (request.method() == http::verb::options)
    co_return options(at_session, "Accept-Patch", whip_fragment_type);
  if (is_read(request.method())) co_return whip_status(http::status::no_content);
  auto authorization = text_of(request, http::field::authorization);
  if (request.method() == http::verb::delete_)
    co_return co_await sessions_.end(std::move(id), std::move(authorization));
  if (request.method() != http::verb::patch) co_return not_allowed(at_session);
  if (!is_of_type(text_of(request, http::field::content_type), whip_fragment_type))
    co_return wrong_type(whip_fragment_type);
  WhipSessions::Patch patch;
  patch.if_match = text_of(request, http::field::if_match);
  patch.authorization = std::move(authorization);
  patch.fragment = request.body();
  co_return co_await sessions_.patch(std::move(id), std::move(patch));
}

}  // namespace assent::gateway
