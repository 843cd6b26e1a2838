#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <memory>

#include "gateway/config.hpp"
#include "gateway/janus_calls.hpp"

namespace boost::asio::ssl {
class context;
}

namespace assent::gateway {

// Stands in front of a Janus server: clients speak the Janus API to it, over WebSocket
// (janus-protocol) and HTTP (long polls) on one address, and it speaks the same to the server.
// JanusCalls judges every message, and both sides get it as it was understood. Whatever it cannot
// read ends the connection. Control thread only.
class JanusFront {
 public:
  static constexpr std::size_t connections_max = 4'096;

  // All of it outlives the front. `tls`: nullptr where it speaks none.
  JanusFront(boost::asio::any_io_executor executor, const JanusConfig& config, JanusCalls& calls,
             Log& log, std::shared_ptr<boost::asio::ssl::context> tls);
  ~JanusFront();
  JanusFront(const JanusFront&) = delete;
  JanusFront& operator=(const JanusFront&) = delete;

  boost::system::result<std::uint16_t> listen();  // the port
  // Nothing is accepted any more; connections end, and with them their sessions.
  boost::asio::awaitable<void> stop();

 private:
  class Door;
  std::shared_ptr<Door> door_;
};

}  // namespace assent::gateway
