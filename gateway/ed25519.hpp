#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "policy/signed_note.hpp"

namespace assent::gateway {

using Ed25519Signature = std::array<std::byte, 64>;

// A private key of RFC 8032, held by OpenSSL.
class Ed25519Key {
 public:
  // Nothing when OpenSSL refuses, for want of memory or of the algorithm.
  [[nodiscard]] static std::optional<Ed25519Key> from_seed(const policy::Ed25519Seed& seed);

  [[nodiscard]] const policy::Ed25519Public& public_key() const { return public_key_; }
  [[nodiscard]] std::optional<Ed25519Signature> sign(std::string_view message) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  };
  explicit Ed25519Key(EVP_PKEY* key) : key_{key} {}

  std::unique_ptr<EVP_PKEY, Free> key_;
  policy::Ed25519Public public_key_{};
};

[[nodiscard]] bool is_signed_by(const policy::Ed25519Public& key, std::string_view message,
                                std::span<const std::byte> signature);

}  // namespace assent::gateway
