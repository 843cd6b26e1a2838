#include "gateway/janus_http.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <optional>
#include <string_view>

#include "gateway/janus_message.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds answer_within{45};  // Janus holds a long poll for 30 s

// "/janus/SESSION/HANDLE", or less of it.
struct Target {
  std::uint64_t session = 0;
  std::uint64_t handle = 0;
};

std::optional<std::uint64_t> next_number(std::string_view& rest) {
  if (!rest.starts_with('/')) return std::nullopt;
  rest.remove_prefix(1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc{}) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return number;
}

// Nothing for what is no path below the server's own.
std::optional<Target> read_target(std::string_view target, std::string_view base) {
  target = target.substr(0, target.find('?'));
  if (!target.starts_with(base)) return std::nullopt;
  auto rest = target.substr(base.size());
  if (rest.empty() || rest == "/" || rest == "/info" || rest == "/ping") return Target{};
  Target out;
  const auto session = next_number(rest);
  if (!session) return std::nullopt;
  out.session = *session;
  if (const auto handle = next_number(rest)) out.handle = *handle;
  return rest.empty() ? std::optional{out} : std::nullopt;
}

JanusResponse plain(http::status status, std::string_view text) {
  constexpr unsigned http_1_1 = 11;
  JanusResponse response{status, http_1_1};
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  response.body() = text;
  return response;
}

JanusResponse as_json(const json::object& message) {
  constexpr unsigned http_1_1 = 11;
  JanusResponse response{http::status::ok, http_1_1};
  response.set(http::field::content_type, "application/json");
  response.set(http::field::access_control_allow_origin, "*");  // as Janus answers
  response.body() = json::serialize(message);
  return response;
}

// What the other side is to know of a message, and no more: no cookies, no hop-by-hop fields.
constexpr std::array passed_on{http::field::content_type,
                               http::field::origin,
                               http::field::access_control_request_method,
                               http::field::access_control_request_headers,
                               http::field::access_control_allow_origin,
                               http::field::access_control_allow_methods,
                               http::field::access_control_allow_headers,
                               http::field::access_control_max_age};

template <class To, class From>
void pass_fields(To& to, const From& from) {
  for (const auto field : passed_on) {
    const auto found = from.find(field);
    if (found != from.end()) to.set(field, found->value());
  }
}

}  // namespace

void JanusPolls::begin(std::uint64_t session, Clock::time_point now) {
  if (seen_.size() < sessions_max) seen_[session] = now;
}

void JanusPolls::touch(std::uint64_t session, Clock::time_point now) {
  const auto known = seen_.find(session);
  if (known != seen_.end()) known->second = now;
}

asio::awaitable<void> JanusPolls::expire(JanusCalls& calls, Clock::time_point now) {
  const auto is_silent = [now](const auto& session) { return now - session.second > silent_max; };
  for (auto silent = std::find_if(seen_.begin(), seen_.end(), is_silent); silent != seen_.end();
       silent = std::find_if(seen_.begin(), seen_.end(), is_silent)) {
    const auto session = silent->first;
    seen_.erase(silent);
    co_await calls.end_session(session);
  }
}

asio::awaitable<void> JanusPolls::end_all(JanusCalls& calls) {
  while (!seen_.empty()) {
    const auto session = seen_.begin()->first;
    seen_.erase(session);
    co_await calls.end_session(session);
  }
}

asio::awaitable<JanusResponse> JanusHttp::ask(JanusRequest request, std::string address) {
  const std::string asked{request.target()};
  const auto target = read_target(asked, url_.target);
  if (!target) co_return plain(http::status::not_found, "No such path of the Janus API.\n");
  if (target->session != 0) polls_.touch(target->session, JanusPolls::Clock::now());
  if (request.method() == http::verb::post) {
    auto message = parse_janus(request.body(), from_janus_client);
    if (!message) co_return plain(http::status::bad_request, "This is no message of Janus.\n");
    if (target->session != 0) message->insert_or_assign("session_id", target->session);
    if (target->handle != 0) message->insert_or_assign("handle_id", target->handle);
    auto judged = co_await calls_.from_client(std::move(*message), std::move(address));
    if (judged.next == JanusCalls::Next::answer) co_return as_json(judged.message);
    request.body() = json::serialize(judged.message);
  } else if (request.method() != http::verb::get && request.method() != http::verb::options) {
    co_return plain(http::status::method_not_allowed, "Janus takes GET and POST.\n");
  }
  auto response = co_await exchange(request);
  if (request.method() != http::verb::options) co_await judge_answer(response);
  co_return response;
}

asio::awaitable<bool> JanusHttp::send(const JanusRequest& request) {
  error_code error;
  co_await http::async_write(server_, request, asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

asio::awaitable<JanusResponse> JanusHttp::exchange(const JanusRequest& asked) {
  constexpr unsigned http_1_1 = 11;
  JanusRequest request{asked.method(), asked.target(), http_1_1};
  pass_fields(request, asked);
  request.set(http::field::host, url_.authority);
  request.body() = asked.body();
  request.prepare_payload();
  // One that is kept may have been closed meanwhile. A request that may have been taken is not
  // repeated: only a failure to send it is followed by another connection.
  bool sent = false;
  server_.expires_after(answer_within);
  if (server_.socket().is_open()) sent = co_await send(request);
  if (!sent) {
    server_.close();
    const bool connected = co_await connect_to_janus(server_, url_);
    server_.expires_after(answer_within);
    if (connected) sent = co_await send(request);
  }
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(from_janus_server.bytes);
  error_code error;
  if (sent) {
    co_await http::async_read(server_, buffer, parser,
                              asio::redirect_error(asio::use_awaitable, error));
  }
  server_.expires_never();  // while it is kept, and nobody asks
  if (!sent || error) {
    server_.close();
    co_return plain(http::status::bad_gateway, "The Janus server does not answer.\n");
  }
  if (!parser.get().keep_alive()) server_.close();
  JanusResponse response{parser.get().result(), http_1_1};
  pass_fields(response, parser.get());
  response.body() = std::move(parser.get().body());
  co_return response;
}

// One event, or a list of them.
asio::awaitable<void> JanusHttp::judge_answer(JanusResponse& response) {
  if (response.body().empty()) co_return;
  auto value = parse_janus_value(response.body(), from_janus_server);
  if (!value) {
    response = plain(http::status::bad_gateway, "The Janus server's answer cannot be read.\n");
    co_return;
  }
  json::array events;
  const bool is_list = value->is_array();
  if (is_list) events = std::move(value->get_array());
  if (value->is_object()) events.push_back(std::move(*value));
  json::array passed;
  for (auto& event : events) {
    if (!event.is_object()) continue;
    if (janus_text(event.get_object(), "janus") == "success") {
      const auto* data = janus_object(event.get_object(), "data");
      const bool began = data != nullptr && !event.get_object().contains("session_id");
      const auto id = began ? janus_number(*data, "id") : std::nullopt;
      if (id) polls_.begin(*id, JanusPolls::Clock::now());
    }
    auto judged = co_await calls_.from_server(std::move(event.get_object()));
    if (judged.next == JanusCalls::Next::on) passed.push_back(std::move(judged.message));
  }
  if (is_list) {
    response.body() = json::serialize(passed);
  } else if (passed.empty()) {
    response.body() = R"({"janus":"keepalive"})";
  } else {
    response.body() = json::serialize(passed.front());
  }
}

}  // namespace assent::gateway
