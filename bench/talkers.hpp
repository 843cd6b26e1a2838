#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "bench/udp_socket.hpp"

namespace assent::bench {

// Everybody talks, in bursts of a random length at random instants, on a thread of its own: Opus
// whose payload repeats the extended sequence number, and now and then a sender report.
class Talkers {
 public:
  struct Talker {
    std::uint16_t to = 0;  // the gateway's port
    std::uint32_t ssrc = 0;
  };
  // All from one socket; `rate` packets a second together.
  Talkers(const UdpSocket& from, std::vector<Talker> talkers, double rate, std::uint64_t seed);
  ~Talkers();
  Talkers(const Talkers&) = delete;
  Talkers& operator=(const Talkers&) = delete;

  [[nodiscard]] std::uint64_t sent() const { return sent_; }

  static constexpr std::size_t payload_at = 12;
  static constexpr std::size_t packet_bytes = payload_at + 80;
  static constexpr std::size_t sequence_at = payload_at + 1;  // 8 bytes, the most significant first

 private:
  void talk();
  void send_burst();
  void send_report(std::size_t who);

  const UdpSocket& from_;
  std::vector<Talker> talkers_;
  std::vector<std::uint64_t> sequences_;  // the last one sent
  double rate_;
  std::mt19937_64 random_;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace assent::bench
