#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gateway/config.hpp"
#include "media/byte_order.hpp"

namespace assent::gateway::test {

struct PcmHeard {
  bool is_audio = false;
  std::string bytes;

  [[nodiscard]] boost::json::object json() const { return boost::json::parse(bytes).as_object(); }
  [[nodiscard]] std::string type() const {
    return is_audio ? "audio" : std::string(json().at("type").as_string());
  }
  [[nodiscard]] std::vector<std::int16_t> samples() const {
    std::vector<std::int16_t> out(bytes.size() / 2);
    std::memcpy(out.data(), bytes.data(), 2 * out.size());  // little-endian, as this machine is
    return out;
  }
};

// One connection that a receiver took; a thread of its own reads it.
class PcmHearing {
 public:
  // `listens`: at once; else it shakes hands, and reads nothing.
  PcmHearing(int descriptor, PcmTransport transport, bool listens)
      : socket_{loop_, boost::asio::ip::tcp::v4(), descriptor}, listens_{listens} {
    reader_ = std::thread{[this, transport] {
      boost::system::error_code error;
      if (transport == PcmTransport::websocket) socket_.accept(error);
      wait_to_listen();
      if (transport == PcmTransport::stream) hear_frames();
      if (transport == PcmTransport::websocket && !error) hear_messages();
      const std::lock_guard lock{mutex_};
      over_ = true;
      news_.notify_all();
    }};
  }
  ~PcmHearing() {
    hang_up();
    listen();
    reader_.join();
  }
  PcmHearing(const PcmHearing&) = delete;
  PcmHearing& operator=(const PcmHearing&) = delete;

  // Nothing: nothing came, or it is over.
  std::optional<PcmHeard> next(std::chrono::milliseconds within = std::chrono::seconds{5}) {
    std::unique_lock lock{mutex_};
    news_.wait_for(lock, within, [this] { return over_ || !heard_.empty(); });
    if (heard_.empty()) return std::nullopt;
    auto first = std::move(heard_.front());
    heard_.pop_front();
    return first;
  }
  // All up to and with this type.
  std::vector<PcmHeard> until(const std::string& type) {
    std::vector<PcmHeard> all;
    while (auto one = next()) {
      all.push_back(*std::move(one));
      if (all.back().type() == type) return all;
    }
    throw std::runtime_error("no " + type);
  }
  bool ends(std::chrono::milliseconds within = std::chrono::seconds{5}) {
    std::unique_lock lock{mutex_};
    return news_.wait_for(lock, within, [this] { return over_; });
  }
  void listen() {
    const std::lock_guard lock{mutex_};
    listens_ = true;
    news_.notify_all();
  }
  // Bytes that are there, and that it has not read.
  [[nodiscard]] std::size_t arrived() {
    int bytes = 0;
    ::ioctl(socket_.next_layer().native_handle(), FIONREAD, &bytes);
    return static_cast<std::size_t>(bytes);
  }
  void hang_up() { ::shutdown(socket_.next_layer().native_handle(), SHUT_RDWR); }

 private:
  void put(PcmHeard one) {
    const std::lock_guard lock{mutex_};
    heard_.push_back(std::move(one));
    news_.notify_all();
  }
  void wait_to_listen() {
    std::unique_lock lock{mutex_};
    news_.wait(lock, [this] { return listens_; });
  }
  void hear_messages() {
    boost::system::error_code error;
    while (!error) {
      boost::beast::flat_buffer buffer;
      socket_.read(buffer, error);
      if (!error)
        put({socket_.got_binary(),
             {static_cast<const char*>(buffer.data().data()), buffer.data().size()}});
    }
  }
  bool read(std::span<char> to) {
    for (std::size_t at = 0; at < to.size();) {
      const auto got = ::recv(socket_.next_layer().native_handle(), &to[at], to.size() - at, 0);
      if (got <= 0) return false;
      at += static_cast<std::size_t>(got);
    }
    return true;
  }
  void hear_frames() {
    std::array<char, 4> length;
    while (read(length)) {
      std::string bytes(media::load_be32(std::as_bytes(std::span{length}), 0), '\0');
      if (!read(bytes)) return;
      put({bytes[0] == 'A', bytes.substr(1)});
    }
  }

  boost::asio::io_context loop_;
  boost::beast::websocket::stream<boost::asio::ip::tcp::socket> socket_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<PcmHeard> heard_;
  bool listens_;
  bool over_ = false;
  std::thread reader_;
};

// A transcriber, as far as its sockets: listens, and hears what it is told to.
class PcmReceiver {
 public:
  // `room`: of what waits unread, as the system counts it; 0: as usual.
  explicit PcmReceiver(PcmTransport transport = PcmTransport::websocket, int room = 0)
      : transport_{transport}, listener_{::socket(AF_INET, SOCK_STREAM, 0)} {
    if (room > 0) ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 16) != 0)
      throw std::runtime_error("no listener");
    ::getsockname(listener_, generic, &length);
    place_.address = *media::parse_endpoint("127.0.0.1", ntohs(address.sin_port));
    place_.transport = transport;
  }
  // Of a Unix socket.
  explicit PcmReceiver(const std::filesystem::path& path)
      : transport_{PcmTransport::stream}, listener_{::socket(AF_UNIX, SOCK_STREAM, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 16) != 0)
      throw std::runtime_error("no listener");
    place_.address = UnixSocket{path};
    place_.transport = PcmTransport::stream;
  }
  ~PcmReceiver() { ::close(listener_); }
  PcmReceiver(const PcmReceiver&) = delete;
  PcmReceiver& operator=(const PcmReceiver&) = delete;

  [[nodiscard]] const PcmSink& place() const { return place_; }
  [[nodiscard]] std::uint16_t port() const {
    return std::get<media::Endpoint>(place_.address).port;
  }

  // A connection that nobody reads yet; -1: none came.
  int accept_unheard(std::chrono::milliseconds within = std::chrono::seconds{10}) {
    pollfd ready{listener_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(within.count())) <= 0) return -1;
    return ::accept(listener_, nullptr, nullptr);
  }
  [[nodiscard]] std::unique_ptr<PcmHearing> hear(int descriptor, bool listens = true) const {
    if (descriptor < 0) throw std::runtime_error("nobody connects");
    return std::make_unique<PcmHearing>(descriptor, transport_, listens);
  }
  [[nodiscard]] std::unique_ptr<PcmHearing> accept(bool listens = true) {
    return hear(accept_unheard(), listens);
  }

 private:
  PcmTransport transport_;
  int listener_;
  PcmSink place_;
};

}  // namespace assent::gateway::test
