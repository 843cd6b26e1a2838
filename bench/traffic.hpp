#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "bench/bare_srtp.hpp"
#include "bench/udp_socket.hpp"

namespace assent::bench {

// One RTP stream through the relay: sent to the relay's port, expected back on another socket.
struct Flow {
  int from_fd = -1;
  std::uint16_t to_port = 0;
  std::optional<BareSrtp> seal;  // none: plain RTP
  std::optional<BareSrtp> open;
  std::uint64_t next_index = 0;  // never repeated: the relay's replay window lives on between runs
};

struct RunOrder {
  std::size_t packets = 0;  // rounded up to whole turns of all flows
  std::size_t burst = 1;    // packets of one flow in a row, as one GSO super-packet if more than 1
  std::size_t window = 0;   // closed loop: at most so many on their way; 0: paced
  double rate = 0;          // paced: packets per second, evenly spaced
  std::optional<pid_t> relay;  // whose CPU time is counted
};

struct RunResult {
  std::size_t sent = 0;
  std::size_t received = 0;
  std::size_t duplicated = 0;
  std::size_t unknown = 0;   // came back as nothing that was sent
  std::size_t verified = 0;  // sampled: decrypted and compared with what was sent
  std::size_t corrupt = 0;   // of these, not what was sent
  double seconds = 0;        // first packet sent to last received
  double relay_cpu_seconds = 0;
  double generator_spare = 0;  // share of the time in which it had nothing to do
  double latency_p50_us = 0;
  double latency_p99_us = 0;
  double latency_p999_us = 0;
  double latency_max_us = 0;
};

// Sender and receiver of all flows on one thread, which never sleeps while a run lasts. Packets
// are built and encrypted before the run, so that a suite costs the generator nothing while the
// clock runs; latency comes from a table of sending times, as nothing can be written into them.
class Traffic {
 public:
  Traffic(std::vector<Flow> flows, std::span<const UdpSocket> sockets, std::size_t payload_bytes);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  ~Traffic();

  [[nodiscard]] RunResult run(const RunOrder& order);

 private:
  using Clock = std::chrono::steady_clock;

  // What one run has in memory; slots are numbered in the order of sending.
  struct Ledger;

  struct Slot {
    std::size_t flow;
    std::uint64_t index;
  };

  static constexpr std::size_t batch = 64;
  static constexpr std::size_t datagram_bytes_max = 1500;

  // Kept between system calls: with one packet a socket, to fill them anew would cost as much as
  // the packet.
  struct Outgoing {
    struct alignas(cmsghdr) SegmentSize {
      std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
    };
    // One datagram, or several of `segment` bytes.
    void set(std::size_t i, std::span<std::byte> bytes, std::uint16_t port, std::uint16_t segment);

    std::array<mmsghdr, batch> messages{};
    std::array<iovec, batch> vectors{};
    std::array<sockaddr_in, batch> addresses{};
    std::array<SegmentSize, batch> controls{};
  };
  struct Incoming {
    Incoming();
    std::array<mmsghdr, batch> messages{};
    std::array<iovec, batch> vectors{};
    std::array<std::array<std::byte, datagram_bytes_max>, batch> buffers{};
  };

  void build_packets(Ledger& ledger);
  [[nodiscard]] Slot slot(const Ledger& ledger, std::size_t number) const;
  std::size_t send(Ledger& ledger, std::size_t allowed);
  std::size_t send_neighbours(Ledger& ledger, std::size_t limit);
  std::size_t receive(Ledger& ledger);
  std::size_t receive_from(Ledger& ledger, int fd);
  void account(Ledger& ledger, std::span<std::byte> packet, Clock::time_point now);
  void verify(Ledger& ledger, std::span<std::byte> packet, Flow& flow, std::uint64_t index);
  [[nodiscard]] std::size_t allowance(const Ledger& ledger, Clock::time_point now) const;

  Outgoing outgoing_;
  Incoming incoming_;
  std::vector<Flow> flows_;
  std::vector<int> fds_;
  std::size_t payload_bytes_;
  int epoll_ = -1;  // none when there are few sockets: asking each is cheaper
};

}  // namespace assent::bench
