#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/codec.hpp"
#include "media/endpoint.hpp"
#include "media/header_extension.hpp"
#include "media/sdp.hpp"
#include "media/sdp_attributes.hpp"
#include "media/sdp_crypto.hpp"
#include "media/sdp_webrtc.hpp"

namespace assent::media {

enum class MediaKind : std::uint8_t { audio, video, data, other };  // data: of data channels

enum class Profile : std::uint8_t {
  avp,         // RTP/AVP, RFC 3551
  avpf,        // RTP/AVPF, RFC 4585
  savp,        // RTP/SAVP, RFC 3711, keys by SDES (RFC 4568)
  savpf,       // RTP/SAVPF, RFC 5124, keys by SDES
  dtls_savp,   // UDP/TLS/RTP/SAVP, RFC 5764, with ICE
  dtls_savpf,  // UDP/TLS/RTP/SAVPF, RFC 5764, with ICE
  dtls_sctp,   // UDP/DTLS/SCTP, RFC 8841, with ICE: data channels, no RTP
};

[[nodiscard]] std::string_view to_string(Profile profile);                  // as SDP spells it
[[nodiscard]] std::optional<Profile> parse_profile(std::string_view text);  // of RTP

[[nodiscard]] constexpr bool has_sdes(Profile profile) {
  return profile == Profile::savp || profile == Profile::savpf;
}
[[nodiscard]] constexpr bool has_dtls(Profile profile) {
  return profile == Profile::dtls_savp || profile == Profile::dtls_savpf ||
         profile == Profile::dtls_sctp;
}
[[nodiscard]] constexpr bool has_rtp(Profile profile) {
  return profile != Profile::dtls_sctp;
}
[[nodiscard]] constexpr bool is_secure(Profile profile) {
  return has_sdes(profile) || has_dtls(profile);
}

// Why an m-section is not relayed, whatever the other side thinks of it.
enum class Standing : std::uint8_t {
  wanted,
  disabled,     // its author wrote port 0: refused, removed or not yet in use
  unsupported,  // neither audio nor video nor data channels, or one more of these
};

// What one m-section says about its author's transport. Only a wanted one is read to the end.
struct MediaDescription {
  Standing standing = Standing::disabled;
  MediaKind kind = MediaKind::other;
  std::string mid;
  Profile profile = Profile::avp;
  Direction direction = Direction::sendrecv;
  bool rtcp_mux = false;
  bool on_hold = false;  // c= is nowhere (RFC 3264 §8.4)
  // Unset on hold, and with ICE, whose checks say where. `rtcp`: its own port even if rtcp_mux.
  Endpoint rtp;
  Endpoint rtcp;
  std::vector<SdpCrypto> cryptos;
  std::optional<WebRtcDescription> webrtc;  // if and only if the profile has DTLS
  std::uint8_t mid_extension = 0;           // id of the header extension, RFC 8843 §15; 0: none
  ExtensionIds extension_ids{};             // of the header extensions that sinks may keep
  PayloadTypes payload_types{};
  std::array<std::uint32_t, 128> clocks_hz{};
  std::vector<SdpSource> sources;
  std::size_t line = 0;  // of its m=
};

// One for each m-section, in their order. One of them may be of data channels: an SCTP association
// to a description, as there is one to a DTLS association (RFC 8261). Errors: audio or video over
// anything but the profiles above, several ports or addresses for one stream, a name or a group for
// an address, a malformed attribute among those above, data channels without a sound a=sctp-port, a
// secure profile without a usable key or fingerprint.
[[nodiscard]] SdpResult<std::vector<MediaDescription>> read_description(const Sdp& sdp);

}  // namespace assent::media
