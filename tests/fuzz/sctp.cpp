#include "media/sctp.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "media/data_gate.hpp"

using namespace assent::media;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// No sender leaps like this, and across half of the circle nothing is before or after.
bool is_leap(Tsn from, Tsn to) {
  const auto steps = static_cast<std::int32_t>(to.wire() - from.wire());
  return steps > 0x1000'0000 || steps < -0x1000'0000;
}

}  // namespace

// Packets of a client and of a server in turn: a byte that says whose and whether there is consent,
// one of length in words, then the packet. What the gate puts in the place of one is a packet
// without data; of what it has withheld nothing passes later, as long as it is one association.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  DataGate gate;
  std::optional<Tsn> withheld;
  std::optional<std::uint32_t> tag;
  auto rest = std::as_bytes(std::span{data, size});
  while (rest.size() >= 2) {
    const auto how = std::to_integer<unsigned>(rest[0]);
    const auto wanted = std::to_integer<std::size_t>(rest[1]) * 4;
    rest = rest.subspan(2);
    const auto bytes = rest.first(std::min(wanted, rest.size()));
    rest = rest.subspan(bytes.size());
    const auto packet = parse_sctp(bytes);
    if (!packet) continue;
    if ((how & 1) != 0) {
      gate.hear_server(*packet);
      continue;
    }
    const bool permitted = (how & 2) != 0;
    if (packet->carries_data() && tag != packet->verification_tag()) {
      withheld.reset();
      tag = packet->verification_tag();
    }
    std::array<std::byte, 2048> room;
    const auto instead = gate.withhold(*packet, permitted, room);
    require(instead || permitted || !packet->carries_data());
    if (instead && *instead != 0) {
      const auto told = parse_sctp(std::span{room}.first(*instead));
      require(told && !told->carries_data());
      require(told->verification_tag() == packet->verification_tag());
    }
    for (const auto& chunk : packet->chunks()) {
      if (!chunk.carries_data()) continue;
      const auto part = data_of(chunk);
      if (withheld && is_leap(*withheld, part.tsn)) return 0;
      require(instead || part.tsn != withheld);
      if (!permitted && (!withheld || part.tsn.is_after(*withheld))) withheld = part.tsn;
    }
  }
  return 0;
}
