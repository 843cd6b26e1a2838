// SHA1_* is deprecated in favour of EVP, but EVP cannot resume a digest from a saved state
// without an allocation a packet: for a lower limit only the direct form will do.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "bench/bare_srtp.hpp"

#include <openssl/crypto.h>

#include <cstdlib>
#include <cstring>
#include <vector>

namespace assent::bench {
namespace {

constexpr std::array<SuiteShape, 5> shapes{{
    {"", 0, 0, 0},
    {"AES_CM_128_HMAC_SHA1_80", 16, 14, 10},
    {"AES_CM_128_HMAC_SHA1_32", 16, 14, 4},
    {"AEAD_AES_128_GCM", 16, 12, 16},
    {"AEAD_AES_256_GCM", 32, 12, 16},
}};

bool is_gcm(Suite suite) {
  return suite == Suite::gcm_128 || suite == Suite::gcm_256;
}

unsigned char* octets(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
const unsigned char* octets(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// The keys are the bench's own: a failure here is a bug of the bench, not an input to survive.
void must(bool ok) {
  if (!ok) std::abort();
}

// RFC 3711 §4.3.3: AES in counter mode over label and master salt.
std::vector<std::byte> derive(std::span<const std::byte> key, std::span<const std::byte> salt,
                              unsigned char label, std::size_t bytes) {
  std::array<unsigned char, 16> iv{};
  std::memcpy(iv.data(), salt.data(), salt.size());
  iv[7] ^= label;
  std::vector<std::byte> out(bytes);
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  int written = 0;
  must(EVP_EncryptInit_ex(context, cipher, nullptr, octets(key), iv.data()) == 1);
  unsigned char* at = octets(std::span{out});
  must(EVP_EncryptUpdate(context, at, &written, at, static_cast<int>(bytes)) == 1);
  EVP_CIPHER_CTX_free(context);
  return out;
}

}  // namespace

const SuiteShape& shape_of(Suite suite) {
  return shapes.at(static_cast<std::size_t>(suite));
}

std::optional<Suite> suite_named(std::string_view name) {
  for (std::size_t i = 0; i < shapes.size(); ++i)
    if (shapes[i].name == name) return static_cast<Suite>(i);
  return std::nullopt;
}

BareSrtp::BareSrtp(Suite suite, std::span<const std::byte> key_and_salt)
    : suite_{suite}, tag_bytes_{shape_of(suite).tag_bytes}, cipher_{EVP_CIPHER_CTX_new()} {
  const SuiteShape& shape = shape_of(suite);
  must(suite != Suite::none && key_and_salt.size() == shape.key_bytes + shape.salt_bytes);
  const auto key = key_and_salt.first(shape.key_bytes);
  const auto salt = key_and_salt.subspan(shape.key_bytes);
  const auto session_key = derive(key, salt, 0, shape.key_bytes);
  const auto session_salt = derive(key, salt, 2, shape.salt_bytes);
  std::memcpy(salt_.data(), session_salt.data(), session_salt.size());
  if (is_gcm(suite)) {
    const EVP_CIPHER* gcm = suite == Suite::gcm_256 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
    gcm_decryption_.reset(EVP_CIPHER_CTX_new());
    must(EVP_EncryptInit_ex(cipher_.get(), gcm, nullptr, octets(session_key), nullptr) == 1);
    must(EVP_DecryptInit_ex(gcm_decryption_.get(), gcm, nullptr, octets(session_key), nullptr) ==
         1);
  } else {
    must(EVP_EncryptInit_ex(cipher_.get(), EVP_aes_128_ctr(), nullptr, octets(session_key),
                            nullptr) == 1);
    const auto auth_key = derive(key, salt, 1, 20);
    prepare_hmac(std::span{auth_key}.first<20>());
  }
}

std::optional<BareSrtp> BareSrtp::from_inline(std::string_view suite_name,
                                              std::string_view inline_key) {
  const auto suite = suite_named(suite_name);
  if (!suite || *suite == Suite::none) return std::nullopt;
  const std::size_t bytes = shape_of(*suite).key_bytes + shape_of(*suite).salt_bytes;
  if (inline_key.size() != (bytes + 2) / 3 * 4) return std::nullopt;
  std::vector<std::byte> key(bytes + 2);
  const int decoded = EVP_DecodeBlock(octets(std::span{key}),
                                      reinterpret_cast<const unsigned char*>(inline_key.data()),
                                      static_cast<int>(inline_key.size()));
  if (decoded < 0) return std::nullopt;
  return BareSrtp{*suite, std::span{key}.first(bytes)};
}

void BareSrtp::prepare_hmac(std::span<const std::byte, 20> key) {
  std::array<unsigned char, 64> inner{};
  std::array<unsigned char, 64> outer{};
  std::memcpy(inner.data(), key.data(), key.size());
  std::memcpy(outer.data(), key.data(), key.size());
  for (unsigned char& octet : inner)
    octet ^= 0x36;
  for (unsigned char& octet : outer)
    octet ^= 0x5c;
  SHA1_Init(&hmac_inner_);
  SHA1_Update(&hmac_inner_, inner.data(), inner.size());
  SHA1_Init(&hmac_outer_);
  SHA1_Update(&hmac_outer_, outer.data(), outer.size());
}

std::array<unsigned char, 20> BareSrtp::hmac(std::span<const std::byte> packet,
                                             std::uint64_t index) {
  const auto roc = static_cast<std::uint32_t>(index >> 16);
  const std::array<unsigned char, 4> roc_octets{
      static_cast<unsigned char>(roc >> 24), static_cast<unsigned char>(roc >> 16),
      static_cast<unsigned char>(roc >> 8), static_cast<unsigned char>(roc)};
  std::array<unsigned char, 20> digest;
  SHA_CTX state = hmac_inner_;
  SHA1_Update(&state, packet.data(), packet.size());
  SHA1_Update(&state, roc_octets.data(), roc_octets.size());
  SHA1_Final(digest.data(), &state);
  state = hmac_outer_;
  SHA1_Update(&state, digest.data(), digest.size());
  SHA1_Final(digest.data(), &state);
  return digest;
}

// RFC 3711 §4.1.1
void BareSrtp::crypt_counter_mode(std::span<std::byte> packet, std::uint64_t index) {
  std::array<unsigned char, 16> iv{};
  std::memcpy(iv.data(), salt_.data(), salt_.size());
  const unsigned char* header = octets(packet);
  for (std::size_t i = 0; i < 4; ++i)
    iv[4 + i] ^= header[8 + i];
  for (std::size_t i = 0; i < 6; ++i)
    iv[8 + i] ^= static_cast<unsigned char>(index >> (8 * (5 - i)));
  const auto payload = packet.subspan(rtp_header_bytes);
  int written = 0;
  must(EVP_EncryptInit_ex(cipher_.get(), nullptr, nullptr, nullptr, iv.data()) == 1);
  must(EVP_EncryptUpdate(cipher_.get(), octets(payload), &written, octets(payload),
                         static_cast<int>(payload.size())) == 1);
}

// RFC 7714 §8.1
std::array<unsigned char, 12> BareSrtp::gcm_nonce(std::span<const std::byte> packet,
                                                  std::uint64_t index) const {
  std::array<unsigned char, 12> nonce{};
  std::memcpy(nonce.data() + 2, packet.data() + 8, 4);
  for (std::size_t i = 0; i < 6; ++i)
    nonce[6 + i] = static_cast<unsigned char>(index >> (8 * (5 - i)));
  for (std::size_t i = 0; i < nonce.size(); ++i)
    nonce[i] ^= salt_[i];
  return nonce;
}

std::size_t BareSrtp::protect(std::span<std::byte> buffer, std::size_t bytes, std::uint64_t index) {
  const auto packet = buffer.first(bytes);
  if (!is_gcm(suite_)) {
    crypt_counter_mode(packet, index);
    std::memcpy(buffer.data() + bytes, hmac(packet, index).data(), tag_bytes_);
    return bytes + tag_bytes_;
  }
  const auto nonce = gcm_nonce(packet, index);
  const auto payload = packet.subspan(rtp_header_bytes);
  EVP_CIPHER_CTX* cipher = cipher_.get();
  int written = 0;
  must(EVP_EncryptInit_ex(cipher, nullptr, nullptr, nullptr, nonce.data()) == 1);
  must(EVP_EncryptUpdate(cipher, nullptr, &written, octets(packet), rtp_header_bytes) == 1);
  must(EVP_EncryptUpdate(cipher, octets(payload), &written, octets(payload),
                         static_cast<int>(payload.size())) == 1);
  must(EVP_EncryptFinal_ex(cipher, octets(payload), &written) == 1);
  must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_bytes_),
                           buffer.data() + bytes) == 1);
  return bytes + tag_bytes_;
}

