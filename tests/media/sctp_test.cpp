#include "media/sctp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/media/sctp_packets.hpp"
#include "tests/seed.hpp"

namespace assent::media {
namespace {

using namespace tests;
using testing::ElementsAre;

std::vector<SctpChunkType> types_of(const Bytes& bytes) {
  std::vector<SctpChunkType> types;
  const auto packet = parse_sctp(bytes);
  if (!packet) return types;
  for (const auto& one : packet->chunks())
    types.push_back(one.type);
  return types;
}

TEST(Tsn, FollowsTheCircleOfRfc1982) {
  EXPECT_TRUE(Tsn{0}.is_after(Tsn{0xffffffff}));
  EXPECT_FALSE(Tsn{0xffffffff}.is_after(Tsn{0}));
  EXPECT_FALSE(Tsn{5}.is_after(Tsn{5}));
  EXPECT_EQ(Tsn{0xffffffff}.next(), Tsn{0});
  EXPECT_EQ(Tsn{0}.previous(), Tsn{0xffffffff});
}

TEST(Sctp, ReadsChunksOneAfterAnotherAndTheirPadding) {
  const auto bytes = sctp(7, {cookie_echo(), data(9, "hello"), sack(3)});
  ASSERT_TRUE(parse_sctp(bytes));
  EXPECT_EQ(parse_sctp(bytes)->verification_tag(), 7U);
  EXPECT_TRUE(parse_sctp(bytes)->carries_data());
  EXPECT_THAT(types_of(bytes),
              ElementsAre(SctpChunkType{10}, SctpChunkType::data, SctpChunkType::sack));
  EXPECT_FALSE(parse_sctp(sctp(7, {cookie_echo(), sack(3)}))->carries_data());
  EXPECT_TRUE(parse_sctp(sctp(7, {i_data(9, "hello")}))->carries_data());
}

TEST(Sctp, TakesALastChunkWithoutItsPadding) {
  auto bytes = sctp(7, {data(9, "hello")});
  bytes.resize(bytes.size() - 3);
  EXPECT_THAT(types_of(bytes), ElementsAre(SctpChunkType::data));
}

TEST(Sctp, KnowsWhichPartOfWhichMessageAChunkIs) {
  const auto ordinary = sctp(7, {data(9, "x", begins, 4, 5)});
  const auto part = data_of(*parse_sctp(ordinary)->chunks().begin());
  EXPECT_EQ(part.tsn, Tsn{9});
  EXPECT_EQ(part.stream, 4);
  EXPECT_EQ(part.message, 5U);
  EXPECT_TRUE(part.begins);
  EXPECT_FALSE(part.ends || part.unordered || part.interleaved);
  const auto interleaved = sctp(7, {i_data(9, "x", unordered | ends, 4, 0x50000)});
  const auto other = data_of(*parse_sctp(interleaved)->chunks().begin());
  EXPECT_EQ(other.message, 0x50000U);
  EXPECT_TRUE(other.ends && other.unordered && other.interleaved);
  EXPECT_FALSE(other.begins);
}

// RFC 9260 §3.2: a length counts the chunk's own header.
TEST(Sctp, RefusesWhatIsNotWhole) {
  const auto sound = sctp(7, {data(9, "hello!!!")});
  for (std::size_t size = 0; size < sctp_header_bytes; ++size)
    EXPECT_EQ(parse_sctp(std::span{sound}.first(size)).error(), DropReason::too_short);
  for (std::size_t size = sctp_header_bytes; size < sound.size(); ++size)
    EXPECT_EQ(parse_sctp(std::span{sound}.first(size)).error(), DropReason::malformed) << size;
  for (const unsigned length : {0U, 1U, 2U, 3U, 15U, 25U, 0xffffU}) {
    auto bytes = sound;
    store_be16(bytes, 14, static_cast<std::uint16_t>(length));
    EXPECT_EQ(parse_sctp(bytes).error(), DropReason::malformed) << length;
  }
  // Each type has fields of its own.
  for (const unsigned type : {0U, 1U, 2U, 3U, 64U, 192U, 194U}) {
    EXPECT_FALSE(parse_sctp(sctp(7, {chunk(static_cast<std::uint8_t>(type), 0, {})}))) << type;
  }
  EXPECT_TRUE(parse_sctp(sctp(7, {chunk(14, 0, {})})));
}

TEST(Sctp, ReadsAsManyChunksAsADatagramHolds) {
  Bytes bytes = sctp(7, {sack(3)});
  while (bytes.size() + 4 <= 2048)
    put(bytes, 0x0e000004, 4);  // SHUTDOWN COMPLETE
  EXPECT_EQ(types_of(bytes).size(), 1 + (2048 - 28) / 4);
}

TEST(Sctp, SurvivesWhatIsMutated) {
  const auto seed = assent::tests::Seed::from_environment_or(11);
  SCOPED_TRACE(seed.text());
  std::mt19937_64 random{seed.value()};
  const auto sound = sctp(7, {init(5), sack(3), data(9, "hello"), i_data(10, "more")});
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = sound;
    for (int i = 0; i < 4; ++i)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    bytes.resize(random() % (bytes.size() + 1));
    const auto packet = parse_sctp(bytes);
    if (!packet) continue;
    std::size_t covered = sctp_header_bytes;
    for (const auto& one : packet->chunks()) {
      covered += one.bytes.size();
      if (one.carries_data()) (void)data_of(one);
    }
    EXPECT_LE(covered, bytes.size());
  }
}

// A known packet of another implementation's: ports 5000, tag 0, nothing else.
TEST(Sctp, SealsWithTheChecksumOfRfc9260) {
  Bytes header;
  for (const std::uint32_t word : {0x13881388U, 0U, 0xffffffffU})
    put(header, word, 4);
  seal_sctp(header);
  EXPECT_EQ(load_be32(header, 8), 0x06a900e1U);
}

}  // namespace
}  // namespace assent::media
