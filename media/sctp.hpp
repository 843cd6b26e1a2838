#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "media/byte_order.hpp"
#include "media/drop_reason.hpp"
#include "media/element_range.hpp"

namespace assent::media {

// Data channels are SCTP inside DTLS (RFC 8261). The gateway is no endpoint of it: it looks at
// chunks to know which packets carry what somebody wrote.

// The number of a DATA or I-DATA chunk. Arithmetic only where RFC 1982 §3.2 defines it
// (RFC 9260 §2.6).
class Tsn {
 public:
  explicit constexpr Tsn(std::uint32_t wire) : wire_{wire} {}

  [[nodiscard]] constexpr std::uint32_t wire() const { return wire_; }
  // 0 follows 4294967295.
  [[nodiscard]] constexpr bool is_after(Tsn other) const {
    return static_cast<std::int32_t>(wire_ - other.wire_) > 0;
  }
  [[nodiscard]] constexpr Tsn next() const { return Tsn{wire_ + 1}; }
  [[nodiscard]] constexpr Tsn previous() const { return Tsn{wire_ - 1}; }

  constexpr bool operator==(const Tsn&) const = default;

 private:
  std::uint32_t wire_;
};

inline constexpr std::size_t sctp_header_bytes = 12;       // RFC 9260 §3.1
inline constexpr std::size_t sctp_chunk_header_bytes = 4;  // RFC 9260 §3.2

// Those that the gateway knows; others are passed on like the packets that they are in.
enum class SctpChunkType : std::uint8_t {
  data = 0,             // RFC 9260 §3.3.1
  init = 1,             // RFC 9260 §3.3.2
  init_ack = 2,         // RFC 9260 §3.3.3
  sack = 3,             // RFC 9260 §3.3.4
  i_data = 64,          // RFC 8260 §2.1
  forward_tsn = 192,    // RFC 3758 §3.2
  i_forward_tsn = 194,  // RFC 8260 §2.3.1
};

struct SctpChunk {
  SctpChunkType type{};
  std::uint8_t flags = 0;
  std::span<const std::byte> bytes;  // all of it, without the padding behind it

  // What a user of SCTP wrote, or a part of it.
  [[nodiscard]] bool carries_data() const {
    return type == SctpChunkType::data || type == SctpChunkType::i_data;
  }
};

// Of a chunk that carries data: which part of which message it is.
struct SctpData {
  Tsn tsn{0};
  std::uint16_t stream = 0;
  std::uint32_t message = 0;  // in its stream: SSN, or MID of I-DATA
  bool unordered = false;
  bool begins = false;  // the message, with this chunk
  bool ends = false;
  bool interleaved = false;  // I-DATA
};
[[nodiscard]] SctpData data_of(const SctpChunk& chunk);  // only of one that carries data

// Gives the chunk at the front; nullopt: none that is whole. The padding of the last may be
// missing.
[[nodiscard]] std::optional<SctpChunk> take_sctp_chunk(std::span<const std::byte>& rest);

// A packet whose chunks are whole, one after another to its end, and at least as long as their
// types say. The checksum is not looked at: DTLS has vouched for every bit.
class SctpView {
 public:
  explicit SctpView(std::span<const std::byte> bytes) : bytes_{bytes} {}

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  // Of the receiver's choice, the same for all of an association; 0 with INIT (RFC 9260 §8.5).
  [[nodiscard]] std::uint32_t verification_tag() const { return load_be32(bytes_, 4); }
  [[nodiscard]] auto chunks() const {
    return ElementRange<SctpChunk, take_sctp_chunk>{bytes_.subspan(sctp_header_bytes)};
  }
  [[nodiscard]] bool carries_data() const;

 private:
  std::span<const std::byte> bytes_;
};

// too_short: no header; malformed: no chunk, one of length 0 to 3, beyond the end, or too short
// for its type.
[[nodiscard]] Parsed<SctpView> parse_sctp(std::span<const std::byte> bytes);

// Writes the checksum of a packet that was changed: CRC32c, the least significant byte first
// (RFC 9260 appendix A).
void seal_sctp(std::span<std::byte> packet);

}  // namespace assent::media
