#include "tests/media/srtp_reference.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace assent::media::tests {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* octets(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* octets(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
int length(std::span<const std::byte> bytes) {
  return static_cast<int>(bytes.size());
}

bool is_aead(SrtpSuite suite) {
  return suite == SrtpSuite::aead_aes_128_gcm || suite == SrtpSuite::aead_aes_256_gcm;
}

Bytes aes_ctr(std::span<const std::byte> key, const Bytes& counter, std::size_t size) {
  const Context context{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
  const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  EVP_EncryptInit_ex(context.get(), cipher, nullptr, octets(key), octets(std::span{counter}));
  Bytes stream(size);
  int written = 0;
  EVP_EncryptUpdate(context.get(), octets(std::span{stream}), &written,
                    octets(std::span{std::as_const(stream)}), length(stream));
  return stream;
}

// Ciphertext and tag.
Bytes aes_gcm(const SessionKeys& keys, const Bytes& nonce, const Bytes& associated,
              std::span<const std::byte> plain) {
  const Context context{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
  const EVP_CIPHER* cipher = keys.cipher_key.size() == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
  EVP_EncryptInit_ex(context.get(), cipher, nullptr, octets(std::span{keys.cipher_key}),
                     octets(std::span{nonce}));
  int written = 0;
  EVP_EncryptUpdate(context.get(), nullptr, &written, octets(std::span{associated}),
                    length(associated));
  Bytes out(plain.size() + 16);
  EVP_EncryptUpdate(context.get(), octets(std::span{out}), &written, octets(plain), length(plain));
  EVP_EncryptFinal_ex(context.get(), nullptr, &written);
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, 16, out.data() + plain.size());
  return out;
}

Bytes hmac_sha1(const Bytes& key, const Bytes& message, std::size_t size) {
  Bytes digest(20);
  HMAC(EVP_sha1(), key.data(), length(key), octets(std::span{message}), message.size(),
       octets(std::span{digest}), nullptr);
  digest.resize(size);
  return digest;
}

Bytes word(std::uint32_t value) {
  Bytes bytes(4);
  store_be32(bytes, 0, value);
  return bytes;
}

void exclusive_or(Bytes& bytes, std::size_t at, std::span<const std::byte> with) {
  for (const std::byte b : with)
    bytes[at++] ^= b;
}

Bytes part(const Bytes& bytes, std::size_t from, std::size_t to) {
  return {bytes.begin() + static_cast<std::ptrdiff_t>(from),
          bytes.begin() + static_cast<std::ptrdiff_t>(to)};
}

// RFC 7714 §8.1 (six bytes: counter and sequence) and §9.1 (the index in their last four).
Bytes gcm_nonce(const SessionKeys& keys, std::uint32_t ssrc, const Bytes& six) {
  Bytes nonce = keys.salt;
  exclusive_or(nonce, 2, word(ssrc));
  exclusive_or(nonce, 6, six);
  return nonce;
}

}  // namespace

Bytes derive(std::span<const std::byte> master_key, std::span<const std::byte> master_salt,
             unsigned label, std::size_t size) {
  Bytes counter(16);
  std::ranges::copy(master_salt, counter.begin());
  counter[7] ^= static_cast<std::byte>(label);
  return aes_ctr(master_key, counter, size);
}

SessionKeys derive_session(const SrtpKey& key, KeyLabel label) {
  const auto sizes = sizes_of(key.suite());
  const auto master_key = key.key_and_salt().first(sizes.key_bytes);
  const auto master_salt = key.key_and_salt().subspan(sizes.key_bytes);
  const auto first = static_cast<unsigned>(label);
  return {derive(master_key, master_salt, first, sizes.key_bytes),
          derive(master_key, master_salt, first + 2, sizes.salt_bytes),
          derive(master_key, master_salt, first + 1, 20)};
}

Bytes keystream(const SessionKeys& keys, std::uint32_t ssrc, std::uint64_t index,
                std::size_t size) {
  Bytes counter(16);
  std::ranges::copy(keys.salt, counter.begin());
  exclusive_or(counter, 4, word(ssrc));
  Bytes index_bytes(8);
  store_be32(index_bytes, 0, static_cast<std::uint32_t>(index >> 32));
  store_be32(index_bytes, 4, static_cast<std::uint32_t>(index & 0xffff'ffff));
  exclusive_or(counter, 8, std::span{index_bytes}.subspan(2));
  return aes_ctr(keys.cipher_key, counter, size);
}

Bytes reference_rtp(SrtpSuite suite, const SessionKeys& keys, const Bytes& packet,
                    std::size_t header_bytes, std::uint32_t roll_over_counter) {
  const std::uint32_t ssrc = load_be32(packet, 8);
  if (is_aead(suite)) {
    Bytes six = word(roll_over_counter);
    append(six, part(packet, 2, 4));
    Bytes out = part(packet, 0, header_bytes);
    append(out,
           aes_gcm(keys, gcm_nonce(keys, ssrc, six), out, std::span{packet}.subspan(header_bytes)));
    return out;
  }
  Bytes out = packet;
  const std::uint64_t index = std::uint64_t{roll_over_counter} << 16 | load_be16(packet, 2);
  exclusive_or(out, header_bytes, keystream(keys, ssrc, index, packet.size() - header_bytes));
  Bytes authenticated = out;
  append(authenticated, word(roll_over_counter));
  append(out, hmac_sha1(keys.auth_key, authenticated, sizes_of(suite).rtp_trailer_bytes));
  return out;
}

Bytes reference_rtcp(SrtpSuite suite, const SessionKeys& keys, const Bytes& compound,
                     std::uint32_t index) {
  const std::uint32_t ssrc = load_be32(compound, 4);
  const Bytes trailer = word(0x8000'0000 | index);
  Bytes out = part(compound, 0, 8);
  if (is_aead(suite)) {
    Bytes six(2);
    append(six, word(index));
    Bytes associated = out;
    append(associated, trailer);
    append(out,
           aes_gcm(keys, gcm_nonce(keys, ssrc, six), associated, std::span{compound}.subspan(8)));
    append(out, trailer);
    return out;
  }
  out = compound;
  exclusive_or(out, 8, keystream(keys, ssrc, index, compound.size() - 8));
  append(out, trailer);
  append(out, hmac_sha1(keys.auth_key, out, 10));
  return out;
}

}  // namespace assent::media::tests
