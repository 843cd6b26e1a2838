#pragma once

#include "media/sdp.hpp"

namespace assent::media {

// Whether the author expects frames that are encrypted end to end, and so sends such: a=sframe
// (draft-ietf-avtcore-rtp-sframe, RFC 9605), of any m-section that is in use, or of the session. A
// peer that does not has its m-section removed, so that none is ever plain under this attribute.
// Transforms of a browser's own are not described: they are told otherwise, or not at all.
[[nodiscard]] bool is_end_to_end_encrypted(const Sdp& sdp);

}  // namespace assent::media
