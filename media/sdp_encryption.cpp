#include "media/sdp_encryption.hpp"

#include <algorithm>

#include "media/sdp_attributes.hpp"
#include "media/sdp_webrtc.hpp"

namespace assent::media {

bool is_end_to_end_encrypted(const Sdp& sdp) {
  if (find_attribute(sdp.lines, "sframe") != nullptr) return true;
  return std::ranges::any_of(sdp.media, [&sdp](const SdpMedia& media) {
    const bool in_use = media.port != 0 || is_bundle_only(sdp, media);
    return in_use && find_attribute(media.lines, "sframe") != nullptr;
  });
}

}  // namespace assent::media
