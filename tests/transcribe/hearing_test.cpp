#include "gateway/transcribe/hearing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/transcribe/scripted.hpp"

namespace assent::transcribe::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t second = sample_rate_hz;

class HearingTest : public testing::Test {
 protected:
  void say_time(std::uint64_t position, UtcTime time) {
    ASSERT_TRUE(hearing.take_message(Time{position, time}, retractions));
  }
  void speak(std::uint64_t samples) {
    while (samples > 0) {
      const auto some = std::min<std::uint64_t>(samples, 320);
      ASSERT_TRUE(hearing.take_audio(silence(some)));
      samples -= some;
    }
  }
  [[nodiscard]] bool tell(const Message& message) {
    return hearing.take_message(message, retractions);
  }
  // What comes of words of which each is one second long and ends a tenth before the next.
  std::vector<Segment> words_from(std::uint64_t at, std::initializer_list<const char*> texts) {
    Utterance utterance;
    for (const char* text : texts) {
      utterance.push_back({text, at, at + second - second / 10});
      at += second;
    }
    return hearing.take_words(utterance);
  }

  CountingEar ear;
  Hearing hearing{a_start(), ear};
  std::vector<Retraction> retractions;
};

std::vector<std::string> texts(const std::vector<Segment>& segments) {
  std::vector<std::string> out;
  for (const Segment& segment : segments)
    out.push_back(segment.text);
  return out;
}

TEST_F(HearingTest, WordsAreOneSegmentWithTheirTimesAndTheirConsent) {
  say_time(0, noon());
  speak(3 * second);
  const auto segments = words_from(second, {"yellow", "elephant"});
  ASSERT_THAT(texts(segments), ElementsAre("yellow elephant"));
  const Segment& segment = segments.front();
  EXPECT_EQ(segment.speaker, "5e");
  EXPECT_EQ(segment.epoch, 12u);
  EXPECT_EQ(segment.position, second);
  EXPECT_EQ(segment.purposes, for_summary_too());
  EXPECT_EQ(segment.start, noon() + 1s);
  EXPECT_EQ(segment.end, noon() + 2900ms);
}

TEST_F(HearingTest, NoWordEndsBeyondTheCutAndTheOthersAreThere) {
  say_time(0, noon());
  speak(3 * second);
  ASSERT_TRUE(tell(Withdrawn{2 * second + 100, 12, noon() + 3s, {}}));
  EXPECT_THAT(ear.finished, ElementsAre(2 * second + 100));
  EXPECT_THAT(texts(words_from(0, {"one", "two", "three"})), ElementsAre("one two"));
}

TEST_F(HearingTest, WhatReachesToTheCutMayBeHalfAWordAndGoes) {
  say_time(0, noon());
  speak(2 * second);
  ASSERT_TRUE(tell(Withdrawn{2 * second, 12, noon() + 2s, {}}));
  EXPECT_THAT(texts(hearing.take_words({{"umbrella", 0, second}, {"butter", second, 2 * second}})),
              ElementsAre("umbrella"));
}

TEST_F(HearingTest, WordsThatWereOutBeyondTheCutAreTakenBack) {
  say_time(0, noon());
  speak(3 * second);
  const auto segments = words_from(0, {"one", "two", "three"});
  ASSERT_TRUE(tell(Withdrawn{second + 8, 12, noon() + 3s, {}}));
  ASSERT_EQ(retractions.size(), 1u);
  const auto left = without(retractions[0], segments[0]);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->text, "one");
}

TEST_F(HearingTest, AConnectionThatIsLostIsCutWhereItWas) {
  say_time(0, noon());
  speak(2 * second);
  hearing.lose();
  EXPECT_THAT(ear.finished, ElementsAre(2 * second));
  EXPECT_THAT(texts(hearing.take_words({{"umbrella", 0, second}, {"butter", second, 2 * second}})),
              ElementsAre("umbrella"));
}

TEST_F(HearingTest, AConnectionThatEndsLosesNothing) {
  say_time(0, noon());
  speak(second);
  ASSERT_TRUE(tell(End{}));
  hearing.lose();
  EXPECT_THAT(texts(hearing.take_words({{"umbrella", 0, second}})), ElementsAre("umbrella"));
}

TEST_F(HearingTest, AudioAfterTheCutEndsTheConnection) {
  say_time(0, noon());
  speak(second);
  ASSERT_TRUE(tell(Withdrawn{second, 12, noon() + 1s, {}}));
  EXPECT_FALSE(hearing.take_audio(silence(320)));
  EXPECT_TRUE(tell(End{}));
}

TEST_F(HearingTest, ASegmentIsForWhatAllOfItMayServe) {
  say_time(0, noon());
  speak(2 * second + second / 2);  // in the middle of the third word
  ASSERT_TRUE(tell(Purposes{2 * second + second / 2, for_transcript()}));
  speak(2 * second);
  const auto segments = words_from(0, {"one", "two", "three", "four"});
  ASSERT_THAT(texts(segments), ElementsAre("one two", "three four"));
  EXPECT_EQ(segments[0].purposes, for_summary_too());
  EXPECT_EQ(segments[1].purposes, for_transcript());
}

