#include "gateway/http_session.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

#include "gateway/api_routes.hpp"
#include "gateway/http_wire.hpp"
#include "gateway/plain_or_tls.hpp"

namespace assent::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Phase = HttpConnection::Phase;

constexpr std::chrono::milliseconds parting_within{1'000};
constexpr std::size_t read_ahead_bytes = 4096;

class Connection final : public HttpConnection {
 public:
  Connection(std::shared_ptr<HttpConnections> all, std::string peer_key, PlainOrTls::Socket socket)
      : HttpConnection{std::move(peer_key)},
        stream{std::move(socket)},
        connections{std::move(all)},
        buffer{connections->limits().header_bytes_max + read_ahead_bytes} {
    connections->add(*this);
  }
  ~Connection() override { connections->remove(*this); }

  void cancel_io() override {
    error_code ignored;
    stream.socket().cancel(ignored);
  }
  void close() override { stream.close(); }

  PlainOrTls stream;
  std::shared_ptr<HttpConnections> connections;
  beast::flat_buffer buffer;  // keeps what was pipelined behind the present request
};

using Shared = std::shared_ptr<Connection>;

using Parser = http::request_parser<http::string_body>;

// One request and its response. What goes on afterwards is in `keep`.
class Exchange {
 public:
  explicit Exchange(Connection& connection)
      : connection_{connection}, limits_{connection.connections->limits()} {
    parser_.header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max));
    parser_.body_limit(std::max(limits_.body_bytes_max, policy_body_bytes_max));
  }

  bool keep = false;

  asio::awaitable<void> run(Shared self) {
    error_code error;
    connection_.enter(Phase::reading, limits_.header_within);
    co_await http::async_read_header(connection_.stream, connection_.buffer, parser_,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      co_await refuse_reading(error);
      co_return;
    }
    ++connection_.connections->status.requests;
    Answered<RequestHead> head = read_head(parser_.get().base());
    if (!head) {
      HttpResponse refusal = problem_response(head.error());
      co_await write(refusal);
      co_return;
    }
    Admission admission = connection_.connections->application().judge(*head);
    keep = parser_.keep_alive() && !connection_.connections->stopping();
    if (admission.refusal) {
      keep = keep && !head->has_body;
      co_await write(*admission.refusal);
      co_return;
    }
    const std::size_t body_bytes_max =
        admission.route->body_bytes_max.value_or(limits_.body_bytes_max);
    parser_.body_limit(body_bytes_max);  // of a body in chunks; a length is known already
    if (parser_.content_length().value_or(0) > body_bytes_max) {
      co_await refuse_reading(http::error::body_limit);
      co_return;
    }
    const bool whole = co_await read_body(head->has_body);
    if (!whole) {
      keep = false;
      co_return;
    }
    admission.request.body = std::move(parser_.get().body());
    co_await answer(std::move(self), admission);
  }

 private:
  asio::awaitable<void> refuse_reading(const error_code error) {
    const auto problem = read_fault(error, connection_.timed_out());
    keep = false;  // where the next request begins is not known any more
    if (!problem) co_return;
    HttpResponse refusal = problem_response(*problem);
    co_await write(refusal);
  }

  asio::awaitable<bool> read_body(bool has_body) {
    error_code error;
    connection_.enter(Phase::reading, limits_.body_within);
    if (has_body && expects_continue(parser_.get().base())) {
      constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto bytes = asio::buffer(go_on.data(), go_on.size());
      co_await asio::async_write(connection_.stream, bytes,
                                 asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return false;
    }
    if (!parser_.is_done()) {
      co_await http::async_read(connection_.stream, connection_.buffer, parser_,
                                asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) co_await refuse_reading(error);
    co_return !error;
  }

  asio::awaitable<void> answer(Shared self, Admission& admission) {
    connection_.enter_without_deadline(Phase::answering);
    HttpResponse response =
        co_await connection_.connections->application().answer(*admission.route, admission.request);
    keep = keep && !connection_.connections->stopping();
    if (response.stream) {
      keep = false;
      co_await write_stream(std::move(self), response);
    } else {
      co_await write(response);
    }
  }

  unsigned version() const { return parser_.get().version() == 10 ? 10 : 11; }
  bool head_only() const { return parser_.get().method() == http::verb::head; }

  asio::awaitable<void> write(HttpResponse& response) {
    error_code error;
    WireResponse wire = to_wire(response, version(), keep);
    wire.prepare_payload();
    http::response_serializer<http::string_body> serializer{wire};
    connection_.enter(Phase::writing, limits_.write_within);
    if (head_only()) {
      co_await http::async_write_header(connection_.stream, serializer,
                                        asio::redirect_error(asio::use_awaitable, error));
    } else {
      co_await http::async_write(connection_.stream, serializer,
                                 asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) keep = false;
  }

  asio::awaitable<void> write_stream(Shared self, HttpResponse& response) {
    error_code error;
    WireResponse wire = to_wire(response, version(), false);
    const bool chunked = version() == 11;
    wire.chunked(chunked);
    http::response<http::empty_body> wire_head{std::move(wire.base())};
    http::response_serializer<http::empty_body> serializer{wire_head};
    connection_.enter(Phase::writing, limits_.write_within);
    co_await http::async_write_header(connection_.stream, serializer,
                                      asio::redirect_error(asio::use_awaitable, error));
    if (error || head_only()) co_return;
    connection_.streaming_from(response.stream.get());
    asio::co_spawn(connection_.stream.get_executor(), watch(std::move(self)), asio::detached);
    co_await write_pieces(*response.stream, chunked);
    connection_.streaming_from(nullptr);
  }

  asio::awaitable<void> write_pieces(BodyStream& stream, bool chunked) {
    error_code error;
    for (;;) {
      connection_.enter_without_deadline(Phase::streaming);
      std::optional<std::string> piece = co_await stream.next();
      connection_.enter(Phase::streaming, limits_.write_within);
      if (!piece) break;
      if (chunked) {
        const auto bytes = http::make_chunk(asio::buffer(*piece));
        co_await asio::async_write(connection_.stream, bytes,
                                   asio::redirect_error(asio::use_awaitable, error));
      } else {
        const auto bytes = asio::buffer(*piece);
        co_await asio::async_write(connection_.stream, bytes,
                                   asio::redirect_error(asio::use_awaitable, error));
      }
      if (error) co_return;
    }
    if (!chunked || stream.failed()) co_return;
    const auto last = http::make_chunk_last();
    co_await asio::async_write(connection_.stream, last,
                               asio::redirect_error(asio::use_awaitable, error));
  }

  // Only a read notices that the peer of a quiet stream has left. What it sends meanwhile is
  // dropped: the connection ends with the stream.
  static asio::awaitable<void> watch(Shared self) {
    error_code error;
    std::array<char, 256> dropped{};
    const auto bytes = asio::buffer(dropped);
    while (!error) {
      co_await self->stream.async_read_some(bytes,
                                            asio::redirect_error(asio::use_awaitable, error));
    }
    self->cancel_stream();
  }

  Connection& connection_;
  const HttpLimits& limits_;
  Parser parser_;
};

// The first bytes of the next request: between requests other deadlines hold than within one.
asio::awaitable<bool> next_request_arrives(Connection& connection,
                                           std::chrono::milliseconds within) {
  if (connection.buffer.size() > 0) co_return true;
  error_code error;
  connection.enter(Phase::waiting, within);
  const auto space = connection.buffer.prepare(read_ahead_bytes);
  const std::size_t arrived = co_await connection.stream.async_read_some(
      space, asio::redirect_error(asio::use_awaitable, error));
  connection.buffer.commit(arrived);
  co_return !error;
}

asio::awaitable<void> serve(Shared connection, std::shared_ptr<asio::ssl::context> tls) {
  const HttpLimits& limits = connection->connections->limits();
  if (tls) {
    connection->enter(Phase::waiting, limits.header_within);
    const bool agreed = co_await connection->stream.accept_tls(*tls);
    if (!agreed) co_return;
  }
  std::chrono::milliseconds patience = limits.header_within;
  for (;;) {
    const bool arrived = co_await next_request_arrives(*connection, patience);
    if (!arrived) break;
    Exchange exchange{*connection};
    co_await exchange.run(connection);
    if (!exchange.keep) break;
    patience = limits.idle_max;
  }
  connection->enter(Phase::parting, parting_within);
  co_await connection->stream.part();
}

}  // namespace

void start_http_session(std::shared_ptr<HttpConnections> connections, PlainOrTls::Socket socket,
                        std::string peer, const std::shared_ptr<asio::ssl::context>& tls) {
  auto connection =
      std::make_shared<Connection>(std::move(connections), std::move(peer), std::move(socket));
  const auto executor = connection->stream.get_executor();
  asio::co_spawn(executor, serve(std::move(connection), tls), asio::detached);
}

}  // namespace assent::gateway
