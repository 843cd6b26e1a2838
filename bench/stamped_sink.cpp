#include "bench/stamped_sink.hpp"

#include <sys/socket.h>

#include <array>
#include <cstring>

namespace assent::bench {
namespace {

constexpr std::size_t batch = 64;
constexpr std::size_t datagram_bytes = 2048;
constexpr int socket_buffer_bytes = 32 << 20;

struct Ancillary {
  alignas(cmsghdr) std::array<std::byte, 128> bytes;
};

}  // namespace

StampedSink::StampedSink(std::uint16_t port) : socket_{port} {
  const int on = 1;
  setsockopt(socket_.fd(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  setsockopt(socket_.fd(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  // More than the limit where that is allowed; `unseen` says when it was too little.
  setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &socket_buffer_bytes,
             sizeof socket_buffer_bytes);
}

std::size_t StampedSink::drain(const Take& take) {
  static thread_local std::array<std::array<std::byte, datagram_bytes>, batch> bytes;
  std::array<Ancillary, batch> ancillary;
  std::array<iovec, batch> vectors;
  std::array<mmsghdr, batch> headers;
  std::size_t total = 0;
  for (;;) {
    for (std::size_t i = 0; i < batch; ++i) {
      vectors[i] = {bytes[i].data(), datagram_bytes};
      headers[i] = {};
      headers[i].msg_hdr.msg_iov = &vectors[i];
      headers[i].msg_hdr.msg_iovlen = 1;
      headers[i].msg_hdr.msg_control = &ancillary[i];
      headers[i].msg_hdr.msg_controllen = sizeof(Ancillary);
    }
    const int count = recvmmsg(socket_.fd(), headers.data(), batch, MSG_DONTWAIT, nullptr);
    if (count <= 0) return total;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      timespec stamp{};
      auto& header = headers[i].msg_hdr;
      for (auto* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one)) {
        if (one->cmsg_type == SCM_TIMESTAMPNS) std::memcpy(&stamp, CMSG_DATA(one), sizeof stamp);
        if (one->cmsg_type == SO_RXQ_OVFL) std::memcpy(&unseen_, CMSG_DATA(one), sizeof unseen_);
      }
      take(Nanoseconds{stamp.tv_sec} * 1'000'000'000 + stamp.tv_nsec,
           {bytes[i].data(), headers[i].msg_len});
    }
    total += static_cast<std::size_t>(count);
  }
}

}  // namespace assent::bench
