#include "gateway/whip_front.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http.hpp>
#include <set>
#include <utility>

#include "gateway/plain_or_tls.hpp"
#include "gateway/whip_answer.hpp"
#include "gateway/whip_http.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds request_within{20};
constexpr std::chrono::seconds sweep_period{2};
constexpr std::chrono::seconds parting_within{3};  // from a server that may not listen any more
constexpr std::uint32_t head_bytes_max = 16'384;
constexpr std::string_view whitespace = " \t";

// The nearest hop that the operator's own proxy wrote down.
std::string last_forwarded(std::string_view field) {
  const auto comma = field.rfind(',');
  if (comma != std::string_view::npos) field.remove_prefix(comma + 1);
  const auto first = field.find_first_not_of(whitespace);
  if (first == std::string_view::npos) return {};
  field = field.substr(first, field.find_last_not_of(whitespace) - first + 1);
  error_code is_none;
  const auto address = asio::ip::make_address(std::string(field), is_none);
  return is_none ? std::string{} : address.to_string();
}

std::chrono::milliseconds in_milliseconds(std::chrono::microseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

// Why a request could not be read; nothing: it is to be closed without a word.
std::optional<WhipResponse> complaint_of(error_code error) {
  if (error == http::error::body_limit)
    return whip_problem(make_problem(ProblemType::body_too_large, "A body of 64 KiB is the most."));
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return whip_problem(make_problem(ProblemType::header_too_large, "The head is too large."));
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error.category() != make_error_code(http::error::bad_method).category())
    return std::nullopt;
  return whip_problem(make_problem(ProblemType::malformed_request, "This is no HTTP/1.1."));
}

}  // namespace

