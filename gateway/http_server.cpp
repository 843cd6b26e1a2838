#include "gateway/http_server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <utility>
#include <vector>

#include "gateway/http_session.hpp"

namespace assent::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::chrono::milliseconds pause_after_failed_accept{100};

// Whom the limits count: an IPv4 address, an IPv6 /64 (one household has all of it).
std::string peer_of(const tcp::socket& socket) {
  error_code error;
  const auto address = socket.remote_endpoint(error).address();
  if (error) return "gone";
  if (address.is_v4()) return address.to_string();
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  }
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6{bytes}.to_string();
}

std::string peer_of(stream_protocol::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "unix";
  return "unix user " + std::to_string(peer.uid);
}

void prepare(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay{true}, ignored);
}
void prepare(stream_protocol::socket&) {}

template <class Protocol>
using Acceptor = asio::basic_socket_acceptor<Protocol>;

template <class Protocol>
asio::awaitable<void> accept_all(std::shared_ptr<Acceptor<Protocol>> acceptor,
                                 std::shared_ptr<HttpConnections> connections,
                                 std::shared_ptr<asio::ssl::context> tls) {
  asio::steady_timer pause{acceptor->get_executor()};
  while (acceptor->is_open()) {
    error_code error;
    typename Protocol::socket socket =
        co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {  // out of descriptors, say: others must end first
      pause.expires_after(pause_after_failed_accept);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    std::string peer = peer_of(socket);
    if (!connections->admits(peer)) continue;
    prepare(socket);
    start_http_session(connections, asio::generic::stream_protocol::socket{std::move(socket)},
                       std::move(peer), tls);
  }
}

template <class Protocol>
error_code open_acceptor(Acceptor<Protocol>& acceptor, const typename Protocol::endpoint& at) {
  error_code error;
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address{true}, error);
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

// A path left behind by a process that is no more: a socket that refuses connections.
void remove_if_stale(const asio::any_io_executor& executor, const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_socket(path, ignored)) return;
  stream_protocol::socket probe{executor};
  error_code error;
  probe.connect(stream_protocol::endpoint{path.string()}, error);
  if (error == asio::error::connection_refused) std::filesystem::remove(path, ignored);
}

}  // namespace

class HttpServer::Listeners {
 public:
  Listeners(asio::any_io_executor executor, HttpApplication& application, HttpLimits limits)
      : executor_{std::move(executor)},
        connections_{std::make_shared<HttpConnections>(application, limits)},
        sweep_timer_{std::make_shared<asio::steady_timer>(executor_)} {
    asio::co_spawn(executor_, sweep(connections_, sweep_timer_), asio::detached);
  }
  ~Listeners() {
    close_acceptors();
    connections_->begin_stop();
    sweep_timer_->cancel();
  }
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  boost::system::result<std::uint16_t> listen_tcp(const std::string& address, std::uint16_t port,
                                                  std::shared_ptr<asio::ssl::context> tls) {
    error_code error;
    const auto ip = asio::ip::make_address(address, error);
    if (error) return error;
    auto acceptor = std::make_shared<Acceptor<tcp>>(executor_);
    error = open_acceptor<tcp>(*acceptor, tcp::endpoint{ip, port});
    if (error) return error;
    const std::uint16_t bound = acceptor->local_endpoint(error).port();
    if (error) return error;
    tcp_.push_back(acceptor);
    asio::co_spawn(executor_, accept_all<tcp>(acceptor, connections_, std::move(tls)),
                   asio::detached);
    return bound;
  }

  boost::system::result<void> listen_unix(const std::filesystem::path& path) {
    if (path.native().size() >= sizeof(sockaddr_un::sun_path)) {
      return error_code{asio::error::name_too_long};
    }
    remove_if_stale(executor_, path);
    auto acceptor = std::make_shared<Acceptor<stream_protocol>>(executor_);
    const mode_t before = umask(0117);  // 0660 from the first moment on
    const error_code error =
        open_acceptor<stream_protocol>(*acceptor, stream_protocol::endpoint{path.string()});
    umask(before);
    if (error) return error;
    unix_.push_back(acceptor);
    paths_.push_back(path);
    asio::co_spawn(executor_, accept_all<stream_protocol>(acceptor, connections_, nullptr),
                   asio::detached);
    return {};
  }

  asio::awaitable<void> stop(std::chrono::milliseconds grace) {
    close_acceptors();
    connections_->begin_stop();
    co_await drain(grace);
    connections_->close_all();
    co_await drain(std::chrono::seconds{1});
    sweep_timer_->cancel();
  }

  const HttpServerStatus& status() const { return connections_->status; }

 private:
  static asio::awaitable<void> sweep(std::shared_ptr<HttpConnections> connections,
                                     std::shared_ptr<asio::steady_timer> timer) {
    error_code error;
    while (!(connections->stopping() && connections->empty())) {
      timer->expires_after(HttpConnections::sweep_period);
      co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, error));
      connections->sweep(HttpConnection::Clock::now());
    }
  }

  asio::awaitable<void> drain(std::chrono::milliseconds within) {
    const auto until = HttpConnection::Clock::now() + within;
    asio::steady_timer timer{executor_};
    error_code error;
    while (!connections_->empty() && HttpConnection::Clock::now() < until) {
      timer.expires_after(std::chrono::milliseconds{5});
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }

  void close_acceptors() {
    error_code ignored;
    for (const auto& acceptor : tcp_)
      acceptor->close(ignored);
    for (const auto& acceptor : unix_)
      acceptor->close(ignored);
    std::error_code gone;
    for (const auto& path : paths_)
      std::filesystem::remove(path, gone);
    tcp_.clear();
    unix_.clear();
    paths_.clear();
  }

  asio::any_io_executor executor_;
  std::shared_ptr<HttpConnections> connections_;
  std::shared_ptr<asio::steady_timer> sweep_timer_;
  std::vector<std::shared_ptr<Acceptor<tcp>>> tcp_;
  std::vector<std::shared_ptr<Acceptor<stream_protocol>>> unix_;
  std::vector<std::filesystem::path> paths_;
};

HttpServer::HttpServer(asio::any_io_executor executor, HttpApplication& application,
                       HttpLimits limits)
    : listeners_{std::make_unique<Listeners>(std::move(executor), application, limits)} {}

HttpServer::~HttpServer() = default;

boost::system::result<std::uint16_t> HttpServer::listen_tcp(
    const std::string& address, std::uint16_t port, std::shared_ptr<asio::ssl::context> tls) {
  return listeners_->listen_tcp(address, port, std::move(tls));
}

boost::system::result<void> HttpServer::listen_unix(const std::filesystem::path& path) {
  return listeners_->listen_unix(path);
}

HttpServerStatus HttpServer::status() const {
  return listeners_->status();
}

asio::awaitable<void> HttpServer::stop(std::chrono::milliseconds grace) {
  return listeners_->stop(grace);
}

}  // namespace assent::gateway
