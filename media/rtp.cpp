#include "media/rtp.hpp"

#include <cstring>

namespace assent::media {

std::size_t write_bare_rtp(const RtpView& packet, std::span<std::byte> out) {
  const auto payload = packet.payload();
  if (out.size() < rtp_header_bytes_min + payload.size()) return 0;
  std::memcpy(out.data(), packet.bytes().data(), rtp_header_bytes_min);
  out[0] = std::byte{0x80};  // version 2; no padding, extension or CSRC
  if (!payload.empty()) {
    std::memcpy(out.data() + rtp_header_bytes_min, payload.data(), payload.size());
  }
  return rtp_header_bytes_min + payload.size();
}

}  // namespace assent::media
