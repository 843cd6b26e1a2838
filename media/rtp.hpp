#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>

#include "media/byte_order.hpp"
#include "media/drop_reason.hpp"
#include "media/header_extension.hpp"
#include "media/sequence.hpp"

namespace assent::media {

// Views of RTP packets (RFC 3550 §5, RFC 8285). They own nothing: the caller keeps the bytes.

enum class Ssrc : std::uint32_t {};

inline constexpr std::size_t rtp_header_bytes_min = 12;

// The source that a datagram claims, before anything is parsed or authenticated.
[[nodiscard]] constexpr std::optional<Ssrc> peek_rtp_ssrc(std::span<const std::byte> bytes) {
  if (bytes.size() < rtp_header_bytes_min) return std::nullopt;
  return Ssrc{load_be32(bytes, 8)};
}

struct ExtensionElement {
  std::uint8_t id;
  std::span<const std::byte> data;
};

// The elements of one header extension, one-byte or two-byte form by its profile; any other
// profile has none. Ends at the first element that does not fit or that the RFC says ends it
// (RFC 8285 §4.2, §4.3).
class ExtensionElements {
 public:
  constexpr ExtensionElements(std::uint16_t profile, std::span<const std::byte> body);

  class Iterator {
   public:
    using value_type = ExtensionElement;
    using difference_type = std::ptrdiff_t;

    constexpr Iterator() = default;
    constexpr const ExtensionElement& operator*() const { return element_; }
    constexpr const ExtensionElement* operator->() const { return &element_; }
    constexpr Iterator& operator++() {
      advance();
      return *this;
    }
    constexpr void operator++(int) { advance(); }
    friend constexpr bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.ended_;
    }

   private:
    friend class ExtensionElements;
    constexpr Iterator(std::span<const std::byte> rest, std::size_t header_bytes)
        : rest_{rest}, header_bytes_{header_bytes}, ended_{false} {
      advance();
    }
    constexpr void advance();

    std::span<const std::byte> rest_;
    std::size_t header_bytes_ = 1;
    ExtensionElement element_{};
    bool ended_ = true;
  };

  [[nodiscard]] constexpr Iterator begin() const { return Iterator{body_, header_bytes_}; }
  [[nodiscard]] constexpr std::default_sentinel_t end() const { return {}; }

 private:
  std::span<const std::byte> body_;
  std::size_t header_bytes_ = 1;  // of each element
};

// Who holds an RtpView knows that every length inside it fits its bytes.
class RtpView {
 public:
  [[nodiscard]] constexpr bool marker() const { return (byte(1) & 0x80) != 0; }
  [[nodiscard]] constexpr std::uint8_t payload_type() const { return byte(1) & 0x7f; }
  [[nodiscard]] constexpr SequenceNumber sequence() const {
    return SequenceNumber{load_be16(bytes_, 2)};
  }
  [[nodiscard]] constexpr std::uint32_t timestamp() const { return load_be32(bytes_, 4); }
  [[nodiscard]] constexpr Ssrc ssrc() const { return Ssrc{load_be32(bytes_, 8)}; }

  [[nodiscard]] constexpr std::size_t csrc_count() const { return byte(0) & 0x0f; }
  // index < csrc_count()
  [[nodiscard]] constexpr Ssrc csrc(std::size_t index) const {
    return Ssrc{load_be32(csrc_bytes(), index * 4)};
  }
  [[nodiscard]] constexpr bool has_extension() const { return (byte(0) & 0x10) != 0; }
  // "defined by profile", RFC 3550 §5.3.1; 0 without an extension.
  [[nodiscard]] constexpr std::uint16_t extension_profile() const {
    return has_extension() ? load_be16(bytes_, extension_at()) : std::uint16_t{0};
  }
  // Without its four bytes of header; may be empty.
  [[nodiscard]] constexpr std::span<const std::byte> extension_body() const {
    if (!has_extension()) return {};
    return bytes_.subspan(extension_at() + 4, payload_at_ - extension_at() - 4);
  }
  [[nodiscard]] constexpr ExtensionElements extension_elements() const {
    return ExtensionElements{extension_profile(), extension_body()};
  }
  // Without padding; may be empty.
  [[nodiscard]] constexpr std::span<const std::byte> payload() const {
    return bytes_.subspan(payload_at_, payload_bytes_);
  }
  [[nodiscard]] constexpr std::size_t padding_bytes() const {
    return bytes_.size() - payload_at_ - payload_bytes_;
  }
  [[nodiscard]] constexpr std::span<const std::byte> bytes() const { return bytes_; }

