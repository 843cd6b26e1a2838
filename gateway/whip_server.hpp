#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/webhook_url.hpp"

namespace assent::gateway {

class PlainOrTls;

using WhipRequest = boost::beast::http::request<boost::beast::http::string_body>;
using WhipResponse = boost::beast::http::response<boost::beast::http::string_body>;

// The server that the gateway stands in front of: one connection a request, within one time limit.
// A redirect is followed to the server itself, and nowhere else. Control thread only.
class WhipServer {
 public:
  // Throws std::runtime_error if the authorities cannot be read. `authorities`: empty: the
  // system's.
  WhipServer(boost::asio::any_io_executor executor, const WebhookUrl& url,
             const std::filesystem::path& authorities, std::chrono::milliseconds within);

  // Below the server's own path.
  [[nodiscard]] std::string target_of(std::string_view path) const;

  struct Said {
    WhipResponse response;
    std::string target;  // that said it, after redirects
  };
  // Host and the like are filled in. Nothing: no answer that can be used.
  boost::asio::awaitable<std::optional<Said>> ask(WhipRequest request);

  // Where a Location of the server's leads, as a target of its own. Nothing: it is no URL.
  // `elsewhere`: another host is taken for another name of the server.
  enum class Elsewhere : bool { refused, is_here };
  [[nodiscard]] std::optional<std::string> target_in(std::string_view location,
                                                     const std::string& base,
                                                     Elsewhere elsewhere) const;

  // Ends what is under way; nothing is asked any more.
  void close();

 private:
  struct Resolution;
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;
  using Clock = std::chrono::steady_clock;

  boost::asio::awaitable<Endpoints> resolve(Clock::time_point deadline);
  boost::asio::awaitable<std::optional<WhipResponse>> exchange(const WhipRequest& request,
                                                               Clock::time_point deadline);
  boost::asio::awaitable<std::optional<WhipResponse>> exchange_over(PlainOrTls& stream,
                                                                    const Endpoints& addresses,
                                                                    const WhipRequest& request);

  boost::asio::any_io_executor executor_;
  WebhookUrl url_;
  std::chrono::milliseconds within_;
  boost::asio::ssl::context tls_;
  std::set<PlainOrTls*> streams_;  // under way
  std::set<Resolution*> resolutions_;
  bool closed_ = false;
};

}  // namespace assent::gateway
