#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "media/srtp_key.hpp"
#include "tests/media/packets.hpp"

// SRTP written again from RFC 3711 and RFC 7714 over bare AES and SHA-1, proved by the vectors of
// those RFCs, which speak of session keys that libsrtp does not let in. What it proves: that
// SrtpInbound and SrtpOutbound put the right session keys, nonces and roll-over counters to use.
namespace assent::media::tests {

struct SessionKeys {
  Bytes cipher_key;
  Bytes salt;
  Bytes auth_key;  // not of AEAD suites
};

enum class KeyLabel : unsigned char {  // RFC 3711 §4.3.2: the cipher key's; auth + 1, salt + 2
  rtp = 0,
  rtcp = 3,
};

// The pseudo-random function of RFC 3711 §4.3.3 with any label.
[[nodiscard]] Bytes derive(std::span<const std::byte> master_key,
                           std::span<const std::byte> master_salt, unsigned label,
                           std::size_t size);
[[nodiscard]] SessionKeys derive_session(const SrtpKey& key, KeyLabel label);

// The keystream of AES in counter mode for one packet (RFC 3711 §4.1.1).
[[nodiscard]] Bytes keystream(const SessionKeys& keys, std::uint32_t ssrc, std::uint64_t index,
                              std::size_t size);

// An RTP packet of the given header length, as it goes out with this roll-over counter.
[[nodiscard]] Bytes reference_rtp(SrtpSuite suite, const SessionKeys& keys, const Bytes& packet,
                                  std::size_t header_bytes, std::uint32_t roll_over_counter);
// An RTCP compound, as it goes out encrypted with this index.
[[nodiscard]] Bytes reference_rtcp(SrtpSuite suite, const SessionKeys& keys, const Bytes& compound,
                                   std::uint32_t index);

}  // namespace assent::media::tests
