#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/ice_candidate.hpp"
#include "media/sdp.hpp"

namespace assent::media {

// A candidate that was said after its description (RFC 8838).
struct Trickled {
  std::string mid;                          // of its m-section; empty: by `section`
  std::size_t section = 0;                  // or by its place
  std::string ufrag;                        // of its generation; empty: the one at hand
  std::optional<IceCandidate> candidate{};  // nothing: none that is checked here
};

// What application/trickle-ice-sdpfrag may carry here (RFC 8840 §9).
struct SdpFragment {
  std::vector<Trickled> candidates;
  bool is_end = false;  // a=end-of-candidates

  static constexpr std::size_t candidates_max = 64;
};

// m= lines, whatever they say, begin a section, which a=mid names. Other attributes than those of
// ICE are passed over. Errors: other lines than m= and a=, and what passes the limits of this and
// of SDP.
[[nodiscard]] SdpResult<SdpFragment> parse_sdp_fragment(std::string_view text);

// The `candidate` of a browser's RTCIceCandidate: as in SDP, "a=" or not, and perhaps with the
// extension "ufrag". Empty: the end of candidates.
[[nodiscard]] std::optional<IceCandidate> parse_browser_candidate(std::string_view text);
[[nodiscard]] std::string_view ufrag_of_browser_candidate(std::string_view text);

}  // namespace assent::media
