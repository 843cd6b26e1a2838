#include "bench/udp_socket.hpp"

#include <netinet/udp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <system_error>
#include <utility>

namespace assent::bench {
namespace {

// As much as the kernel's default limit grants without privileges.
constexpr int socket_buffer_bytes = 4 << 20;

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

}  // namespace

sockaddr_in loopback_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

UdpSocket::UdpSocket(std::uint16_t port)
    : fd_{socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)} {
  if (fd_ < 0) fail("socket");
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &socket_buffer_bytes, sizeof socket_buffer_bytes);
  setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &socket_buffer_bytes, sizeof socket_buffer_bytes);
  sockaddr_in address = loopback_address(port);
  socklen_t bytes = sizeof address;
  if (bind(fd_, reinterpret_cast<sockaddr*>(&address), bytes) != 0) fail("bind");
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) fail("getsockname");
  port_ = ntohs(address.sin_port);
}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept
    : fd_{std::exchange(other.fd_, -1)}, port_{other.port_} {}

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(port_, other.port_);
  return *this;
}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) close(fd_);
}

void UdpSocket::receive_coalesced() const {
  const int on = 1;
  if (setsockopt(fd_, SOL_UDP, UDP_GRO, &on, sizeof on) != 0) fail("UDP_GRO");
}

void pin_to_core(int core) {
  if (core < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) fail("sched_setaffinity");
}

}  // namespace assent::bench
