#include "media/fingerprint.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "media/sdp_attributes.hpp"

namespace assent::media {
namespace {

struct Known {
  FingerprintHash hash;
  std::string_view name;  // RFC 8122 §5
  std::size_t bytes;
  const EVP_MD* (*digest)();
};
constexpr std::array known{Known{FingerprintHash::sha_256, "sha-256", 32, EVP_sha256},
                           Known{FingerprintHash::sha_384, "sha-384", 48, EVP_sha384},
                           Known{FingerprintHash::sha_512, "sha-512", 64, EVP_sha512}};

const Known& of(FingerprintHash hash) {
  return known[static_cast<std::size_t>(hash)];
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  // RFC 8122 asks for upper case; not all peers listen.
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  return std::nullopt;
}

}  // namespace

std::optional<Fingerprint> parse_fingerprint(std::string_view value) {
  const auto space = value.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto name = value.substr(0, space);
  const auto* const function = std::ranges::find_if(
      known, [name](const Known& one) { return equal_without_case(one.name, name); });
  if (function == known.end()) return std::nullopt;
  auto text = value.substr(space + 1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  if (text.size() != function->bytes * 3 - 1) return std::nullopt;

  Fingerprint fingerprint{function->hash, {}, function->bytes};
  for (std::size_t i = 0; i < function->bytes; ++i) {
    const auto high = hex_digit(text[i * 3]);
    const auto low = hex_digit(text[i * 3 + 1]);
    const bool last = i + 1 == function->bytes;
    if (!high || !low || (!last && text[i * 3 + 2] != ':')) return std::nullopt;
    fingerprint.digest[i] = static_cast<std::byte>(*high << 4 | *low);
  }
  return fingerprint;
}

std::string to_string(const Fingerprint& fingerprint) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text{of(fingerprint.hash).name};
  for (std::size_t i = 0; i < fingerprint.size; ++i) {
    const auto byte = std::to_integer<std::size_t>(fingerprint.digest[i]);
    text += i == 0 ? ' ' : ':';
    text += digits[byte >> 4];
    text += digits[byte & 0xF];
  }
  return text;
}

std::optional<Fingerprint> fingerprint_of(FingerprintHash hash, std::span<const std::byte> der) {
  Fingerprint fingerprint{hash, {}, of(hash).bytes};
  unsigned size = 0;
  auto* const digest = reinterpret_cast<unsigned char*>(fingerprint.digest.data());
  if (EVP_Digest(der.data(), der.size(), digest, &size, of(hash).digest(), nullptr) != 1 ||
      size != fingerprint.size) {
    return std::nullopt;
  }
  return fingerprint;
}

bool matches(std::span<const Fingerprint> said, std::span<const std::byte> der) {
  if (said.empty()) return false;
  const auto strongest = std::ranges::max_element(said, {}, &Fingerprint::hash)->hash;
  const auto of_certificate = fingerprint_of(strongest, der);
  return of_certificate && std::ranges::find(said, *of_certificate) != said.end();
}

}  // namespace assent::media
