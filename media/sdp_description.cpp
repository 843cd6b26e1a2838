#include "media/sdp_description.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace assent::media {
namespace {

constexpr std::array profiles_of_rtp{Profile::avp,   Profile::avpf,      Profile::savp,
                                     Profile::savpf, Profile::dtls_savp, Profile::dtls_savpf};

struct StaticType {
  std::uint8_t payload_type;
  Codec codec;
  std::uint32_t clock_hz;
};

// RFC 3551 §6: payload types that mean something without an rtpmap.
constexpr StaticType static_types[] = {
    {0, Codec::pcmu, 8'000},          {3, Codec::other_audio, 8'000},
    {4, Codec::other_audio, 8'000},   {5, Codec::other_audio, 8'000},
    {6, Codec::other_audio, 16'000},  {7, Codec::other_audio, 8'000},
    {8, Codec::pcma, 8'000},          {9, Codec::g722, 8'000},
    {10, Codec::other_audio, 44'100}, {11, Codec::other_audio, 44'100},
    {12, Codec::other_audio, 8'000},  {13, Codec::comfort_noise, 8'000},
    {14, Codec::other_audio, 90'000}, {15, Codec::other_audio, 8'000},
    {16, Codec::other_audio, 11'025}, {17, Codec::other_audio, 22'050},
    {18, Codec::other_audio, 8'000},  {25, Codec::other_video, 90'000},
    {26, Codec::other_video, 90'000}, {28, Codec::other_video, 90'000},
    {31, Codec::other_video, 90'000}, {32, Codec::other_video, 90'000},
    {33, Codec::other_video, 90'000}, {34, Codec::other_video, 90'000},
};

MediaKind kind_of(const SdpMedia& media) {
  if (media.kind == "audio") return MediaKind::audio;
  if (media.kind == "video") return MediaKind::video;
  return is_data_channel(media) ? MediaKind::data : MediaKind::other;
}

std::optional<Profile> profile_of(const SdpMedia& media, MediaKind kind) {
  return kind == MediaKind::data ? Profile::dtls_sctp : parse_profile(media.protocol);
}

std::optional<std::uint8_t> parse_payload_type(std::string_view format) {
  std::uint8_t type = 0;
  const auto* const end = format.data() + format.size();
  const auto [stop, failure] = std::from_chars(format.data(), end, type);
  if (failure != std::errc{} || stop != end || type > 127) return std::nullopt;
  return type;
}

SdpError unsupported_protocol(const SdpMedia& media) {
  constexpr std::size_t quoted_max = 32;
  return {media.number,
          media.kind + " over " + media.protocol.substr(0, quoted_max) + " is not supported",
          "use RTP/AVP, RTP/AVPF, RTP/SAVP or RTP/SAVPF with keys in a=crypto (SDES, RFC 4568), or "
          "UDP/TLS/RTP/SAVPF with ICE"};
}

// Reads one wanted m-section, part by part; the first fault ends it.
class SectionReader {
 public:
  SectionReader(const Sdp& sdp, const SdpMedia& media, MediaDescription& out)
      : sdp_{sdp}, media_{media}, out_{out} {}

  std::optional<SdpError> read() {
    if (auto error = read_protocol()) return error;
    if (out_.kind == MediaKind::data) return read_data();
    if (auto error = has_dtls(out_.profile) ? read_dtls() : read_transport()) return error;
    if (auto error = read_keys()) return error;
    if (auto error = read_payload_types()) return error;
    auto sources = read_sources(media_.lines);
    if (!sources) return sources.error();
    out_.sources = *std::move(sources);
    read_extensions();
    const auto direction = read_direction(media_.lines);
    out_.direction =
        direction ? *direction : read_direction(sdp_.lines).value_or(Direction::sendrecv);
    return std::nullopt;
  }

 private:
  std::optional<SdpError> read_protocol() {
    const auto profile = profile_of(media_, out_.kind);
    if (!profile) return unsupported_protocol(media_);
    out_.profile = *profile;
    if (media_.port_count.value_or(1) != 1)
      return SdpError{media_.number, "the m-section asks for several ports",
                      "use one m-section a stream"};
    return std::nullopt;
  }

  // Which port SCTP has inside DTLS is the peers' own matter, but it must be said (RFC 8841 §5).
  std::optional<SdpError> read_data() {
    const auto port = attribute_value(media_.lines, "sctp-port");
    std::uint16_t number = 0;
    const auto* const end = port ? port->data() + port->size() : nullptr;
    if (!port || std::from_chars(port->data(), end, number).ptr != end || number == 0)
      return SdpError{media_.number, "data channels without a sound a=sctp-port",
                      "write a=sctp-port:5000, or another from 1 to 65535 (RFC 8841 §5)"};
    return read_dtls();
  }

  // The address of c= is not looked at: before candidates are known it is 0.0.0.0, which is no
  // hold.
  std::optional<SdpError> read_dtls() {
    auto webrtc = read_webrtc(sdp_, media_);
    if (!webrtc) return webrtc.error();
    out_.webrtc = *std::move(webrtc);
    out_.rtcp_mux = true;
    const auto extensions = read_extmaps(media_.lines);
    if (!extensions) return extensions.error();
    const auto mid = std::ranges::find(*extensions, uri_of(HeaderExtension::mid), &SdpExtmap::uri);
    if (mid != extensions->end()) out_.mid_extension = id_of(*mid);
    return std::nullopt;
  }

  // RFC 8285 §5: of the m-section, else of the session. What is malformed is no reason to refuse a
  // call here: only sinks go without.
  void read_extensions() {
    name_extensions(read_extmaps(sdp_.lines));
    name_extensions(read_extmaps(media_.lines));
  }

