#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <future>

#include "gateway/durable_file.hpp"
#include "gateway/transcribe/engine_thread.hpp"
#include "gateway/transcribe/engines.hpp"
#include "gateway/transcribe/spoken_line.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::transcribe::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SpokenLine, TellsWordsWithTheirTimes) {
  EXPECT_EQ(SpokenLines{}.take(R"({"words":[{"word":" so","start":0.5,"end":0.75},)"
                               R"({"word":"do","start":0.75,"end":1}]})",
                               32'000),
            (Utterance{{"so", 8'000, 12'000}, {"do", 12'000, 16'000}}));
  EXPECT_EQ(SpokenLines{}.take(R"({"text":"so do I","start":0.5,"end":1})", 32'000),
            (Utterance{{"so do I", 8'000, 16'000}}));
}

TEST(SpokenLine, WithoutTimesStandsForAllThatItMayBeOf) {
  SpokenLines lines;
  EXPECT_EQ(lines.take("so do I\r", 16'000), (Utterance{{"so do I", 0, 16'000}}));
  EXPECT_EQ(lines.take(R"({"text":"so do I"})", 32'000), (Utterance{{"so do I", 0, 32'000}}))
      << "the engine may lag: nothing says where it is";
  EXPECT_EQ(lines.take(R"({"text":"so","start":0.5,"end":1})", 32'000),
            (Utterance{{"so", 8'000, 16'000}}));
  EXPECT_EQ(lines.take(R"({"text":"do I","start":1.5})", 40'000),
            (Utterance{{"do I", 24'000, 40'000}}));
  EXPECT_EQ(lines.take("so do I", 48'000), (Utterance{{"so do I", 16'000, 48'000}}))
      << "from the last end that it told";
  EXPECT_EQ(lines.take(R"({"text":"so","start":1,"end":30})", 48'000),
            (Utterance{{"so", 16'000, 48'000}}))
      << "no longer than what it was given";
}

TEST(SpokenLine, ThatGoesBackInTimeCountsAsOneWithoutTimes) {
  SpokenLines lines;
  ASSERT_TRUE(lines.take(R"({"text":"so","start":0,"end":1})", 32'000));
  EXPECT_EQ(lines.take(R"({"words":[{"word":"do","start":0,"end":0.5},)"
                       R"({"word":"I","start":0.5,"end":1}]})",
                       32'000),
            (Utterance{{"do", 16'000, 32'000}, {"I", 16'000, 32'000}}));
}

TEST(SpokenLine, ThatCannotBeMadeOutIsNone) {
  for (const auto* line :
       {"", "  ", "{", "{}", R"({"text":""})", R"({"text":7})", R"({"words":[]})",
        R"({"words":["so"]})", R"({"text":"so","start":2,"end":1})"})
    EXPECT_FALSE(SpokenLines{}.take(line, 32'000)) << line;
  EXPECT_FALSE(SpokenLines{}.take("so", 0)) << "it was given nothing";
}

class CommandEngine : public testing::Test {
 protected:
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }  // as the program does
};

std::unique_ptr<Engine> shell(const std::string& script) {
  return make_command({{"sh", "-c", script}});
}

TEST_F(CommandEngine, GivesTheProgramAllAudioAndTakesItsLastWord) {
  const auto engine = shell("wc -c");
  ASSERT_TRUE(engine);
  std::vector<Utterance> said;
  for (int i = 0; i < 500; ++i)  // more than a pipe takes at once
    ASSERT_TRUE(engine->hear(std::vector<std::int16_t>(1'600), said));
  ASSERT_TRUE(engine->finish(said));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0], (Utterance{{"1600000", 0, 800'000}}));
}

TEST_F(CommandEngine, TakesWordsWhileItListens) {
  const auto engine =
      shell("head -c 2 >/dev/null; echo one; head -c 2 >/dev/null; echo two; cat >&2");
  ASSERT_TRUE(engine);
  std::vector<Utterance> said;
  ASSERT_TRUE(engine->hear(std::vector<std::int16_t>(1), said));
  for (int i = 0; i < 1'000 && said.empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
    ASSERT_TRUE(engine->pause(said));
  }
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0], (Utterance{{"one", 0, 1}}));
  ASSERT_TRUE(engine->hear(std::vector<std::int16_t>(1), said));
  ASSERT_TRUE(engine->finish(said));
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[1], (Utterance{{"two", 0, 2}}));
}

TEST_F(CommandEngine, ThatEndsEarlyOrIsNotThereIsBroken) {
  EXPECT_FALSE(make_command({{"/nowhere/whisper"}}));
  const auto engine = shell("exit 0");
  ASSERT_TRUE(engine);
  std::vector<Utterance> said;
  bool is_sound = true;
  for (int i = 0; i < 1'000 && is_sound; ++i) {
    is_sound = engine->hear(std::vector<std::int16_t>(1'600), said);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  EXPECT_FALSE(is_sound);
}

TEST_F(CommandEngine, ThatSaysMoreThanALineCanBeIsBroken) {
  const auto engine = shell("yes | tr -d '\\n'");
  ASSERT_TRUE(engine);
  std::vector<Utterance> said;
  bool is_sound = true;
  for (int i = 0; i < 1'000 && is_sound; ++i) {
    is_sound = engine->pause(said);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  EXPECT_FALSE(is_sound);
  EXPECT_THAT(said, IsEmpty());
}

TEST_F(CommandEngine, ThatSaysMoreThanThereIsAtOnceIsBroken) {
  const auto engine = shell("yes");
  ASSERT_TRUE(engine);
  std::vector<Utterance> said;
  EXPECT_FALSE(engine->hear(std::vector<std::int16_t>(1), said) && engine->finish(said));
  EXPECT_LT(said.size(), 5'000u);
}

TEST_F(CommandEngine, InheritsNothingButItsEnds) {
  gateway::FileHandle ours{::dup(STDIN_FILENO)};  // as a socket that is not closed by itself
  ASSERT_TRUE(ours);
  const auto engine = shell("test -e /proc/self/fd/" + std::to_string(ours.get()) +
                            " && echo inherited; cat >/dev/null; echo over");
  ASSERT_TRUE(engine);
  std::vector<Utterance> said;
  ASSERT_TRUE(engine->hear(std::vector<std::int16_t>(1), said));
  ASSERT_TRUE(engine->finish(said));
  EXPECT_THAT(said, ElementsAre(Utterance{{"over", 0, 1}}));
}

TEST_F(CommandEngine, EndsWithAllThatItStarted) {
  const gateway::TemporaryFolder folder;
  const auto alive = folder.path() / "alive";
  ASSERT_EQ(::mkfifo(alive.c_str(), 0600), 0);
  auto engine = shell("sleep 1000 >" + alive.string() + " & cat >/dev/null");
  ASSERT_TRUE(engine);
  const gateway::FileHandle end{::open(alive.c_str(), O_RDONLY | O_CLOEXEC)};
  engine.reset();
  char byte = 0;
  EXPECT_EQ(::read(end.get(), &byte, 1), 0) << "nobody holds the other end any more";
}

// Holds up until it is let, and tells how much it heard.
class SlowEngine final : public Engine {
 public:
  explicit SlowEngine(std::shared_future<void> begins) : begins_{std::move(begins)} {}
  bool hear(std::span<const std::int16_t> samples, std::vector<Utterance>&) override {
    begins_.wait();
    heard_ += samples.size();
    return true;
  }
  bool pause(std::vector<Utterance>&) override { return true; }
  bool finish(std::vector<Utterance>& out) override {
    out.push_back({{"heard", 0, heard_}});
    return true;
  }

 private:
  std::shared_future<void> begins_;
  std::uint64_t heard_ = 0;
};

class EngineThreadTest : public testing::Test {
 protected:
  std::unique_ptr<EngineThread> make(std::function<std::unique_ptr<Engine>()> maker) {
    return std::make_unique<EngineThread>(
        context.get_executor(), std::move(maker),
        EngineThread::Notices{[this](std::vector<Utterance> words) {
                                said.insert(said.end(), words.begin(), words.end());
                              },
                              [this](bool sound) {
                                is_sound = sound;
                                work.reset();
                              }});
  }
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work =
      boost::asio::make_work_guard(context);
  std::promise<void> begins;
  std::vector<Utterance> said;
  bool is_sound = false;
};

TEST_F(EngineThreadTest, HearsNothingBeyondTheCutOfWhatStillWaits) {
  const auto thread =
      make([begin = begins.get_future().share()] { return std::make_unique<SlowEngine>(begin); });
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(thread->hear(std::vector<std::int16_t>(320)));
  thread->finish(5 * 320 + 7);
  EXPECT_FALSE(thread->hear(std::vector<std::int16_t>(320)));
  begins.set_value();
  context.run();
  EXPECT_TRUE(is_sound);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0], (Utterance{{"heard", 0, 5 * 320 + 7}}));
}

TEST_F(EngineThreadTest, TakesNoMoreThanHalfAMinuteThatWaits) {
  const auto thread =
      make([begin = begins.get_future().share()] { return std::make_unique<SlowEngine>(begin); });
  int taken = 0;
  while (taken < 100 && thread->hear(std::vector<std::int16_t>(16'000)))
    ++taken;
  EXPECT_GE(taken, 30);
  EXPECT_LE(taken, 31);  // one may be with the engine
  begins.set_value();
}

TEST_F(EngineThreadTest, SaysThatThereIsNoEngine) {
  is_sound = true;
  const auto thread = make([] { return nullptr; });
  context.run();
  EXPECT_FALSE(is_sound);
}

}  // namespace
}  // namespace assent::transcribe::test
