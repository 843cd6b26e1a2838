#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace assent::media {

// What the first bytes of a datagram say it is; nothing is verified by this.
enum class DatagramClass : unsigned char {
  unknown,  // empty, or in no range that is assigned
  stun,
  zrtp,
  dtls,
  turn_channel,
  rtp,
  rtcp,
};

[[nodiscard]] std::string_view to_string(DatagramClass datagram);

// Demultiplexes one port: by the first byte (RFC 7983 §7), and RTP from RTCP by the second
// (RFC 5761 §4: RTCP packet types 192..223 are what RTP payload types 64..95 with the marker
// would look like, and those payload types are not used with rtcp-mux).
[[nodiscard]] constexpr DatagramClass classify_datagram(std::span<const std::byte> bytes) {
  if (bytes.empty()) return DatagramClass::unknown;
  const auto first = std::to_integer<unsigned>(bytes[0]);
  if (first >= 128 && first <= 191) {
    if (bytes.size() < 2) return DatagramClass::unknown;
    const auto second = std::to_integer<unsigned>(bytes[1]);
    return second >= 192 && second <= 223 ? DatagramClass::rtcp : DatagramClass::rtp;
  }
  if (first <= 3) return DatagramClass::stun;
  if (first >= 16 && first <= 19) return DatagramClass::zrtp;
  if (first >= 20 && first <= 63) return DatagramClass::dtls;
  if (first >= 64 && first <= 79) return DatagramClass::turn_channel;
  return DatagramClass::unknown;
}

}  // namespace assent::media
