#include "gateway/pcm_link.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <utility>

#include "gateway/plain_or_tls.hpp"
#include "gateway/socket_address.hpp"
#include "gateway/system_address.hpp"
#include "gateway/unsent.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;

namespace {

// What lies in the system's buffer is recalled only by ending the connection: about a second of
// speech.
constexpr int send_buffer_bytes = 16 << 10;
constexpr int keep_idle_seconds = 10;
constexpr int unanswered_milliseconds = 15'000;
constexpr std::size_t heard_bytes_max = 64 << 10;  // of one message of the other end

Protocol::endpoint endpoint_of(const PcmSink& to) {
  if (const auto* socket = std::get_if<UnixSocket>(&to.address))
    return asio::local::stream_protocol::endpoint{socket->path.string()};
  sockaddr_in6 address{};
  const socklen_t length = to_system(std::get<media::Endpoint>(to.address), address);
  return {&address, length, IPPROTO_TCP};
}

std::string host_of(const PcmSink& to) {
  const auto* address = std::get_if<media::Endpoint>(&to.address);
  return address == nullptr ? "localhost" : socket_address_text(*address);
}

// Not fatal: a default holds.
void set_option(Protocol::socket& socket, int level, int name, int value) {
  ::setsockopt(socket.native_handle(), level, name, &value, sizeof value);
}

// Else it still leaves, also when this process has ended, however that was.
void drop_unsent_at_the_end(Protocol::socket& socket, bool drop) {
  const linger at_once{drop ? 1 : 0, 0};
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

asio::awaitable<bool> connect(Protocol::socket& socket, const PcmSink& to) {
  error_code error;
  const auto endpoint = endpoint_of(to);
  socket.open(endpoint.protocol(), error);
  if (error) co_return false;
  drop_unsent_at_the_end(socket, true);
  set_option(socket, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
  if (std::holds_alternative<media::Endpoint>(to.address)) {
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, keep_idle_seconds);
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, unanswered_milliseconds);
  }
  co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

void abort_socket(Protocol::socket& socket) {
  error_code ignored;
  drop_unsent_at_the_end(socket, true);
  socket.close(ignored);
}

std::size_t unsent_of(Protocol::socket& socket, const PcmSink& to) {
  if (!socket.is_open() || std::holds_alternative<UnixSocket>(to.address)) return 0;
  return unsent_bytes(socket.native_handle()).value_or(1);
}

class StreamLink final : public PcmLink {
 public:
  StreamLink(const asio::any_io_executor& executor, PcmSink to)
      : socket_{executor}, to_{std::move(to)} {}

  asio::awaitable<bool> open() override { co_return co_await connect(socket_, to_); }

  asio::awaitable<bool> write(PcmMessage message) override {
    error_code error;
    const std::string bytes = framed(message);
    co_await asio::async_write(socket_, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }

  asio::awaitable<void> read_to_end() override {
    error_code error;
    std::array<char, 4'096> unread;
    while (!error)
      co_await socket_.async_read_some(asio::buffer(unread),
                                       asio::redirect_error(asio::use_awaitable, error));
  }

  asio::awaitable<void> close() override {
    error_code ignored;
    drop_unsent_at_the_end(socket_, false);
    socket_.shutdown(Protocol::socket::shutdown_send, ignored);
    socket_.close(ignored);
    co_return;
  }

  void abort() override { abort_socket(socket_); }
  [[nodiscard]] bool is_open() const override { return socket_.is_open(); }
  [[nodiscard]] std::size_t unsent() override { return unsent_of(socket_, to_); }

 private:
  Protocol::socket socket_;
  PcmSink to_;
};

class WebSocketLink final : public PcmLink {
 public:
  WebSocketLink(const asio::any_io_executor& executor, PcmSink to)
      : stream_{executor}, to_{std::move(to)} {
    stream_.read_message_max(heard_bytes_max);
    stream_.auto_fragment(false);
  }

  asio::awaitable<bool> open() override {
    const bool connected = co_await connect(socket(), to_);
    if (!connected) co_return false;
    error_code error;
    const std::string host = host_of(to_);
    co_await stream_.async_handshake(host, to_.path,
                                     asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }

  asio::awaitable<bool> write(PcmMessage message) override {
    error_code error;
    stream_.binary(message.is_audio);
    co_await stream_.async_write(asio::buffer(message.bytes),
                                 asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }

  asio::awaitable<void> read_to_end() override {
    error_code error;
    beast::flat_buffer unread{heard_bytes_max};
    while (!error) {
      co_await stream_.async_read_some(unread, heard_bytes_max,
                                       asio::redirect_error(asio::use_awaitable, error));
      unread.clear();
    }
  }

  asio::awaitable<void> close() override {
    error_code ignored;
    drop_unsent_at_the_end(socket(), false);
    co_await stream_.async_close(websocket::close_code::normal,
                                 asio::redirect_error(asio::use_awaitable, ignored));
    stream_.next_layer().close();
  }

  void abort() override { abort_socket(socket()); }
  [[nodiscard]] bool is_open() const override { return stream_.next_layer().is_open(); }
  [[nodiscard]] std::size_t unsent() override { return unsent_of(socket(), to_); }

 private:
  Protocol::socket& socket() { return stream_.next_layer().socket(); }

  websocket::stream<PlainOrTls> stream_;
  PcmSink to_;
};

}  // namespace

std::shared_ptr<PcmLink> PcmLink::make(const asio::any_io_executor& executor, const PcmSink& to) {
  if (to.transport == PcmTransport::websocket) return std::make_shared<WebSocketLink>(executor, to);
  return std::make_shared<StreamLink>(executor, to);
}

}  // namespace assent::gateway
