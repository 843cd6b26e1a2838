#pragma once

#include <cstddef>
#include <span>

#include "media/byte_order.hpp"
#include "media/rtp.hpp"

namespace assent::media {

// An empty receiver report and a Picture Loss Indication (RFC 4585 §6.3.1), which asks a sender of
// video for a picture that needs no earlier one.
inline constexpr std::size_t picture_request_bytes = 8 + 12;

inline void write_picture_request(Ssrc of, std::span<std::byte, picture_request_bytes> out) {
  constexpr std::uint32_t ourselves = 1;  // as receivers call themselves who send nothing
  store_be32(out, 0, 0x80C90001);         // RR without a block, RFC 3550 §6.4.2
  store_be32(out, 4, ourselves);
  store_be32(out, 8, 0x81CE0002);  // FMT 1, PT 206
  store_be32(out, 12, ourselves);
  store_be32(out, 16, static_cast<std::uint32_t>(of));
}

}  // namespace assent::media
