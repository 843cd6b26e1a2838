#pragma once

#include <array>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace boost::asio::ssl {
class context;
}
namespace boost::beast {
enum class role_type;
}

namespace assent::gateway {

// A socket, with TLS upon it or without, as one type: HTTP and WebSocket are templates of the
// stream that carries them, the heaviest that there are here, and are compiled once this way.
// As Beast wants its streams (AsyncReadStream, AsyncWriteStream): one read and one write at a time.
// Completion handlers run on the socket's executor, whatever executor of their own they have, and
// are not cancelled by a slot: close() and the deadline end what waits.
class PlainOrTls {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using executor_type = Socket::executor_type;
  using Clock = std::chrono::steady_clock;

  explicit PlainOrTls(Socket socket);
  explicit PlainOrTls(const executor_type& executor) : PlainOrTls{Socket{executor}} {}
  PlainOrTls(PlainOrTls&&) noexcept = default;
  PlainOrTls& operator=(PlainOrTls&&) noexcept = default;
  ~PlainOrTls() = default;

  // The first address that answers, before the deadline; false: none does.
  boost::asio::awaitable<bool> connect(const std::vector<boost::asio::ip::tcp::endpoint>& to);

  // From here on TLS, if the other end agrees. The context outlives it.
  boost::asio::awaitable<bool> accept_tls(boost::asio::ssl::context& context);
  // The certificate is the host's, or it fails.
  boost::asio::awaitable<bool> offer_tls(boost::asio::ssl::context& context,
                                         const std::string& host);

  // When the time comes, the socket is closed and whatever waits for it fails.
  void expires_at(Clock::time_point deadline);
  void expires_after(Clock::duration time) { expires_at(Clock::now() + time); }
  void expires_never() { expires_at(Clock::time_point::max()); }

  // Says goodbye, and reads on for a moment, since a socket closed over unread bytes may cost the
  // peer what was last sent (RFC 9112 §9.6); then closes.
  boost::asio::awaitable<void> part();
  void close();

  [[nodiscard]] Socket& socket();
  [[nodiscard]] bool is_open() const;
  [[nodiscard]] executor_type get_executor() noexcept { return socket().get_executor(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& into, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this]<class Handler>(Handler&& handler, const Buffers& buffers) {
          read(List<boost::asio::mutable_buffer>{buffers},
               completion_of(std::forward<Handler>(handler)));
        },
        token, into);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& of, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this]<class Handler>(Handler&& handler, const Buffers& buffers) {
          write(List<boost::asio::const_buffer>{buffers},
                completion_of(std::forward<Handler>(handler)));
        },
        token, of);
  }

  // What Beast's WebSocket asks of its stream at the end.
  friend void beast_close_socket(PlainOrTls& stream) { stream.close(); }
  template <class Handler>
  friend void async_teardown(boost::beast::role_type role, PlainOrTls& stream, Handler&& handler) {
    stream.tear_down(role, completion_of(std::forward<Handler>(handler)));
  }

 private:
  struct State;

  // The first of a sequence of buffers; an operation on "some" may leave the rest.
  template <class Buffer>
  class List {
   public:
    using value_type = Buffer;
    using const_iterator = const Buffer*;
    template <class Buffers>
    explicit List(const Buffers& buffers) {
      auto next = boost::asio::buffer_sequence_begin(buffers);
      for (const auto end = boost::asio::buffer_sequence_end(buffers);
           next != end && count_ < first_.size(); ++next) {
        const Buffer buffer = *next;
        if (buffer.size() > 0) first_[count_++] = buffer;
      }
    }
    [[nodiscard]] const Buffer* begin() const { return first_.data(); }
    [[nodiscard]] const Buffer* end() const { return first_.data() + count_; }

   private:
    std::array<Buffer, 16> first_;
    std::size_t count_ = 0;
  };

  struct Completion {
    Completion() = default;
    Completion(const Completion&) = delete;
    Completion& operator=(const Completion&) = delete;
    virtual ~Completion() = default;
    virtual void complete(boost::system::error_code error, std::size_t bytes) = 0;
  };
  template <class Handler>
  struct CompletionOf final : Completion {
    explicit CompletionOf(Handler of) : handler{std::move(of)} {}
    void complete(boost::system::error_code error, std::size_t bytes) override {
      if constexpr (std::is_invocable_v<Handler, boost::system::error_code, std::size_t>) {
        handler(error, bytes);
      } else {
        handler(error);
      }
    }
    Handler handler;
  };
  template <class Handler>
  static std::unique_ptr<Completion> completion_of(Handler&& handler) {
    return std::make_unique<CompletionOf<std::decay_t<Handler>>>(std::forward<Handler>(handler));
  }

  void read(const List<boost::asio::mutable_buffer>& into, std::unique_ptr<Completion> completion);
  void write(const List<boost::asio::const_buffer>& of, std::unique_ptr<Completion> completion);
  void tear_down(boost::beast::role_type role, std::unique_ptr<Completion> completion);
  static boost::asio::awaitable<void> part_of(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;  // also of the deadline's, which may come after the stream
};

}  // namespace assent::gateway
