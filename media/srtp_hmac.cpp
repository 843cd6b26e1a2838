// OpenSSL 3 deprecates its direct digests for the providers' sake; only they copy a prepared state
// without an allocation.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "media/srtp_hmac.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <srtp2/auth.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

namespace assent::media {
namespace {

// One stream's key: both of its padded blocks hashed already.
struct HmacState {
  SHA_CTX inner;
  SHA_CTX outer;
  SHA_CTX message;  // inner, and what was given of the message since
};

// What libsrtp holds of an authentication function, and its state behind it.
struct Authenticator {
  srtp_auth_t held_by_libsrtp;
  HmacState state;
};

extern const srtp_auth_type_t hmac_type;

srtp_err_status_t allocate(srtp_auth_pointer_t* held, int key_bytes, int tag_bytes) {
  if (key_bytes < 0 || key_bytes > SHA_CBLOCK || tag_bytes < 0 || tag_bytes > SHA_DIGEST_LENGTH) {
    return srtp_err_status_bad_param;
  }
  auto* authenticator = new (std::nothrow) Authenticator{};
  if (authenticator == nullptr) return srtp_err_status_alloc_fail;
  authenticator->held_by_libsrtp = {&hmac_type, &authenticator->state, tag_bytes, key_bytes, 0};
  *held = &authenticator->held_by_libsrtp;
  return srtp_err_status_ok;
}

srtp_err_status_t release(srtp_auth_pointer_t held) {
  // held_by_libsrtp is the first member, so that its address is the whole's.
  auto* authenticator = reinterpret_cast<Authenticator*>(held);
  OPENSSL_cleanse(authenticator, sizeof(Authenticator));
  delete authenticator;
  return srtp_err_status_ok;
}

void hash_block(SHA_CTX& digest, std::span<const std::uint8_t> key, std::uint8_t pad) {
  std::array<std::uint8_t, SHA_CBLOCK> block{};
  std::ranges::copy(key, block.begin());
  for (auto& octet : block)
    octet = static_cast<std::uint8_t>(octet ^ pad);
  SHA1_Init(&digest);
  SHA1_Update(&digest, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
}

srtp_err_status_t set_key(void* opaque, const std::uint8_t* key, int key_bytes) {
  auto& state = *static_cast<HmacState*>(opaque);
  if (key_bytes < 0 || key_bytes > SHA_CBLOCK) return srtp_err_status_bad_param;
  const std::span bytes{key, static_cast<std::size_t>(key_bytes)};
  hash_block(state.inner, bytes, 0x36);
  hash_block(state.outer, bytes, 0x5c);
  state.message = state.inner;
  return srtp_err_status_ok;
}

srtp_err_status_t start(void* opaque) {
  auto& state = *static_cast<HmacState*>(opaque);
  state.message = state.inner;
  return srtp_err_status_ok;
}

srtp_err_status_t update(void* opaque, const std::uint8_t* bytes, int size) {
  if (size < 0) return srtp_err_status_bad_param;
  auto& state = *static_cast<HmacState*>(opaque);
  SHA1_Update(&state.message, bytes, static_cast<std::size_t>(size));
  return srtp_err_status_ok;
}

srtp_err_status_t compute(void* opaque, const std::uint8_t* bytes, int size, int tag_bytes,
                          std::uint8_t* tag) {
  if (tag_bytes < 0 || tag_bytes > SHA_DIGEST_LENGTH) return srtp_err_status_bad_param;
  if (const auto status = update(opaque, bytes, size); status != srtp_err_status_ok) return status;
  auto& state = *static_cast<HmacState*>(opaque);
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
  SHA1_Final(digest.data(), &state.message);
  state.message = state.outer;
  SHA1_Update(&state.message, digest.data(), digest.size());
  SHA1_Final(digest.data(), &state.message);
  std::copy_n(digest.begin(), tag_bytes, tag);
  return srtp_err_status_ok;
}

// RFC 2202 §3, test case 2.
constexpr std::uint8_t test_key[] = {'J', 'e', 'f', 'e'};
constexpr std::uint8_t test_message[] = {'w', 'h', 'a', 't', ' ', 'd', 'o', ' ', 'y', 'a',
                                         ' ', 'w', 'a', 'n', 't', ' ', 'f', 'o', 'r', ' ',
                                         'n', 'o', 't', 'h', 'i', 'n', 'g', '?'};
constexpr std::uint8_t test_tag[] = {0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74,
                                     0x16, 0xd5, 0xf1, 0x84, 0xdf, 0x9c, 0x25, 0x9a, 0x7c, 0x79};
const srtp_auth_test_case_t test_case{sizeof test_key, test_key,        sizeof test_message,
                                      test_message,    sizeof test_tag, test_tag,
                                      nullptr};

const srtp_auth_type_t hmac_type{
    allocate,   release,       set_key, compute, update, start, "HMAC-SHA1, key blocks precomputed",
    &test_case, SRTP_HMAC_SHA1};

}  // namespace

bool install_srtp_hmac() {
  return srtp_replace_auth_type(&hmac_type, SRTP_HMAC_SHA1) == srtp_err_status_ok;
}

}  // namespace assent::media
