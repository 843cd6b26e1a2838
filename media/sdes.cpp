#include "media/sdes.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assent::media {
namespace {

SrtpKey fresh_key(SrtpSuite suite, const Entropy& entropy) {
  const auto sizes = sizes_of(suite);
  std::array<std::byte, srtp_key_and_salt_bytes_max> bytes{};
  const auto used = std::span{bytes}.first(sizes.key_bytes + sizes.salt_bytes);
  entropy(used);
  auto key = SrtpKey::from_bytes(suite, used);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return *std::move(key);  // there is one: the length is the suite's
}

SrtpKey kept_or_fresh(const std::optional<SrtpKey>& in_use, SrtpSuite suite,
                      const Entropy& entropy) {
  return in_use && in_use->suite() == suite ? *in_use : fresh_key(suite, entropy);
}

template <class Condition>
const SdpCrypto* first_where(std::span<const SdpCrypto> cryptos, Condition condition) {
  const auto found = std::ranges::find_if(cryptos, condition);
  return found == cryptos.end() ? nullptr : &*found;
}

}  // namespace

std::vector<SdpCrypto> propose_cryptos(const CipherPolicy& policy,
                                       const std::optional<SrtpKey>& in_use,
                                       const Entropy& entropy) {
  std::vector<SdpCrypto> cryptos;
  for (const auto suite : policy.accepted) {
    if (suite == SrtpSuite::aes_cm_128_hmac_sha1_32) continue;
    const auto tag = static_cast<std::uint32_t>(cryptos.size() + 1);
    cryptos.push_back({tag, kept_or_fresh(in_use, suite, entropy), 0});
  }
  return cryptos;
}

const SdpCrypto* choose_crypto(const CipherPolicy& policy, std::span<const SdpCrypto> offered) {
  if (policy.order == CipherPolicy::Order::of_offerer) {
    return first_where(offered, [&policy](const SdpCrypto& line) {
      return std::ranges::find(policy.accepted, line.key.suite()) != policy.accepted.end();
    });
  }
  for (const auto suite : policy.accepted) {
    const auto* const found =
        first_where(offered, [suite](const SdpCrypto& line) { return line.key.suite() == suite; });
    if (found != nullptr) return found;
  }
  return nullptr;
}

SdpCrypto answer_crypto(const SdpCrypto& chosen, const std::optional<SrtpKey>& in_use,
                        const Entropy& entropy) {
  return {chosen.tag, kept_or_fresh(in_use, chosen.key.suite(), entropy), 0};
}

std::optional<AgreedCrypto> match_cryptos(std::span<const SdpCrypto> proposed,
                                          std::span<const SdpCrypto> answered) {
  for (const auto& theirs : answered) {
    const auto* const ours = first_where(proposed, [&theirs](const SdpCrypto& line) {
      return line.tag == theirs.tag && line.key.suite() == theirs.key.suite();
    });
    if (ours != nullptr) return AgreedCrypto{ours, &theirs};
  }
  return std::nullopt;
}

}  // namespace assent::media