std::size_t BareSrtp::unprotect(std::span<std::byte> packet, std::uint64_t index) {
  if (packet.size() < rtp_header_bytes + tag_bytes_) return 0;
  const auto plain = packet.first(packet.size() - tag_bytes_);
  const auto tag = packet.last(tag_bytes_);
  if (!is_gcm(suite_)) {
    if (CRYPTO_memcmp(hmac(plain, index).data(), tag.data(), tag_bytes_) != 0) return 0;
    crypt_counter_mode(plain, index);
    return plain.size();
  }
  const auto nonce = gcm_nonce(packet, index);
  const auto payload = plain.subspan(rtp_header_bytes);
  EVP_CIPHER_CTX* cipher = gcm_decryption_.get();
  int written = 0;
  must(EVP_DecryptInit_ex(cipher, nullptr, nullptr, nullptr, nonce.data()) == 1);
  must(EVP_DecryptUpdate(cipher, nullptr, &written, octets(plain), rtp_header_bytes) == 1);
  must(EVP_DecryptUpdate(cipher, octets(payload), &written, octets(payload),
                         static_cast<int>(payload.size())) == 1);
  must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_bytes_),
                           octets(tag)) == 1);
  return EVP_DecryptFinal_ex(cipher, octets(payload), &written) == 1 ? plain.size() : 0;
}

std::uint64_t extend_sequence(std::uint64_t near, std::uint16_t sequence) {
  const auto delta = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(near));
  return near + static_cast<std::uint64_t>(static_cast<std::int64_t>(delta));
}

}  // namespace assent::bench
