#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/endpoint.hpp"

namespace assent::media {

// Where an agent may be reached (RFC 8445 §5.1). Of a peer's, only the address and its rank count:
// from the other end a relayed address looks like any other.
struct IceCandidate {
  Endpoint endpoint;
  std::uint32_t priority = 0;

  bool operator==(const IceCandidate&) const = default;
};

// More of one peer's are not looked at.
inline constexpr std::size_t ice_candidates_max = 32;

// The value of a=candidate without the name and its colon (RFC 8839 §5.1). nullopt: malformed, or
// none that is checked here: not over UDP, not component 1 (RTCP is multiplexed), or a name where
// an address should stand, such as browsers hide theirs behind: their checks show it.
[[nodiscard]] std::optional<IceCandidate> parse_candidate(std::string_view value);

// Of our host address at this place of the list, the preferred one first; component 1
// (RFC 8445 §5.1.2.1).
[[nodiscard]] std::uint32_t host_priority(std::size_t position);
// What a check from there says of the address that the peer would see (§7.1.1).
[[nodiscard]] std::uint32_t peer_reflexive_priority(std::size_t position);
// §6.1.2.3: both agents sort their pairs alike.
[[nodiscard]] std::uint64_t pair_priority(std::uint32_t of_controlling,
                                          std::uint32_t of_controlled);

// One of our own, as parse_candidate reads it.
[[nodiscard]] std::string candidate_text(const Endpoint& endpoint, std::size_t position);

}  // namespace assent::media
