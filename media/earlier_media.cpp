#include "media/earlier_media.hpp"

#include <algorithm>

#include "media/byte_order.hpp"

namespace assent::media {
namespace {

constexpr std::chrono::seconds repair_reach{5};
constexpr std::int64_t slowest_clock_hz = 8'000;
constexpr std::int64_t red_offset_max = (1 << 14) - 1;  // RFC 2198 §3: 14 bits
constexpr std::size_t red_block_bytes_mask = (1 << 10) - 1;

Duration of_ticks(std::int64_t ticks) {
  return std::chrono::microseconds{ticks * 1'000'000 / slowest_clock_hz};
}

// Padding of a packet of code 3 (RFC 6716 §3.2.5) is zero; what is not, is an extension
// (draft-ietf-mlcodec-opus-extension), in any mode. What cannot be read counts as one.
bool has_opus_extension(std::span<const std::byte> packet) {
  if (packet.size() < 2 || (packet[0] & std::byte{3}) != std::byte{3}) return false;
  if ((packet[1] & std::byte{0x40}) == std::byte{0}) return false;
  std::size_t padding = 0;
  std::size_t at = 2;
  for (bool more = true; more; ++at) {
    if (at == packet.size()) return true;
    more = packet[at] == std::byte{255};
    padding += more ? 254 : std::to_integer<std::size_t>(packet[at]);
  }
  if (padding > packet.size() - at) return true;
  return std::ranges::any_of(packet.last(padding), [](std::byte b) { return b != std::byte{0}; });
}

Duration reach_of_opus(std::span<const std::byte> payload) {
  return has_opus_extension(payload) ? Duration{opus_reach_max} : Duration::zero();
}

// Before the instant of the block.
Duration reach_of_block(Codec codec, std::span<const std::byte> block) {
  switch (codec) {
    case Codec::none:
    case Codec::rtx:
    case Codec::fec:
    case Codec::red:
      return repair_reach;
    default: {
      const bool repeats = may_repeat_the_last(codec, block);
      const Duration last = repeats ? Duration{opus_packet_max} : Duration::zero();
      return codec == Codec::opus ? std::max(last, reach_of_opus(block)) : last;
    }
  }
}

// RFC 2198 §3: four bytes a block before the primary one, which has a single byte and no F bit;
// then the blocks themselves, in the same order.
Duration reach_of_red(const PayloadTypes& types, std::span<const std::byte> payload) {
  const auto codec_at = [&](std::size_t at) {
    return types[std::to_integer<std::size_t>(payload[at]) & 0x7f];
  };
  const auto is_primary = [&](std::size_t at) {
    return (payload[at] & std::byte{0x80}) == std::byte{0};
  };
  const Duration unreadable = of_ticks(red_offset_max) + repair_reach;
  std::size_t primary = 0;
  while (primary < payload.size() && !is_primary(primary))
    primary += 4;
  if (primary >= payload.size()) return unreadable;

  Duration oldest = Duration::zero();
  auto blocks = payload.subspan(primary + 1);
  for (std::size_t at = 0; at < primary; at += 4) {
    const auto size = load_be16(payload, at + 2) & red_block_bytes_mask;
    if (size > blocks.size()) return unreadable;
    const auto offset = of_ticks(load_be16(payload, at + 1) >> 2);
    oldest = std::max(oldest, offset + reach_of_block(codec_at(at), blocks.first(size)));
    blocks = blocks.subspan(size);
  }
  return std::max(oldest, reach_of_block(codec_at(primary), blocks));
}

}  // namespace

Duration reach_back(const PayloadTypes& types, std::uint8_t payload_type,
                    std::span<const std::byte> payload) {
  switch (types[payload_type]) {
    case Codec::none:
    case Codec::rtx:
    case Codec::fec:
      return repair_reach;
    case Codec::red:
      return reach_of_red(types, payload);
    case Codec::opus:
      return reach_of_opus(payload);
    default:
      return Duration::zero();
  }
}

bool may_repeat_the_last(Codec codec, std::span<const std::byte> payload) {
  if (codec == Codec::other_audio) return true;
  return codec == Codec::opus && !payload.empty() && std::to_integer<unsigned>(payload[0]) < 0x80;
}

}  // namespace assent::media