TEST_F(HearingTest, AWordCloseToAChangeIsForWhatBothSidesMayServe) {
  say_time(0, noon());
  speak(second);
  ASSERT_TRUE(tell(Purposes{second, for_transcript()}));
  speak(second);
  ASSERT_TRUE(tell(Purposes{2 * second, for_summary_too()}));
  speak(second);
  const auto segments = hearing.take_words(
      {{"before", 0, second - second / 20}, {"after", 2 * second + second / 20, 3 * second}});
  ASSERT_THAT(texts(segments), ElementsAre("before after"));
  EXPECT_EQ(segments[0].purposes, for_transcript());
}

TEST_F(HearingTest, WordsAreNoneWhereTheirOwnPurposeIsNotServed) {
  say_time(0, noon());
  speak(second);
  ASSERT_TRUE(tell(Purposes{second, {{"summary", {"summariser"}}}}));
  speak(second);
  ASSERT_TRUE(tell(Purposes{2 * second, {{"transcription", {"another"}}}}));
  speak(second);
  EXPECT_THAT(texts(words_from(0, {"one", "two", "three"})), ElementsAre("one"));
}

TEST_F(HearingTest, ToForgetTakesBackWhatIsOutAndWhatIsToCome) {
  say_time(0, noon());
  speak(4 * second);
  const auto segments = words_from(0, {"one", "two"});
  ASSERT_TRUE(tell(Withdrawn{4 * second, 12, noon() + 4s, noon() + 1s}));
  EXPECT_THAT(texts(words_from(2 * second, {"three"})), IsEmpty());
  ASSERT_EQ(retractions.size(), 2u);
  EXPECT_FALSE(retractions[1].stream) << "others of this speaker's streams go, too";
  EXPECT_EQ(retractions[1].last_epoch, 12u);
  const auto left = without(retractions[0], segments[0]);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->text, "one");
}

TEST_F(HearingTest, WhatAnotherConnectionIsToldToForgetConcernsThisOne) {
  say_time(0, noon());
  speak(4 * second);
  hearing.retract({"ca11", "5e", {}, noon(), 11});  // stands on a later permission
  hearing.retract({"ca11", "somebody else", {}, noon()});
  EXPECT_THAT(texts(words_from(0, {"one", "two"})), ElementsAre("one two"));
  hearing.retract({"ca11", "5e", {}, noon() + 1s, 12});
  EXPECT_THAT(texts(words_from(0, {"one", "two"})), ElementsAre("one"));
}

TEST_F(HearingTest, TimesGoOnOverAPause) {
  say_time(0, noon());
  speak(second);
  ASSERT_TRUE(tell(Gap{second, 60 * second}));
  say_time(61 * second, noon() + 61s);
  speak(second);
  EXPECT_THAT(ear.pauses, ElementsAre(second));
  const auto segments = words_from(second, {"again"});
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_EQ(segments[0].position, 61 * second);
  EXPECT_EQ(segments[0].start, noon() + 61s);
}

TEST_F(HearingTest, AShortGapIsSilence) {
  say_time(0, noon());
  speak(second);
  ASSERT_TRUE(tell(Gap{second, second / 4}));
  say_time(second + second / 4, noon() + 1250ms);
  speak(second);
  EXPECT_THAT(ear.pauses, IsEmpty());
  EXPECT_EQ(ear.heard.size(), 2 * second + second / 4);
}

TEST_F(HearingTest, WhatTheEarHasNoRoomForIsAPause) {
  say_time(0, noon());
  speak(second);
  ear.is_full = true;
  speak(2 * second);
  ear.is_full = false;
  speak(second);
  EXPECT_EQ(hearing.shed_samples(), 2 * second);
  EXPECT_THAT(ear.pauses, ElementsAre(second));
  EXPECT_EQ(words_from(second, {"again"}).at(0).start, noon() + 3s);
}

TEST_F(HearingTest, NothingIsBelievedAnyMoreOfWhoBreaksTheProtocol) {
  say_time(0, noon());
  speak(second);
  hearing.distrust();
  EXPECT_THAT(ear.finished, ElementsAre(0u));
  EXPECT_THAT(words_from(0, {"one"}), IsEmpty());
}

TEST_F(HearingTest, WhatCannotComeNowIsRefused) {
  EXPECT_FALSE(hearing.take_audio(silence(320))) << "before it was told when";
  EXPECT_FALSE(tell(a_start()));
  say_time(0, noon());
  EXPECT_FALSE(hearing.take_audio("abc")) << "half a sample";
  EXPECT_FALSE(hearing.take_audio("")) << "none";
  speak(second);
  EXPECT_FALSE(tell(Time{0, noon()})) << "back in time";
  EXPECT_FALSE(tell(Gap{second - 1, 1}));
  EXPECT_FALSE(tell(Gap{second, position_max}));
  ASSERT_TRUE(tell(Purposes{second, for_transcript()}));
  EXPECT_FALSE(tell(Purposes{second - 1, for_summary_too()}));
}

TEST_F(HearingTest, AnEngineThatMakesThingsUpIsNotBelieved) {
  say_time(0, noon());
  speak(second);
  EXPECT_THAT(hearing.take_words({{"later", 0, second + 1},
                                  {"never", 100, 100},
                                  {"backwards", 200, 100},
                                  {"", 0, 100},
                                  {"two\nlines", 0, 100},
                                  {"no \xff UTF-8", 0, 100}}),
              IsEmpty());
}

}  // namespace
}  // namespace assent::transcribe::test