// Shared by the connections: the last of them may end after the front.
class WhipFront::Door : public std::enable_shared_from_this<Door> {
 public:
  Door(asio::any_io_executor executor, const WhipConfig& config, const Parts& parts,
       std::shared_ptr<asio::ssl::context> tls)
      : config_{config},
        tls_{std::move(tls)},
        acceptor_{executor},
        sweep_{executor},
        changed_{executor},
        server_{executor, *config.server, config.server_ca, in_milliseconds(config.answer_within)},
        rooms_{{executor, parts.conferences, parts.addresses, parts.opt_outs, config.performs}},
        sessions_{{executor, parts.conferences, rooms_, server_, config, parts.entropy, parts.log}},
        http_{config, sessions_} {}

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
    for (auto* stream : open_)
      stream->close();
  }

  // The server is told of the sessions' end, as far as it listens soon.
  asio::awaitable<void> stop() {
    close();
    asio::steady_timer patience{acceptor_.get_executor(), parting_within};
    patience.async_wait([this](const error_code cancelled) {
      if (!cancelled) server_.close();
    });
    error_code ignored;
    while (connections_ > 0 || accepting_ || sweeping_) {
      changed_.expires_after(sweep_period);
      co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_await sessions_.end_all();
  }

  void abandon() {
    close();
    server_.close();
  }

 private:
  // Counts itself, and can be closed by the door.
  class Open {
   public:
    Open(Door& door, PlainOrTls& stream) : door_{door}, stream_{stream} {
      ++door_.connections_;
      door_.open_.insert(&stream_);
      if (door_.stopping_) stream_.close();
    }
    ~Open() {
      door_.open_.erase(&stream_);
      --door_.connections_;
      door_.changed_.cancel();
    }
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;

   private:
    Door& door_;
    PlainOrTls& stream_;
  };

  asio::awaitable<void> accept(std::shared_ptr<Door> self) {
    asio::steady_timer pause{acceptor_.get_executor()};
    while (!self->stopping_) {
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
      if (!stopping_) co_await sessions_.sweep();
    }
    sweeping_ = false;
    changed_.cancel();
  }

  asio::awaitable<void> serve(std::shared_ptr<Door> self, tcp::socket socket) {
    error_code error;
    const auto peer = socket.remote_endpoint(error);
    const std::string address = error ? std::string{} : peer.address().to_string();
    PlainOrTls stream{std::move(socket)};
    const Open here{*self, stream};
    bool goes_on = true;
    if (tls_) {
      stream.expires_after(request_within);
      goes_on = co_await stream.accept_tls(*tls_);
    }
    beast::flat_buffer buffer{whip_body_bytes_max + head_bytes_max};
    while (goes_on && !stopping_)
      goes_on = co_await serve_request(stream, buffer, address);
    if (!stopping_) {
      stream.expires_after(request_within);
      co_await stream.part();
    }
    stream.close();
  }

  // Whether another may follow.
  asio::awaitable<bool> serve_request(PlainOrTls& stream, beast::flat_buffer& buffer,
                                      const std::string& peer) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(head_bytes_max);
    parser.body_limit(whip_body_bytes_max);
    stream.expires_after(request_within);
    const auto error = co_await read(stream, buffer, parser);
    stream.expires_never();  // while it is answered; the server's time is bounded
    if (error) {
      auto complaint = complaint_of(error);
      if (complaint) co_await write(stream, *complaint, http::verb::unknown, false);
      co_return false;
    }
    WhipRequest request = parser.release();
    const bool keep_alive = request.keep_alive();
    const auto method = request.method();
    auto from = client_address(request, peer);
    auto response = co_await http_.answer(std::move(request), std::move(from));
    const bool written = co_await write(stream, response, method, keep_alive);
    co_return written&& keep_alive;
  }

  using Parser = http::request_parser<http::string_body>;
  asio::awaitable<error_code> read(PlainOrTls& stream, beast::flat_buffer& buffer, Parser& parser) {
    error_code error;
    co_await http::async_read_header(stream, buffer, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return error;
    const auto expected = parser.get()[http::field::expect];
    if (beast::iequals(expected, "100-continue")) {
      http::response<http::empty_body> go_on{http::status::continue_, 11};
      co_await http::async_write(stream, go_on, asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return error;
    }
    co_await http::async_read(stream, buffer, parser,
                              asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }

  asio::awaitable<bool> write(PlainOrTls& stream, WhipResponse& response, http::verb asked,
                              bool keep_alive) {
    if (asked == http::verb::head) response.body().clear();
    response.keep_alive(keep_alive);
    response.prepare_payload();
    error_code error;
    stream.expires_after(request_within);
    co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }

  [[nodiscard]] std::string client_address(const WhipRequest& request,
                                           const std::string& peer) const {
    if (!config_.forwarded_for) return peer;
    std::string_view last;  // the last line of several: proxies append to what a client may write
    const auto [at, end] = request.equal_range("X-Forwarded-For");
    for (auto line = at; line != end; ++line)
      last = {line->value().data(), line->value().size()};
    return last_forwarded(last);
  }

  const WhipConfig& config_;
  std::shared_ptr<asio::ssl::context> tls_;
  tcp::acceptor acceptor_;
  asio::steady_timer sweep_;
  asio::steady_timer changed_;  // rings when a count falls
  WhipServer server_;
  WhipRooms rooms_;
  WhipSessions sessions_;
  WhipHttp http_;
  std::set<PlainOrTls*> open_;
  std::size_t connections_ = 0;
  bool accepting_ = false;
  bool sweeping_ = false;
  bool stopping_ = false;
};

WhipFront::WhipFront(asio::any_io_executor executor, const WhipConfig& config, const Parts& parts,
                     std::shared_ptr<asio::ssl::context> tls)
    : door_{std::make_shared<Door>(std::move(executor), config, parts, std::move(tls))} {}

WhipFront::~WhipFront() {
  door_->abandon();
}

boost::system::result<std::uint16_t> WhipFront::listen() {
  return door_->listen();
}

asio::awaitable<void> WhipFront::stop() {
  return door_->stop();
}

}  // namespace assent::gateway
