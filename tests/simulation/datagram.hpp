#pragma once

#include <cstdint>
#include <vector>

#include "media/leg.hpp"
#include "tests/simulation/sinks.hpp"

namespace assent::simulation {

using Bytes = std::vector<std::byte>;

// A datagram on its way to the gateway, with the truth about it.
struct Datagram {
  enum class Kind : std::uint8_t {
    rtp,   // sound, and sealed with the sender's key where the leg is secure
    rtcp,  // likewise
    bad,   // malformed, of another protocol, from a foreign address or with a forged tag
  };
  Kind kind = Kind::bad;
  LegSerial leg{};
  media::Component component = media::Component::rtp;
  media::Endpoint from;
  unsigned key_generation = 0;
  Bytes wire;
  Bytes clear;  // before it was sealed

  // Of RTP.
  media::Ssrc ssrc{};
  std::int64_t frame = 0;  // the sender's own count; its low 16 bits are the sequence number
  media::Codec codec = media::Codec::none;
  bool repeats_previous = false;   // carries the audio of frame - 1 besides its own
  media::Duration reaches_back{};  // carries media from up to so long before, for repair
  Bytes bare;                      // what a sink may see of it
};

}  // namespace assent::simulation
