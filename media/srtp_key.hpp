#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace assent::media {

// The suites this gateway speaks, in no order of preference (that is the SDP's part).
enum class SrtpSuite : unsigned char {
  aes_cm_128_hmac_sha1_80,  // RFC 3711, RFC 4568 §6.2.1
  aes_cm_128_hmac_sha1_32,  // RFC 3711, RFC 4568 §6.2.2
  aead_aes_128_gcm,         // RFC 7714
  aead_aes_256_gcm,         // RFC 7714
};
inline constexpr std::array srtp_suites{SrtpSuite::aes_cm_128_hmac_sha1_80,
                                        SrtpSuite::aes_cm_128_hmac_sha1_32,
                                        SrtpSuite::aead_aes_128_gcm, SrtpSuite::aead_aes_256_gcm};

// As SDP spells it: "AES_CM_128_HMAC_SHA1_80" (RFC 4568 §6.2, RFC 7714 §14.1); exact case.
[[nodiscard]] std::string_view to_string(SrtpSuite suite);
[[nodiscard]] std::optional<SrtpSuite> parse_srtp_suite(std::string_view name);

struct SrtpSuiteSizes {
  std::size_t key_bytes;           // of the master key
  std::size_t salt_bytes;          // of the master salt
  std::size_t rtp_trailer_bytes;   // what protection adds to an RTP packet
  std::size_t rtcp_trailer_bytes;  // and to an RTCP compound, its index included
};

[[nodiscard]] constexpr SrtpSuiteSizes sizes_of(SrtpSuite suite) {
  switch (suite) {
    case SrtpSuite::aes_cm_128_hmac_sha1_80:
      return {16, 14, 10, 14};
    // The short tag is RTP's only: SRTCP keeps 80 bits (RFC 4568 §6.2.2).
    case SrtpSuite::aes_cm_128_hmac_sha1_32:
      return {16, 14, 4, 14};
    case SrtpSuite::aead_aes_128_gcm:
      return {16, 12, 16, 20};
    case SrtpSuite::aead_aes_256_gcm:
      return {32, 12, 16, 20};
  }
  return {};
}

inline constexpr std::size_t srtp_key_and_salt_bytes_max = 44;
// No suite adds more to a packet, RTP or RTCP.
inline constexpr std::size_t srtp_trailer_bytes_max = 20;

// A master key and salt with the suite they are for. A secret: nothing prints or logs it, and
// its memory is wiped when it goes, or is moved from or assigned to.
class SrtpKey {
 public:
  // `key_and_salt` as the inline parameter of RFC 4568 §6.1 has them after base64: the key, then
  // the salt; nullopt unless their length is the suite's.
  [[nodiscard]] static std::optional<SrtpKey> from_bytes(SrtpSuite suite,
                                                         std::span<const std::byte> key_and_salt);

  SrtpKey(const SrtpKey&) = default;
  SrtpKey(SrtpKey&& other) noexcept;
  SrtpKey& operator=(const SrtpKey&) = default;
  SrtpKey& operator=(SrtpKey&& other) noexcept;
  ~SrtpKey();

  [[nodiscard]] SrtpSuite suite() const { return suite_; }
  [[nodiscard]] std::span<const std::byte> key_and_salt() const {
    return std::span{material_}.first(sizes_of(suite_).key_bytes + sizes_of(suite_).salt_bytes);
  }

  // In time that does not depend on where they differ.
  [[nodiscard]] bool operator==(const SrtpKey& other) const;

 private:
  SrtpKey(SrtpSuite suite, std::span<const std::byte> key_and_salt);
  void wipe();

  SrtpSuite suite_;
  std::array<std::byte, srtp_key_and_salt_bytes_max> material_{};
};

}  // namespace assent::media
