#include "bench/talkers.hpp"

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <utility>

namespace assent::bench {
namespace {

constexpr std::size_t burst_max = 8;
constexpr std::uint64_t bursts_a_report = 50;
constexpr std::uint8_t opus_payload_type = 111;
constexpr std::uint64_t opus_samples = 960;  // 20 ms at 48 kHz

void store(std::byte* to, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i)
    to[i] = static_cast<std::byte>(value >> (8 * (bytes - 1 - i)));
}

using Packet = std::array<std::byte, Talkers::packet_bytes>;

// RFC 3550 §5.1, RFC 7587. The first byte of Opus says CELT, fullband, 20 ms: it carries nothing of
// the packet before.
void write_packet(Packet& packet, std::uint32_t ssrc, std::uint64_t sequence) {
  packet[0] = std::byte{0x80};
  packet[1] = std::byte{opus_payload_type};
  store(&packet[2], sequence, 2);
  store(&packet[4], sequence * opus_samples, 4);
  store(&packet[8], ssrc, 4);
  packet[Talkers::payload_at] = std::byte{0xf8};
  store(&packet[Talkers::sequence_at], sequence, 8);
}

}  // namespace

Talkers::Talkers(const UdpSocket& from, std::vector<Talker> talkers, double rate,
                 std::uint64_t seed)
    : from_{from},
      talkers_{std::move(talkers)},
      sequences_(talkers_.size()),
      rate_{rate},
      random_{seed},
      thread_{[this] { talk(); }} {}

Talkers::~Talkers() {
  over_ = true;
  thread_.join();
}

void Talkers::talk() {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  std::uint64_t owed = 0;  // packets that were due and could not be sent in time are not made up
  for (std::uint64_t bursts = 0; !over_; ++bursts) {
    const std::chrono::duration<double> gone = Clock::now() - began;
    const auto due = static_cast<std::uint64_t>(gone.count() * rate_);
    if (due <= sent_ + owed) {
      std::this_thread::sleep_for(std::chrono::microseconds{random_() % 400});
      continue;
    }
    constexpr std::uint64_t backlog_max = 512;
    if (due - sent_ - owed > backlog_max) owed = due - sent_ - backlog_max;
    send_burst();
    if (bursts % bursts_a_report == 0) send_report(random_() % talkers_.size());
  }
}

void Talkers::send_burst() {
  const auto who = random_() % talkers_.size();
  const auto count = 1 + random_() % burst_max;
  auto address = loopback_address(talkers_[who].to);
  std::array<Packet, burst_max> packets{};
  std::array<iovec, burst_max> vectors;
  std::array<mmsghdr, burst_max> headers{};
  for (std::size_t i = 0; i < count; ++i) {
    write_packet(packets[i], talkers_[who].ssrc, ++sequences_[who]);
    vectors[i] = {packets[i].data(), packets[i].size()};
    headers[i].msg_hdr.msg_name = &address;
    headers[i].msg_hdr.msg_namelen = sizeof address;
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  // What the system does not take is lost on the way, as in any network.
  sendmmsg(from_.fd(), headers.data(), static_cast<unsigned>(count), 0);
  sent_ += count;
}

// RFC 3550 §6.4.1, without report blocks.
void Talkers::send_report(std::size_t who) {
  std::array<std::byte, 28> report{};
  report[0] = std::byte{0x80};
  report[1] = std::byte{200};
  store(&report[2], report.size() / 4 - 1, 2);
  store(&report[4], talkers_[who].ssrc, 4);
  store(&report[16], sequences_[who] * opus_samples, 4);
  const auto address = loopback_address(talkers_[who].to);
  sendto(from_.fd(), report.data(), report.size(), 0, reinterpret_cast<const sockaddr*>(&address),
         sizeof address);
}

}  // namespace assent::bench
