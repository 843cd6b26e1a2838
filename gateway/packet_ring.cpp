#include "gateway/packet_ring.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace assent::gateway {

// What stands before each payload in the ring.
struct PacketRing::Header {
  std::uint32_t record_bytes;  // header and payload, rounded up; 0 = the rest of the block is void
  std::uint32_t payload_bytes;
  std::uint64_t extended_sequence;
  media::TimePoint captured;
  TrackId track;
  std::uint32_t ssrc;
  std::uint32_t rtp_timestamp;
  std::uint16_t marker;
  media::Codec codec;
};

namespace {

constexpr std::size_t record_alignment = 8;
constexpr std::size_t ring_bytes_min = 4'096;  // a largest packet and its like

}  // namespace

PacketRing::PacketRing(std::size_t bytes)
    : mask_{std::bit_ceil(std::max(bytes, ring_bytes_min)) - 1},
      // Value-initialised: every page is touched now, not on the packet path.
      bytes_{std::make_unique<std::byte[]>(mask_ + 1)} {}

bool PacketRing::push(const RecordedPacket& packet) noexcept {
  if (packet.payload.size() > recorded_payload_max) return false;
  const std::size_t needed =
      (sizeof(Header) + packet.payload.size() + record_alignment - 1) & ~(record_alignment - 1);
  std::size_t at = head_.load(std::memory_order_relaxed);
  const std::size_t until_end = capacity() - (at & mask_);
  const std::size_t skipped = until_end < needed ? until_end : 0;  // records never wrap
  if (at + skipped + needed - tail_seen_ > capacity()) {
    tail_seen_ = tail_.load(std::memory_order_acquire);
    if (at + skipped + needed - tail_seen_ > capacity()) return false;
  }
  if (skipped > 0) {
    constexpr std::uint32_t rest_is_void = 0;
    std::memcpy(bytes_.get() + (at & mask_), &rest_is_void, sizeof rest_is_void);
    at += skipped;
  }
  const Header header{static_cast<std::uint32_t>(needed),
                      static_cast<std::uint32_t>(packet.payload.size()),
                      packet.extended_sequence,
                      packet.captured,
                      packet.track,
                      packet.ssrc,
                      packet.rtp_timestamp,
                      static_cast<std::uint16_t>(packet.marker ? 1 : 0),
                      packet.codec};
  std::byte* const to = bytes_.get() + (at & mask_);
  std::memcpy(to, &header, sizeof header);
  if (!packet.payload.empty()) {
    std::memcpy(to + sizeof header, packet.payload.data(), packet.payload.size());
  }
  head_.store(at + needed, std::memory_order_release);
  return true;
}

std::size_t PacketRing::read(std::size_t at, RecordedPacket& packet) const noexcept {
  const std::byte* const from = bytes_.get() + (at & mask_);
  std::uint32_t record_bytes = 0;
  std::memcpy(&record_bytes, from, sizeof record_bytes);
  if (record_bytes == 0) return at + capacity() - (at & mask_);
  Header header;
  std::memcpy(&header, from, sizeof header);
  packet.track = header.track;
  packet.ssrc = header.ssrc;
  packet.extended_sequence = header.extended_sequence;
  packet.rtp_timestamp = header.rtp_timestamp;
  packet.marker = header.marker != 0;
  packet.codec = header.codec;
  packet.captured = header.captured;
  packet.payload = {from + sizeof header, header.payload_bytes};
  return at + record_bytes;
}

}  // namespace assent::gateway
