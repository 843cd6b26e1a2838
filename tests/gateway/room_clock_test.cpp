#include "gateway/room_clock.hpp"

#include <gtest/gtest.h>

#include "gateway/verify_rooms.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

class RoomClockTest : public testing::Test {
 protected:
  // What the system's clocks say so long after the room was opened.
  ClockReading system(std::chrono::milliseconds since, std::chrono::milliseconds step = 0ms) {
    return {WallTime{1'764'000'000'000ms} + since + step, media::TimePoint{1h} + since};
  }
  RoomClock clock_;
};

TEST_F(RoomClockTest, AStepBackOfTheWallClockIsNoneOfTheRoom) {
  const auto opened = clock_.read(system(0ms));
  EXPECT_EQ(clock_.read(system(5s, -10s)).wall, opened.wall + 5s);
  EXPECT_EQ(clock_.read(system(9s, -10s)).wall, opened.wall + 9s);
  // The system's clock may come back.
  EXPECT_EQ(clock_.read(system(20s)).wall, opened.wall + 20s);
}

TEST_F(RoomClockTest, AStepForwardIsFollowedSoThatNoConsentOutlastsItsDate) {
  const auto opened = clock_.read(system(0ms));
  EXPECT_EQ(clock_.read(system(1s, 1h)).wall, opened.wall + 1h + 1s);
  EXPECT_EQ(clock_.read(system(2s)).wall, opened.wall + 1h + 2s);
}

// As the relay counts: under the steady clock, told later.
TEST_F(RoomClockTest, WhatWasDeliveredBeforeAStepBackLiesInItsPermission) {
  const auto granted = clock_.read(system(1s));
  const auto told = clock_.read(system(60s, -10s));
  const auto withdrawn = clock_.read(system(61s, -10s));
  const std::vector<RoomHistory::Window> windows{{1, granted.wall, withdrawn.wall}};
  const auto first = told.wall_of(media::TimePoint{1h} + 1'010ms);
  const auto last = told.wall_of(media::TimePoint{1h} + 60s);
  EXPECT_TRUE(is_inside(windows, first, last));
  const auto without = system(60s, -10s);
  EXPECT_FALSE(is_inside(windows, without.wall_of(media::TimePoint{1h} + 1'010ms), last));
}

}  // namespace
}  // namespace assent::gateway
