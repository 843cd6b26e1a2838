#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assent::media {

// The weaker ones that RFC 8122 §5 lists (SHA-1, MD5, MD2) bind nobody.
enum class FingerprintHash : std::uint8_t { sha_256, sha_384, sha_512 };

// What a description says of a certificate (RFC 8122): the hash of its DER form.
struct Fingerprint {
  FingerprintHash hash = FingerprintHash::sha_256;
  std::array<std::byte, 64> digest{};
  std::size_t size = 0;  // of the digest, bytes

  bool operator==(const Fingerprint&) const = default;
};

// The value of a=fingerprint: "sha-256 4A:AD:...". nullopt: a hash function that is not taken, or
// no digest of it.
[[nodiscard]] std::optional<Fingerprint> parse_fingerprint(std::string_view value);
[[nodiscard]] std::string to_string(const Fingerprint& fingerprint);

// RFC 8122 §5: of several the strongest hash function counts, and one of its fingerprints must
// be the certificate's (given as DER). No fingerprint matches nothing.
[[nodiscard]] bool matches(std::span<const Fingerprint> said, std::span<const std::byte> der);

// nullopt: the library failed.
[[nodiscard]] std::optional<Fingerprint> fingerprint_of(FingerprintHash hash,
                                                        std::span<const std::byte> der);

}  // namespace assent::media
