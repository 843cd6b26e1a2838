#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "media/drop_reason.hpp"
#include "media/rtp.hpp"
#include "media/srtp_key.hpp"

struct srtp_ctx_t_;  // libsrtp's session

namespace assent::media {

struct SrtpDealloc {
  void operator()(srtp_ctx_t_* session) const noexcept;
};
using SrtpHandle = std::unique_ptr<srtp_ctx_t_, SrtpDealloc>;

// Late and repeated RTP packets are told apart over this many sequence numbers; RTCP has
// libsrtp's 128 (RFC 3711 §3.3.2 asks for 64).
inline constexpr std::size_t srtp_replay_window_packets = 1024;

// What libsrtp remembers of a stream it remembers for as long as its key, so their number has an
// end: SSRCs under one key, in one direction.
inline constexpr std::size_t srtp_streams_per_key_max = 1024;

// Opens what one peer protects with one key: many SSRCs, each with its own roll-over counter and
// replay window, which come to be when the first of its packets authenticates, and not before.
// (To keep to srtp_streams_per_key_max is the caller's part, who knows which SSRCs are new.)
//
// Errors: auth_failed; replayed (also: older than the window); malformed (lengths do not fit).
// After an error the bytes may be overwritten: drop them.
//
// A stream that is first heard after its sender's sequence wrapped stays auth_failed, as its
// roll-over counter cannot be known, until an earlier packet of it arrives; RFC 3711 §3.3.1 lets
// senders begin below 2^15 for that.
class SrtpInbound {
 public:
  // Should libsrtp fail to allocate, nothing authenticates.
  explicit SrtpInbound(const SrtpKey& key);

  // In place; the result is a prefix of `bytes`. No allocation but for the first packet of an
  // SSRC. Says nothing about the packet's shape: parse_rtp does.
  [[nodiscard]] Parsed<std::span<std::byte>> unprotect_rtp(std::span<std::byte> bytes);
  [[nodiscard]] Parsed<std::span<std::byte>> unprotect_rtcp(std::span<std::byte> bytes);

  // Forgets a stream: its replay window too, so that packets of it recorded earlier would
  // authenticate again. Only for sources that the caller refuses from now on.
  void remove_stream(Ssrc ssrc);

  // Whether a packet of it has authenticated (and it was not removed).
  [[nodiscard]] bool knows(Ssrc ssrc) const;

 private:
  SrtpHandle session_;
};

// Protects what goes to one peer with one key. Streams are never forgotten, as a stream begun
// again under the same key would repeat keystream (RFC 3711 §9.1): new key, new SrtpOutbound.
//
// Errors: replayed (this sequence number was protected already, is older than the window, or
// precedes the stream's first packet); malformed (lengths do not fit, or no room in `buffer`
// for the trailer); foreign_ssrc (one more than srtp_streams_per_key_max).
class SrtpOutbound {
 public:
  // Should libsrtp fail to allocate, everything is refused as malformed.
  explicit SrtpOutbound(const SrtpKey& key);

  // In place: `size` bytes of plain packet at the start of `buffer`, which must have the suite's
  // trailer bytes to spare. Returns the protected size. No allocation but for the first packet
  // of an SSRC.
  [[nodiscard]] Parsed<std::size_t> protect_rtp(std::span<std::byte> buffer, std::size_t size);
  [[nodiscard]] Parsed<std::size_t> protect_rtcp(std::span<std::byte> buffer, std::size_t size);

 private:
  // Where a stream began. A reordered packet from before its first one has no index: libsrtp
  // would take 65535 after 0 for a leap ahead, and the next packet for the second cycle, which
  // a receiver that missed the leap cannot follow.
  struct Start {
    Ssrc ssrc;
    SequenceNumber first;
    bool passed;  // nothing can be that late any more
  };
  [[nodiscard]] Start* start_of(Ssrc ssrc);

  SrtpHandle session_;
  SrtpSuiteSizes sizes_;
  std::vector<Start> starts_;
  std::size_t ssrcs_ = 0;
};

}  // namespace assent::media
