#pragma once

#include <netinet/in.h>

#include <cstdint>

namespace assent::bench {

// A non-blocking UDP socket on 127.0.0.1, on an ephemeral port unless one is given; the bench sends
// nowhere else. Throws std::system_error.
class UdpSocket {
 public:
  explicit UdpSocket(std::uint16_t port = 0);
  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&& other) noexcept;
  ~UdpSocket();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void receive_coalesced() const;  // UDP_GRO

 private:
  int fd_ = -1;
  std::uint16_t port_ = 0;
};

[[nodiscard]] sockaddr_in loopback_address(std::uint16_t port);

// The calling thread, and what it starts later, on this core only; -1 leaves it as it is.
void pin_to_core(int core);

}  // namespace assent::bench
