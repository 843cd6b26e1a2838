#include "gateway/janus_front.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <set>
#include <utility>

#include "gateway/janus_http.hpp"
#include "gateway/janus_message.hpp"
#include "gateway/janus_websocket.hpp"
#include "gateway/socket_address.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds request_within{20};
constexpr std::chrono::seconds idle_max{60};
constexpr std::chrono::seconds sweep_period{10};
constexpr std::uint32_t head_bytes_max = 8'192;
constexpr LogWord over_websocket{"websocket"};

// The nearest hop that the operator's own proxy wrote down.
std::string last_forwarded(std::string_view field) {
  const auto comma = field.rfind(',');
  if (comma != std::string_view::npos) field.remove_prefix(comma + 1);
  while (field.starts_with(' '))
    field.remove_prefix(1);
  while (field.ends_with(' '))
    field.remove_suffix(1);
  error_code is_none;
  const auto address = asio::ip::make_address(std::string(field), is_none);
  return is_none ? std::string{} : address.to_string();
}

}  // namespace

// Shared by the connections: the last of them may end after the front.
class JanusFront::Door : public std::enable_shared_from_this<Door> {
 public:
  Door(asio::any_io_executor executor, const JanusConfig& config, JanusCalls& calls, Log& log,
       std::shared_ptr<asio::ssl::context> tls)
      : config_{config},
        calls_{calls},
        log_{log},
        tls_{std::move(tls)},
        acceptor_{executor},
        sweep_{executor},
        changed_{executor} {}

  boost::system::result<std::uint16_t> listen() {
    error_code error;
    const auto address = asio::ip::make_address(media::address_text(*config_.listen), error);
    const tcp::endpoint endpoint{address, config_.listen->port};
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address{true}, error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return error;
    const auto port = acceptor_.local_endpoint().port();
    accepting_ = sweeping_ = true;
    const auto self = shared_from_this();
    asio::co_spawn(acceptor_.get_executor(), accept(self), asio::detached);
    asio::co_spawn(acceptor_.get_executor(), sweep(self), asio::detached);
    return port;
  }

  void close() {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    sweep_.cancel();
    for (auto* connection : open_)
      connection->close();
  }

