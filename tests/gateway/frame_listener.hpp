#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

#include "media/byte_order.hpp"

namespace assent::gateway::test {

// A sink that takes one connection of frames (RFC 4571 §2) at a time.
class FrameListener {
 public:
  using Bytes = std::vector<std::byte>;

  // `room`: of what waits unread, as the system counts it; 0: as usual.
  explicit FrameListener(int room = 0) : listener_{::socket(AF_INET, SOCK_STREAM, 0)} {
    if (room > 0) ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 4) != 0)
      throw std::runtime_error("no listener");
    ::getsockname(listener_, generic, &length);
    port_ = ntohs(address.sin_port);
  }
  ~FrameListener() {
    hang_up();
    ::close(listener_);
  }
  FrameListener(const FrameListener&) = delete;
  FrameListener& operator=(const FrameListener&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

  bool accept(std::chrono::milliseconds within = std::chrono::seconds{5}) {
    pollfd ready{listener_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(within.count())) <= 0) return false;
    hang_up();
    connection_ = ::accept(listener_, nullptr, nullptr);
    return connection_ >= 0;
  }
  void hang_up() {
    if (connection_ >= 0) ::close(connection_);
    connection_ = -1;
    is_over_ = false;
    unread_.clear();
  }

  // The frames that are there once nothing more came for so long, or once it took too long.
  std::vector<Bytes> take(std::chrono::milliseconds quiet = std::chrono::milliseconds{50},
                          std::chrono::milliseconds longest = std::chrono::seconds{10}) {
    std::array<std::byte, 65'536> bytes;
    pollfd ready{connection_, POLLIN, 0};
    const auto until = std::chrono::steady_clock::now() + longest;
    while (::poll(&ready, 1, static_cast<int>(quiet.count())) > 0 &&
           std::chrono::steady_clock::now() < until) {
      const auto got = ::recv(connection_, bytes.data(), bytes.size(), 0);
      if (got <= 0) {
        is_over_ = true;
        break;
      }
      unread_.insert(unread_.end(), bytes.begin(), bytes.begin() + got);
    }
    std::vector<Bytes> frames;
    while (unread_.size() >= 2) {
      const std::size_t size = media::load_be16(unread_, 0);
      if (unread_.size() < 2 + size) break;
      const auto begin = unread_.begin() + 2;
      const auto end = begin + static_cast<std::ptrdiff_t>(size);
      frames.emplace_back(begin, end);
      unread_.erase(unread_.begin(), end);
    }
    return frames;
  }
  // Bytes that are there, and that nobody has taken.
  [[nodiscard]] std::size_t arrived() const {
    int bytes = 0;
    ::ioctl(connection_, FIONREAD, &bytes);
    return static_cast<std::size_t>(bytes);
  }
  [[nodiscard]] bool is_over() const { return is_over_; }  // the other end went

 private:
  int listener_;
  int connection_ = -1;
  std::uint16_t port_ = 0;
  bool is_over_ = false;
  Bytes unread_;
};

}  // namespace assent::gateway::test
