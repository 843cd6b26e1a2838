#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "gateway/http_application.hpp"

namespace boost::asio::ssl {
class context;
}

namespace assent::gateway {

struct HttpLimits {
  std::size_t connections_max = 1024;
  std::size_t connections_per_peer_max = 128;  // an IPv4 address, an IPv6 /64, a Unix user
  std::size_t header_bytes_max = 8192;
  std::size_t body_bytes_max = 262'144;
  // Deadlines for the whole of each, however many bytes still drip in.
  std::chrono::milliseconds header_within{10'000};  // also of a TLS handshake
  std::chrono::milliseconds body_within{20'000};
  std::chrono::milliseconds write_within{20'000};  // a response, or one piece of a stream
  std::chrono::milliseconds idle_max{60'000};      // between requests
};

struct HttpServerStatus {
  std::size_t connections = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;    // over a limit of connections
  std::uint64_t evicted = 0;    // made way for others when the server was full
  std::uint64_t timed_out = 0;  // missed a deadline
  std::uint64_t requests = 0;
};

// HTTP/1.1 (RFC 9112) over TCP, TLS and Unix sockets, on one thread: that of the executor.
// Keep-alive, pipelined requests one after the other, HEAD as GET, bodies by length or chunked,
// responses whole or streamed. What the application refuses by its head is answered without reading
// the body. When all connections are taken, the longest waiting one of the peer with the most makes
// way. The application and the executor's context outlive every connection.
class HttpServer {
 public:
  HttpServer(boost::asio::any_io_executor executor, HttpApplication& application,
             HttpLimits limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // `address` is numeric; port 0 takes a free one. Yields the port. With `tls` it speaks only TLS.
  boost::system::result<std::uint16_t> listen_tcp(
      const std::string& address, std::uint16_t port,
      std::shared_ptr<boost::asio::ssl::context> tls = nullptr);
  // Mode 0660. A socket that nobody listens on any more is replaced; nothing else is.
  boost::system::result<void> listen_unix(const std::filesystem::path& path);

  [[nodiscard]] HttpServerStatus status() const;

  // Accepts no more, closes idle connections and streams, lets the requests in progress end within
  // `grace`, and then closes what is left.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

 private:
  class Listeners;
  std::unique_ptr<Listeners> listeners_;
};

}  // namespace assent::gateway