  void name_extensions(const SdpResult<std::vector<SdpExtmap>>& extensions) {
    if (!extensions) return;
    for (const auto& map : *extensions) {
      if (const auto known = header_extension_of(map.uri))
        out_.extension_ids[index(*known)] = id_of(map);
    }
  }

  // 0: none that a packet could carry (§4.2, §4.3), such as the placeholders of §7.
  static std::uint8_t id_of(const SdpExtmap& map) {
    return map.id < 256 ? static_cast<std::uint8_t>(map.id) : std::uint8_t{0};
  }

  std::optional<SdpError> read_transport() {
    auto own = read_connection(media_.lines);
    if (!own) return own.error();
    auto of_session = read_connection(sdp_.lines);
    if (!of_session) return of_session.error();
    const auto connection = *own ? *own : *of_session;
    if (!connection)
      return SdpError{media_.number, "the m-section has no c= line, and the session has none",
                      "write c=IN IP4|IP6 <address> (RFC 8866 §5.7)"};
    out_.on_hold = is_nowhere(*connection);
    out_.rtcp_mux = find_attribute(media_.lines, "rtcp-mux") != nullptr;
    const auto rtcp = read_rtcp(media_.lines);
    if (!rtcp) return rtcp.error();
    if (!out_.on_hold) set_endpoints(*connection, *rtcp);
    return std::nullopt;
  }

  void set_endpoints(const Endpoint& connection, const std::optional<SdpRtcp>& rtcp) {
    out_.rtp = connection;
    out_.rtp.port = media_.port;
    out_.rtcp = rtcp && rtcp->address ? *rtcp->address : connection;
    // RFC 3550 §11: the next port. After 65535 there is none, and 0 is "unset".
    out_.rtcp.port = rtcp ? rtcp->port : static_cast<std::uint16_t>(media_.port + 1);
    if (is_nowhere(out_.rtcp) || !out_.rtcp.is_set()) out_.rtcp = Endpoint{};
  }

  // In a plain profile a=crypto means nothing (RFC 4568 §9.1), and is not read.
  std::optional<SdpError> read_keys() {
    if (!has_sdes(out_.profile)) return std::nullopt;
    auto cryptos = read_cryptos(media_.lines);
    if (!cryptos) return cryptos.error();
    if (cryptos->empty())
      return SdpError{
          media_.number, media_.protocol + " without an a=crypto line this gateway can use",
          "give one with AEAD_AES_128_GCM, AEAD_AES_256_GCM, AES_CM_128_HMAC_SHA1_80 or "
          "AES_CM_128_HMAC_SHA1_32, a single key, no MKI and full protection"};
    out_.cryptos = *std::move(cryptos);
    return std::nullopt;
  }

  std::optional<SdpError> read_payload_types() {
    const auto maps = read_rtpmaps(media_.lines);
    if (!maps) return maps.error();
    for (const auto& format : media_.formats) {
      const auto type = parse_payload_type(format);
      if (!type)
        return SdpError{media_.number, "a format of the m= line is not a payload type",
                        "list numbers from 0 to 127 after " + media_.protocol};
      name_payload_type(*type, *maps);
    }
    return std::nullopt;
  }

  void name_payload_type(std::uint8_t type, const std::vector<SdpRtpmap>& maps) {
    const auto map = std::ranges::find(maps, type, &SdpRtpmap::payload_type);
    if (map != maps.end()) {
      out_.payload_types[type] = codec_of(media_.kind, map->encoding);
      out_.clocks_hz[type] = map->clock_hz;
      return;
    }
    const auto* const known = std::ranges::find(static_types, type, &StaticType::payload_type);
    const bool found = known != std::end(static_types);
    out_.payload_types[type] = found ? known->codec : codec_of(media_.kind, {});
    out_.clocks_hz[type] = found ? known->clock_hz : 0;
  }

  const Sdp& sdp_;
  const SdpMedia& media_;
  MediaDescription& out_;
};

}  // namespace

std::string_view to_string(Profile profile) {
  switch (profile) {
    case Profile::avp:
      return "RTP/AVP";
    case Profile::avpf:
      return "RTP/AVPF";
    case Profile::savp:
      return "RTP/SAVP";
    case Profile::savpf:
      return "RTP/SAVPF";
    case Profile::dtls_savp:
      return "UDP/TLS/RTP/SAVP";
    case Profile::dtls_savpf:
      return "UDP/TLS/RTP/SAVPF";
    case Profile::dtls_sctp:
      return data_channel_protocol;
  }
  return "unknown";
}

std::optional<Profile> parse_profile(std::string_view text) {
  const auto* const found =
      std::ranges::find_if(profiles_of_rtp, [text](Profile p) { return to_string(p) == text; });
  if (found == profiles_of_rtp.end()) return std::nullopt;
  return *found;
}

SdpResult<std::vector<MediaDescription>> read_description(const Sdp& sdp) {
  std::vector<MediaDescription> sections;
  bool has_data = false;
  for (const auto& media : sdp.media) {
    auto& section = sections.emplace_back();
    section.kind = kind_of(media);
    section.mid = attribute_value(media.lines, "mid").value_or("");
    section.line = media.number;
    const auto profile = profile_of(media, section.kind);
    const bool bundled = profile && has_dtls(*profile) && is_bundle_only(sdp, media);
    if (media.port == 0 && !bundled) continue;
    const bool is_data = section.kind == MediaKind::data;
    if (section.kind == MediaKind::other || (is_data && std::exchange(has_data, true))) {
      section.standing = Standing::unsupported;
      continue;
    }
    section.standing = Standing::wanted;
    if (auto error = SectionReader{sdp, media, section}.read()) return *std::move(error);
  }
  return sections;
}

}  // namespace assent::media
