#include "media/sdp_crypto.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assent::media {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// 1, 2, 3, ... in base64: 30 bytes for AES-CM, 28 and 44 for GCM.
const std::string key30 = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e";
const std::string key28 = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHA==";
const std::string key44 = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKyw=";
const std::string cm80 = "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30;
const std::string cm32 = "1 AES_CM_128_HMAC_SHA1_32 inline:" + key30;

SdpResult<std::vector<SdpCrypto>> read(const std::vector<std::string>& values) {
  std::vector<SdpLine> lines;
  for (const auto& value : values)
    lines.push_back({'a', "crypto:" + value, lines.size() + 1});
  return read_cryptos(lines);
}

TEST(SdpCrypto, EverySuiteIsReadIntoItsKeyAndWrittenBack) {
  for (const auto& value : {cm80, cm32, "7 AEAD_AES_128_GCM inline:" + key28,
                            "123456789 AEAD_AES_256_GCM inline:" + key44}) {
    const auto cryptos = read({value});
    ASSERT_TRUE(cryptos) << to_string(cryptos.error());
    ASSERT_EQ(cryptos->size(), 1u) << value;
    const auto bytes = cryptos->at(0).key.key_and_salt();
    for (std::size_t i = 0; i < bytes.size(); ++i)
      ASSERT_EQ(bytes[i], std::byte(i + 1));
    EXPECT_EQ(write_crypto(cryptos->at(0).tag, cryptos->at(0).key).value, "crypto:" + value);
  }
}

TEST(SdpCrypto, LifetimeWindowHintOptionalParametersAndMissingPaddingAreTaken) {
  for (const auto& value : {cm80 + "|2^31", cm80 + "|1048576", cm80 + " WSH=64",
                            cm80 + " -VENDOR=1", cm80 + "|2^20 WSH=1024",
                            "1 AEAD_AES_128_GCM inline:" + key28.substr(0, key28.size() - 2)}) {
    const auto cryptos = read({value});
    ASSERT_TRUE(cryptos) << to_string(cryptos.error());
    EXPECT_EQ(cryptos->size(), 1u) << value;
  }
}

TEST(SdpCrypto, WhatThisGatewayCannotOrMustNotHonourIsPassedOver) {
  for (const auto& value :
       {cm32 + "|2^20|1:4", cm32 + "|1:4", cm80 + "|1:4", cm80 + ";inline:" + key30,
        cm80 + " UNENCRYPTED_SRTP", cm80 + " UNENCRYPTED_SRTCP", cm80 + " UNAUTHENTICATED_SRTP",
        cm80 + " KDR=4", cm80 + " FEC_KEY=inline:" + key30, cm80 + " NEW_PARAMETER",
        std::string("1 F8_128_HMAC_SHA1_80 inline:") + key30,
        std::string("1 AES_256_CM_HMAC_SHA1_80 inline:") + key44,
        std::string("1 AES_CM_128_HMAC_SHA1_80 uri:elsewhere")}) {
    const auto cryptos = read({value, "2 AEAD_AES_128_GCM inline:" + key28});
    ASSERT_TRUE(cryptos) << to_string(cryptos.error());
    ASSERT_EQ(cryptos->size(), 1u) << value;
    EXPECT_EQ(cryptos->at(0).tag, 2u);
  }
}

TEST(SdpCrypto, MalformedLinesAreErrorsThatNeverShowTheKey) {
  for (const auto& value :
       {std::string(), std::string("1"), std::string("1 AES_CM_128_HMAC_SHA1_80"), "x" + cm80,
        "1234567890" + cm80, "-" + cm80, cm80 + "AAAA", cm80.substr(0, cm80.size() - 4),
        "1 AEAD_AES_128_GCM inline:" + key30, cm80 + "!", cm80 + "|later",
        std::string("1 AES_CM_128_HMAC_SHA1_80 inline:"), cm80 + key30 + key30}) {
    const auto cryptos = read({value});
    ASSERT_FALSE(cryptos) << value;
    EXPECT_EQ(cryptos.error().line, 1u);
    EXPECT_THAT(to_string(cryptos.error()), Not(HasSubstr(key30.substr(0, 6))));
  }
}

TEST(SdpCrypto, OneTagForTwoLinesIsAnError) {
  const auto cryptos = read({cm80, cm32});
  ASSERT_FALSE(cryptos);
  EXPECT_EQ(cryptos.error().line, 2u);
}

}  // namespace
}  // namespace assent::media
