#include "gateway/janus_websocket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <optional>
#include <utility>

#include "gateway/janus_message.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using WebSocket = websocket::stream<PlainOrTls>;

namespace {

constexpr std::chrono::seconds connect_within{5};
constexpr std::string_view protocol = "janus-protocol";

// One message, whole; nothing where the connection ended.
asio::awaitable<std::optional<std::string>> receive(WebSocket& stream, JanusBounds bounds) {
  beast::flat_buffer buffer{bounds.bytes};
  error_code error;
  co_await stream.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return std::nullopt;
  co_return beast::buffers_to_string(buffer.data());
}

asio::awaitable<bool> send(WebSocket& stream, Turn& turn, std::string text) {
  const auto hold = co_await turn.take();
  error_code error;
  stream.text(true);
  co_await stream.async_write(asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

void set_limits(WebSocket& stream, beast::role_type role, JanusBounds bounds) {
  stream.set_option(websocket::stream_base::timeout::suggested(role));
  stream.read_message_max(bounds.bytes);
}

}  // namespace

asio::awaitable<bool> connect_to_janus(PlainOrTls& stream, const WebhookUrl& url) {
  error_code error;
  tcp::resolver resolver{stream.get_executor()};
  const std::string port = std::to_string(url.port);
  const auto found = co_await resolver.async_resolve(
      url.host, port, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return false;
  const std::vector<tcp::endpoint> addresses(found.begin(), found.end());
  stream.expires_after(connect_within);
  const bool connected = co_await stream.connect(addresses);
  stream.expires_never();
  co_return connected;
}

JanusWebSocket::JanusWebSocket(PlainOrTls client, JanusCalls& calls, std::string address)
    : client_{std::move(client)},
      server_{client_.get_executor()},
      calls_{calls},
      address_{std::move(address)},
      to_client_{client_.get_executor()},
      to_server_{client_.get_executor()},
      events_end_{client_.get_executor()} {}

void JanusWebSocket::close() {
  client_.next_layer().close();
  server_.next_layer().close();
}

asio::awaitable<bool> JanusWebSocket::open(const JanusRequest& upgrade, const WebhookUrl& url) {
  set_limits(server_, beast::role_type::client, from_janus_server);
  server_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
    request.set(http::field::sec_websocket_protocol, protocol);
  }));
  const bool connected = co_await connect_to_janus(server_.next_layer(), url);
  if (!connected) co_return false;
  error_code error;
  co_await server_.async_handshake(url.authority, url.target,
                                   asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return false;
  set_limits(client_, beast::role_type::server, from_janus_client);
  client_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
    response.set(http::field::sec_websocket_protocol, protocol);
  }));
  co_await client_.async_accept(upgrade, asio::redirect_error(asio::use_awaitable, error));
  if (error) close();
  co_return true;
}

asio::awaitable<bool> JanusWebSocket::run(const JanusRequest& upgrade, const WebhookUrl& url) {
  const bool opened = co_await open(upgrade, url);
  if (!opened) {
    server_.next_layer().close();
    co_return false;
  }
  events_end_.expires_at(std::chrono::steady_clock::time_point::max());
  const auto carry = [](JanusWebSocket* self) -> asio::awaitable<void> {
    const Ending ending{*self};
    co_await self->carry_events();
  };
  asio::co_spawn(client_.get_executor(), carry(this), asio::detached);
  co_await carry_requests();
  close();
  error_code ignored;
  while (!events_ended_)
    co_await events_end_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  for (const auto session : sessions_)
    co_await calls_.end_session(session);
  co_return true;
}

asio::awaitable<void> JanusWebSocket::carry_requests() {
  for (bool goes_on = true; goes_on;) {
    auto text = co_await receive(client_, from_janus_client);
    if (!text) break;
    auto message = parse_janus(*text, from_janus_client);
    if (!message) break;
    auto judged = co_await calls_.from_client(std::move(*message), address_);
    *text = json::serialize(judged.message);
    if (judged.next == JanusCalls::Next::answer) {
      goes_on = co_await send(client_, to_client_, std::move(*text));
    } else {
      goes_on = co_await send(server_, to_server_, std::move(*text));
    }
  }
}

asio::awaitable<void> JanusWebSocket::carry_events() {
  for (bool goes_on = true; goes_on;) {
    auto text = co_await receive(server_, from_janus_server);
    if (!text) break;
    auto message = parse_janus(*text, from_janus_server);
    if (!message) break;
    note_session(*message);
    auto judged = co_await calls_.from_server(std::move(*message));
    if (judged.next == JanusCalls::Next::drop) continue;
    *text = json::serialize(judged.message);
    goes_on = co_await send(client_, to_client_, std::move(*text));
  }
}

// The answer to "create" is the one success without a session of its own.
void JanusWebSocket::note_session(const json::object& message) {
  constexpr std::size_t sessions_max = 64;
  if (janus_text(message, "janus") != "success" || message.contains("session_id")) return;
  const auto* data = janus_object(message, "data");
  const auto id = data == nullptr ? std::nullopt : janus_number(*data, "id");
  if (!id) return;
  if (sessions_.size() >= sessions_max) return close();
  sessions_.insert(*id);
}

}  // namespace assent::gateway
