#include "bench/consent_sink.hpp"

#include <poll.h>

#include <array>

#include "bench/talkers.hpp"

namespace assent::bench {
namespace {

std::uint64_t load(std::span<const std::byte> bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + i]);
  return value;
}

// A port whose neighbour above is free, too: taken in turn until there is one.
std::uint16_t free_pair() {
  for (;;) {
    const UdpSocket even;
    if (even.port() == UINT16_MAX) continue;
    try {
      const UdpSocket odd{static_cast<std::uint16_t>(even.port() + 1)};
      return even.port();
    } catch (const std::system_error&) {
      continue;
    }
  }
}

}  // namespace

ConsentSink::ConsentSink() : ConsentSink{free_pair()} {}

ConsentSink::ConsentSink(std::uint16_t port)
    : port_{port}, rtp_{port}, rtcp_{static_cast<std::uint16_t>(port + 1)} {}

void ConsentSink::listen_to(std::deque<Person>& people) {
  for (auto& person : people)
    histories_[person.ssrc] = &person.history;
  over_ = false;
  thread_ = std::thread{[this] { listen(); }};
}

void ConsentSink::stop_listening() {
  if (!thread_.joinable()) return;
  over_ = true;
  thread_.join();
  histories_.clear();
}

void ConsentSink::listen() {
  std::array<pollfd, 2> ready{{{rtp_.fd(), POLLIN, 0}, {rtcp_.fd(), POLLIN, 0}}};
  while (!over_) {
    poll(ready.data(), ready.size(), 20);
    drain();
  }
  drain();
}

void ConsentSink::drain() {
  rtp_.drain([this](Nanoseconds at, auto datagram) { take_rtp(at, datagram); });
  rtcp_.drain([this](Nanoseconds at, auto datagram) { take_rtcp(at, datagram); });
  for (auto& [ssrc, history] : histories_)
    history->judge(verdict_);
}

void ConsentSink::take_rtp(Nanoseconds at, std::span<const std::byte> datagram) {
  const auto known = datagram.size() == Talkers::packet_bytes
                         ? histories_.find(static_cast<std::uint32_t>(load(datagram, 8, 4)))
                         : histories_.end();
  if (known == histories_.end()) {
    ++unknown_;
    return;
  }
  const auto sequence = load(datagram, Talkers::sequence_at, 8);
  if ((sequence & 0xffff) != load(datagram, 2, 2)) ++unknown_;
  known->second->arrived({at, static_cast<std::int64_t>(sequence)});
}

void ConsentSink::take_rtcp(Nanoseconds at, std::span<const std::byte> datagram) {
  const auto known = datagram.size() >= 8
                         ? histories_.find(static_cast<std::uint32_t>(load(datagram, 4, 4)))
                         : histories_.end();
  if (known == histories_.end()) {
    ++unknown_;
    return;
  }
  ++reports_;
  known->second->arrived({at, 0});
}

}  // namespace assent::bench
