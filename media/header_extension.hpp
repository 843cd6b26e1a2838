#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace assent::media {

// Header extensions (RFC 8285) that a copy of a packet may keep, where its sink names them. The
// list is closed: what it does not know is left out, and so is what speaks of others than the
// sender, such as the audio levels of a mixer's contributors (RFC 6465) and the CSRCs themselves.
// None is kept by default, not even the MID: a sink tells streams apart by SSRC. The audio level
// tells who speaks and when, the others of a device, a clock and a path.
enum class HeaderExtension : std::uint8_t {
  audio_level,          // RFC 6464
  mid,                  // RFC 9143 §15
  rtp_stream_id,        // RFC 8852
  transmission_offset,  // RFC 5450
  ntp_time,             // RFC 6051, 64 bits
  send_time,            // the others are in use and in no RFC, but for 3GPP TS 26.114
  capture_time,
  transport_sequence,
  video_orientation,
  playout_delay,
  color_space,
  video_content_type,
  dependency_descriptor,
};
inline constexpr std::size_t header_extensions = 13;

[[nodiscard]] constexpr std::size_t index(HeaderExtension extension) {
  return static_cast<std::size_t>(extension);
}

// In a description each has an id of that session (RFC 8285 §5), which means nothing to a sink. In
// copies its id is always this one, which both forms of elements can carry.
[[nodiscard]] constexpr std::uint8_t id_in_copies(HeaderExtension extension) {
  return static_cast<std::uint8_t>(index(extension) + 1);
}
static_assert(header_extensions <= 14, "the ids of the one-byte form (RFC 8285 §4.2)");

[[nodiscard]] std::string_view uri_of(HeaderExtension extension);
[[nodiscard]] std::optional<HeaderExtension> header_extension_of(std::string_view uri);

using HeaderExtensions = std::uint32_t;  // set of HeaderExtension, one bit each
[[nodiscard]] constexpr HeaderExtensions extension_bit(HeaderExtension extension) {
  return HeaderExtensions{1} << index(extension);
}

// The ids that a description gives them, by HeaderExtension; 0: none.
using ExtensionIds = std::array<std::uint8_t, header_extensions>;

// Only those of the set.
[[nodiscard]] constexpr ExtensionIds ids_in(HeaderExtensions set, const ExtensionIds& all) {
  ExtensionIds ids{};
  for (std::size_t i = 0; i < ids.size(); ++i)
    ids[i] = (set >> i & 1U) != 0 ? all[i] : std::uint8_t{0};
  return ids;
}

}  // namespace assent::media
