// Which requests a path of `whip:` is about, and what they name.
#include "gateway/whip_path.hpp"

#include <gtest/gtest.h>

namespace assent::gateway {
namespace {

WhipPattern pattern(std::string_view text) {
  auto parsed = WhipPattern::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(WhipPattern{});
}

TEST(WhipPath, NamesRoomAndParticipantBySegment) {
  const auto path = pattern("/live/{room}/{participant}/whip");
  const auto place = path.match("/live/standup/ann/whip");
  ASSERT_TRUE(place);
  EXPECT_EQ(*place, (WhipPlace{"standup", "ann"}));
  EXPECT_TRUE(path.names_room());
  EXPECT_TRUE(path.names_participant());
}

TEST(WhipPath, IsMatchedWholeAndAsItIsWritten) {
  const auto path = pattern("/live/{room}/whip");
  for (const auto* target :
       {"/live/standup/whip/", "/live/standup", "/live//whip", "/live/a/b/whip",
        "/Live/standup/whip", "/live/stand%75p/whip", "/live/../whip", "/live/./whip",
        "/live/standup/whip?x=1", "/live/standup/whip?", "live/standup/whip",
        "http://x/live/standup/whip", "*", ""}) {
    EXPECT_FALSE(path.match(target)) << target;
  }
  EXPECT_TRUE(pattern("/whip/").match("/whip/"));
  EXPECT_FALSE(pattern("/whip/").match("/whip"));
}

TEST(WhipPath, NamesTheRoomByAQueryParameterInWhateverOrder) {
  const auto path = pattern("/rtc/v1/whip/?app=live&stream={room}&secret={}");
  for (const auto* target : {"/rtc/v1/whip/?app=live&stream=standup&secret=x/y%20z",
                             "/rtc/v1/whip/?secret=&stream=standup&app=live"}) {
    const auto place = path.match(target);
    ASSERT_TRUE(place) << target;
    EXPECT_EQ(place->room, "standup");
  }
}

TEST(WhipPath, PassesNoParameterThatItDoesNotSayNorOneTwice) {
  const auto path = pattern("/whip?stream={room}");
  for (const auto* target : {"/whip", "/whip?", "/whip?stream=", "/whip?stream=a&stream=b",
                             "/whip?stream=a&x=1", "/whip?stream", "/whip?stream=a=b"}) {
    EXPECT_FALSE(path.match(target)) << target;
  }
}

TEST(WhipPath, ThatSaysSomethingTwiceOrHalfIsNone) {
  for (const auto* text :
       {"", "whip", "/{room}/{room}", "/{participant}?a={participant}", "/a//b", "/a/{}", "/a b",
        "/x{room}", "/..", "/a?b", "/a?=b", "/a?b={room}&b={}", "/a?b={rooms}", "/a%20b", "/a#b"}) {
    EXPECT_FALSE(WhipPattern::parse(text)) << text;
  }
}

}  // namespace
}  // namespace assent::gateway
