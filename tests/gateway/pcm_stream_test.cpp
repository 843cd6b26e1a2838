#include "gateway/pcm_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr media::TimePoint start = media::TimePoint{} + 1h;

class PcmStreamTest : public testing::Test {
 protected:
  static PcmStream::Options options() {
    PcmStream::Options made;
    made.spec.sink = "transcriber";
    made.spec.purpose = "transcription";
    made.spec.participant = "caller";
    made.spec.room = "standup";
    made.spec.subject = "s-81";
    made.spec.speaker = "5e";
    made.spec.call = "ca";
    made.spec.epoch = 7;
    made.spec.purposes = {{"transcription", {"transcriber"}}, {"summary", {"summariser"}}};
    made.opened = *parse_rfc3339("2026-01-31T12:00:00Z");
    made.opened_at = start;
    made.samples_max = 1'600;  // five frames
    return made;
  }
  // The next 20 ms.
  void speak(std::size_t frames = 1) {
    for (std::size_t i = 0; i < frames; ++i) {
      media::PcmFrame frame;
      frame.count = media::pcm_frame_samples;
      frame.samples.fill(static_cast<std::int16_t>(position_ / frame.count));
      frame.position = position_;
      frame.captured = start + std::chrono::milliseconds{position_ / 16};
      position_ += frame.count;
      stream_.take(frame);
    }
  }
  void pause(std::uint64_t samples) {
    stream_.take(media::PcmGap{position_, samples});
    position_ += samples;
  }
  // All that can be sent now; audio as the number of its frame.
  std::vector<std::string> said(media::TimePoint now = start) {
    std::vector<std::string> all;
    while (auto message = stream_.next(now)) {
      all.push_back(message->is_audio ? std::to_string(message->bytes.at(0)) : message->bytes);
      stream_.sent();
    }
    return all;
  }
  static json::value field(const std::string& text, std::string_view name) {
    return json::parse(text).at(name);
  }
  static std::string gap(std::string_view reason, std::uint64_t position, std::uint64_t samples) {
    return json::serialize(json::object{{"type", "gap"},
                                        {"reason", reason},
                                        {"position", position},
                                        {"samples", samples},
                                        {"milliseconds", samples / 16}});
  }

  PcmCounts counts_;
  PcmStream stream_{options(), counts_};
  std::uint64_t position_ = 0;
};

TEST_F(PcmStreamTest, BeginsWithWhoItIsWithoutAnyId) {
  EXPECT_FALSE(stream_.next(start)) << "nobody is connected";
  stream_.begin();
  const auto first = said();
  ASSERT_EQ(first.size(), 1U);
  const auto object = json::parse(first[0]).as_object();
  EXPECT_EQ(object.at("type"), "start");
  EXPECT_EQ(object.at("protocol").as_string(), pcm_protocol);
  EXPECT_EQ(object.at("speaker"), "5e");
  EXPECT_EQ(object.at("call"), "ca");
  EXPECT_EQ(object.at("epoch"), 7);
  EXPECT_EQ(object.at("sample_rate"), 16'000);
  EXPECT_EQ(json::serialize(object.at("purposes")),
            R"({"summary":["summariser"],"transcription":["transcriber"]})");
  for (const auto* id : {"caller", "standup", "s-81"})
    EXPECT_THAT(first[0], testing::Not(testing::HasSubstr(id)));
}

TEST_F(PcmStreamTest, AudioIsLittleEndianAndHasItsTimeBeforeIt) {
  media::PcmFrame frame;
  frame.count = 2;
  frame.samples[0] = 0x0102;
  frame.samples[1] = -2;
  frame.captured = start + 250ms;
  stream_.take(frame);
  stream_.begin();
  (void)stream_.next(start);
  stream_.sent();
  const auto time = stream_.next(start);
  EXPECT_EQ(time->bytes, R"({"type":"time","position":0,"time":"2026-01-31T12:00:00.250Z"})");
  stream_.sent();
  EXPECT_EQ(stream_.next(start)->bytes, std::string("\x02\x01\xfe\xff"));
  stream_.sent();
  EXPECT_EQ(counts_.sent, 2U);
}

TEST_F(PcmStreamTest, GapsStandWhereTheAudioIsMissing) {
  stream_.begin();
  (void)said();
  speak();
  pause(3'200);
  speak();
  const auto all = said();
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[1], "0");
  EXPECT_EQ(all[2], gap("missing", 320, 3'200));
  EXPECT_EQ(field(all[3], "position"), 3'520);
  EXPECT_EQ(field(all[3], "time"), "2026-01-31T12:00:00.220Z");
  EXPECT_EQ(all[4], "11");
}

TEST_F(PcmStreamTest, WhatWaitsTooLongIsShedFromItsBeginningAndSaid) {
  stream_.begin();
  (void)said();
  speak(6);
  pause(320);
  speak(2);
  const auto all = said();
  ASSERT_EQ(all.size(), 9U);
  EXPECT_EQ(all[0], gap("shed", 0, 3 * 320));
  EXPECT_EQ(all[2] + all[3] + all[4], "345");
  EXPECT_EQ(all[5], gap("missing", 6 * 320, 320));
  EXPECT_EQ(counts_.shed, 3U * 320);
  EXPECT_EQ(counts_.missing, 320U);
}

TEST_F(PcmStreamTest, GapsThatMeetAreOneSoThatTheirNumberIsBoundedToo) {
  for (int i = 0; i < 1'000; ++i) {
    speak();
    pause(160);
  }
  stream_.begin();
  EXPECT_LE(said().size(), 2U + 3 * 6);
}

TEST_F(PcmStreamTest, AWithdrawalThrowsAwayWhatWaitsAndSaysWhereItEnds) {
  stream_.begin();
  (void)said();
  speak(2);
  TrackEnd how;
  how.reason = "consent_withdrawn";
  how.withdrawn = true;
  how.forget_since = parse_rfc3339("2026-01-31T11:00:00Z");
  stream_.finish(start + 1s, how, 4'711);
  speak();  // too late
  stream_.serve({});
  const auto all = said();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0], gap("shed", 0, 640));
  EXPECT_EQ(all[1], R"({"type":"withdrawn","reason":"consent_withdrawn","position":640,"epoch":7,)"
                    R"("time":"2026-01-31T12:00:01.000Z","last_sequence":4711,)"
                    R"("forget_since":"2026-01-31T11:00:00.000Z"})");
  EXPECT_EQ(all[2], R"({"type":"end","reason":"consent_withdrawn","position":640})");
  EXPECT_TRUE(stream_.is_over());
}

TEST_F(PcmStreamTest, AnEndIsNoWithdrawal) {
  stream_.begin();
  (void)said();
  TrackEnd how;
  how.reason = "purpose_not_started";
  stream_.finish(start, how, std::nullopt);
  EXPECT_THAT(said(), testing::ElementsAre(
                          R"({"type":"end","reason":"purpose_not_started","position":0})"));
}

TEST_F(PcmStreamTest, NarrowerPurposesOvertakeTheAudioThatWaitsAndWiderOnesDoNot) {
  stream_.begin();
  (void)said();
  speak();
  stream_.serve({{"transcription", {"transcriber"}}, {"search", {"index"}}});
  const auto all = said();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0],
            R"({"type":"purposes","position":0,"purposes":{"transcription":["transcriber"]}})");
  EXPECT_EQ(all[2], "0");
  EXPECT_EQ(field(all[3], "position"), 320);
  EXPECT_TRUE(json::parse(all[3]).at("purposes").as_object().contains("search"));
}

TEST_F(PcmStreamTest, FewerPurposesAreSaidThoughOthersAreAddedBeforeThat) {
  stream_.begin();
  (void)said();
  speak();
  EXPECT_TRUE(stream_.serve({{"transcription", {"transcriber"}}}));
  EXPECT_FALSE(stream_.serve({{"transcription", {"transcriber"}}, {"search", {"index"}}}));
  const auto all = said();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0],
            R"({"type":"purposes","position":0,"purposes":{"transcription":["transcriber"]}})");
  EXPECT_EQ(all[2], "0");
  EXPECT_TRUE(json::parse(all[3]).at("purposes").as_object().contains("search"));
}

