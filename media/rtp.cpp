#include "media/rtp.hpp"

#include <algorithm>
#include <cstring>

namespace assent::media {
namespace {

constexpr std::uint16_t one_byte_profile = 0xbede;  // RFC 8285 §4.2
constexpr std::uint16_t two_byte_profile = 0x1000;  // §4.3, the application's bits zero

// The id in the copy; 0: it stays out. No element has the id 0, which is padding.
std::uint8_t new_id(const ExtensionIds& kept, std::uint8_t id) {
  const auto* const found = std::ranges::find(kept, id);
  if (found == kept.end()) return 0;
  return id_in_copies(static_cast<HeaderExtension>(found - kept.begin()));
}

// Of the kept elements, with their headers; 0: there is none.
std::size_t kept_bytes(const RtpView& packet, const ExtensionIds& kept, std::size_t header_bytes) {
  std::size_t total = 0;
  for (const auto& element : packet.extension_elements()) {
    if (new_id(kept, element.id) != 0) total += header_bytes + element.data.size();
  }
  return total;
}

// Gives where it ends.
std::size_t write_element(std::uint8_t id, std::span<const std::byte> data, bool one_byte,
                          std::span<std::byte> out, std::size_t at) {
  if (one_byte) {
    out[at++] = static_cast<std::byte>(std::size_t{id} << 4 | (data.size() - 1));
  } else {
    out[at++] = std::byte{id};
    out[at++] = static_cast<std::byte>(data.size());
  }
  std::ranges::copy(data, out.begin() + static_cast<std::ptrdiff_t>(at));
  return at + data.size();
}

}  // namespace

std::size_t write_bare_rtp(const RtpView& packet, const ExtensionIds& kept,
                           std::span<std::byte> out) {
  const bool one_byte = packet.extension_profile() == one_byte_profile;
  const auto bytes = kept_bytes(packet, kept, one_byte ? 1 : 2);
  if (bytes == 0) return write_bare_rtp(packet, out);
  const std::size_t words = (bytes + 3) / 4;
  const std::size_t payload_at = rtp_header_bytes_min + 4 + words * 4;
  const auto payload = packet.payload();
  if (out.size() < payload_at + payload.size()) return 0;

  std::memcpy(out.data(), packet.bytes().data(), rtp_header_bytes_min);
  out[0] = std::byte{0x90};  // version 2 and an extension; no padding or CSRC
  store_be16(out, rtp_header_bytes_min, one_byte ? one_byte_profile : two_byte_profile);
  store_be16(out, rtp_header_bytes_min + 2, static_cast<std::uint16_t>(words));
  std::size_t at = rtp_header_bytes_min + 4;
  for (const auto& element : packet.extension_elements()) {
    const auto id = new_id(kept, element.id);
    if (id != 0) at = write_element(id, element.data, one_byte, out, at);
  }
  std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(at), payload_at - at, std::byte{0});
  std::ranges::copy(payload, out.begin() + static_cast<std::ptrdiff_t>(payload_at));
  return payload_at + payload.size();
}

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