  asio::awaitable<void> stop() {
    close();
    error_code ignored;
    while (connections_ > 0 || accepting_ || sweeping_) {
      changed_.expires_after(sweep_period);
      co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_await polls_.end_all(calls_);
  }

 private:
  // Counts itself, and can be closed by the door.
  class Open {
   public:
    Open(Door& door, JanusConnection& connection) : door_{door}, connection_{connection} {
      door_.open_.insert(&connection_);
      if (door_.stopping_) connection_.close();
    }
    ~Open() { door_.open_.erase(&connection_); }
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;

   private:
    Door& door_;
    JanusConnection& connection_;
  };

  struct Counted {
    explicit Counted(Door& of) : door{of} { ++door.connections_; }
    ~Counted() {
      --door.connections_;
      door.changed_.cancel();
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    Door& door;
  };

  // A stream in front of which no request stands yet.
  struct Waiting final : JanusConnection {
    explicit Waiting(PlainOrTls& of) : stream{of} {}
    void close() override { stream.close(); }
    PlainOrTls& stream;
  };

  asio::awaitable<void> accept(std::shared_ptr<Door> self) {
    asio::steady_timer pause{acceptor_.get_executor()};
    while (!stopping_) {
      error_code error;
      auto socket =
          co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error && !stopping_) {  // no descriptors, for now
        pause.expires_after(std::chrono::milliseconds{100});
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      if (error || connections_ >= connections_max) continue;
      asio::co_spawn(acceptor_.get_executor(), serve(self, std::move(socket)), asio::detached);
    }
    accepting_ = false;
    changed_.cancel();
  }

  asio::awaitable<void> sweep(std::shared_ptr<Door> self) {
    error_code ignored;
    while (!self->stopping_) {
      sweep_.expires_after(sweep_period);
      co_await sweep_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      co_await polls_.expire(calls_, JanusPolls::Clock::now());
    }
    sweeping_ = false;
    changed_.cancel();
  }

  asio::awaitable<void> serve(std::shared_ptr<Door> self, tcp::socket socket) {
    const Counted here{*self};
    error_code error;
    const auto peer = socket.remote_endpoint(error);
    std::string address = error ? std::string{} : peer.address().to_string();
    PlainOrTls stream{std::move(socket)};
    bool goes_on = true;
    if (tls_) {
      stream.expires_after(request_within);
      goes_on = co_await stream.accept_tls(*tls_);
    }
    if (goes_on) co_await serve_stream(std::move(stream), std::move(address));
  }

  // Requests, one after the other, until one asks for a WebSocket.
  asio::awaitable<void> serve_stream(PlainOrTls stream, std::string address) {
    beast::flat_buffer buffer{from_janus_client.bytes + head_bytes_max};
    std::optional<JanusHttp> to_server;
    std::optional<Open> kept;
    if (config_.http) {
      to_server.emplace(stream.get_executor(), calls_, polls_, *config_.http);
      kept.emplace(*this, *to_server);
    }
    std::optional<JanusRequest> request;
    for (bool goes_on = true; goes_on && !stopping_;) {
      Waiting waiting{stream};
      const Open here{*this, waiting};
      request = co_await read_request(stream, buffer);
      if (!request || beast::websocket::is_upgrade(*request)) break;
      const bool keep_alive = request->keep_alive();
      JanusRequest asked = std::move(*request);
      request.reset();
      auto response = co_await answer(std::move(asked), to_server, address);
      response.keep_alive(keep_alive);
      response.prepare_payload();
      error_code error;
      stream.expires_after(request_within);
      co_await http::async_write(stream, response,
                                 asio::redirect_error(asio::use_awaitable, error));
      goes_on = !error && keep_alive;
    }
    if (request && !stopping_) {
      auto from = client_address(*request, address);
      co_await serve_websocket(std::move(stream), *request, std::move(from));
      co_return;
    }
    stream.close();
  }

  asio::awaitable<JanusResponse> answer(JanusRequest request, std::optional<JanusHttp>& to_server,
                                        const std::string& address) {
    constexpr unsigned http_1_1 = 11;
    if (!to_server) co_return JanusResponse{http::status::not_found, http_1_1};
    auto from = client_address(request, address);
    co_return co_await to_server->ask(std::move(request), std::move(from));
  }

  [[nodiscard]] std::string client_address(const JanusRequest& request,
                                           const std::string& peer) const {
    if (!config_.forwarded_for) return peer;
    std::string_view last;  // the last line of several: proxies append to what a client may write
    const auto [at, end] = request.equal_range("X-Forwarded-For");
    for (auto line = at; line != end; ++line)
      last = {line->value().data(), line->value().size()};
    return last_forwarded(last);
  }

  asio::awaitable<std::optional<JanusRequest>> read_request(PlainOrTls& stream,
                                                            beast::flat_buffer& buffer) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(head_bytes_max);
    parser.body_limit(from_janus_client.bytes);
    stream.expires_after(idle_max);
    error_code error;
    co_await http::async_read(stream, buffer, parser,
                              asio::redirect_error(asio::use_awaitable, error));
    stream.expires_never();
    if (error) co_return std::nullopt;
    co_return parser.release();
  }

  asio::awaitable<void> serve_websocket(PlainOrTls stream, const JanusRequest& upgrade,
                                        std::string address) {
    if (!config_.websocket) co_return;
    JanusWebSocket connection{std::move(stream), calls_, std::move(address)};
    const Open here{*this, connection};
    const bool reached = co_await connection.run(upgrade, *config_.websocket);
    if (!reached) log_.warning("janus.unreachable", {{"over", over_websocket}});
    connection.close();
  }

  const JanusConfig& config_;
  JanusCalls& calls_;
  Log& log_;
  std::shared_ptr<asio::ssl::context> tls_;
  tcp::acceptor acceptor_;
  asio::steady_timer sweep_;
  asio::steady_timer changed_;  // rings when a count falls
  JanusPolls polls_;
  std::set<JanusConnection*> open_;
  std::size_t connections_ = 0;
  bool accepting_ = false;
  bool sweeping_ = false;
  bool stopping_ = false;
};

JanusFront::JanusFront(asio::any_io_executor executor, const JanusConfig& config, JanusCalls& calls,
                       Log& log, std::shared_ptr<asio::ssl::context> tls)
    : door_{std::make_shared<Door>(std::move(executor), config, calls, log, std::move(tls))} {}

JanusFront::~JanusFront() {
  door_->close();
}

boost::system::result<std::uint16_t> JanusFront::listen() {
  return door_->listen();
}

asio::awaitable<void> JanusFront::stop() {
  return door_->stop();
}

}  // namespace assent::gateway
