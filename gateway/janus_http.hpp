#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "gateway/janus_websocket.hpp"

namespace assent::gateway {

using JanusResponse = boost::beast::http::response<boost::beast::http::string_body>;

// Sessions of clients that come and go by HTTP: one that asked nothing for longer than Janus waits
// itself (session_timeout, 60 s) has ended.
class JanusPolls {
 public:
  using Clock = std::chrono::steady_clock;
  void begin(std::uint64_t session, Clock::time_point now);
  void touch(std::uint64_t session, Clock::time_point now);  // nothing for one that never began
  // Ends those that have been silent.
  boost::asio::awaitable<void> expire(JanusCalls& calls, Clock::time_point now);
  boost::asio::awaitable<void> end_all(JanusCalls& calls);

 private:
  static constexpr std::chrono::seconds silent_max{90};
  static constexpr std::size_t sessions_max = 100'000;
  std::map<std::uint64_t, Clock::time_point> seen_;
};

// The way of one client's requests to the server over HTTP: each is judged, asked, and its answer
// judged. The connection to the server is kept from one to the next.
class JanusHttp final : public JanusConnection {
 public:
  JanusHttp(boost::asio::any_io_executor executor, JanusCalls& calls, JanusPolls& polls,
            const WebhookUrl& url)
      : server_{std::move(executor)}, calls_{calls}, polls_{polls}, url_{url} {}

  boost::asio::awaitable<JanusResponse> ask(JanusRequest request, std::string address);
  void close() override { server_.close(); }

 private:
  boost::asio::awaitable<JanusResponse> exchange(const JanusRequest& request);
  boost::asio::awaitable<bool> send(const JanusRequest& request);
  boost::asio::awaitable<void> judge_answer(JanusResponse& response);

  PlainOrTls server_;
  JanusCalls& calls_;
  JanusPolls& polls_;
  const WebhookUrl& url_;
};

}  // namespace assent::gateway
