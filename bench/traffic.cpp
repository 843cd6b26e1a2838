#include "bench/traffic.hpp"

#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "bench/process_usage.hpp"

namespace assent::bench {
namespace {

constexpr std::size_t sockets_polled_without_epoll = 8;
constexpr std::size_t verified_one_in = 61;
constexpr std::uint32_t first_ssrc = 0x0A55E000;
constexpr std::uint8_t pcmu = 0;
constexpr std::uint32_t samples_per_packet = 160;
// With nothing arriving for so long, what is on its way counts as lost.
constexpr std::chrono::milliseconds given_up_after{200};

void put16(std::byte* at, std::uint16_t value) {
  at[0] = static_cast<std::byte>(value >> 8);
  at[1] = static_cast<std::byte>(value);
}
void put32(std::byte* at, std::uint32_t value) {
  put16(at, static_cast<std::uint16_t>(value >> 16));
  put16(at + 2, static_cast<std::uint16_t>(value));
}
std::uint16_t get16(const std::byte* at) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(at[0]) << 8 |
                                    std::to_integer<unsigned>(at[1]));
}
std::uint32_t get32(const std::byte* at) {
  return static_cast<std::uint32_t>(get16(at)) << 16 | get16(at + 2);
}

// A payload that no other packet has, cheap to make again for the comparison.
void fill_payload(std::span<std::byte> payload, std::size_t flow, std::uint64_t index) {
  std::uint64_t state = flow * 0x9E3779B97F4A7C15u + index;
  for (std::byte& octet : payload) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    octet = static_cast<std::byte>(state >> 56);
  }
}

void write_plain(std::span<std::byte> packet, std::size_t flow, std::uint64_t index) {
  packet[0] = std::byte{0x80};
  packet[1] = std::byte{pcmu};
  put16(&packet[2], static_cast<std::uint16_t>(index));
  put32(&packet[4], static_cast<std::uint32_t>(index * samples_per_packet));
  put32(&packet[8], first_ssrc + static_cast<std::uint32_t>(flow));
  fill_payload(packet.subspan(rtp_header_bytes), flow, index);
}

double microseconds_at(std::vector<std::uint32_t>& nanoseconds, double share) {
  if (nanoseconds.empty()) return 0;
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(nanoseconds.size() - 1));
  const auto at = nanoseconds.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(nanoseconds.begin(), at, nanoseconds.end());
  return *at / 1000.0;
}

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

struct Traffic::Ledger {
  RunOrder order;
  RunResult result;
  std::vector<std::byte> packets;           // back to back
  std::vector<std::size_t> ends;            // of each, in `packets`
  std::vector<Clock::time_point> sent_at;   // by slot
  std::vector<bool> arrived;                // by slot
  std::vector<std::uint64_t> first_index;   // by flow
  std::vector<std::uint64_t> highest_seen;  // by flow
  std::vector<std::uint32_t> latencies;     // nanoseconds
  std::size_t on_their_way = 0;
  Clock::time_point started;
  Clock::time_point last_arrival;

  [[nodiscard]] std::span<std::byte> packet(std::size_t number) {
    const std::size_t begin = number == 0 ? 0 : ends[number - 1];
    return std::span{packets}.subspan(begin, ends[number] - begin);
  }
};

Traffic::Traffic(std::vector<Flow> flows, std::span<const UdpSocket> sockets,
                 std::size_t payload_bytes)
    : flows_{std::move(flows)}, payload_bytes_{payload_bytes} {
  if (payload_bytes + rtp_header_bytes + tag_bytes_max > datagram_bytes_max)
    throw std::invalid_argument{"payload too long"};
  for (const UdpSocket& socket : sockets)
    fds_.push_back(socket.fd());
  if (fds_.size() <= sockets_polled_without_epoll) return;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  for (const int fd : fds_) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
      throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
  }
}

Traffic::~Traffic() {
  if (epoll_ >= 0) close(epoll_);
}

Traffic::Slot Traffic::slot(const Ledger& ledger, std::size_t number) const {
  const std::size_t burst = ledger.order.burst;
  const std::size_t turn = number / (flows_.size() * burst);
  const std::size_t flow = number / burst % flows_.size();
  return {flow, ledger.first_index[flow] + turn * burst + number % burst};
}

