#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "media/codec.hpp"
#include "media/rtp.hpp"

namespace assent::media {

// What a server that performs a purpose gets of somebody who does not permit it.
enum class WithheldAudio : std::uint8_t {
  drop,     // nothing: the stream stops, and goes on with a gap in its numbers
  silence,  // packets that say nothing, at the same pace
};

// Writes a packet of the same SSRC, number, timestamp, marker, payload type and duration, that is
// silent: Opus (RFC 6716) and G.711. No extension, which could tell how loud it was. Returns its
// size; 0 when the codec has no silence here, the payload is not sound or `out` is too small.
// `out` must not overlap the packet.
[[nodiscard]] std::size_t write_silent_rtp(const RtpView& packet, Codec codec,
                                           std::span<std::byte> out);

}  // namespace assent::media
