#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "media/codec.hpp"
#include "media/time.hpp"

namespace assent::media {

// The longest packet of Opus (RFC 6716 §2.1.4), and so the time that its in-band FEC reaches back.
inline constexpr std::chrono::milliseconds opus_packet_max{120};

// How long before its own instant a packet may carry media from: what has to pass after a grant, so
// that nothing captured before it comes along. Zero for what carries its own instant only; in-band
// FEC of plain Opus reaches one packet back, which the relay sees to.
//   RTX, FEC  they name no time. A sender keeps packets to repeat or to protect for a second or so,
//             and this is several times that. What nobody described may be such a packet, too.
//   RED       the oldest block says it (RFC 2198 §3), in units that are no longer than 1/8000 s; a
//             header that cannot be read stands for all that one could say. A block may itself be
//             Opus with FEC, or FEC of others (RFC 5109 §14.2), the primary one, too.
//   Opus      extensions in the padding may be deep redundancy: about a second of earlier speech.
[[nodiscard]] Duration reach_back(const PayloadTypes& types, std::uint8_t payload_type,
                                  std::span<const std::byte> payload);

// Longer than that of any Opus packet, whose padding need not be looked at any more then.
inline constexpr std::chrono::seconds opus_reach_max{2};

// RFC 6716 §3.1: configurations 0..15 are SILK and hybrid, the only modes with in-band FEC. Codecs
// that are not known may have the like (RFC 4867 §3.7.1).
[[nodiscard]] bool may_repeat_the_last(Codec codec, std::span<const std::byte> payload);

}  // namespace assent::media
