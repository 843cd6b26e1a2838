#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "media/sdp.hpp"
#include "media/srtp_key.hpp"

namespace assent::media {

// One a=crypto line that this gateway can use (RFC 4568 §4, §6).
struct SdpCrypto {
  std::uint32_t tag = 0;
  SrtpKey key;
  std::size_t line = 0;
};

// The usable lines of an m-section, in the order of their author. Passed over, as RFC 4568 §5.1.2
// lets an answerer do: suites not in srtp_suites, more than one key, an MKI (SRTP here has none;
// with the _32 suite libsrtp 2.5.0 also places it wrongly), and session parameters that switch
// protection off or that are unknown and not marked "-". A key lifetime is read and let be.
// Errors: a line that is malformed, or two lines with one tag. They never show the line.
[[nodiscard]] SdpResult<std::vector<SdpCrypto>> read_cryptos(std::span<const SdpLine> lines);

// a=crypto:<tag> <suite> inline:<key and salt>
[[nodiscard]] SdpLine write_crypto(std::uint32_t tag, const SrtpKey& key);

}  // namespace assent::media
