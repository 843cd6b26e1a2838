#pragma once

#include <boost/system/result.hpp>

#include <cstddef>
#include <string_view>

namespace assent::media {

// Why a datagram that arrived was not relayed. Closed: each has its counter and its word in
// metrics and CDRs. (Why an authenticated packet did not go to one sink: see permit_table.hpp.)
enum class DropReason : unsigned char {
  too_short,
  bad_version,      // not RTP version 2 (RFC 3550 §5.1)
  malformed,        // lengths inside the packet do not fit its bytes
  unknown_protocol, // a datagram class this leg does not speak (RFC 7983)
  foreign_source,   // plain RTP from an address the offer/answer did not name
  auth_failed,
  replayed,         // seen before, or older than the replay window (RFC 3711 §3.3.2)
  foreign_ssrc,     // an SSRC that belongs to somebody else, or one too many
  not_connected,    // no peer leg yet, or it does not listen (hold)
  outbound_full,    // the operating system did not take it
  held_for_prompt,  // the gateway itself is speaking to this participant
  too_long,         // a message of a data channel that would not fit one datagram of the peer's
};
inline constexpr std::size_t drop_reasons = 12;

[[nodiscard]] std::string_view to_string(DropReason reason);

template <class T>
using Parsed = boost::system::result<T, DropReason>;

// Parsed<T>::value() on an error is a programming error of the caller.
[[noreturn]] void throw_exception_from_error(DropReason reason,
                                             const boost::source_location& location);

}  // namespace assent::media
