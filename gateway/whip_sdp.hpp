#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/problem.hpp"
#include "gateway/whip_path.hpp"

// What WHIP and WHEP ask of session descriptions, and the ICE in them that changes without a new
// offer (RFC 9725 §4.3.3).
namespace assent::gateway {

// An offer of a client that the endpoint takes: media by ICE and DTLS only, since whoever wrote any
// other could have it sent to somebody else's address, and in the endpoint's direction.
[[nodiscard]] Answered<void> check_whip_offer(std::string_view sdp, WhipEndpoint endpoint);

struct IceWords {
  std::string ufrag;
  std::string password;

  bool operator==(const IceWords&) const = default;
};
// The first ones of a description or a fragment; nothing where one of both is missing.
[[nodiscard]] std::optional<IceWords> ice_words_of(std::string_view text);

// The lines "a=candidate:...", without their ends.
[[nodiscard]] std::vector<std::string> candidate_lines_of(std::string_view text);

// The description with other ICE credentials; and with these candidates, in its first m-section,
// where there are any.
[[nodiscard]] std::string with_ice(std::string_view sdp, const IceWords& ice,
                                   const std::vector<std::string>& candidates);

// application/trickle-ice-sdpfrag (RFC 8840 §9): the transport of the first m-section.
[[nodiscard]] std::string ice_fragment_of(std::string_view sdp);

}  // namespace assent::gateway
