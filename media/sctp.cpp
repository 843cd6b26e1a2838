#include "media/sctp.hpp"

#include <algorithm>
#include <array>

namespace assent::media {
namespace {

constexpr std::size_t checksum_offset = 8;

// The Castagnoli polynomial, its bits reversed.
constexpr std::array<std::uint32_t, 256> crc32c_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f6'3b78U : crc >> 1;
    table[byte] = crc;
  }
  return table;
}();

std::uint32_t crc32c(std::span<const std::byte> bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const auto byte : bytes)
    crc = crc >> 8 ^ crc32c_table[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
  return ~crc;
}

// With its fixed fields.
std::size_t chunk_bytes_min(SctpChunkType type) {
  switch (type) {
    case SctpChunkType::data:
    case SctpChunkType::sack:
      return 16;
    case SctpChunkType::i_data:
    case SctpChunkType::init:
    case SctpChunkType::init_ack:
      return 20;
    case SctpChunkType::forward_tsn:
    case SctpChunkType::i_forward_tsn:
      return 8;
  }
  return sctp_chunk_header_bytes;
}

}  // namespace

SctpData data_of(const SctpChunk& chunk) {
  SctpData data;
  data.interleaved = chunk.type == SctpChunkType::i_data;
  data.tsn = Tsn{load_be32(chunk.bytes, 4)};
  data.stream = load_be16(chunk.bytes, 8);
  data.message = data.interleaved ? load_be32(chunk.bytes, 12) : load_be16(chunk.bytes, 10);
  data.unordered = (chunk.flags & 4U) != 0;
  data.begins = (chunk.flags & 2U) != 0;
  data.ends = (chunk.flags & 1U) != 0;
  return data;
}

std::optional<SctpChunk> take_sctp_chunk(std::span<const std::byte>& rest) {
  if (rest.size() < sctp_chunk_header_bytes) return std::nullopt;
  const std::size_t length = load_be16(rest, 2);
  if (length < sctp_chunk_header_bytes || length > rest.size()) return std::nullopt;
  const SctpChunk chunk{static_cast<SctpChunkType>(rest[0]), std::to_integer<std::uint8_t>(rest[1]),
                        rest.first(length)};
  // RFC 9260 §3.2: up to three bytes that the length does not count.
  const std::size_t padded = (length + 3) & ~std::size_t{3};
  rest = rest.subspan(std::min(padded, rest.size()));
  return chunk;
}

bool SctpView::carries_data() const {
  for (const auto& chunk : chunks()) {
    if (chunk.carries_data()) return true;
  }
  return false;
}

Parsed<SctpView> parse_sctp(std::span<const std::byte> bytes) {
  if (bytes.size() < sctp_header_bytes) return DropReason::too_short;
  auto rest = bytes.subspan(sctp_header_bytes);
  do {
    const auto chunk = take_sctp_chunk(rest);
    if (!chunk || chunk->bytes.size() < chunk_bytes_min(chunk->type)) return DropReason::malformed;
  } while (!rest.empty());
  return SctpView{bytes};
}

void seal_sctp(std::span<std::byte> packet) {
  store_be32(packet, checksum_offset, 0);
  const auto crc = crc32c(packet);
  for (std::size_t i = 0; i < 4; ++i)
    packet[checksum_offset + i] = static_cast<std::byte>(crc >> (8 * i));
}

}  // namespace assent::media
