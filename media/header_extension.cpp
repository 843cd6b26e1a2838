#include "media/header_extension.hpp"

#include <algorithm>

namespace assent::media {
namespace {

constexpr std::array<std::string_view, header_extensions> uris{
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:toffset",
    "urn:ietf:params:rtp-hdrext:ntp-64",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:3gpp:video-orientation",
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
    "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
};

}  // namespace

std::string_view uri_of(HeaderExtension extension) {
  return uris.at(index(extension));
}

std::optional<HeaderExtension> header_extension_of(std::string_view uri) {
  const auto* const found = std::ranges::find(uris, uri);
  if (found == uris.end()) return std::nullopt;
  return static_cast<HeaderExtension>(found - uris.begin());
}

}  // namespace assent::media
