#include <gtest/gtest.h>

#include <random>

#include "media/srtp.hpp"
#include "tests/media/srtp_reference.hpp"
#include "tests/seed.hpp"

namespace assent::media {
namespace {

using tests::Bytes;
using tests::hex;
using tests::KeyLabel;
using tests::RtpParts;
using tests::SessionKeys;

TEST(SrtpVectors, OfRfc3711AppendixB2KeystreamHold) {
  const SessionKeys keys{
      hex("2b7e151628aed2a6abf7158809cf4f3c"), hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd"), {}};
  const Bytes stream = tests::keystream(keys, 0, 0, 1'044'512);
  EXPECT_EQ(Bytes(stream.begin(), stream.begin() + 48),
            hex("e03ead0935c95e80e166b16dd92b4eb4 d23513162b02d0f72a43a2fe4a5f97ab"
                "41e95b3bb0a2e8dd477901e4fca894c0"));
  EXPECT_EQ(Bytes(stream.end() - 48, stream.end()),
            hex("ec8cdf7398607cb0f2d21675ea9ea1e4 362b7c3c6773516318a077d7fc5073ae"
                "6a2cc3787889374fbeb4c81b17ba6c44"));
}

TEST(SrtpVectors, OfRfc3711AppendixB3KeyDerivationHold) {
  const Bytes key = hex("e1f97a0d3e018be0d64fa32c06de4139");
  const Bytes salt = hex("0ec675ad498afeebb6960b3aabe6");
  EXPECT_EQ(tests::derive(key, salt, 0, 16), hex("c61e7a93744f39ee10734afe3ff7a087"));
  EXPECT_EQ(tests::derive(key, salt, 2, 14), hex("30cbbc08863d8c85d49db34a9ae1"));
  EXPECT_EQ(tests::derive(key, salt, 1, 94),
            hex("cebe321f6ff7716b6fd4ab49af256a15 6d38baa48f0a0acf3c34e2359e6cdbce"
                "e049646c43d9327ad175578ef7227098 6371c10c9a369ac2f94a8c5fbcdddc25"
                "6d6e919a48b610ef17c2041e47403576 6b68642c59bbfc2f34db60dbdfb2"));
}

// RFC 7714 §16 and §17: "Quid pro quo" is the salt, "Gallia est omnis divisa" the payload.
const char* const rfc7714_rtp =
    "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070"
    "61727465 73207472 6573";
const char* const rfc7714_rtcp =
    "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef"
    "deadbeef deadbeef deadbeef";

SessionKeys rfc7714_keys(std::size_t key_bytes) {
  SessionKeys keys{Bytes(key_bytes), hex("517569642070726f2071756f"), {}};
  for (std::size_t i = 0; i < key_bytes; ++i)
    keys.cipher_key[i] = static_cast<std::byte>(i);
  return keys;
}

TEST(SrtpVectors, OfRfc7714Section16Hold) {
  EXPECT_EQ(
      tests::reference_rtp(SrtpSuite::aead_aes_128_gcm, rfc7714_keys(16), hex(rfc7714_rtp), 12, 0),
      hex("8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f"
          "42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce"));
  EXPECT_EQ(
      tests::reference_rtp(SrtpSuite::aead_aes_256_gcm, rfc7714_keys(32), hex(rfc7714_rtp), 12, 0),
      hex("8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3"
          "b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13"));
}

TEST(SrtpVectors, OfRfc7714Section17Hold) {
  EXPECT_EQ(tests::reference_rtcp(SrtpSuite::aead_aes_128_gcm, rfc7714_keys(16), hex(rfc7714_rtcp),
                                  0x5d4),
            hex("81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1"
                "730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade"
                "800005d4"));
  EXPECT_EQ(tests::reference_rtcp(SrtpSuite::aead_aes_256_gcm, rfc7714_keys(32), hex(rfc7714_rtcp),
                                  0x5d4),
            hex("81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1"
                "110555be 8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be"
                "800005d4"));
}

// Packets that libsrtp's authors published with the master keys they are under.
struct Published {
  SrtpSuite suite;
  const char* key_and_salt;
  const char* rtp;
  const char* rtcp;
};
const Published published[] = {
    {SrtpSuite::aes_cm_128_hmac_sha1_80,
     "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6",
     "800f1234 decafbad cafebabe 4e55dc4c e79978d8 8ca4d215 949d2402 b78d6acc 99ea179b 8dbb",
     "81c8000b cafebabe 7128035b e487b9bd bef89041 f977a5a8 80000001 993e08cd 54d6c123 0798"},
    {SrtpSuite::aead_aes_128_gcm, "000102030405060708090a0b0c0d0e0f a0a1a2a3a4a5a6a7a8a9aaab",
     "800f1234 decafbad cafebabe c5002ede 04cfdd2e b91159e0 880aa06e d2976826 f796b201 df3131a1"
     "27e8a392",
     "81c8000b cafebabe c98b8b5d f0392a55 852b6c21 ac8e7025 c52c6fbe a2b3b446 ea31123b a88ce61e"
     "80000001"},
};

TEST(SrtpVectors, OfPublishedPacketsAreMadeAndOpened) {
  const Bytes rtp = hex("800f1234 decafbad cafebabe abababab abababab abababab abababab");
  const Bytes rtcp = hex("81c8000b cafebabe abababab abababab abababab abababab");
  for (const auto& vector : published) {
    const auto key = SrtpKey::from_bytes(vector.suite, hex(vector.key_and_salt));
    ASSERT_TRUE(key);
    SrtpOutbound outbound{*key};
    SrtpInbound inbound{*key};

    Bytes buffer = rtp;
    buffer.resize(rtp.size() + srtp_trailer_bytes_max);
    buffer.resize(*outbound.protect_rtp(buffer, rtp.size()));
    EXPECT_EQ(buffer, hex(vector.rtp));
    const auto opened = inbound.unprotect_rtp(buffer);
    ASSERT_TRUE(opened);
    EXPECT_EQ(Bytes(opened->begin(), opened->end()), rtp);

    buffer = rtcp;
    buffer.resize(rtcp.size() + srtp_trailer_bytes_max);
    buffer.resize(*outbound.protect_rtcp(buffer, rtcp.size()));
    EXPECT_EQ(buffer, hex(vector.rtcp));
    const auto opened_rtcp = inbound.unprotect_rtcp(buffer);
    ASSERT_TRUE(opened_rtcp);
    EXPECT_EQ(Bytes(opened_rtcp->begin(), opened_rtcp->end()), rtcp);
  }
}

class SrtpAgainstReference : public testing::TestWithParam<SrtpSuite> {
 protected:
  [[nodiscard]] SrtpKey random_key() {
    const auto sizes = sizes_of(GetParam());
    Bytes bytes(sizes.key_bytes + sizes.salt_bytes);
    for (auto& b : bytes)
      b = static_cast<std::byte>(random_() & 0xff);
    return *SrtpKey::from_bytes(GetParam(), bytes);
  }
  const assent::tests::Seed seed_ = assent::tests::Seed::from_environment_or(7714);
  std::mt19937_64 random_{seed_.value()};
};

TEST_P(SrtpAgainstReference, RtpIsTheSameByteForByteOverSixtySixWraps) {
  SCOPED_TRACE(seed_.text());
  const SrtpKey key = random_key();
  const SessionKeys keys = tests::derive_session(key, KeyLabel::rtp);
  SrtpOutbound outbound{key};
  SrtpInbound inbound{key};
  for (std::uint64_t index = 65'530; index < 66 * 65'536; index += 1 + random_() % 20'000) {
    RtpParts parts{.sequence = static_cast<std::uint16_t>(index & 0xffff)};
    parts.csrcs = random_() % 4;
    parts.extension = random_() % 2 == 0;
    parts.extension_words = random_() % 3;
    parts.payload_bytes = random_() % 200;
    const Bytes plain = parts.build();
    const Bytes expected = tests::reference_rtp(GetParam(), keys, plain, parts.header_bytes(),
                                                static_cast<std::uint32_t>(index >> 16));
    Bytes sealed = plain;
    sealed.resize(plain.size() + sizes_of(GetParam()).rtp_trailer_bytes);
    ASSERT_EQ(*outbound.protect_rtp(sealed, plain.size()), sealed.size());
    ASSERT_EQ(sealed, expected) << index;
    Bytes received = expected;
    const auto opened = inbound.unprotect_rtp(received);
    ASSERT_TRUE(opened) << index;
    ASSERT_EQ(Bytes(opened->begin(), opened->end()), plain);
  }
}

TEST_P(SrtpAgainstReference, RtcpIsTheSameByteForByte) {
  SCOPED_TRACE(seed_.text());
  const SrtpKey key = random_key();
  const SessionKeys keys = tests::derive_session(key, KeyLabel::rtcp);
  SrtpOutbound outbound{key};
  SrtpInbound inbound{key};
  for (std::uint32_t index = 1; index < 300; ++index) {
    Bytes plain((2 + random_() % 40) * 4);
    for (auto& b : plain)
      b = static_cast<std::byte>(random_() & 0xff);
    store_be32(plain, 0, 0x80c8'0000 + static_cast<std::uint32_t>(plain.size() / 4 - 1));
    store_be32(plain, 4, 0xcafe'babe);
    const Bytes expected = tests::reference_rtcp(GetParam(), keys, plain, index);
    Bytes sealed = plain;
    sealed.resize(plain.size() + sizes_of(GetParam()).rtcp_trailer_bytes);
    ASSERT_EQ(*outbound.protect_rtcp(sealed, plain.size()), sealed.size());
    ASSERT_EQ(sealed, expected) << index;
    const auto opened = inbound.unprotect_rtcp(sealed);
    ASSERT_TRUE(opened);
    ASSERT_EQ(Bytes(opened->begin(), opened->end()), plain);
  }
}

INSTANTIATE_TEST_SUITE_P(EverySuite, SrtpAgainstReference, testing::ValuesIn(srtp_suites),
                         [](const auto& suite) { return std::string{to_string(suite.param)}; });

}  // namespace
}  // namespace assent::media
