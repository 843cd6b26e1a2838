#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/endpoint.hpp"
#include "policy/time.hpp"

namespace assent::gateway {

// What a packet of HEP carries, by the numbers of the protocol.
enum class HepPayload : std::uint8_t {
  rtcp_json = 5,
  log = 100,  // text; capture servers show it beside the call
};

// One packet of HEP (EEP), version 3, as Homer and other capture servers take it: "HEP3", its
// length, then chunks. Both addresses are of one family.
struct HepPacket {
  media::Endpoint source;
  media::Endpoint destination;
  policy::WallTime at{};
  HepPayload type = HepPayload::log;
  std::uint32_t capture_id = 0;
  std::string_view key{};          // empty: none
  std::string_view correlation{};  // what belongs together has the same; empty: none
  std::string_view payload{};
};

inline constexpr std::size_t hep_packet_bytes_max = 65'535;
// Of one over UDP over IPv6 without jumbograms.
inline constexpr std::size_t hep_datagram_bytes_max = 65'487;

// Nothing, where it is longer than the protocol can say.
[[nodiscard]] std::optional<std::string> hep3(const HepPacket& packet);

}  // namespace assent::gateway
