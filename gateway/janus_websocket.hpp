#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <cstdint>
#include <set>
#include <string>

#include "gateway/janus_calls.hpp"
#include "gateway/plain_or_tls.hpp"
#include "gateway/turn.hpp"
#include "gateway/webhook_url.hpp"

namespace assent::gateway {

using JanusRequest = boost::beast::http::request<boost::beast::http::string_body>;

// A connection that can be ended from outside; whatever it waits for then fails.
class JanusConnection {
 public:
  JanusConnection() = default;
  JanusConnection(const JanusConnection&) = delete;
  JanusConnection& operator=(const JanusConnection&) = delete;
  virtual ~JanusConnection() = default;
  virtual void close() = 0;
};

// Within a few seconds, or false.
boost::asio::awaitable<bool> connect_to_janus(PlainOrTls& stream, const WebhookUrl& url);

// One client over WebSocket (janus-protocol), and its way to the server: messages go both ways
// until one side ends; then both are gone, and so are the sessions that began here.
class JanusWebSocket final : public JanusConnection {
 public:
  JanusWebSocket(PlainOrTls client, JanusCalls& calls, std::string address);

  // `upgrade`: the request that it began with. False: the server could not be reached.
  boost::asio::awaitable<bool> run(const JanusRequest& upgrade, const WebhookUrl& url);
  void close() override;

 private:
  // However the way of the events ends, run() hears of it.
  struct Ending {
    explicit Ending(JanusWebSocket& of) : connection{of} {}
    ~Ending() {
      connection.close();
      connection.events_ended_ = true;
      connection.events_end_.cancel();
    }
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    JanusWebSocket& connection;
  };
  using WebSocket = boost::beast::websocket::stream<PlainOrTls>;

  boost::asio::awaitable<bool> open(const JanusRequest& upgrade, const WebhookUrl& url);
  boost::asio::awaitable<void> carry_requests();
  boost::asio::awaitable<void> carry_events();
  void note_session(const boost::json::object& message);

  WebSocket client_;
  WebSocket server_;
  JanusCalls& calls_;
  std::string address_;
  Turn to_client_;  // either direction may have something to say to either side
  Turn to_server_;
  boost::asio::steady_timer events_end_;
  bool events_ended_ = false;
  std::set<std::uint64_t> sessions_;
};

}  // namespace assent::gateway