 private:
  friend constexpr Parsed<RtpView> parse_rtp(std::span<const std::byte> bytes);
  constexpr RtpView(std::span<const std::byte> bytes, std::size_t payload_at,
                    std::size_t payload_bytes)
      : bytes_{bytes}, payload_at_{payload_at}, payload_bytes_{payload_bytes} {}

  [[nodiscard]] constexpr std::uint8_t byte(std::size_t at) const {
    return std::to_integer<std::uint8_t>(bytes_[at]);
  }
  [[nodiscard]] constexpr std::size_t extension_at() const {
    return rtp_header_bytes_min + csrc_count() * 4;
  }
  [[nodiscard]] constexpr std::span<const std::byte> csrc_bytes() const {
    return bytes_.subspan(rtp_header_bytes_min, csrc_count() * 4);
  }

  std::span<const std::byte> bytes_;
  std::size_t payload_at_;
  std::size_t payload_bytes_;
};

// Plain RTP: what arrived in the clear, or what SrtpInbound gave back. (In a protected packet
// the last byte is the tag's, not the count of padding.)
// Errors: too_short, bad_version, malformed.
[[nodiscard]] constexpr Parsed<RtpView> parse_rtp(std::span<const std::byte> bytes) {
  if (bytes.size() < rtp_header_bytes_min) return DropReason::too_short;
  const auto first = std::to_integer<unsigned>(bytes[0]);
  if (first >> 6 != 2) return DropReason::bad_version;
  std::size_t payload_at = rtp_header_bytes_min + (first & 0x0f) * std::size_t{4};
  if ((first & 0x10) != 0) {
    if (bytes.size() < payload_at + 4) return DropReason::malformed;
    payload_at += 4 + load_be16(bytes, payload_at + 2) * std::size_t{4};
  }
  if (bytes.size() < payload_at) return DropReason::malformed;
  std::size_t payload_bytes = bytes.size() - payload_at;
  if ((first & 0x20) != 0) {
    // The count includes itself, so that 0 is no count (RFC 3550 §5.1).
    const auto padding = std::to_integer<std::size_t>(bytes[bytes.size() - 1]);
    if (padding == 0 || padding > payload_bytes) return DropReason::malformed;
    payload_bytes -= padding;
  }
  return RtpView{bytes, payload_at, payload_bytes};
}

// Writes what a sink may see of a packet: same SSRC, sequence, timestamp, payload type, marker
// and payload; no CSRC, extension or padding, which name or measure others. Returns its size;
// 0 when `out` is too small, and then nothing is written. `out` must not overlap the packet.
[[nodiscard]] std::size_t write_bare_rtp(const RtpView& packet, std::span<std::byte> out);
// The same with those header extensions that have an id in `kept`: the packet's id, which gives way
// to id_in_copies(). The form of the elements stays (RFC 8285 §4.2, §4.3), so a copy is never
// longer than its packet. CSRCs stay out: they name the other participants of a mix.
[[nodiscard]] std::size_t write_bare_rtp(const RtpView& packet, const ExtensionIds& kept,
                                         std::span<std::byte> out);

constexpr ExtensionElements::ExtensionElements(std::uint16_t profile,
                                               std::span<const std::byte> body) {
  const bool one_byte = profile == 0xbede;
  const bool two_byte = (profile & 0xfff0) == 0x1000;  // the low bits are the application's
  if (one_byte || two_byte) body_ = body;
  header_bytes_ = two_byte ? 2 : 1;
}

constexpr void ExtensionElements::Iterator::advance() {
  while (!rest_.empty() && rest_[0] == std::byte{0})
    rest_ = rest_.subspan(1);  // padding
  if (rest_.size() < header_bytes_) {
    ended_ = true;
    return;
  }
  const auto first = std::to_integer<std::uint8_t>(rest_[0]);
  const bool one_byte = header_bytes_ == 1;
  const auto id = static_cast<std::uint8_t>(one_byte ? first >> 4 : first);
  const std::size_t length =
      one_byte ? std::size_t{1} + (first & 0x0f) : std::to_integer<std::size_t>(rest_[1]);
  // In the one-byte form 15 stops processing, and so does an identifier 0 that has a length.
  const bool stops = one_byte && (id == 15 || id == 0);
  if (stops || rest_.size() - header_bytes_ < length) {
    ended_ = true;
    return;
  }
  element_ = {id, rest_.subspan(header_bytes_, length)};
  rest_ = rest_.subspan(header_bytes_ + length);
}

}  // namespace assent::media
