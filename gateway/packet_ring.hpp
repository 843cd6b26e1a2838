#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "media/codec.hpp"
#include "media/time.hpp"

namespace assent::gateway {

enum class TrackId : std::uint32_t {};  // never used twice in the life of a sink

// One RTP packet on its way to a sink of this program. The payload is read during the call only.
struct RecordedPacket {
  TrackId track{};
  std::uint32_t ssrc = 0;
  std::uint64_t extended_sequence = 0;  // RFC 3550 appendix A.1
  std::uint32_t rtp_timestamp = 0;      // by the codec's clock
  bool marker = false;
  media::TimePoint captured{};
  std::span<const std::byte> payload;
  media::Codec codec = media::Codec::none;
};
inline constexpr std::size_t recorded_payload_max = 1'500;

// A bounded queue of packets between one media worker and a sink: bytes in one preallocated
// block, so that a ring holds many small packets. No lock, no allocation, no system call.
class PacketRing {
 public:
  explicit PacketRing(std::size_t bytes);  // rounded up to a power of two

  // Producer. False when there is no room or the payload is too large: the packet is not taken.
  [[nodiscard]] bool push(const RecordedPacket& packet) noexcept;

  // Consumer. Calls take(const RecordedPacket&) for what was pushed before the call began.
  template <class Take>
  void drain(Take&& take) {
    const std::size_t end = head_.load(std::memory_order_acquire);
    std::size_t at = tail_.load(std::memory_order_relaxed);
    while (at != end) {
      RecordedPacket packet;
      const std::size_t next = read(at, packet);
      if (packet.payload.data() != nullptr) take(packet);
      at = next;
      tail_.store(at, std::memory_order_release);
    }
  }

  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

 private:
  struct Header;
  std::size_t read(std::size_t at, RecordedPacket& packet) const noexcept;

  static constexpr std::size_t cache_line = 64;
  std::size_t mask_;
  std::unique_ptr<std::byte[]> bytes_;
  alignas(cache_line) std::atomic<std::size_t> head_{0};  // ever written
  std::size_t tail_seen_ = 0;                             // the producer's copy
  alignas(cache_line) std::atomic<std::size_t> tail_{0};  // ever read
};

}  // namespace assent::gateway
