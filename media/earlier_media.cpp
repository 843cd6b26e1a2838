#include "media/earlier_media.hpp"

#include <algorithm>

#include "media/byte_order.hpp"

namespace assent::media {
namespace {

constexpr std::chrono::seconds repair_reach{5};
constexpr std::int64_t slowest_clock_hz = 8'000;
constexpr std::int64_t red_offset_max = (1 << 14) - 1;  // RFC 2198 §3: 14 bits

Duration of_ticks(std::int64_t ticks) {
  return std::chrono::microseconds{ticks * 1'000'000 / slowest_clock_hz};
}

// RFC 2198 §3: four bytes a block before the primary one, which has a single byte and no F bit.
Duration reach_of_red(std::span<const std::byte> payload) {
  std::int64_t oldest = 0;
  while (!payload.empty() && (payload[0] & std::byte{0x80}) != std::byte{0}) {
    if (payload.size() < 4) return of_ticks(red_offset_max);
    oldest = std::max<std::int64_t>(oldest, load_be16(payload, 1) >> 2);
    payload = payload.subspan(4);
  }
  return of_ticks(payload.empty() ? red_offset_max : oldest);
}

}  // namespace

Duration reach_back(Codec codec, std::span<const std::byte> payload) {
  switch (codec) {
    case Codec::rtx:
    case Codec::fec:
      return repair_reach;
    case Codec::red:
      return reach_of_red(payload);
    default:
      return Duration::zero();
  }
}

}  // namespace assent::media
