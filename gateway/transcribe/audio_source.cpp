#include "gateway/transcribe/audio_source.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <utility>

#include "gateway/plain_or_tls.hpp"
#include "gateway/transcribe/message.hpp"

namespace assent::transcribe {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

constexpr std::size_t request_bytes_max = 8u << 10;

class StreamSource final : public AudioSource {
 public:
  explicit StreamSource(Socket socket) : socket_{std::move(socket)} {}

  asio::awaitable<bool> open() override { co_return true; }

  asio::awaitable<std::optional<Received>> read() override {
    error_code error;
    std::array<std::byte, frame_head_bytes> bytes;
    co_await asio::async_read(socket_, asio::buffer(bytes),
                              asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return std::nullopt;
    const auto head = parse_frame_head(bytes);
    if (!head) co_return std::nullopt;
    Received received{head->is_audio, std::string(head->message_bytes, '\0')};
    co_await asio::async_read(socket_, asio::buffer(received.bytes),
                              asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return std::nullopt;
    co_return received;
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  Socket socket_;
};

class WebSocketSource final : public AudioSource {
 public:
  explicit WebSocketSource(Socket socket) : stream_{gateway::PlainOrTls{std::move(socket)}} {
    stream_.read_message_max(message_bytes_max);
  }

  asio::awaitable<bool> open() override {
    error_code error;
    beast::flat_buffer buffer{request_bytes_max};
    beast::http::request<beast::http::empty_body> request;
    co_await beast::http::async_read(stream_.next_layer(), buffer, request,
                                     asio::redirect_error(asio::use_awaitable, error));
    // A page in a browser of this machine has one, and no business here.
    if (error || request.count(beast::http::field::origin) != 0) co_return false;
    co_await stream_.async_accept(request, asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }

  asio::awaitable<std::optional<Received>> read() override {
    error_code error;
    beast::flat_buffer buffer{message_bytes_max};
    co_await stream_.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return std::nullopt;
    co_return Received{stream_.got_binary(), beast::buffers_to_string(buffer.data())};
  }

  void close() override { stream_.next_layer().close(); }

 private:
  websocket::stream<gateway::PlainOrTls> stream_;
};

}  // namespace

std::unique_ptr<AudioSource> AudioSource::make(Socket socket, gateway::PcmTransport transport) {
  if (transport == gateway::PcmTransport::websocket)
    return std::make_unique<WebSocketSource>(std::move(socket));
  return std::make_unique<StreamSource>(std::move(socket));
}

}  // namespace assent::transcribe
