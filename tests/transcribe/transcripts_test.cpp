#include "gateway/transcribe/transcripts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "tests/gateway/temporary_folder.hpp"
#include "tests/transcribe/scripted.hpp"

namespace assent::transcribe::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream stream{file};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

// A word a second.
Segment segment(UtcTime at, std::vector<std::string> words, const std::string& speaker = "5e") {
  Segment made;
  made.call = "ca11";
  made.speaker = speaker;
  made.sink = "transcriber";
  made.purpose = "transcription";
  made.epoch = 12;
  made.purposes = for_transcript();
  for (std::string& word : words) {
    made.words.push_back({std::move(word), at, at + 900ms});
    at += 1s;
  }
  describe_by_words(made);
  return made;
}

class TranscriptsTest : public testing::Test {
 protected:
  TranscriptsTest() {
    EXPECT_FALSE(transcripts.recover());
    transcripts.begin("ca11", noon() + 250ms);
  }
  [[nodiscard]] std::vector<std::string> kept(const std::string& speaker = "5e") const {
    std::vector<std::string> texts;
    std::ifstream stream{file(speaker + ".jsonl")};
    for (std::string line; std::getline(stream, line);) {
      const auto one = parse_line(line);
      texts.push_back(one ? one->text : "unsound: " + line);
    }
    return texts;
  }
  [[nodiscard]] fs::path file(const std::string& name) const { return folder / "ca11" / name; }
  void add(const Segment& one) { ASSERT_FALSE(transcripts.add(one)); }

  gateway::TemporaryFolder place;
  fs::path folder = place.path() / "transcripts";
  Transcripts transcripts{folder};
};

TEST_F(TranscriptsTest, AreLinesOfJsonAndCuesOfWebVtt) {
  add(segment(noon() + 1s, {"yellow", "elephant"}));
  add(segment(noon() + 5s, {"<b>&"}));
  EXPECT_THAT(kept(), ElementsAre("yellow elephant", "<b>&"));
  EXPECT_EQ(text_of(file("5e.vtt")),
            "WEBVTT\n\nNOTE 00:00:00.000 is 2026-01-31T12:00:00.000Z\n"
            "To be read, and for nothing else: the lines beside it say what each of them may "
            "serve\n"
            "\n12-0-0\n00:00:01.000 --> 00:00:02.900\n<v 5e>yellow elephant\n"
            "\n12-0-0\n00:00:05.000 --> 00:00:05.900\n<v 5e>&lt;b&gt;&amp;\n");
}

TEST_F(TranscriptsTest, ALineTellsOnWhatItStandsAndWhatItMayServe) {
  add(segment(noon(), {"yellow"}));
  EXPECT_THAT(
      text_of(file("5e.jsonl")),
      HasSubstr(R"("start":"2026-01-31T12:00:00.000Z","end":"2026-01-31T12:00:00.900Z",)"
                R"("text":"yellow","purposes":{"transcription":["transcriber"]},"epoch":12)"));
}

TEST_F(TranscriptsTest, NobodyElseReadsThem) {
  add(segment(noon(), {"yellow"}));
  for (const auto& name : {"5e.jsonl", "5e.vtt", "call.json"}) {
    struct stat status {};
    ASSERT_EQ(::stat(file(name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0077u, 0u) << name;
  }
}

TEST_F(TranscriptsTest, CuesAreInTheOrderOfTime) {
  add(segment(noon() + 5s, {"second"}));
  add(segment(noon() + 1s, {"first"}));
  add(segment(noon() + 9s, {"third"}));
  const std::string cues = text_of(file("5e.vtt"));
  EXPECT_LT(cues.find("first"), cues.find("second"));
  EXPECT_LT(cues.find("second"), cues.find("third"));
}

TEST_F(TranscriptsTest, WhatIsRetractedIsInNoFile) {
  add(segment(noon() + 1s, {"yellow", "elephant", "mountain"}));
  add(segment(noon() + 5s, {"october"}));
  add(segment(noon() + 1s, {"another"}, "6f"));
  ASSERT_FALSE(transcripts.retract({"ca11", "5e", {}, noon() + 1900ms}));
  EXPECT_THAT(kept(), ElementsAre("yellow"));
  EXPECT_THAT(kept("6f"), ElementsAre("another"));
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    if (!entry.is_regular_file()) continue;
    EXPECT_THAT(text_of(entry.path()), Not(HasSubstr("elephant"))) << entry.path();
    EXPECT_THAT(text_of(entry.path()), Not(HasSubstr("october"))) << entry.path();
  }
}

TEST_F(TranscriptsTest, ARetractionOfOneStreamLeavesTheOthers) {
  add(segment(noon(), {"yellow"}));
  Segment other = segment(noon(), {"elephant"});
  other.epoch = 13;
  add(other);
  ASSERT_FALSE(transcripts.retract({"ca11", "5e", StreamName{12, 0}, noon()}));
  EXPECT_THAT(kept(), ElementsAre("elephant"));
}

TEST_F(TranscriptsTest, WhatAnEarlierProcessWroteIsRetracted) {
  add(segment(noon() + 1s, {"yellow"}));
  Transcripts later{folder};
  ASSERT_FALSE(later.recover());
  ASSERT_FALSE(later.retract({"ca11", "5e", {}, noon()}));
  for (const auto& name : {"5e.jsonl", "5e.vtt", "5e.forget"})
    EXPECT_FALSE(fs::exists(file(name))) << name;
}

TEST_F(TranscriptsTest, ALineInPartIsTakenAwayAfterACrash) {
  add(segment(noon() + 1s, {"yellow"}));
  std::ofstream{file("5e.jsonl"), std::ios::app} << R"({"call":"ca11","speaker":"5e","te)";
  Transcripts later{folder};
  ASSERT_FALSE(later.recover());
  ASSERT_FALSE(later.add(segment(noon() + 3s, {"elephant"})));
  EXPECT_THAT(kept(), ElementsAre("yellow", "elephant"));
}

