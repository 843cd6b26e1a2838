#include "media/sdp_recording.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tests/media/sdp_samples.hpp"

namespace assent::media {
namespace {

using testing::HasSubstr;

// Audio and video, with lines of the session's, of the audio's and of the video's.
std::string text(std::string_view session, std::string_view audio = {}, std::string_view video = {},
                 std::string_view version = "1") {
  return "v=0\r\no=- 7 " + std::string(version) +
         " IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" + std::string(session) +
         "m=audio 4000 RTP/AVP 0\r\n" + std::string(audio) + "m=video 4002 RTP/AVP 96\r\n" +
         std::string(video);
}

Sdp parsed(std::string_view description) {
  return parse_sdp(description).value();
}

RecordPreference preference(std::string_view session, std::string_view audio = {},
                            std::string_view video = {}) {
  return read_record_preference(parsed(text(session, audio, video)));
}

std::string written(RecordIndication& indication, const std::string& server, Recording recording) {
  return write_sdp(indication.tell(parsed(server), recording));
}

constexpr Recording off{};
constexpr Recording paused{RecordState::paused, false};
constexpr Recording on{RecordState::on, false};
constexpr Recording withheld{RecordState::paused, true};

RecordIndication to_aware_client() {
  RecordIndication indication;
  indication.hear(parsed(text("a=recordpref:nopreference\r\n")));
  return indication;
}

TEST(RecordPreference, IsReadAsTheFourWordsOfRfc7866) {
  EXPECT_EQ(preference(""), RecordPreference::unsaid);
  EXPECT_EQ(preference("a=recordpref:on\r\n"), RecordPreference::on);
  EXPECT_EQ(preference("a=recordpref:off\r\n"), RecordPreference::off);
  EXPECT_EQ(preference("a=recordpref:pause\r\n"), RecordPreference::pause);
  EXPECT_EQ(preference("a=recordpref:nopreference\r\n"), RecordPreference::none);
  EXPECT_EQ(preference("a=recordpref:OFF\r\n"), RecordPreference::off);
  EXPECT_EQ(preference("a=recordpref: off \r\n"), RecordPreference::off);
}

TEST(RecordPreference, RefusesByOffAndPauseAndByWhatCannotBeRead) {
  for (const auto* const line :
       {"a=recordpref:off\r\n", "a=recordpref:pause\r\n", "a=recordpref:paused\r\n",
        "a=recordpref:offf\r\n", "a=recordpref:\r\n", "a=recordpref\r\n",
        "a=recordpref:on off\r\n"})
    EXPECT_TRUE(refuses(preference(line))) << line;
  for (const auto* const line :
       {"", "a=recordpref:on\r\n", "a=recordpref:nopreference\r\n", "a=recordpreference:off\r\n",
        "a=record:off\r\n", "i=recordpref\r\n"})
    EXPECT_FALSE(refuses(preference(line))) << line;
}

TEST(RecordPreference, IsTheStrictestOfAllLevelsAndLines) {
  EXPECT_EQ(preference("a=recordpref:off\r\n", "a=recordpref:on\r\n"), RecordPreference::off);
  EXPECT_EQ(preference("a=recordpref:on\r\n", "a=recordpref:off\r\n"), RecordPreference::off);
  EXPECT_EQ(preference("", "a=recordpref:on\r\n", "a=recordpref:pause\r\n"),
            RecordPreference::pause);
  EXPECT_EQ(preference("", "a=recordpref:off\r\na=recordpref:on\r\n"), RecordPreference::off);
  EXPECT_EQ(preference("", "a=recordpref:pause\r\na=recordpref:off\r\n"), RecordPreference::off);
  EXPECT_EQ(preference("a=recordpref:nopreference\r\n", "a=recordpref:on\r\n"),
            RecordPreference::on);
  const auto removed = parsed(
      "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
      "m=audio 0 RTP/AVP 0\r\na=recordpref:off\r\n");
  EXPECT_EQ(read_record_preference(removed), RecordPreference::off);
}

TEST(RecordIndication, IsForWhoShowsToKnowTheAttributes) {
  EXPECT_FALSE(is_record_aware(parsed(text(""))));
  EXPECT_FALSE(is_record_aware(parsed(text("a=recorder:x\r\n"))));
  EXPECT_TRUE(is_record_aware(parsed(text("a=recordpref:on\r\n"))));
  EXPECT_TRUE(is_record_aware(parsed(text("", "", "a=record:off\r\n"))));
  EXPECT_TRUE(is_record_aware(parsed(text("a=record-aware\r\n"))));
  EXPECT_TRUE(is_record_aware(parsed(samples::linphone)));

  RecordIndication indication;
  const auto server = text("", "a=mid:0\r\n");
  EXPECT_EQ(written(indication, server, on), server);
  indication.hear(parsed(text("a=recordpref:on\r\n")));
  indication.hear(parsed(text("")));  // what it knew it still knows
  EXPECT_THAT(written(indication, server, on), HasSubstr("t=0 0\r\na=record:on\r\nm=audio"));
}

TEST(RecordIndication, SaysOffPausedOrOnOfThisParticipant) {
  const auto server = text("a=group:LS 0\r\n");
  for (const auto& [recording, line] : {std::pair{off, "a=record:off\r\n"},
                                        {paused, "a=record:paused\r\n"},
                                        {on, "a=record:on\r\n"}}) {
    auto indication = to_aware_client();
    EXPECT_EQ(written(indication, server, recording), text("a=group:LS 0\r\n" + std::string(line)));
  }
}

TEST(RecordIndication, ReplacesWhatTheServerSaysAlsoToWhoseAwarenessOnlyTheServerSaw) {
  RecordIndication indication;
  EXPECT_EQ(written(indication, text("a=record:off\r\n", "a=record:off\r\na=mid:0\r\n"), on),
            text("a=record:on\r\n", "a=mid:0\r\n"));
  RecordIndication other;
  EXPECT_EQ(written(other, text("", "", "a=record:off\r\na=record:off\r\n"), paused),
            text("a=record:paused\r\n"));
}

TEST(RecordIndication, NeverHidesThatTheServerRecords) {
  auto indication = to_aware_client();
  EXPECT_EQ(written(indication, text("a=record:on\r\n"), off), text("a=record:on\r\n"));
  EXPECT_THAT(written(indication, text("", "a=record:on\r\n"), off),
              HasSubstr("t=0 0\r\na=record:off\r\nm=audio"));
  EXPECT_THAT(written(indication, text("", "a=record:on\r\n"), off),
              HasSubstr("m=audio 4000 RTP/AVP 0\r\na=record:on\r\nm=video"));
  EXPECT_THAT(written(indication, text("a=record:paused\r\n", "a=record:maybe\r\n"), off),
              HasSubstr("a=record:paused\r\nm=audio 4000 RTP/AVP 0\r\na=record:on\r\nm=video"));
}

TEST(RecordIndication, SaysPausedWhereTheServerRecordsWithoutThisParticipant) {
  auto indication = to_aware_client();
  EXPECT_EQ(written(indication, text("a=record:on\r\n", "a=record:on\r\n"), withheld),
            text("a=record:paused\r\n"));
}

TEST(RecordIndication, RaisesTheVersionWithWhatItSaysBecauseTheSameVersionIsNotReadAgain) {
  auto indication = to_aware_client();
  const auto server = text("");
  EXPECT_EQ(written(indication, server, off), text("a=record:off\r\n", "", "", "1"));
  EXPECT_EQ(written(indication, server, off), text("a=record:off\r\n", "", "", "1"));
  EXPECT_EQ(written(indication, server, on), text("a=record:on\r\n", "", "", "2"));
  EXPECT_EQ(written(indication, server, on), text("a=record:on\r\n", "", "", "2"));
  EXPECT_EQ(written(indication, server, off), text("a=record:off\r\n", "", "", "3"));
  EXPECT_EQ(written(indication, text("", "", "", "5"), off), text("a=record:off\r\n", "", "", "7"));
}

TEST(RecordIndication, RaisesTheVersionToWhoTurnsOutToBeAware) {
  RecordIndication indication;
  EXPECT_EQ(written(indication, text(""), off), text(""));
  indication.hear(parsed(text("a=recordpref:off\r\n")));
  EXPECT_EQ(written(indication, text(""), off), text("a=record:off\r\n", "", "", "2"));
}

TEST(RecordIndication, LeavesAVersionThatCannotBeRaised) {
  for (const auto& version :
       {std::to_string(std::numeric_limits<std::uint64_t>::max()), std::string("1x")}) {
    auto indication = to_aware_client();
    EXPECT_EQ(written(indication, text("", "", "", version), off),
              text("a=record:off\r\n", "", "", version));
    EXPECT_EQ(written(indication, text("", "", "", version), on),
              text("a=record:on\r\n", "", "", version));
  }
}

}  // namespace
}  // namespace assent::media
