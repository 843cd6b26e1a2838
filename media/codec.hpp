#pragma once

#include <array>
#include <cstdint>

namespace assent::media {

// What a payload type carries, as far as a sink or a gate must know it. `none` is a payload type
// that the offer/answer did not name: it is relayed, and never reaches a sink.
enum class Codec : std::uint8_t {
  none,
  opus,             // RFC 7587
  pcmu,             // RFC 3551
  pcma,             // RFC 3551
  g722,             // RFC 3551
  telephone_event,  // RFC 4733: the call's, never a sink's
  comfort_noise,    // RFC 3389
  red,              // RFC 2198: carries earlier audio
  rtx,              // RFC 4588 and what else carries whole packets of before
  fec,              // RFC 8627, RFC 5109: carries parts of other packets
  other_audio,
  other_video,
};

using PayloadTypes = std::array<Codec, 128>;

enum class Side : std::uint8_t { client, server };

[[nodiscard]] constexpr Side other(Side side) {
  return side == Side::client ? Side::server : Side::client;
}

}  // namespace assent::media
