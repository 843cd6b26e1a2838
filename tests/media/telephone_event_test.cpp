#include "media/telephone_event.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "tests/media/packets.hpp"

namespace assent::media::tests {
namespace {

TelephoneEvent report(std::uint8_t event, std::uint16_t duration, bool end = false) {
  return {event, end, 10, duration};
}

std::size_t count(const TelephoneEvents& events) {
  std::size_t found = 0;
  for (const auto& event : events)
    found += event.event < 16 ? 1 : 0;
  return found;
}

TEST(TelephoneEvent, IsReadAsRfc4733Section2Point3LaysItOut) {
  const auto payload = hex("0b 8a 0320");
  for (const auto& event : telephone_events(payload)) {
    EXPECT_EQ(event.key(), Key::pound);
    EXPECT_TRUE(event.end);
    EXPECT_EQ(event.volume, 10);
    EXPECT_EQ(event.duration, 800);
  }
  EXPECT_EQ(count(telephone_events(payload)), 1U);
}

TEST(TelephoneEvent, ReservedBitIsIgnoredAndOtherEventsAreNoKeys) {
  const auto reserved = hex("01 4a 00a0");
  EXPECT_FALSE((*telephone_events(reserved).begin()).end);
  EXPECT_EQ((*telephone_events(reserved).begin()).volume, 10);
  const auto fax = hex("24 0a 00a0");  // 36: a calling fax machine
  EXPECT_EQ((*telephone_events(fax).begin()).key(), std::nullopt);
}

TEST(TelephoneEvent, PayloadOfAnotherSizeHasNone) {
  for (const std::size_t size : {0U, 1U, 3U, 5U, 7U, 9U}) {
    EXPECT_EQ(count(telephone_events(Bytes(size, std::byte{1}))), 0U) << size;
  }
  EXPECT_EQ(count(telephone_events(hex("01 0a 00a0 02 8a 00a0"))), 2U);
}

TEST(KeyPress, CountsOnceThroughUpdatesAndThreeEnds) {
  KeyPresses presses;
  EXPECT_TRUE(presses.record(1000, report(1, 160), true).begins);
  for (const auto duration : std::array<std::uint16_t, 3>{320, 480, 640}) {
    EXPECT_FALSE(presses.record(1000, report(1, duration), true).begins);
  }
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(presses.record(1000, report(1, 800, true), true).begins);
}

TEST(KeyPress, CountsWhenItsBeginningOrItsEndIsLost) {
  KeyPresses presses;
  EXPECT_TRUE(presses.record(1000, report(1, 800, true), true).begins);  // only the last came
  EXPECT_TRUE(presses.record(9000, report(1, 160), true).begins);        // its end is lost
  EXPECT_TRUE(presses.record(17'001, report(1, 160), true).begins);
}

TEST(KeyPress, LateOrRepeatedReportsOfEarlierOnesAreNoNewPress) {
  KeyPresses presses;
  for (std::uint32_t i = 0; i < 8; ++i)
    EXPECT_TRUE(presses.record(i * 1000, report(2, 160), true).begins);
  for (std::uint32_t i = 0; i < 8; ++i)
    EXPECT_FALSE(presses.record(i * 1000, report(2, 800, true), true).begins);
}

TEST(KeyPress, HeldForLongerThanADurationCanSayIsOne) {
  KeyPresses presses;
  std::uint32_t timestamp = 0xffff'0000;  // across the wrap
  EXPECT_TRUE(presses.record(timestamp, report(1, 0xffff), true).begins);
  for (int segment = 0; segment < 5; ++segment) {
    timestamp += 0xffff;
    EXPECT_FALSE(presses.record(timestamp, report(1, 960), true).begins) << segment;
  }
  timestamp += 3 * 0xffff;  // two whole segments are lost
  EXPECT_FALSE(presses.record(timestamp, report(1, 960, true), true).begins);
  EXPECT_TRUE(presses.record(timestamp + 0xffff, report(1, 160), true).begins);  // it had ended
}

TEST(KeyPress, AnotherKeyIsAnotherPressAlsoASegmentLater) {
  KeyPresses presses;
  EXPECT_TRUE(presses.record(0, report(1, 0xffff), true).begins);
  EXPECT_TRUE(presses.record(0xffff, report(2, 160), true).begins);
}

TEST(KeyPress, IsAnAnswerToItsEndIfItBeganWhileAskedAndElseNever) {
  KeyPresses presses;
  EXPECT_FALSE(presses.record(0, report(1, 160), false).is_answer);
  EXPECT_FALSE(presses.record(0, report(1, 800, true), true).is_answer);
  EXPECT_TRUE(presses.record(5000, report(1, 0xffff), true).is_answer);
  EXPECT_TRUE(presses.record(5000, report(1, 0xffff), false).is_answer);
  EXPECT_TRUE(presses.record(5000 + 0xffff, report(1, 800, true), false).is_answer);
}

TEST(KeyPress, AStreamThatStartsOverElsewhereIsHeard) {
  KeyPresses presses;
  EXPECT_TRUE(presses.record(0x9000'0000, report(1, 160), true).begins);
  EXPECT_TRUE(presses.record(0x1000, report(1, 160), true).begins);
}

}  // namespace
}  // namespace assent::media::tests
