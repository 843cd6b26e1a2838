#include "media/srtp_key.hpp"

#include <openssl/crypto.h>

#include <algorithm>

namespace assent::media {

std::string_view to_string(SrtpSuite suite) {
  switch (suite) {
    case SrtpSuite::aes_cm_128_hmac_sha1_80:
      return "AES_CM_128_HMAC_SHA1_80";
    case SrtpSuite::aes_cm_128_hmac_sha1_32:
      return "AES_CM_128_HMAC_SHA1_32";
    case SrtpSuite::aead_aes_128_gcm:
      return "AEAD_AES_128_GCM";
    case SrtpSuite::aead_aes_256_gcm:
      return "AEAD_AES_256_GCM";
  }
  return "unknown";
}

std::optional<SrtpSuite> parse_srtp_suite(std::string_view name) {
  const auto found = std::ranges::find_if(
      srtp_suites, [name](SrtpSuite suite) { return to_string(suite) == name; });
  if (found == srtp_suites.end()) return std::nullopt;
  return *found;
}

std::optional<SrtpKey> SrtpKey::from_bytes(SrtpSuite suite,
                                           std::span<const std::byte> key_and_salt) {
  const auto sizes = sizes_of(suite);
  if (key_and_salt.size() != sizes.key_bytes + sizes.salt_bytes) return std::nullopt;
  return SrtpKey{suite, key_and_salt};
}

SrtpKey::SrtpKey(SrtpSuite suite, std::span<const std::byte> key_and_salt) : suite_{suite} {
  std::ranges::copy(key_and_salt, material_.begin());
}

SrtpKey::SrtpKey(SrtpKey&& other) noexcept : suite_{other.suite_}, material_{other.material_} {
  other.wipe();
}

SrtpKey& SrtpKey::operator=(SrtpKey&& other) noexcept {
  if (this == &other) return *this;
  suite_ = other.suite_;
  material_ = other.material_;
  other.wipe();
  return *this;
}

SrtpKey::~SrtpKey() {
  wipe();
}

bool SrtpKey::operator==(const SrtpKey& other) const {
  return suite_ == other.suite_ &&
         CRYPTO_memcmp(material_.data(), other.material_.data(), material_.size()) == 0;
}

// A plain fill before the end of a lifetime would be optimised away.
void SrtpKey::wipe() {
  OPENSSL_cleanse(material_.data(), material_.size());
}

}  // namespace assent::media
