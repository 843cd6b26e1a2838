#include "media/sdp_webrtc.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "media/sdp_attributes.hpp"

namespace assent::media {
namespace {

std::string_view mid_of(const SdpMedia& media) {
  return attribute_value(media.lines, "mid").value_or("");
}

// The first section of the BUNDLE, or the section itself.
const SdpMedia& tagged_of(const Sdp& sdp, const SdpMedia& media) {
  const auto bundle = bundle_of(sdp, mid_of(media));
  if (bundle.empty()) return media;
  const auto first = std::ranges::find_if(
      sdp.media, [&bundle](const SdpMedia& one) { return mid_of(one) == bundle.front(); });
  return first == sdp.media.end() ? media : *first;
}

std::optional<std::string_view> said(const Sdp& sdp, const SdpMedia& media, std::string_view name) {
  if (const auto own = attribute_value(media.lines, name)) return own;
  if (const auto tagged = attribute_value(tagged_of(sdp, media).lines, name)) return tagged;
  return attribute_value(sdp.lines, name);
}

SdpError missing(const SdpMedia& media, std::string_view what, std::string_view remedy) {
  return {media.number, media.protocol.substr(0, 32) + " " + std::string(what),
          std::string(remedy)};
}

std::vector<Fingerprint> read_fingerprints(std::span<const SdpLine> lines) {
  std::vector<Fingerprint> all;
  for (const auto& line : lines) {
    const auto value = attribute(line, "fingerprint");
    if (!value) continue;
    if (const auto fingerprint = parse_fingerprint(*value)) all.push_back(*fingerprint);
  }
  return all;
}

// Of this section alone (RFC 8839 §5.1): what is bundled has those of what carries it.
std::vector<IceCandidate> read_candidates(std::span<const SdpLine> lines) {
  std::vector<IceCandidate> all;
  for (const auto& line : lines) {
    const auto value = attribute(line, "candidate");
    const auto candidate = value ? parse_candidate(*value) : std::nullopt;
    if (candidate && all.size() < ice_candidates_max) all.push_back(*candidate);
  }
  return all;
}

std::optional<DtlsSetup> parse_setup(std::string_view value) {
  if (value == "actpass") return DtlsSetup::actpass;
  if (value == "active") return DtlsSetup::active;
  if (value == "passive") return DtlsSetup::passive;
  return std::nullopt;
}

std::string_view to_string(DtlsSetup setup) {
  switch (setup) {
    case DtlsSetup::actpass:
      return "actpass";
    case DtlsSetup::active:
      return "active";
    case DtlsSetup::passive:
      return "passive";
  }
  return "unknown";
}

}  // namespace

bool is_data_channel(const SdpMedia& media) {
  return media.kind == "application" && media.protocol == data_channel_protocol &&
         media.formats.size() == 1 && media.formats.front() == data_channel_format;
}

SdpResult<WebRtcDescription> read_webrtc(const Sdp& sdp, const SdpMedia& media) {
  WebRtcDescription out;
  const auto ufrag = said(sdp, media, "ice-ufrag");
  const auto password = said(sdp, media, "ice-pwd");
  if (!ufrag || !password || !is_ice_ufrag(*ufrag) || !is_ice_password(*password))
    return missing(media, "without a sound a=ice-ufrag and a=ice-pwd",
                   "give both: 4 to 256 and 22 to 256 letters, digits, + or / (RFC 8839 §5.4)");
  out.ice = {std::string(*ufrag), std::string(*password)};
  out.is_lite = find_attribute(sdp.lines, "ice-lite") != nullptr;
  out.candidates = read_candidates(media.lines);
  out.fingerprints = read_fingerprints(media.lines);
  if (out.fingerprints.empty()) out.fingerprints = read_fingerprints(tagged_of(sdp, media).lines);
  if (out.fingerprints.empty()) out.fingerprints = read_fingerprints(sdp.lines);
  if (out.fingerprints.empty())
    return missing(media, "without an a=fingerprint this gateway can check",
                   "give one by sha-256, sha-384 or sha-512 (RFC 8122)");
  const auto setup = said(sdp, media, "setup");
  const auto parsed = setup ? parse_setup(*setup) : DtlsSetup::actpass;
  if (!parsed)
    return missing(media, "with an a=setup that begins no association",
                   "write actpass, active or passive (RFC 5763 §5)");
  out.setup = *parsed;
  if (!is_data_channel(media) && !said(sdp, media, "rtcp-mux"))
    return missing(media, "without a=rtcp-mux",
                   "multiplex RTCP: there is one transport for both (RFC 8834 §4.5)");
  return out;
}

std::vector<std::string> bundle_of(const Sdp& sdp, std::string_view mid) {
  if (mid.empty()) return {};
  for (auto& group : read_groups(sdp.lines)) {
    const bool member = std::ranges::find(group.mids, mid) != group.mids.end();
    if (group.semantics == "BUNDLE" && member) return std::move(group.mids);
  }
  return {};
}

bool is_bundle_only(const Sdp& sdp, const SdpMedia& media) {
  return media.port == 0 && find_attribute(media.lines, "bundle-only") != nullptr &&
         !bundle_of(sdp, mid_of(media)).empty();
}

std::vector<SdpLine> write_webrtc(const LocalWebRtc& local, DtlsSetup setup) {
  std::vector<SdpLine> lines;
  const auto add = [&lines](std::string text) { lines.push_back({'a', std::move(text), 0}); };
  add("ice-ufrag:" + local.ice.ufrag);
  add("ice-pwd:" + local.ice.password);
  add("fingerprint:" + to_string(local.fingerprint));
  add("setup:" + std::string(to_string(setup)));
  for (std::size_t i = 0; i < local.candidates.size(); ++i)
    add("candidate:" + candidate_text(local.candidates[i], i));
  add("end-of-candidates");
  return lines;
}

DtlsRole role_toward(DtlsSetup setup, std::optional<DtlsRole> before) {
  switch (setup) {
    case DtlsSetup::active:
      return DtlsRole::server;
    case DtlsSetup::passive:
      return DtlsRole::client;
    case DtlsSetup::actpass:
      break;
  }
  return before.value_or(DtlsRole::server);
}

}  // namespace assent::media
