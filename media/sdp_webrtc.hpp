#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/dtls.hpp"
#include "media/endpoint.hpp"
#include "media/fingerprint.hpp"
#include "media/ice.hpp"
#include "media/ice_candidate.hpp"
#include "media/sdp.hpp"

namespace assent::media {

enum class DtlsSetup : std::uint8_t { actpass, active, passive };  // RFC 5763 §5

// Of data channels: SCTP over DTLS (RFC 8841 §4), and what runs over it (RFC 8831).
inline constexpr std::string_view data_channel_protocol = "UDP/DTLS/SCTP";
inline constexpr std::string_view data_channel_format = "webrtc-datachannel";
[[nodiscard]] bool is_data_channel(const SdpMedia& media);

// What an m-section over UDP/TLS or UDP/DTLS says of its author's transport (RFC 8839, RFC 8842).
struct WebRtcDescription {
  IceCredentials ice;
  bool is_lite = false;
  std::vector<IceCandidate> candidates;   // that can be checked, ice_candidates_max at most
  std::vector<Fingerprint> fingerprints;  // at least one
  DtlsSetup setup = DtlsSetup::actpass;   // also where nothing was said
};

// Attributes of the session, and of the first section of a BUNDLE (RFC 8843 §7.1.3), hold for
// sections that do not say their own. Errors: what is missing or
// malformed among ice-ufrag, ice-pwd, fingerprint and setup, and rtcp-mux where there is RTP;
// setup:holdconn, which nobody uses with ICE; fingerprints by hash functions that bind nobody.
[[nodiscard]] SdpResult<WebRtcDescription> read_webrtc(const Sdp& sdp, const SdpMedia& media);

// The mids of the BUNDLE that this one is in, in its order, itself among them; empty: in none.
[[nodiscard]] std::vector<std::string> bundle_of(const Sdp& sdp, std::string_view mid);
// Port 0, and yet wanted: it has no other transport than the BUNDLE's (RFC 8843 §6).
[[nodiscard]] bool is_bundle_only(const Sdp& sdp, const SdpMedia& media);

// What the gateway says of its own, in one m-section.
struct LocalWebRtc {
  IceCredentials ice;
  Fingerprint fingerprint;
  std::vector<Endpoint> candidates;  // the preferred one first

  bool operator==(const LocalWebRtc&) const = default;
};
[[nodiscard]] std::vector<SdpLine> write_webrtc(const LocalWebRtc& local, DtlsSetup setup);

[[nodiscard]] constexpr DtlsSetup setup_of(DtlsRole role) {
  return role == DtlsRole::client ? DtlsSetup::active : DtlsSetup::passive;
}

// Who the gateway is to a peer that said `setup`. To actpass: as before, as an association goes
// on; else the server, who chooses the SRTP suite (browsers choose AES-CM over AES-GCM).
[[nodiscard]] DtlsRole role_toward(DtlsSetup setup, std::optional<DtlsRole> before);

}  // namespace assent::media
