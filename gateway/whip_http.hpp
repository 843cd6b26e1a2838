#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>

#include "gateway/config.hpp"
#include "gateway/whip_sessions.hpp"

namespace assent::gateway {

inline constexpr std::size_t whip_body_bytes_max = 65'536;

// What one request comes to: which path it is about, what may be asked there, and what browsers of
// other origins have to be told (RFC 9725 §4.2).
class WhipHttp {
 public:
  WhipHttp(const WhipConfig& config, WhipSessions& sessions)
      : config_{config}, sessions_{sessions} {}

  // `address`: of the client.
  boost::asio::awaitable<WhipResponse> answer(WhipRequest request, std::string address);

 private:
  boost::asio::awaitable<WhipResponse> ask(WhipRequest request, std::string address);
  boost::asio::awaitable<WhipResponse> ask_session(std::string id, const WhipRequest& request);

  const WhipConfig& config_;
  WhipSessions& sessions_;
};

// For browsers: credentials are in Authorization, which a page has to know to send, so that a page
// of any origin may ask.
void add_cors(boost::beast::http::verb asked, WhipResponse& response);

}  // namespace assent::gateway
