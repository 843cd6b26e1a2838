#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "media/byte_order.hpp"
#include "media/rtp.hpp"

namespace assent::media::tests {

using Bytes = std::vector<std::byte>;

// Hexadecimal digits with blanks anywhere between them.
inline Bytes hex(std::string_view text) {
  Bytes bytes;
  unsigned value = 0;
  bool half = false;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value << 4 | static_cast<unsigned>(digit);
    if (half) bytes.push_back(static_cast<std::byte>(value & 0xff));
    half = !half;
  }
  return bytes;
}

inline void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

// An RTP packet by its parts; the size of its vector is exactly the packet's, so that
// AddressSanitizer sees every read beyond it.
struct RtpParts {
  std::uint16_t sequence = 1;
  std::uint32_t ssrc = 0xcafe'babe;
  std::uint32_t timestamp = 0x0102'0304;
  std::uint8_t payload_type = 111;
  bool marker = false;
  std::size_t csrcs = 0;
  bool extension = false;
  std::uint16_t profile = 0xbede;
  std::size_t extension_words = 0;
  std::size_t payload_bytes = 20;
  std::size_t padding_bytes = 0;

  [[nodiscard]] std::size_t header_bytes() const {
    return 12 + csrcs * 4 + (extension ? 4 + extension_words * 4 : 0);
  }

  [[nodiscard]] Bytes build() const {
    Bytes bytes(header_bytes() + payload_bytes + padding_bytes);
    bytes[0] = static_cast<std::byte>(0x80 | (padding_bytes > 0 ? 0x20 : 0) |
                                      (extension ? 0x10 : 0) | csrcs);
    bytes[1] = static_cast<std::byte>((marker ? 0x80 : 0) | payload_type);
    store_be16(bytes, 2, sequence);
    store_be32(bytes, 4, timestamp);
    store_be32(bytes, 8, ssrc);
    for (std::size_t i = 0; i < csrcs; ++i) {
      store_be32(bytes, 12 + i * 4, static_cast<std::uint32_t>(100 + i));
    }
    if (extension) {
      store_be16(bytes, 12 + csrcs * 4, profile);
      store_be16(bytes, 14 + csrcs * 4, static_cast<std::uint16_t>(extension_words));
      for (std::size_t i = 0; i < extension_words * 4; ++i) {
        bytes[16 + csrcs * 4 + i] = static_cast<std::byte>(0xe0 + i % 16);
      }
    }
    for (std::size_t i = 0; i < payload_bytes; ++i) {
      bytes[header_bytes() + i] = static_cast<std::byte>(i + sequence);
    }
    if (padding_bytes > 0) bytes.back() = static_cast<std::byte>(padding_bytes);
    return bytes;
  }
};

}  // namespace assent::media::tests