TEST_F(TranscriptsTest, CuesThatACrashLeftOutAreMade) {
  add(segment(noon() + 1s, {"yellow"}));
  fs::remove(file("5e.vtt"));
  std::ofstream{file("5e.jsonl.tmp")} << "half a fil";
  Transcripts later{folder};
  ASSERT_FALSE(later.recover());
  EXPECT_THAT(text_of(file("5e.vtt")), HasSubstr("yellow"));
  EXPECT_FALSE(fs::exists(file("5e.jsonl.tmp")));
}

TEST_F(TranscriptsTest, WhatCannotBeWrittenAnewIsRemovedWhole) {
  add(segment(noon() + 1s, {"yellow"}));
  add(segment(noon() + 5s, {"elephant"}));
  fs::create_directory(file("5e.jsonl.tmp"));  // in the way of the draft
  ASSERT_FALSE(transcripts.retract({"ca11", "5e", {}, noon() + 5s}));
  EXPECT_FALSE(fs::exists(file("5e.jsonl")));
  EXPECT_FALSE(fs::exists(file("5e.vtt")));
}

TEST_F(TranscriptsTest, WhatCannotBeReadIsRemovedWholeByARetraction) {
  add(segment(noon() + 1s, {"yellow"}));
  fs::remove(file("5e.jsonl"));
  fs::create_directory(file("5e.jsonl"));  // opens, but nothing is read of it
  EXPECT_TRUE(transcripts.add(segment(noon() + 3s, {"elephant"}))) << "an error of its own";
  ASSERT_FALSE(transcripts.retract({"ca11", "5e", {}, noon() + 5s}));
  EXPECT_FALSE(fs::exists(file("5e.jsonl")));
  EXPECT_FALSE(fs::exists(file("5e.vtt")));
}

TEST_F(TranscriptsTest, ARetractionLeavesNoDraft) {
  add(segment(noon() + 1s, {"yellow"}));
  std::ofstream{file("5e.jsonl.tmp")} << "elephant";
  std::ofstream{file("5e.vtt.tmp")} << "elephant";
  ASSERT_FALSE(transcripts.retract({"ca11", "5e", {}, noon() + 5s}));
  EXPECT_THAT(kept(), ElementsAre("yellow"));
  EXPECT_FALSE(fs::exists(file("5e.jsonl.tmp")));
  EXPECT_FALSE(fs::exists(file("5e.vtt.tmp")));
}

TEST_F(TranscriptsTest, ARetractionThatACrashBrokeOffIsDoneBeforeCuesAreMade) {
  add(segment(noon() + 1s, {"yellow", "elephant"}));
  fs::remove(file("5e.vtt"));
  std::ofstream{file("5e.forget")} << to_line(Retraction{"ca11", "5e", {}, noon() + 1900ms});
  Transcripts later{folder};
  ASSERT_FALSE(later.recover());
  EXPECT_THAT(kept(), ElementsAre("yellow"));
  EXPECT_THAT(text_of(file("5e.vtt")), Not(HasSubstr("elephant")));
  EXPECT_FALSE(fs::exists(file("5e.forget")));
}

TEST_F(TranscriptsTest, ARetractionThatCannotBeMadeOutTakesAll) {
  add(segment(noon() + 1s, {"yellow"}));
  std::ofstream{file("5e.forget")} << "half a li";
  Transcripts later{folder};
  ASSERT_FALSE(later.recover());
  EXPECT_FALSE(fs::exists(file("5e.jsonl")));
  EXPECT_FALSE(fs::exists(file("5e.vtt")));
}

TEST_F(TranscriptsTest, CuesWithoutLinesGo) {
  add(segment(noon() + 1s, {"yellow"}));
  fs::remove(file("5e.jsonl"));
  Transcripts later{folder};
  ASSERT_FALSE(later.recover());
  EXPECT_FALSE(fs::exists(file("5e.vtt")));
}

TEST_F(TranscriptsTest, TheCallBeginsOnce) {
  EXPECT_FALSE(fs::exists(folder / "ca11")) << "before the first word";
  transcripts.begin("ca11", noon() + 1h);
  add(segment(noon() + 2h, {"yellow"}));
  Transcripts later{folder};
  later.begin("ca11", noon() + 3h);
  ASSERT_FALSE(later.add(segment(noon() + 3h, {"elephant"})));
  EXPECT_EQ(text_of(file("call.json")),
            "{\"call\":\"ca11\",\"began\":\"2026-01-31T12:00:00.000Z\"}\n");
}

}  // namespace
}  // namespace assent::transcribe::test
