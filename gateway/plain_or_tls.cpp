#include "gateway/plain_or_tls.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/role.hpp>
#include <exception>
#include <string_view>
#include <variant>

namespace assent::gateway {
namespace asio = boost::asio;
namespace ssl = asio::ssl;
using boost::system::error_code;
using Socket = PlainOrTls::Socket;
using Tls = ssl::stream<Socket>;

namespace {

constexpr std::chrono::milliseconds parting_within{1'000};
constexpr std::size_t parting_bytes_max = 1U << 20U;
constexpr std::size_t tls_record_bytes_max = 16U << 10U;

bool is_address(const std::string& host) {
  error_code is_none;
  asio::ip::make_address(host, is_none);
  return !is_none;
}

}  // namespace

struct PlainOrTls::State {
  explicit State(Socket of) : stream{std::move(of)}, deadline{socket().get_executor()} {}
  Socket& socket() {
    if (auto* const tls = std::get_if<Tls>(&stream)) return tls->next_layer();
    return std::get<Socket>(stream);
  }
  void close() {
    error_code ignored;
    socket().close(ignored);
  }
  Tls& begin_tls(ssl::context& context) {
    Socket plain = std::move(std::get<Socket>(stream));
    return stream.emplace<Tls>(std::move(plain), context);
  }

  std::variant<Socket, Tls> stream;
  asio::steady_timer deadline;
  bool is_over = false;  // the deadline was
  std::string record;    // that is being written
};

PlainOrTls::PlainOrTls(Socket socket) : state_{std::make_shared<State>(std::move(socket))} {}

Socket& PlainOrTls::socket() {
  return state_->socket();
}

bool PlainOrTls::is_open() const {
  return state_->socket().is_open();
}

void PlainOrTls::close() {
  state_->close();
}

void PlainOrTls::expires_at(Clock::time_point deadline) {
  state_->is_over = false;
  state_->deadline.expires_at(deadline);
  if (deadline == Clock::time_point::max()) return;
  state_->deadline.async_wait([of = std::weak_ptr{state_}](const error_code error) {
    const auto state = of.lock();
    if (error || !state || state->deadline.expiry() > Clock::now()) return;
    state->is_over = true;
    state->close();
  });
}

asio::awaitable<bool> PlainOrTls::connect(const std::vector<asio::ip::tcp::endpoint>& to) {
  for (const auto& address : to) {
    if (state_->is_over) break;
    error_code error;
    const Socket::endpoint_type endpoint{address};
    close();
    socket().open(endpoint.protocol(), error);
    if (error) continue;
    co_await socket().async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    if (!is_open()) break;  // somebody closed it, or the deadline did
    if (!error) co_return true;
  }
  co_return false;
}

asio::awaitable<bool> PlainOrTls::accept_tls(ssl::context& context) {
  error_code error;
  Tls& tls = state_->begin_tls(context);
  co_await tls.async_handshake(ssl::stream_base::server,
                               asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

asio::awaitable<bool> PlainOrTls::offer_tls(ssl::context& context, const std::string& host) {
  error_code error;
  Tls& tls = state_->begin_tls(context);
  // RFC 6066 §3: no address stands there.
  if (!is_address(host)) SSL_set_tlsext_host_name(tls.native_handle(), host.c_str());
  tls.set_verify_callback(ssl::host_name_verification(host));
  co_await tls.async_handshake(ssl::stream_base::client,
                               asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

asio::awaitable<void> PlainOrTls::part() {
  co_await part_of(state_);
}

asio::awaitable<void> PlainOrTls::part_of(std::shared_ptr<State> state) {
  error_code error;
  if (auto* const tls = std::get_if<Tls>(&state->stream))
    co_await tls->async_shutdown(asio::redirect_error(asio::use_awaitable, error));
  Socket& socket = state->socket();
  socket.shutdown(Socket::shutdown_send, error);
  std::array<char, 4'096> dropped;
  std::size_t total = 0;
  while (!error && total < parting_bytes_max) {
    total += co_await socket.async_read_some(asio::buffer(dropped),
                                             asio::redirect_error(asio::use_awaitable, error));
  }
  state->close();
}

void PlainOrTls::read(const List<asio::mutable_buffer>& into,
                      std::unique_ptr<Completion> completion) {
  auto done = [completion = std::move(completion)](error_code error, std::size_t bytes) {
    completion->complete(error, bytes);
  };
  std::visit([&](auto& stream) { stream.async_read_some(into, std::move(done)); }, state_->stream);
}

// TLS takes one buffer for a record of its own: a head of a few bytes and what follows it are one.
void PlainOrTls::write(const List<asio::const_buffer>& of, std::unique_ptr<Completion> completion) {
  auto done = [completion = std::move(completion)](error_code error, std::size_t bytes) {
    completion->complete(error, bytes);
  };
  auto* const tls = std::get_if<Tls>(&state_->stream);
  if (tls == nullptr) return std::get<Socket>(state_->stream).async_write_some(of, std::move(done));
  state_->record.resize(std::min(asio::buffer_size(of), tls_record_bytes_max));
  asio::buffer_copy(asio::buffer(state_->record), of);
  tls->async_write_some(asio::buffer(std::as_const(state_->record)), std::move(done));
}

// A server has said all there is to say: it does not wait long for the client to go.
void PlainOrTls::tear_down(boost::beast::role_type role, std::unique_ptr<Completion> completion) {
  if (role == boost::beast::role_type::server) expires_after(parting_within);
  asio::co_spawn(get_executor(), part_of(state_),
                 [completion = std::move(completion)](const std::exception_ptr&) {
                   completion->complete({}, 0);
                 });
}

}  // namespace assent::gateway
