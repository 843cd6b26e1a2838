#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "media/rtp.hpp"

namespace assent::media {

// An m-section by its place in the description, below sdp_media_max: for the life of the session.
using SectionId = std::uint8_t;

// How the streams of a transport with several m-sections (RFC 8843) are told apart, by what the
// peer itself has described. The zero value: all of it is that of m-section 0.
struct Bundle {
  std::vector<std::string> mids;   // by SectionId, empty of others; none: there is one m-section
  std::uint8_t mid_extension = 0;  // id of urn:ietf:params:rtp-hdrext:sdes:mid; 0: none
  std::vector<std::pair<Ssrc, SectionId>> ssrcs;
  std::array<SectionId, 128> payload_types{};  // by payload type; unknown ones, too

  // RFC 8843 §9.2: by the MID of the packet, then by the SSRC that was signalled, then by the
  // payload type, which the m-sections of a BUNDLE do not share.
  [[nodiscard]] SectionId section_of(const RtpView& packet) const;
};

}  // namespace assent::media
