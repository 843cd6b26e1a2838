#include "gateway/udp_port.hpp"

#include <netinet/udp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/system_address.hpp"

namespace assent::gateway {
namespace {

constexpr int socket_buffer_bytes = 1 << 20;

boost::system::error_code last_error() {
  return {errno, boost::system::system_category()};
}

}  // namespace

boost::system::result<UdpPort> UdpPort::open(const media::Endpoint& address, bool connect) {
  const int family = address.is_v4() ? AF_INET : AF_INET6;
  UdpPort port{::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), connect};
  if (port.descriptor_ < 0) return last_error();
  const int on = 1;
  // Not fatal: without them there is less room, and bursts cost more system calls.
  ::setsockopt(port.descriptor_, SOL_SOCKET, SO_RCVBUF, &socket_buffer_bytes, sizeof(int));
  ::setsockopt(port.descriptor_, SOL_SOCKET, SO_SNDBUF, &socket_buffer_bytes, sizeof(int));
  ::setsockopt(port.descriptor_, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
  if (family == AF_INET6) {
    ::setsockopt(port.descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  sockaddr_in6 system{};
  socklen_t length = to_system(address, system);
  const auto* generic = reinterpret_cast<const sockaddr*>(&system);
  const int done = connect ? ::connect(port.descriptor_, generic, length)
                           : ::bind(port.descriptor_, generic, length);
  if (done != 0) return last_error();
  length = sizeof system;
  ::getsockname(port.descriptor_, reinterpret_cast<sockaddr*>(&system), &length);
  port.local_ = from_system(system);
  return port;
}

boost::system::result<UdpPort> UdpPort::bind(const media::Endpoint& local) {
  return open(local, false);
}

boost::system::result<UdpPort> UdpPort::connect(const media::Endpoint& remote) {
  return open(remote, true);
}

UdpPort::UdpPort(UdpPort&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)},
      connected_{other.connected_},
      local_{other.local_} {}

UdpPort& UdpPort::operator=(UdpPort&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(connected_, other.connected_);
  std::swap(local_, other.local_);
  return *this;
}

UdpPort::~UdpPort() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

ReceiveBatch::ReceiveBatch()
    : buffers_{std::make_unique_for_overwrite<std::byte[]>(messages * buffer_stride)} {
  for (std::size_t i = 0; i < messages; ++i) {
    vectors_[i] = {buffer(i), buffer_bytes};
    auto& header = headers_[i].msg_hdr;
    header.msg_name = &senders_[i];
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = &controls_[i];
  }
}

std::size_t ReceiveBatch::receive(const UdpPort& port) {
  for (auto& entry : headers_) {
    entry.msg_hdr.msg_namelen = sizeof(sockaddr_in6);
    entry.msg_hdr.msg_controllen = sizeof(Control);
  }
  const int received =
      ::recvmmsg(port.descriptor(), headers_.data(), messages, MSG_DONTWAIT, nullptr);
  return received > 0 ? static_cast<std::size_t>(received) : 0;
}

media::Endpoint ReceiveBatch::sender(std::size_t i) const {
  return from_system(senders_[i]);
}

std::size_t ReceiveBatch::segment_bytes(std::size_t i) const {
  auto& header = headers_[i].msg_hdr;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(const_cast<msghdr*>(&header), control)) {
    if (control->cmsg_level != IPPROTO_UDP || control->cmsg_type != UDP_GRO) continue;
    int size = 0;
    std::memcpy(&size, CMSG_DATA(control), sizeof size);
    if (size > 0) return static_cast<std::size_t>(size);
  }
  return buffer_bytes;
}

SendBatch::SendBatch() {
  vectors_.resize(messages * segments_max);
}

std::size_t SendBatch::fill(std::size_t i, const UdpPort& port, std::span<const Dispatch> run) {
  const auto& first = run.front();
  std::size_t count = 1;
  std::size_t total = first.bytes.size();
  const std::size_t limit = segmentation_ ? std::min(segments_max, run.size()) : 1;
  while (count < limit && run[count].to == first.to &&
         run[count].bytes.size() <= first.bytes.size() &&
         total + run[count].bytes.size() <= segment_total) {
    total += run[count].bytes.size();
    // Only the last segment may be shorter.
    if (run[count++].bytes.size() < first.bytes.size()) break;
  }
  auto& header = headers_[i].msg_hdr;
  header = {};
  iovec* vectors = vectors_.data() + i * segments_max;
  for (std::size_t k = 0; k < count; ++k) {
    vectors[k] = {const_cast<std::byte*>(run[k].bytes.data()), run[k].bytes.size()};
  }
  header.msg_iov = vectors;
  header.msg_iovlen = count;
  if (!port.is_connected()) {
    header.msg_name = &addresses_[i];
    header.msg_namelen = to_system(first.to, addresses_[i]);
  }
  if (count > 1) {
    header.msg_control = &controls_[i];
    header.msg_controllen = sizeof(Control);
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = IPPROTO_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    const auto size = static_cast<std::uint16_t>(first.bytes.size());
    std::memcpy(CMSG_DATA(control), &size, sizeof size);
  }
  counts_[i] = count;
  return count;
}

SendBatch::Taken SendBatch::send_some(const UdpPort& port, std::span<const Dispatch> run) {
  std::size_t filled = 0;
  for (std::size_t used = 0; filled < messages && used < run.size(); ++filled) {
    used += fill(filled, port, run.subspan(used));
  }
  int sent = filled == 1 ? (::sendmsg(port.descriptor(), &headers_[0].msg_hdr, MSG_DONTWAIT) >= 0)
                         : ::sendmmsg(port.descriptor(), headers_.data(),
                                      static_cast<unsigned>(filled), MSG_DONTWAIT);
  Taken taken;
  for (int i = 0; i < sent; ++i)
    taken.sent += counts_[static_cast<std::size_t>(i)];
  if (sent > 0) return taken;
  if (counts_[0] > 1 && errno != EAGAIN) {
    segmentation_ = false;
    ++segmentation_refusals_;
    return taken;
  }
  taken.failed = counts_[0];
  return taken;
}

}  // namespace assent::gateway