TEST_F(PcmStreamTest, AWiderPurposeThatWaitsIsForgottenWhenItIsTakenBack) {
  stream_.begin();
  (void)said();
  const ServedPurposes before{{"summary", {"summariser"}}, {"transcription", {"transcriber"}}};
  speak();
  auto wider = before;
  wider["search"] = {"index"};
  stream_.serve(wider);
  stream_.serve(before);
  for (const auto& one : said())
    EXPECT_THAT(one, testing::Not(testing::HasSubstr("search")));
}

TEST_F(PcmStreamTest, ANewConnectionBeginsWhereTheFirstBrokeOff) {
  stream_.begin();
  (void)said();
  speak(2);
  (void)stream_.next(start);  // the time
  stream_.sent();
  EXPECT_TRUE(stream_.next(start)->is_audio);
  EXPECT_TRUE(stream_.is_sending_audio());
  stream_.break_off();
  stream_.serve({{"transcription", {"transcriber"}}});
  EXPECT_FALSE(stream_.next(start)) << "nobody is connected";
  stream_.begin();
  const auto all = said();
  EXPECT_EQ(field(all.at(0), "connection"), 2);
  EXPECT_EQ(field(all[0], "position"), 0);
  EXPECT_FALSE(field(all[0], "purposes").as_object().contains("summary"));
  EXPECT_THAT(all, testing::Contains(gap("shed", 0, 320)));
  EXPECT_EQ(all.back(), "1");
}

TEST_F(PcmStreamTest, TheEndIsSaidAgainIfTheConnectionBreaksWhileItIs) {
  stream_.begin();
  (void)said();
  TrackEnd how;
  how.reason = "consent_withdrawn";
  how.withdrawn = true;
  stream_.finish(start, how, std::nullopt);
  EXPECT_EQ(field(stream_.next(start)->bytes, "type"), "withdrawn");
  stream_.break_off();
  stream_.begin();
  const auto all = said();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(field(all[1], "type"), "withdrawn");
  EXPECT_EQ(field(all[2], "type"), "end");
}

TEST_F(PcmStreamTest, NoAudioIsSentAfterThePermitsLastInstantThoughNobodySaidSo) {
  auto made = options();
  made.spec.open_until = start + 10s;
  PcmStream stream{std::move(made), counts_};
  stream.begin();
  (void)stream.next(start);
  stream.sent();
  media::PcmFrame frame;
  frame.count = 320;
  stream.take(frame);
  const auto message = stream.next(start + 10s);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->bytes, gap("shed", 0, 320));
  stream.sent();
  EXPECT_FALSE(stream.next(start + 10s));
}

TEST(PcmFrames, SayTheirLengthAndKind) {
  EXPECT_EQ(framed({true, "ab"}), (std::string{"\0\0\0\3Aab", 7}));
  EXPECT_EQ(framed({false, "{}"}), (std::string{"\0\0\0\3J{}", 7}));
}

}  // namespace
}  // namespace assent::gateway
