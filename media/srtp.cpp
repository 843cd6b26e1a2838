#include "media/srtp.hpp"

#include <arpa/inet.h>
#include <srtp2/srtp.h>

#include <algorithm>

#include "media/rtcp.hpp"
#include "media/srtp_hmac.hpp"

namespace assent::media {
namespace {

constexpr std::size_t packet_bytes_max = 65'535;  // no UDP datagram is longer

srtp_profile_t profile_of(SrtpSuite suite) {
  switch (suite) {
    case SrtpSuite::aes_cm_128_hmac_sha1_80:
      return srtp_profile_aes128_cm_sha1_80;
    case SrtpSuite::aes_cm_128_hmac_sha1_32:
      return srtp_profile_aes128_cm_sha1_32;
    case SrtpSuite::aead_aes_128_gcm:
      return srtp_profile_aead_aes_128_gcm;
    case SrtpSuite::aead_aes_256_gcm:
      return srtp_profile_aead_aes_256_gcm;
  }
  return srtp_profile_reserved;
}

// libsrtp registers its ciphers once a process.
bool library_ready() {
  static const bool ready = srtp_init() == srtp_err_status_ok && install_srtp_hmac();
  return ready;
}

SrtpHandle make_session(const SrtpKey& key, srtp_ssrc_type_t direction) {
  if (!library_ready()) return nullptr;
  srtp_policy_t policy{};
  const auto profile = profile_of(key.suite());
  srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile);
  srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile);
  policy.ssrc.type = direction;
  // libsrtp takes a pointer to mutable, and only reads.
  policy.key = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(key.key_and_salt().data()));
  policy.window_size = srtp_replay_window_packets;
  srtp_t session = nullptr;
  if (srtp_create(&session, &policy) != srtp_err_status_ok) return nullptr;
  return SrtpHandle{session};
}

// In whichever way it could not be authenticated, it was not.
DropReason inbound_reason(srtp_err_status_t status) {
  switch (status) {
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old:
      return DropReason::replayed;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err:
      return DropReason::malformed;
    default:
      return DropReason::auth_failed;
  }
}

DropReason outbound_reason(srtp_err_status_t status) {
  const bool index_used = status == srtp_err_status_replay_fail ||
                          status == srtp_err_status_replay_old ||
                          status == srtp_err_status_pkt_idx_old;
  return index_used ? DropReason::replayed : DropReason::malformed;
}

template <auto Unprotect>
Parsed<std::span<std::byte>> unprotect(srtp_t session, std::span<std::byte> bytes) {
  if (session == nullptr) return DropReason::auth_failed;
  if (bytes.size() > packet_bytes_max) return DropReason::malformed;
  int size = static_cast<int>(bytes.size());
  const auto status = Unprotect(session, bytes.data(), &size);
  if (status != srtp_err_status_ok) return inbound_reason(status);
  return bytes.first(static_cast<std::size_t>(size));
}

template <auto Protect>
Parsed<std::size_t> protect(srtp_t session, std::span<std::byte> buffer, std::size_t size,
                            std::size_t trailer_bytes) {
  const bool fits = size <= packet_bytes_max && buffer.size() >= size + trailer_bytes;
  if (session == nullptr || !fits) return DropReason::malformed;
  int protected_size = static_cast<int>(size);
  const auto status = Protect(session, buffer.data(), &protected_size);
  if (status != srtp_err_status_ok) return outbound_reason(status);
  return static_cast<std::size_t>(protected_size);
}

bool is_known(srtp_t session, Ssrc ssrc) {
  std::uint32_t roll_over_counter = 0;
  return session != nullptr && srtp_get_stream_roc(session, static_cast<std::uint32_t>(ssrc),
                                                   &roll_over_counter) == srtp_err_status_ok;
}

// No packet is late by more than a quarter of the circle.
constexpr int late_packets_max = 0x4000;

}  // namespace

void SrtpDealloc::operator()(srtp_ctx_t_* session) const noexcept {
  srtp_dealloc(session);
}

SrtpInbound::SrtpInbound(const SrtpKey& key) : session_{make_session(key, ssrc_any_inbound)} {}

Parsed<std::span<std::byte>> SrtpInbound::unprotect_rtp(std::span<std::byte> bytes) {
  return unprotect<srtp_unprotect>(session_.get(), bytes);
}

Parsed<std::span<std::byte>> SrtpInbound::unprotect_rtcp(std::span<std::byte> bytes) {
  return unprotect<srtp_unprotect_rtcp>(session_.get(), bytes);
}

void SrtpInbound::remove_stream(Ssrc ssrc) {
  if (session_) srtp_remove_stream(session_.get(), htonl(static_cast<std::uint32_t>(ssrc)));
}

bool SrtpInbound::knows(Ssrc ssrc) const {
  return is_known(session_.get(), ssrc);
}

SrtpOutbound::SrtpOutbound(const SrtpKey& key)
    : session_{make_session(key, ssrc_any_outbound)}, sizes_{sizes_of(key.suite())} {}

Parsed<std::size_t> SrtpOutbound::protect_rtp(std::span<std::byte> buffer, std::size_t size) {
  if (size < rtp_header_bytes_min || buffer.size() < size) return DropReason::malformed;
  const SequenceNumber sequence{load_be16(buffer, 2)};
  const Ssrc ssrc{load_be32(buffer, 8)};
  Start* const start = start_of(ssrc);
  const auto distance = start == nullptr ? 0 : sequence.distance_from(start->first);
  const bool may_precede = start != nullptr && !start->passed;
  if (may_precede && distance < 0 && distance >= -late_packets_max) return DropReason::replayed;
  const bool first = start == nullptr && !is_known(session_.get(), ssrc);
  if (first && ssrcs_ == srtp_streams_per_key_max) return DropReason::foreign_ssrc;

  const auto sealed = protect<srtp_protect>(session_.get(), buffer, size, sizes_.rtp_trailer_bytes);
  if (!sealed) return sealed;
  if (first) ++ssrcs_;
  if (start == nullptr) {
    starts_.push_back({ssrc, sequence, false});
  } else if (may_precede) {
    start->passed = distance < 0 || distance >= late_packets_max;
  }
  return sealed;
}

Parsed<std::size_t> SrtpOutbound::protect_rtcp(std::span<std::byte> buffer, std::size_t size) {
  const auto ssrc = peek_rtcp_ssrc(buffer.first(std::min(size, buffer.size())));
  if (!ssrc) return DropReason::malformed;
  const bool first = !is_known(session_.get(), *ssrc);
  if (first && ssrcs_ == srtp_streams_per_key_max) return DropReason::foreign_ssrc;
  const auto sealed =
      protect<srtp_protect_rtcp>(session_.get(), buffer, size, sizes_.rtcp_trailer_bytes);
  if (sealed && first) ++ssrcs_;
  return sealed;
}

SrtpOutbound::Start* SrtpOutbound::start_of(Ssrc ssrc) {
  const auto found = std::ranges::find(starts_, ssrc, &Start::ssrc);
  return found == starts_.end() ? nullptr : &*found;
}

}  // namespace assent::media
