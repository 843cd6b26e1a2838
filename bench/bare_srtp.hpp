#pragma once

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace assent::bench {

// SDES suites the measurement speaks (RFC 4568 §6.2, RFC 7714 §14.2).
enum class Suite : unsigned char { none, aes_cm_80, aes_cm_32, gcm_128, gcm_256 };

struct SuiteShape {
  std::string_view name;  // as in a=crypto; empty for plain RTP
  std::size_t key_bytes;
  std::size_t salt_bytes;
  std::size_t tag_bytes;
};

[[nodiscard]] const SuiteShape& shape_of(Suite suite);
[[nodiscard]] std::optional<Suite> suite_named(std::string_view name);

inline constexpr std::size_t rtp_header_bytes = 12;
inline constexpr std::size_t tag_bytes_max = 16;

// What SRTP costs when nothing but the cryptography of one packet is done: key schedules kept,
// HMAC's inner and outer states precomputed, no replay window, no streams to look up. The lower
// limit that a gateway is measured against, and, being written from the RFCs apart from the
// gateway's own library, the witness that it did the cryptography it claims. Only packets with
// the fixed 12-byte header.
class BareSrtp {
 public:
  // key_and_salt as in "inline:", decoded; its size must be that of the suite.
  BareSrtp(Suite suite, std::span<const std::byte> key_and_salt);

  // As in "a=crypto:1 suite_name inline:inline_key"; nullopt if they do not fit each other.
  [[nodiscard]] static std::optional<BareSrtp> from_inline(std::string_view suite_name,
                                                           std::string_view inline_key);

  // Encrypts in place; buffer needs tag_bytes_max behind `bytes`. Returns the new size.
  std::size_t protect(std::span<std::byte> buffer, std::size_t bytes, std::uint64_t index);

  // Authenticates and decrypts in place. Returns the plain size, 0 if the tag is wrong.
  std::size_t unprotect(std::span<std::byte> packet, std::uint64_t index);

 private:
  struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
  };
  using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

  void prepare_hmac(std::span<const std::byte, 20> key);
  void crypt_counter_mode(std::span<std::byte> packet, std::uint64_t index);
  std::array<unsigned char, 20> hmac(std::span<const std::byte> packet, std::uint64_t index);
  std::array<unsigned char, 12> gcm_nonce(std::span<const std::byte> packet,
                                          std::uint64_t index) const;

  Suite suite_;
  std::size_t tag_bytes_;
  Cipher cipher_;          // counter mode, or GCM encrypting
  Cipher gcm_decryption_;  // GCM keeps its direction in the context
  std::array<unsigned char, 14> salt_{};
  SHA_CTX hmac_inner_{};
  SHA_CTX hmac_outer_{};
};

// RFC 3711 §3.3.1: the 48-bit index of a sequence number, near the last index seen.
[[nodiscard]] std::uint64_t extend_sequence(std::uint64_t near, std::uint16_t sequence);

}  // namespace assent::bench
