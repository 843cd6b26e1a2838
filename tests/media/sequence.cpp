#include "media/sequence.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/seed.hpp"

namespace assent::media {
namespace {

SequenceNumber number(std::int64_t value) {
  return SequenceNumber{static_cast<std::uint16_t>(value & 0xffff)};
}

TEST(SequenceNumber, FollowsRfc1982AcrossTheWrap) {
  EXPECT_TRUE(number(0).is_after(number(65535)));
  EXPECT_FALSE(number(65535).is_after(number(0)));
  EXPECT_TRUE(number(32767).is_after(number(0)));
  EXPECT_FALSE(number(7).is_after(number(7)));
  EXPECT_EQ(number(65535).next(), number(0));
  EXPECT_EQ(number(2).distance_from(number(65534)), 4);
  EXPECT_EQ(number(65534).distance_from(number(2)), -4);
}

TEST(SequenceNumber, AtHalfTheCircleNeitherComesAfterTheOther) {
  EXPECT_FALSE(number(32768).is_after(number(0)));
  EXPECT_FALSE(number(0).is_after(number(32768)));
}

TEST(ExtendedSequence, CountsOnOverSixtySixWraps) {
  ExtendedSequence sequence;
  for (std::int64_t truth = 65530; truth < 65530 + 66 * 65536; ++truth) {
    ASSERT_EQ(sequence.record(number(truth)), truth);
  }
}

TEST(ExtendedSequence, OfALatePacketFromBeforeTheFirstIsNegative) {
  ExtendedSequence sequence;
  EXPECT_EQ(sequence.record(number(1)), 1);
  EXPECT_EQ(sequence.record(number(65535)), -1);
  EXPECT_EQ(sequence.record(number(2)), 2);
  EXPECT_EQ(sequence.highest(), 2);
}

TEST(ExtendedSequence, IsNotMovedByAskingWhatAPacketStandsFor) {
  ExtendedSequence sequence;
  EXPECT_FALSE(sequence.started());
  EXPECT_EQ(sequence.extend(number(40000)), 40000);
  EXPECT_FALSE(sequence.started());
  sequence.record(number(65535));
  EXPECT_EQ(sequence.extend(number(3)), 65539);
  EXPECT_EQ(sequence.highest(), 65535);
}

TEST(ExtendedSequence, OfASenderThatStartsOverGoesOnInTheNextCycle) {
  ExtendedSequence sequence;
  sequence.record(number(30000));
  EXPECT_EQ(sequence.record(number(5000)), 5000);  // one stray packet moves nothing
  EXPECT_EQ(sequence.highest(), 30000);
  EXPECT_EQ(sequence.record(number(5001)), 65536 + 5001);
  EXPECT_EQ(sequence.record(number(5002)), 65536 + 5002);
}

TEST(ExtendedSequence, StaysTrueThroughLossReorderingAndDuplicates) {
  const auto seed = assent::tests::Seed::from_environment_or(3550);
  SCOPED_TRACE(seed.text());
  std::mt19937_64 random{seed.value()};
  for (int run = 0; run < 50; ++run) {
    ExtendedSequence sequence;
    std::int64_t highest = static_cast<std::int64_t>(random() % 65536);
    ASSERT_EQ(sequence.record(number(highest)), highest);
    for (int packet = 0; packet < 20'000; ++packet) {
      const auto lost = static_cast<std::int64_t>(random() % 100 == 0 ? random() % 20'000 : 0);
      const auto late = static_cast<std::int64_t>(random() % 10 == 0 ? random() % 1000 : 0);
      const std::int64_t truth = late > 0 ? highest - late : highest + 1 + lost;
      ASSERT_EQ(sequence.record(number(truth)), truth);
      highest = std::max(highest, truth);
      ASSERT_EQ(sequence.highest(), highest);
    }
  }
}

}  // namespace
}  // namespace assent::media
