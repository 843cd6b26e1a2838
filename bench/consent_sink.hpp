#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <span>
#include <thread>
#include <unordered_map>

#include "bench/consent_clients.hpp"
#include "bench/stamped_sink.hpp"

namespace assent::bench {

// An rtp sink on a pair of ports that judges each packet, on a thread of its own, by what the
// speaker's client was told. It knows nothing from the gateway but the packets.
class ConsentSink {
 public:
  ConsentSink();
  ~ConsentSink() { stop_listening(); }
  ConsentSink(const ConsentSink&) = delete;
  ConsentSink& operator=(const ConsentSink&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

  // The people are there until stop_listening().
  void listen_to(std::deque<Person>& people);
  // After what is waiting now.
  void stop_listening();

  // Since it was made; not while it listens.
  [[nodiscard]] const Verdict& verdict() const { return verdict_; }
  [[nodiscard]] std::uint64_t reports() const { return reports_; }  // RTCP among the judged
  [[nodiscard]] std::uint64_t unknown() const { return unknown_; }  // of nobody who talks
  [[nodiscard]] std::uint64_t unseen() const { return rtp_.unseen() + rtcp_.unseen(); }

 private:
  explicit ConsentSink(std::uint16_t port);
  void listen();
  void drain();
  void take_rtp(Nanoseconds at, std::span<const std::byte> datagram);
  void take_rtcp(Nanoseconds at, std::span<const std::byte> datagram);

  std::uint16_t port_;
  StampedSink rtp_;
  StampedSink rtcp_;
  std::unordered_map<std::uint32_t, ConsentHistory*> histories_;  // by SSRC
  Verdict verdict_;
  std::uint64_t reports_ = 0;
  std::uint64_t unknown_ = 0;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace assent::bench
