#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "media/codec.hpp"
#include "media/endpoint.hpp"
#include "media/rtp.hpp"
#include "media/sdp.hpp"

namespace assent::media {

// Typed access to lines of a description. A line that is not there is an empty optional or vector;
// a line that is there and malformed is an error that says its number.

// The value if the line is a=<name>:<value>, empty for a=<name>; nullopt for any other line.
[[nodiscard]] std::optional<std::string_view> attribute(const SdpLine& line, std::string_view name);

// ASCII letters.
[[nodiscard]] bool equal_without_case(std::string_view a, std::string_view b);

// The first line of that name, or null.
[[nodiscard]] const SdpLine* find_attribute(std::span<const SdpLine> lines, std::string_view name);

// The value of the first line of that name, for attributes without further structure: mid, setup,
// fingerprint, candidate, record, recordpref, rtcp-mux.
[[nodiscard]] std::optional<std::string_view> attribute_value(std::span<const SdpLine> lines,
                                                              std::string_view name);

// c=, RFC 8866 §5.7: a unicast address, or "nowhere" (0.0.0.0 or ::) for the hold of RFC 3264 §8.4.
// The port is 0. Names and multicast groups are errors.
[[nodiscard]] SdpResult<std::optional<Endpoint>> read_connection(std::span<const SdpLine> lines);

// Whether the address is 0.0.0.0 or ::, in either form of Endpoint.
[[nodiscard]] bool is_nowhere(const Endpoint& endpoint);

struct SdpRtcp {  // a=rtcp, RFC 3605
  std::uint16_t port = 0;
  std::optional<Endpoint> address;  // port 0 in it; nullopt: that of c=
};
[[nodiscard]] SdpResult<std::optional<SdpRtcp>> read_rtcp(std::span<const SdpLine> lines);

struct SdpRtpmap {  // RFC 8866 §6.6
  std::uint8_t payload_type = 0;
  std::string encoding;
  std::uint32_t clock_hz = 0;
  std::uint16_t channels = 1;  // audio only
};
[[nodiscard]] SdpResult<std::vector<SdpRtpmap>> read_rtpmaps(std::span<const SdpLine> lines);

struct SdpFmtp {  // RFC 8866 §6.15
  std::string format;
  std::string parameters;
};
[[nodiscard]] std::vector<SdpFmtp> read_fmtps(std::span<const SdpLine> lines);

struct SdpGroup {  // RFC 5888; of the session
  std::string semantics;
  std::vector<std::string> mids;
};
[[nodiscard]] std::vector<SdpGroup> read_groups(std::span<const SdpLine> lines);

struct SdpExtmap {  // RFC 8285 §8
  std::uint16_t id = 0;
  std::string direction;  // empty: both
  std::string uri;
  std::string parameters;
};
[[nodiscard]] SdpResult<std::vector<SdpExtmap>> read_extmaps(std::span<const SdpLine> lines);

struct SdpSource {  // a=ssrc lines of one SSRC, RFC 5576 §4.1
  Ssrc ssrc{};
  std::string cname;                    // empty: not said
  std::vector<std::string> attributes;  // "msid:...", in order, verbatim
  std::size_t line = 0;                 // of its first a=ssrc
};
[[nodiscard]] SdpResult<std::vector<SdpSource>> read_sources(std::span<const SdpLine> lines);

// RFC 8866 §6.7, from the point of view of who wrote the description.
enum class Direction : std::uint8_t { inactive = 0, sendonly = 1, recvonly = 2, sendrecv = 3 };

[[nodiscard]] constexpr bool sends(Direction d) {
  return (static_cast<unsigned>(d) & 1U) != 0;
}
[[nodiscard]] constexpr bool receives(Direction d) {
  return (static_cast<unsigned>(d) & 2U) != 0;
}
[[nodiscard]] constexpr Direction direction_of(bool sending, bool receiving) {
  return static_cast<Direction>((sending ? 1U : 0U) | (receiving ? 2U : 0U));
}
[[nodiscard]] std::string_view to_string(Direction direction);

// The first of the four attributes, if any.
[[nodiscard]] std::optional<Direction> read_direction(std::span<const SdpLine> lines);

// What an encoding name of an rtpmap carries; names are compared without case.
[[nodiscard]] Codec codec_of(std::string_view media_kind, std::string_view encoding);

}  // namespace assent::media
