#include "media/rtp.hpp"

#include <algorithm>

namespace assent::media {

std::size_t write_bare_rtp(const RtpView& packet, std::span<std::byte> out) {
  const auto payload = packet.payload();
  if (out.size() < rtp_header_bytes_min + payload.size()) return 0;
  std::ranges::copy(packet.bytes().first(rtp_header_bytes_min), out.begin());
  out[0] = std::byte{0x80};  // version 2; no padding, extension or CSRC
  std::ranges::copy(payload, out.begin() + rtp_header_bytes_min);
  return rtp_header_bytes_min + payload.size();
}

}  // namespace assent::media
