#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "media/endpoint.hpp"

namespace assent::gateway {

// One bound, non-blocking UDP socket.
class UdpPort {
 public:
  // Binds to `local`; port 0 lets the system choose.
  static boost::system::result<UdpPort> bind(const media::Endpoint& local);
  // A socket that only sends, to one peer: the system reports when nobody listens there.
  static boost::system::result<UdpPort> connect(const media::Endpoint& remote);

  UdpPort(UdpPort&& other) noexcept;
  UdpPort& operator=(UdpPort&& other) noexcept;
  ~UdpPort();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] const media::Endpoint& local() const { return local_; }
  [[nodiscard]] bool is_connected() const { return connected_; }

 private:
  UdpPort(int descriptor, bool connected) : descriptor_{descriptor}, connected_{connected} {}
  static boost::system::result<UdpPort> open(const media::Endpoint& address, bool connect);

  int descriptor_ = -1;
  bool connected_ = false;
  media::Endpoint local_;
};

// What one system call brought in: up to `messages` buffers, each one datagram or, with UDP_GRO,
// several of the same size from the same sender.
class ReceiveBatch {
 public:
  static constexpr std::size_t messages = 8;

  ReceiveBatch();

  // Reads what is there without waiting; gives the number of messages, 0 when there is none.
  std::size_t receive(const UdpPort& port);

  // Calls visit(from, datagram) for every datagram of message `i`, in order of arrival.
  template <class Visit>
  void for_each_datagram(std::size_t i, Visit&& visit) {
    const media::Endpoint from = sender(i);
    std::span<std::byte> rest{buffer(i), headers_[i].msg_len};
    if (rest.empty()) visit(from, rest);  // an empty datagram is one too
    for (const std::size_t step = segment_bytes(i); !rest.empty();) {
      const auto datagram = rest.first(std::min(step, rest.size()));
      rest = rest.subspan(datagram.size());
      visit(from, datagram);
    }
  }

 private:
  // One GRO message holds up to 64 KiB. The odd stride keeps the buffers' first lines out of the
  // same cache set.
  static constexpr std::size_t buffer_bytes = 65'536;
  static constexpr std::size_t buffer_stride = buffer_bytes + 2'112;

  [[nodiscard]] std::byte* buffer(std::size_t i) { return buffers_.get() + i * buffer_stride; }
  [[nodiscard]] media::Endpoint sender(std::size_t i) const;
  [[nodiscard]] std::size_t segment_bytes(std::size_t i) const;

  struct alignas(cmsghdr) Control {
    std::array<std::byte, CMSG_SPACE(sizeof(int))> bytes;
  };
  std::unique_ptr<std::byte[]> buffers_;
  std::array<mmsghdr, messages> headers_{};
  std::array<iovec, messages> vectors_{};
  std::array<sockaddr_in6, messages> senders_{};
  std::array<Control, messages> controls_{};
};

// A datagram to send; the bytes stay the caller's until send() returns.
struct Dispatch {
  std::span<const std::byte> bytes;
  media::Endpoint to;  // not looked at for a connected port
};

// Sends a run of datagrams by one port in as few system calls as they allow: neighbours with the
// same destination and size go as one UDP_SEGMENT message.
class SendBatch {
 public:
  SendBatch();

  // Calls failed(index) for each datagram that the system did not take. Never waits.
  template <class Failed>
  void send(const UdpPort& port, std::span<const Dispatch> run, Failed&& failed) {
    segmentation_ = segmentation_refusals_ < segmentation_refusals_max;
    for (std::size_t done = 0; done < run.size();) {
      const auto taken = send_some(port, run.subspan(done));
      for (std::size_t i = taken.sent; i < taken.sent + taken.failed; ++i)
        failed(done + i);
      done += taken.sent + taken.failed;
    }
  }

 private:
  static constexpr std::size_t messages = 64;
  static constexpr std::size_t segments_max = 64;       // UDP_MAX_SEGMENTS of Linux
  static constexpr std::size_t segment_total = 60'000;  // below the 64 KiB of one IP packet

  struct Taken {
    std::size_t sent = 0;
    std::size_t failed = 0;
  };
  Taken send_some(const UdpPort& port, std::span<const Dispatch> run);
  // Puts the longest run that fits one message into message `i`; gives its datagrams.
  std::size_t fill(std::size_t i, const UdpPort& port, std::span<const Dispatch> run);

  struct alignas(cmsghdr) Control {
    std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
  };
  // A route may refuse UDP_SEGMENT (an odd device, a size above its MTU): that run goes one by one.
  static constexpr std::size_t segmentation_refusals_max = 64;
  std::size_t segmentation_refusals_ = 0;
  bool segmentation_ = true;
  std::array<mmsghdr, messages> headers_{};
  std::array<sockaddr_in6, messages> addresses_{};
  std::array<Control, messages> controls_{};
  std::array<std::size_t, messages> counts_{};
  std::vector<iovec> vectors_;
};

}  // namespace assent::gateway
