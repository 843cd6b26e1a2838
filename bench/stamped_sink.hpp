#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "bench/consent_history.hpp"
#include "bench/udp_socket.hpp"

namespace assent::bench {

// A sink's socket that learns from the kernel when each datagram was put into it, however late it
// is read. On loopback that is inside the sender's system call.
class StampedSink {
 public:
  explicit StampedSink(std::uint16_t port);  // throws std::system_error when it is taken

  using Take = std::function<void(Nanoseconds at, std::span<const std::byte> datagram)>;
  // All that is waiting now. Returns how many datagrams.
  std::size_t drain(const Take& take);

  [[nodiscard]] int fd() const { return socket_.fd(); }
  // Datagrams that the kernel had no room for: nothing is known about them.
  [[nodiscard]] std::uint32_t unseen() const { return unseen_; }

 private:
  UdpSocket socket_;
  std::uint32_t unseen_ = 0;
};

}  // namespace assent::bench
