#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "media/sdp_crypto.hpp"
#include "media/srtp_key.hpp"

namespace assent::media {

// Fills the span with bytes that nobody can guess. Returning means that it did.
using Entropy = std::function<void(std::span<std::byte>)>;

// Which suites a peer may use, and whose order decides when the gateway answers a secure offer.
struct CipherPolicy {
  enum class Order : std::uint8_t { of_offerer, of_gateway };
  // In the gateway's order. Its offers propose these except AES_CM_128_HMAC_SHA1_32, whose short
  // tag is taken from peers and never asked of them.
  std::vector<SrtpSuite> accepted{SrtpSuite::aead_aes_128_gcm, SrtpSuite::aead_aes_256_gcm,
                                  SrtpSuite::aes_cm_128_hmac_sha1_80,
                                  SrtpSuite::aes_cm_128_hmac_sha1_32};
  Order order = Order::of_offerer;
};

// The key and suite exchange of RFC 4568 §5.1, from the gateway's seat. `in_use` is what the
// gateway sends with on that leg already: it stays, as a new key would start the roll-over counter
// of every stream anew, which peers follow in different ways (RFC 3711 §3.3.1).

// The lines of an offer: one a suite, tags from 1. Empty only if the policy leaves nothing.
[[nodiscard]] std::vector<SdpCrypto> propose_cryptos(const CipherPolicy& policy,
                                                     const std::optional<SrtpKey>& in_use,
                                                     const Entropy& entropy);

// Which of the offered lines the gateway takes; null if it may take none.
[[nodiscard]] const SdpCrypto* choose_crypto(const CipherPolicy& policy,
                                             std::span<const SdpCrypto> offered);

// The gateway's line in its answer to the chosen one: the same tag and suite, its own key.
[[nodiscard]] SdpCrypto answer_crypto(const SdpCrypto& chosen, const std::optional<SrtpKey>& in_use,
                                      const Entropy& entropy);

struct AgreedCrypto {
  const SdpCrypto* proposed;  // what the gateway sends with
  const SdpCrypto* answered;  // what the peer sends with
};

// The pair of lines that share tag and suite; nullopt if the answer takes none of the proposals.
[[nodiscard]] std::optional<AgreedCrypto> match_cryptos(std::span<const SdpCrypto> proposed,
                                                        std::span<const SdpCrypto> answered);

}  // namespace assent::media