void Traffic::build_packets(Ledger& ledger) {
  const std::size_t turn = flows_.size() * ledger.order.burst;
  const std::size_t packets = (ledger.order.packets + turn - 1) / turn * turn;
  for (const Flow& flow : flows_)
    ledger.first_index.push_back(flow.next_index);
  ledger.highest_seen = ledger.first_index;
  ledger.order.packets = packets;
  ledger.sent_at.resize(packets);
  ledger.arrived.resize(packets);
  ledger.latencies.reserve(packets);
  ledger.ends.reserve(packets);
  const std::size_t plain_bytes = rtp_header_bytes + payload_bytes_;
  ledger.packets.resize(packets * (plain_bytes + tag_bytes_max));
  std::size_t end = 0;
  for (std::size_t number = 0; number < packets; ++number) {
    const auto [flow, index] = slot(ledger, number);
    const auto buffer = std::span{ledger.packets}.subspan(end, plain_bytes + tag_bytes_max);
    write_plain(buffer.first(plain_bytes), flow, index);
    Flow& sender = flows_[flow];
    end += sender.seal ? sender.seal->protect(buffer, plain_bytes, index) : plain_bytes;
    ledger.ends.push_back(end);
    sender.next_index = index + 1;
  }
}

std::size_t Traffic::allowance(const Ledger& ledger, Clock::time_point now) const {
  const std::size_t left = ledger.order.packets - ledger.result.sent;
  std::size_t allowed = 0;
  if (ledger.order.window != 0) {
    allowed = ledger.order.window - std::min(ledger.order.window, ledger.on_their_way);
  } else {
    const auto due = static_cast<std::size_t>(seconds_of(now - ledger.started) * ledger.order.rate);
    allowed = due - std::min(due, ledger.result.sent);
  }
  const std::size_t burst = ledger.order.burst;
  return std::min({left, (allowed + burst - 1) / burst * burst, batch});
}

void Traffic::Outgoing::set(std::size_t i, std::span<std::byte> bytes, std::uint16_t port,
                            std::uint16_t segment) {
  addresses[i] = loopback_address(port);
  vectors[i] = {bytes.data(), bytes.size()};
  msghdr& header = messages[i].msg_hdr;
  header = {};
  header.msg_name = &addresses[i];
  header.msg_namelen = sizeof(sockaddr_in);
  header.msg_iov = &vectors[i];
  header.msg_iovlen = 1;
  if (segment == bytes.size()) return;
  header.msg_control = controls[i].bytes.data();
  header.msg_controllen = controls[i].bytes.size();
  cmsghdr* control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = SOL_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN(sizeof segment);
  std::memcpy(CMSG_DATA(control), &segment, sizeof segment);
}

// Hands over what goes out of one socket in one system call.
std::size_t Traffic::send_neighbours(Ledger& ledger, std::size_t limit) {
  const std::size_t burst = ledger.order.burst;
  const int fd = flows_[slot(ledger, ledger.result.sent).flow].from_fd;
  unsigned count = 0;
  for (std::size_t number = ledger.result.sent; limit >= burst && count < batch;
       number += burst, limit -= burst, ++count) {
    const Flow& flow = flows_[slot(ledger, number).flow];
    if (flow.from_fd != fd) break;
    const auto first = ledger.packet(number);
    outgoing_.set(count, {first.data(), first.size() * burst}, flow.to_port,
                  static_cast<std::uint16_t>(first.size()));
  }
  const auto now = Clock::now();
  const int taken = sendmmsg(fd, outgoing_.messages.data(), count, 0);
  if (taken < 0) {
    if (errno == EAGAIN || errno == ENOBUFS || errno == ECONNREFUSED) return 0;
    throw std::system_error{errno, std::generic_category(), "sendmmsg"};
  }
  const std::size_t packets = static_cast<std::size_t>(taken) * burst;
  std::fill_n(ledger.sent_at.begin() + static_cast<std::ptrdiff_t>(ledger.result.sent), packets,
              now);
  ledger.result.sent += packets;
  ledger.on_their_way += packets;
  return packets;
}

std::size_t Traffic::send(Ledger& ledger, std::size_t allowed) {
  std::size_t sent = 0;
  while (sent < allowed) {
    const std::size_t packets = send_neighbours(ledger, allowed - sent);
    if (packets == 0) break;
    sent += packets;
  }
  return sent;
}

void Traffic::verify(Ledger& ledger, std::span<std::byte> packet, Flow& flow, std::uint64_t index) {
  std::array<std::byte, datagram_bytes_max> expected;
  const auto plain = std::span{expected}.first(rtp_header_bytes + payload_bytes_);
  write_plain(plain, static_cast<std::size_t>(&flow - flows_.data()), index);
  const std::size_t bytes = flow.open ? flow.open->unprotect(packet, index) : packet.size();
  ++ledger.result.verified;
  if (!std::ranges::equal(packet.first(bytes), plain)) ++ledger.result.corrupt;
}

