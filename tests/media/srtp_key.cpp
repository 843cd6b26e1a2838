#include "media/srtp_key.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <ostream>
#include <utility>

#include "tests/media/packets.hpp"

namespace assent::media {
namespace {

using tests::Bytes;

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Printable<SrtpKey>, "a secret that can be printed will be logged");

SrtpKey key_of(SrtpSuite suite, unsigned fill) {
  const auto sizes = sizes_of(suite);
  const Bytes bytes(sizes.key_bytes + sizes.salt_bytes, static_cast<std::byte>(fill));
  return *SrtpKey::from_bytes(suite, bytes);
}

TEST(SrtpSuite, HasTheNameOfItsRfcBothWays) {
  EXPECT_EQ(to_string(SrtpSuite::aes_cm_128_hmac_sha1_80), "AES_CM_128_HMAC_SHA1_80");
  EXPECT_EQ(to_string(SrtpSuite::aes_cm_128_hmac_sha1_32), "AES_CM_128_HMAC_SHA1_32");
  EXPECT_EQ(to_string(SrtpSuite::aead_aes_128_gcm), "AEAD_AES_128_GCM");
  EXPECT_EQ(to_string(SrtpSuite::aead_aes_256_gcm), "AEAD_AES_256_GCM");
  for (const auto suite : srtp_suites)
    EXPECT_EQ(parse_srtp_suite(to_string(suite)), suite);
  for (const char* name : {"", "aes_cm_128_hmac_sha1_80", "AES_CM_128_HMAC_SHA1_80 ",
                           "F8_128_HMAC_SHA1_80", "AES_192_CM_HMAC_SHA1_80"}) {
    EXPECT_EQ(parse_srtp_suite(name), std::nullopt) << name;
  }
}

TEST(SrtpKey, IsMadeOnlyOfTheLengthOfItsSuite) {
  for (const auto suite : srtp_suites) {
    const std::size_t right = sizes_of(suite).key_bytes + sizes_of(suite).salt_bytes;
    for (std::size_t size = 0; size <= 64; ++size) {
      EXPECT_EQ(SrtpKey::from_bytes(suite, Bytes(size)).has_value(), size == right);
    }
  }
}

TEST(SrtpKey, GivesBackItsBytesAndComparesByThemAndTheSuite) {
  const Bytes bytes = tests::hex("e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6");
  const auto key = SrtpKey::from_bytes(SrtpSuite::aes_cm_128_hmac_sha1_80, bytes);
  EXPECT_EQ(Bytes(key->key_and_salt().begin(), key->key_and_salt().end()), bytes);
  EXPECT_TRUE(*key == *SrtpKey::from_bytes(SrtpSuite::aes_cm_128_hmac_sha1_80, bytes));
  EXPECT_FALSE(*key == *SrtpKey::from_bytes(SrtpSuite::aes_cm_128_hmac_sha1_32, bytes));
  EXPECT_FALSE(*key == key_of(SrtpSuite::aes_cm_128_hmac_sha1_80, 7));
}

TEST(SrtpKey, LeavesNoTraceWhenItIsDestroyed) {
  alignas(SrtpKey) std::array<std::byte, sizeof(SrtpKey)> memory{};
  auto* key = new (memory.data()) SrtpKey{key_of(SrtpSuite::aead_aes_256_gcm, 0xaa)};
  std::destroy_at(key);
  EXPECT_EQ(std::ranges::count(memory, std::byte{0xaa}), 0);
}

TEST(SrtpKey, LeavesNoTraceWhereItWasMovedFrom) {
  SrtpKey from = key_of(SrtpSuite::aead_aes_128_gcm, 0xaa);
  SrtpKey to = std::move(from);
  EXPECT_EQ(std::ranges::count(to.key_and_salt(), std::byte{0xaa}), 28);
  EXPECT_EQ(std::ranges::count(from.key_and_salt(), std::byte{0xaa}), 0);
  from = std::move(to);
  EXPECT_EQ(std::ranges::count(from.key_and_salt(), std::byte{0xaa}), 28);
  EXPECT_EQ(std::ranges::count(to.key_and_salt(), std::byte{0xaa}), 0);
}

}  // namespace
}  // namespace assent::media
