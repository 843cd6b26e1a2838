#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "media/drop_reason.hpp"
#include "media/element_range.hpp"
#include "media/rtp.hpp"

namespace assent::media {

// Views of RTCP (RFC 3550 §6, RFC 4585 §6, RFC 5506). They own nothing: the caller keeps the
// bytes, which are plain: what arrived in the clear, or what SrtpInbound gave back.

enum class RtcpType : std::uint8_t {
  sender_report = 200,
  receiver_report = 201,
  source_description = 202,
  goodbye = 203,
  application = 204,
  transport_feedback = 205,  // RFC 4585
  payload_feedback = 206,    // RFC 4585
  extended_report = 207,     // RFC 3611
};

inline constexpr std::size_t rtcp_header_bytes = 4;

// Who sent a compound, as it claims, before anything is parsed or authenticated.
[[nodiscard]] constexpr std::optional<Ssrc> peek_rtcp_ssrc(std::span<const std::byte> bytes) {
  if (bytes.size() < 8) return std::nullopt;
  return Ssrc{load_be32(bytes, 4)};
}

// One packet of a compound, whatever its type.
class RtcpPacket {
 public:
  [[nodiscard]] RtcpType type() const { return RtcpType{std::to_integer<std::uint8_t>(bytes_[1])}; }
  // Report blocks, chunks or sources; of feedback, its format (FMT).
  [[nodiscard]] std::size_t count() const { return std::to_integer<std::size_t>(bytes_[0]) & 0x1f; }
  [[nodiscard]] bool is_padded() const { return (bytes_[0] & std::byte{0x20}) != std::byte{0}; }
  // Behind the header, before any padding.
  [[nodiscard]] std::span<const std::byte> body() const { return body_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  friend std::optional<RtcpPacket> take_rtcp_packet(std::span<const std::byte>& rest);
  RtcpPacket(std::span<const std::byte> bytes, std::span<const std::byte> body)
      : bytes_{bytes}, body_{body} {}

  std::span<const std::byte> bytes_;
  std::span<const std::byte> body_;
};

// nullopt when there is none, or its version, length or padding is not sound.
[[nodiscard]] std::optional<RtcpPacket> take_rtcp_packet(std::span<const std::byte>& rest);

// The packets of one datagram. Who holds it knows that their lengths make up its bytes exactly
// and that only the last is padded (RFC 3550 §6.4.1, A.2).
class RtcpCompound : public ElementRange<RtcpPacket, take_rtcp_packet> {
 public:
  // Does not begin with a report: valid only where it was agreed (RFC 5506 §3.4).
  [[nodiscard]] bool is_reduced_size() const;

 private:
  friend Parsed<RtcpCompound> parse_rtcp(std::span<const std::byte> bytes);
  using ElementRange::ElementRange;
};

// Reduced size is allowed. Errors: too_short, bad_version, malformed.
[[nodiscard]] Parsed<RtcpCompound> parse_rtcp(std::span<const std::byte> bytes);

struct ReportBlock {  // RFC 3550 §6.4.1
  Ssrc source;
  std::uint8_t fraction_lost;  // of 256
  std::int32_t packets_lost;   // since the beginning; 24 bits, negative when duplicated
  std::uint32_t highest_sequence;
  std::uint32_t jitter;  // in timestamp units
  std::uint32_t last_sender_report;
  std::uint32_t delay_since_last;  // in 1/65536 s
};
[[nodiscard]] std::optional<ReportBlock> take_report_block(std::span<const std::byte>& rest);
using ReportBlocks = ElementRange<ReportBlock, take_report_block>;

struct SenderReport {
  Ssrc sender;
  std::uint64_t ntp_time;  // 32.32 seconds since 1900
  std::uint32_t rtp_time;
  std::uint32_t packets;
  std::uint32_t octets;
  ReportBlocks blocks;
};

struct ReceiverReport {
  Ssrc sender;
  ReportBlocks blocks;
};

struct SdesItem {
  std::uint8_t type;  // 1 is CNAME (RFC 3550 §6.5)
  std::string_view text;
};
inline constexpr std::uint8_t sdes_cname = 1;
[[nodiscard]] std::optional<SdesItem> take_sdes_item(std::span<const std::byte>& rest);

struct SdesChunk {
  Ssrc source;
  ElementRange<SdesItem, take_sdes_item> items;
};
[[nodiscard]] std::optional<SdesChunk> take_sdes_chunk(std::span<const std::byte>& rest);

// Ends at the first chunk that does not fit.
using SourceDescription = ElementRange<SdesChunk, take_sdes_chunk>;

[[nodiscard]] std::optional<Ssrc> take_ssrc(std::span<const std::byte>& rest);

struct Goodbye {
  ElementRange<Ssrc, take_ssrc> sources;
  std::string_view reason;  // may be empty
};

struct Feedback {       // RFC 4585 §6.1
  std::uint8_t format;  // FMT; its meaning depends on the packet's type
  Ssrc sender;
  Ssrc media;
  std::span<const std::byte> control;  // FCI
};

// Errors: malformed, also for a packet of another type.
[[nodiscard]] Parsed<SenderReport> parse_sender_report(const RtcpPacket& packet);
[[nodiscard]] Parsed<ReceiverReport> parse_receiver_report(const RtcpPacket& packet);
[[nodiscard]] Parsed<SourceDescription> parse_source_description(const RtcpPacket& packet);
[[nodiscard]] Parsed<Goodbye> parse_goodbye(const RtcpPacket& packet);
[[nodiscard]] Parsed<Feedback> parse_feedback(const RtcpPacket& packet);

inline constexpr std::size_t sdes_text_bytes_max = 255;
// No sink report is longer.
inline constexpr std::size_t sink_report_bytes_max = 304;

// What a sink may see of a compound, for one source: its sender report without report blocks,
// which speak of others; a source description with `cname` alone, a pseudonym of 1 to 255 bytes;
// its goodbye, without the reason. A goodbye without a sender report follows an empty receiver
// report, so that the result is a compound (RFC 3550 §6.1).
// Returns the size written to `out`; 0 when there is nothing for the sink, or no room.
[[nodiscard]] std::size_t sink_report(const RtcpCompound& compound, Ssrc source,
                                      std::string_view cname, std::span<std::byte> out);

}  // namespace assent::media
