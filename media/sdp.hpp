#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::media {

// What is wrong with a session description or with the exchange it is part of, in words for the
// user of the API. Values of lines are never quoted: they may hold keys and addresses of persons.
struct SdpError {
  std::size_t line = 0;  // of the text that was read, from 1; 0: no single line
  std::string what;
  std::string remedy;
};

[[nodiscard]] std::string to_string(const SdpError& error);

template <class T>
using SdpResult = boost::system::result<T, SdpError>;

// SdpResult<T>::value() on an error is a programming error of the caller.
[[noreturn]] void throw_exception_from_error(const SdpError& error,
                                             const boost::source_location& location);

inline constexpr std::size_t sdp_bytes_max = 65'536;
inline constexpr std::size_t sdp_lines_max = 2048;
inline constexpr std::size_t sdp_line_bytes_max = 4096;
inline constexpr std::size_t sdp_media_max = 32;

// "<type>=<value>" (RFC 8866 §5), verbatim.
struct SdpLine {
  char type = 'a';
  std::string value;
  std::size_t number = 0;  // where it stood in the text that was read, from 1; 0: written by us

  bool operator==(const SdpLine&) const = default;
};

// One m-section (RFC 8866 §5.14): its m= line in parts, and the lines after it in their order.
struct SdpMedia {
  std::string kind;  // "audio", "video", ...
  std::uint16_t port = 0;
  std::optional<std::uint16_t> port_count;  // the "/2" of "5004/2"
  std::string protocol;                     // "RTP/AVP", ...
  std::vector<std::string> formats;         // at least one
  std::size_t number = 0;
  std::vector<SdpLine> lines;

  bool operator==(const SdpMedia&) const = default;
};

// A session description that loses nothing: lines keep their order and their text, known or not.
// Who holds one that parse_sdp gave knows: v=0 is first, then o= with its six fields; s= and t=
// are there; every type of line is known and stands where it may.
struct Sdp {
  std::vector<SdpLine> lines;  // of the session, before the first m=
  std::vector<SdpMedia> media;

  bool operator==(const Sdp&) const = default;
};

// Takes CRLF and LF. Refuses what passes the limits above.
[[nodiscard]] SdpResult<Sdp> parse_sdp(std::string_view text);

// Gives back the bytes that were parsed, if their lines ended in CRLF and their m= lines had
// single spaces and no leading zeros.
[[nodiscard]] std::string write_sdp(const Sdp& sdp);

}  // namespace assent::media
