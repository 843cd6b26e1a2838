#include "media/rtcp.hpp"

namespace assent::media {
namespace {

constexpr std::size_t report_block_bytes = 24;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> take(std::span<const std::byte>& rest, std::size_t size) {
  const auto taken = rest.first(size);
  rest = rest.subspan(size);
  return taken;
}

// The bytes of an SDES chunk's items: up to the null item that ends them.
std::optional<std::size_t> items_bytes(std::span<const std::byte> bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && bytes[at] != std::byte{0}) {
    if (bytes.size() - at < 2) return std::nullopt;
    at += 2 + std::to_integer<std::size_t>(bytes[at + 1]);
  }
  if (at >= bytes.size()) return std::nullopt;
  return at;
}

// Report blocks stand behind `head` bytes of the body; what is behind them is a profile's.
std::optional<ReportBlocks> blocks_behind(const RtcpPacket& packet, std::size_t head) {
  const std::size_t size = packet.count() * report_block_bytes;
  if (packet.body().size() < head + size) return std::nullopt;
  return ReportBlocks{packet.body().subspan(head, size)};
}

}  // namespace

std::optional<RtcpPacket> take_rtcp_packet(std::span<const std::byte>& rest) {
  if (rest.size() < rtcp_header_bytes) return std::nullopt;
  const auto first = std::to_integer<unsigned>(rest[0]);
  if (first >> 6 != 2) return std::nullopt;
  const std::size_t size = (load_be16(rest, 2) + std::size_t{1}) * 4;
  if (rest.size() < size) return std::nullopt;
  std::size_t body_bytes = size - rtcp_header_bytes;
  if ((first & 0x20) != 0) {
    // The count includes itself and is a multiple of four (RFC 3550 §6.4.1).
    const auto padding = std::to_integer<std::size_t>(rest[size - 1]);
    if (padding == 0 || padding % 4 != 0 || padding > body_bytes) return std::nullopt;
    body_bytes -= padding;
  }
  const auto bytes = take(rest, size);
  return RtcpPacket{bytes, bytes.subspan(rtcp_header_bytes, body_bytes)};
}

Parsed<RtcpCompound> parse_rtcp(std::span<const std::byte> bytes) {
  if (bytes.size() < rtcp_header_bytes) return DropReason::too_short;
  if (std::to_integer<unsigned>(bytes[0]) >> 6 != 2) return DropReason::bad_version;
  auto rest = bytes;
  while (!rest.empty()) {
    const auto packet = take_rtcp_packet(rest);
    if (!packet) return DropReason::malformed;
    if (packet->is_padded() && !rest.empty()) return DropReason::malformed;
  }
  return RtcpCompound{bytes};
}

bool RtcpCompound::is_reduced_size() const {
  const auto first = begin();
  return first->type() != RtcpType::sender_report && first->type() != RtcpType::receiver_report;
}

std::optional<ReportBlock> take_report_block(std::span<const std::byte>& rest) {
  if (rest.size() < report_block_bytes) return std::nullopt;
  const auto block = take(rest, report_block_bytes);
  const std::uint32_t loss = load_be32(block, 4);
  return ReportBlock{
      .source = Ssrc{load_be32(block, 0)},
      .fraction_lost = static_cast<std::uint8_t>(loss >> 24),
      // Shifted up and back, so that the sign of 24 bits becomes that of 32.
      .packets_lost = static_cast<std::int32_t>(loss << 8) >> 8,
      .highest_sequence = load_be32(block, 8),
      .jitter = load_be32(block, 12),
      .last_sender_report = load_be32(block, 16),
      .delay_since_last = load_be32(block, 20),
  };
}

Parsed<SenderReport> parse_sender_report(const RtcpPacket& packet) {
  const auto blocks = blocks_behind(packet, 24);
  if (packet.type() != RtcpType::sender_report || !blocks) return DropReason::malformed;
  const auto body = packet.body();
  return SenderReport{
      .sender = Ssrc{load_be32(body, 0)},
      .ntp_time = std::uint64_t{load_be32(body, 4)} << 32 | load_be32(body, 8),
      .rtp_time = load_be32(body, 12),
      .packets = load_be32(body, 16),
      .octets = load_be32(body, 20),
      .blocks = *blocks,
  };
}

Parsed<ReceiverReport> parse_receiver_report(const RtcpPacket& packet) {
  const auto blocks = blocks_behind(packet, 4);
  if (packet.type() != RtcpType::receiver_report || !blocks) return DropReason::malformed;
  return ReceiverReport{.sender = Ssrc{load_be32(packet.body(), 0)}, .blocks = *blocks};
}

std::optional<SdesItem> take_sdes_item(std::span<const std::byte>& rest) {
  if (rest.size() < 2) return std::nullopt;
  const std::size_t length = std::to_integer<std::size_t>(rest[1]);
  if (rest.size() < 2 + length) return std::nullopt;
  const auto item = take(rest, 2 + length);
  return SdesItem{std::to_integer<std::uint8_t>(item[0]), as_text(item.subspan(2))};
}

std::optional<SdesChunk> take_sdes_chunk(std::span<const std::byte>& rest) {
  if (rest.size() < 8) return std::nullopt;
  const auto items = items_bytes(rest.subspan(4));
  if (!items) return std::nullopt;
  // One null or more up to the next multiple of four (RFC 3550 §6.5).
  const std::size_t size = (4 + *items + 4) / 4 * 4;
  if (rest.size() < size) return std::nullopt;
  const auto chunk = take(rest, size);
  return SdesChunk{Ssrc{load_be32(chunk, 0)},
                   ElementRange<SdesItem, take_sdes_item>{chunk.subspan(4, *items)}};
}

Parsed<SourceDescription> parse_source_description(const RtcpPacket& packet) {
  if (packet.type() != RtcpType::source_description) return DropReason::malformed;
  auto rest = packet.body();
  for (std::size_t chunk = 0; chunk < packet.count(); ++chunk) {
    if (!take_sdes_chunk(rest)) return DropReason::malformed;
  }
  return SourceDescription{packet.body().first(packet.body().size() - rest.size())};
}

std::optional<Ssrc> take_ssrc(std::span<const std::byte>& rest) {
  if (rest.size() < 4) return std::nullopt;
  return Ssrc{load_be32(take(rest, 4), 0)};
}

Parsed<Goodbye> parse_goodbye(const RtcpPacket& packet) {
  auto rest = packet.body();
  const std::size_t sources_bytes = packet.count() * 4;
  if (packet.type() != RtcpType::goodbye || rest.size() < sources_bytes) {
    return DropReason::malformed;
  }
  const ElementRange<Ssrc, take_ssrc> sources{take(rest, sources_bytes)};
  if (rest.empty()) return Goodbye{sources, {}};
  const auto length = std::to_integer<std::size_t>(rest[0]);
  if (rest.size() - 1 < length) return DropReason::malformed;
  return Goodbye{sources, as_text(rest.subspan(1, length))};
}

Parsed<Feedback> parse_feedback(const RtcpPacket& packet) {
  const bool is_feedback =
      packet.type() == RtcpType::transport_feedback || packet.type() == RtcpType::payload_feedback;
  const auto body = packet.body();
  if (!is_feedback || body.size() < 8) return DropReason::malformed;
  return Feedback{
      .format = static_cast<std::uint8_t>(packet.count()),
      .sender = Ssrc{load_be32(body, 0)},
      .media = Ssrc{load_be32(body, 4)},
      .control = body.subspan(8),
  };
}

}  // namespace assent::media