void Traffic::account(Ledger& ledger, std::span<std::byte> packet, Clock::time_point now) {
  if (packet.size() < rtp_header_bytes || (std::to_integer<unsigned>(packet[0]) >> 6) != 2 ||
      (std::to_integer<unsigned>(packet[1]) & 0x7F) != pcmu) {
    return;  // the relay's own RTCP
  }
  const std::size_t flow = get32(&packet[8]) - first_ssrc;
  if (flow >= flows_.size()) {
    ++ledger.result.unknown;
    return;
  }
  const std::size_t burst = ledger.order.burst;
  const std::uint64_t index = extend_sequence(ledger.highest_seen[flow], get16(&packet[2]));
  const std::uint64_t nth = index - ledger.first_index[flow];
  const std::size_t number = (nth / burst * flows_.size() + flow) * burst + nth % burst;
  if (index < ledger.first_index[flow] || number >= ledger.result.sent) {
    ++ledger.result.unknown;  // a straggler of an earlier run
    return;
  }
  if (ledger.arrived[number]) {
    ++ledger.result.duplicated;
    return;
  }
  ledger.arrived[number] = true;
  ledger.highest_seen[flow] = std::max(index, ledger.highest_seen[flow]);
  ledger.latencies.push_back(static_cast<std::uint32_t>((now - ledger.sent_at[number]).count()));
  ledger.last_arrival = now;
  if (ledger.on_their_way > 0) --ledger.on_their_way;
  if (++ledger.result.received % verified_one_in == 0) verify(ledger, packet, flows_[flow], index);
}

Traffic::Incoming::Incoming() {
  for (std::size_t i = 0; i < batch; ++i) {
    vectors[i] = {buffers[i].data(), buffers[i].size()};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
}

std::size_t Traffic::receive_from(Ledger& ledger, int fd) {
  const int count = recvmmsg(fd, incoming_.messages.data(), batch, MSG_DONTWAIT, nullptr);
  if (count <= 0) return 0;
  const auto now = Clock::now();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    account(ledger, std::span{incoming_.buffers[i]}.first(incoming_.messages[i].msg_len), now);
  }
  return static_cast<std::size_t>(count);
}

std::size_t Traffic::receive(Ledger& ledger) {
  std::size_t received = 0;
  if (epoll_ < 0) {
    for (const int fd : fds_)
      received += receive_from(ledger, fd);
    return received;
  }
  std::array<epoll_event, batch> events;
  const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < ready; ++i)
    received += receive_from(ledger, events[static_cast<std::size_t>(i)].data.fd);
  return received;
}

RunResult Traffic::run(const RunOrder& order) {
  if (order.burst == 0 || order.burst > batch || (order.window == 0 && order.rate <= 0))
    throw std::invalid_argument{"a run needs a burst of 1 to 64 and a window or a rate"};
  Ledger ledger{};
  ledger.order = order;
  build_packets(ledger);
  RunResult& result = ledger.result;
  while (receive(ledger) != 0) {
  }
  result.unknown = 0;

  std::chrono::nanoseconds cpu{};
  if (order.relay) cpu = cpu_time_of(*order.relay);
  ledger.started = ledger.last_arrival = Clock::now();
  auto last_progress = ledger.started;
  std::chrono::nanoseconds spare{};
  for (auto now = ledger.started; result.received < ledger.order.packets;) {
    const std::size_t sent = send(ledger, allowance(ledger, now));
    const std::size_t received = receive(ledger);
    const auto then = std::exchange(now, Clock::now());
    if (sent + received == 0) spare += now - then;
    if (received != 0 || ledger.on_their_way == 0) last_progress = now;
    if (now - last_progress < given_up_after) continue;
    if (result.sent == ledger.order.packets) break;
    ledger.on_their_way = 0;
  }
  if (order.relay) result.relay_cpu_seconds = seconds_of(cpu_time_of(*order.relay) - cpu);
  result.seconds = seconds_of(ledger.last_arrival - ledger.started);
  const double whole = seconds_of(Clock::now() - ledger.started);
  result.generator_spare = whole > 0 ? seconds_of(spare) / whole : 0;
  result.latency_p50_us = microseconds_at(ledger.latencies, 0.5);
  result.latency_p99_us = microseconds_at(ledger.latencies, 0.99);
  result.latency_p999_us = microseconds_at(ledger.latencies, 0.999);
  result.latency_max_us = microseconds_at(ledger.latencies, 1);
  return result;
}

}  // namespace assent::bench
