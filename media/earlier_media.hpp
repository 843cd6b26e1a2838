#pragma once

#include <cstddef>
#include <span>

#include "media/codec.hpp"
#include "media/time.hpp"

namespace assent::media {

// How long before its own instant a packet of this kind may carry media from: what the gate of a
// server has to wait after a grant, so that nothing captured before it comes along. Zero for what
// carries its own instant only; Opus' in-band FEC reaches one packet back, which the relay sees to.
//   RTX, FEC  they name no time. A sender keeps packets to repeat or to protect for a second or so,
//             and this is several times that.
//   RED       the oldest block says it (RFC 2198 §3), in units that are no longer than 1/8000 s; a
//             header that cannot be read stands for all that one could say.
[[nodiscard]] Duration reach_back(Codec codec, std::span<const std::byte> payload);

}  // namespace assent::media
