#include "media/stun.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "media/byte_order.hpp"
#include "tests/media/srtp_reference.hpp"

namespace assent::media {
namespace {

using tests::Bytes;
using tests::hex;

constexpr std::string_view password = "VOkJxbRl1RmTxUk/WvJxBt";  // RFC 5769 §2

const Bytes sample_request =
    hex("00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74"
        "00240004 6e0001ff 80290008 932ff9b151263b36 00060009 6576746a3a68367659202020"
        "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf");
const Bytes sample_v4_response =
    hex("0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"
        "00200008 0001a147e112a643 00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
        "80280004 c07d4c96");
const Bytes sample_v6_response =
    hex("01010048 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"
        "00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"
        "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c");

StunTransaction transaction() {
  StunTransaction id{};
  for (std::size_t i = 0; i < id.size(); ++i)
    id[i] = static_cast<std::byte>(i * 17);
  return id;
}

Bytes copy(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

Bytes sound_check() {
  StunWriter writer{StunClass::request, transaction()};
  return copy(writer.username("abcd:efgh")
                  .priority(7)
                  .ice_controlling(0x0102030405060708)
                  .use_candidate()
                  .seal(password));
}

TEST(StunVectors, OfRfc5769RequestHold) {
  const auto message = parse_stun(sample_request);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, StunClass::request);
  EXPECT_EQ(message->method, stun_binding);
  EXPECT_EQ(message->username, "evtj:h6vY");
  EXPECT_EQ(message->asked(), "evtj");
  EXPECT_EQ(message->priority, 0x6e0001ffU);
  EXPECT_EQ(message->ice_controlled, 0x932ff9b151263b36U);
  EXPECT_FALSE(message->ice_controlling);
  EXPECT_FALSE(message->use_candidate);
  EXPECT_EQ(message->unknown_count, 0U);  // SOFTWARE is optional to understand
  EXPECT_TRUE(is_authentic(*message, password));
  EXPECT_FALSE(is_authentic(*message, "VOkJxbRl1RmTxUk/WvJxBT"));
  EXPECT_FALSE(is_authentic(*message, ""));
}

TEST(StunVectors, OfRfc5769ResponsesHold) {
  const auto v4 = parse_stun(sample_v4_response);
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->kind, StunClass::success);
  EXPECT_EQ(v4->mapped, parse_endpoint("192.0.2.1", 32853));
  EXPECT_TRUE(is_authentic(*v4, password));
  const auto v6 = parse_stun(sample_v6_response);
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->mapped, parse_endpoint("2001:db8:1234:5678:11:2233:4455:6677", 32853));
  EXPECT_TRUE(is_authentic(*v6, password));
}

TEST(Stun, ReadsWhatItWrites) {
  const auto bytes = sound_check();
  const auto check = parse_stun(bytes);
  ASSERT_TRUE(check);
  EXPECT_EQ(check->transaction, transaction());
  EXPECT_EQ(check->username, "abcd:efgh");
  EXPECT_EQ(check->priority, 7U);
  EXPECT_EQ(check->ice_controlling, 0x0102030405060708U);
  EXPECT_TRUE(check->use_candidate);
  EXPECT_TRUE(is_authentic(*check, password));

  for (const char* address : {"203.0.113.7", "2001:db8::7"}) {
    StunWriter writer{StunClass::success, transaction()};
    const auto answer = copy(writer.mapped(*parse_endpoint(address, 50'000)).seal(password));
    const auto read = parse_stun(answer);
    ASSERT_TRUE(read) << address;
    EXPECT_EQ(read->mapped, parse_endpoint(address, 50'000));
  }
  StunWriter refusal{StunClass::error, transaction()};
  const std::vector<std::uint16_t> unknown{0x0031, 0x0032};
  const auto bytes_of_refusal =
      copy(refusal.error(StunError::unknown_attribute).unknown(unknown).seal(password));
  const auto read = parse_stun(bytes_of_refusal);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, StunClass::error);
  EXPECT_EQ(read->error_code, 420);
}

// RFC 8489 §6.3, §14.7: FINGERPRINT tells STUN from everything else, and every bit is under it.
TEST(Stun, IsNoStunWithAnyBitFlipped) {
  const auto sound = sound_check();
  for (std::size_t bit = 0; bit < sound.size() * 8; ++bit) {
    auto flipped = sound;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(parse_stun(flipped)) << "bit " << bit;
  }
}

TEST(Stun, IsNoStunCutShortOrWithBytesBehindIt) {
  const auto sound = sound_check();
  for (std::size_t size = 0; size < sound.size(); ++size)
    EXPECT_FALSE(parse_stun(std::span{sound}.first(size))) << size;
  auto longer = sound;
  longer.resize(sound.size() + 4);
  EXPECT_FALSE(parse_stun(longer));
}

TEST(Stun, NamesRequiredAttributesThatItDoesNotKnow) {
  // 0x0031 with four bytes, before a sound end: what StunWriter cannot write.
  StunWriter writer{StunClass::request, transaction()};
  auto bytes = copy(writer.username("abcd:efgh").priority(7).seal(""));
  bytes.resize(bytes.size() - 8);               // without FINGERPRINT
  store_be16(bytes, bytes.size() - 8, 0x0031);  // PRIORITY becomes one that nobody knows
  store_be16(bytes, 2, static_cast<std::uint16_t>(bytes.size() - 20 + 8));
  std::uint32_t sum = 0xFFFFFFFF;
  for (const auto byte : bytes) {
    sum ^= std::to_integer<std::uint32_t>(byte);
    for (int i = 0; i < 8; ++i)
      sum = (sum & 1U) != 0 ? sum >> 1 ^ 0xEDB88320U : sum >> 1;
  }
  bytes.resize(bytes.size() + 8);
  store_be32(bytes, bytes.size() - 8, 0x80280004);
  store_be32(bytes, bytes.size() - 4, ~sum ^ 0x5354554E);
  const auto message = parse_stun(bytes);
  ASSERT_TRUE(message);
  ASSERT_EQ(message->unknown_count, 1U);
  EXPECT_EQ(message->unknown[0], 0x0031);
  EXPECT_FALSE(is_authentic(*message, password));  // there is no MESSAGE-INTEGRITY
}

}  // namespace
}  // namespace assent::media
