#include "gateway/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <thread>
#include <vector>

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

enum class Colour : unsigned char { red };
std::string_view to_string(Colour) {
  return "red";
}

class LogLines : public testing::Test {
 protected:
  LogOptions options(LogFormat format, LogLevel level = LogLevel::info) {
    return {level, format, [this](std::string_view line) { lines.emplace_back(line); }};
  }
  std::vector<std::string> lines;
};

TEST_F(LogLines, AreOneJsonObjectAnEvent) {
  Log log{options(LogFormat::json)};
  log.info("call.started", {{"legs", 2},
                            {"ratio", 0.5},
                            {"secure", true},
                            {"took", 1500us},
                            {"state", "open"},
                            {"colour", Colour::red},
                            {"path", OperatorText{"a \"b\"\n"}},
                            {"error", std::make_error_code(std::errc::no_space_on_device)}});
  ASSERT_EQ(lines.size(), 1U);
  const auto object = boost::json::parse(lines[0]).as_object();
  EXPECT_EQ(object.at("event"), "call.started");
  EXPECT_EQ(object.at("level"), "info");
  EXPECT_THAT(std::string{object.at("time").as_string()},
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z"));
  EXPECT_EQ(object.at("legs"), 2);
  EXPECT_EQ(object.at("ratio"), 0.5);
  EXPECT_EQ(object.at("secure"), true);
  EXPECT_EQ(object.at("took_us"), 1500);
  EXPECT_EQ(object.at("state"), "open");
  EXPECT_EQ(object.at("colour"), "red");
  EXPECT_EQ(object.at("path"), "a \"b\"\n");
  EXPECT_EQ(object.at("error"), "No space left on device");
}

TEST_F(LogLines, AsTextAreOneLineWhateverIsInThem) {
  Log log{options(LogFormat::text)};
  log.warning("disk.full", {{"path", OperatorText{"a\nb"}}, {"tries", 3U}});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr(" warning disk.full path=\"a\\nb\" tries=3"));
  EXPECT_THAT(lines[0], Not(HasSubstr("\n")));
}

TEST_F(LogLines, BelowTheLevelAreNotWritten) {
  Log log{options(LogFormat::json, LogLevel::warning)};
  log.debug("a");
  log.info("b");
  log.warning("c");
  log.error("d");
  EXPECT_EQ(lines.size(), 2U);
}

TEST_F(LogLines, NeverHoldTheIdsOfRoomsAndParticipants) {
  for (const LogFormat format : {LogFormat::json, LogFormat::text}) {
    Log log{options(format)};
    log.info("consent.granted", {{"room", LoggedRoom{"canary-room"}},
                                 {"participant", LoggedParticipant{"canary-room", "canary-name"}}});
  }
  for (const std::string& line : lines)
    EXPECT_THAT(line, Not(HasSubstr("canary")));
}

TEST_F(LogLines, GiveARoomOnePseudonymInOneRunAndAnotherInTheNext) {
  Log first{options(LogFormat::json)};
  Log second{options(LogFormat::json)};
  EXPECT_THAT(first.pseudonym(LoggedRoom{"r"}), MatchesRegex("[0-9a-f]{12}"));
  EXPECT_EQ(first.pseudonym(LoggedRoom{"r"}), first.pseudonym(LoggedRoom{"r"}));
  EXPECT_NE(first.pseudonym(LoggedRoom{"r"}), second.pseudonym(LoggedRoom{"r"}));
  first.info("x", {{"room", LoggedRoom{"r"}}});
  EXPECT_THAT(lines[0], HasSubstr(first.pseudonym(LoggedRoom{"r"})));
}

TEST_F(LogLines, DoNotLinkAPersonAcrossRooms) {
  const Log log{options(LogFormat::json)};
  EXPECT_NE(log.pseudonym(LoggedParticipant{"r1", "p"}),
            log.pseudonym(LoggedParticipant{"r2", "p"}));
  EXPECT_NE(log.pseudonym(LoggedRoom{"r1"}), log.pseudonym(LoggedParticipant{"r1", ""}));
}

TEST_F(LogLines, ComeWholeFromManyThreads) {
  Log log{options(LogFormat::json)};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log] {
      for (int n = 0; n < 200; ++n)
        log.info("tick", {{"n", n}});
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  ASSERT_EQ(lines.size(), 800U);
  for (const std::string& line : lines)
    EXPECT_NO_THROW((void)boost::json::parse(line));
}

// Strings at run time have no way in by themselves.
static_assert(!std::is_constructible_v<LogField, LogWord, std::string>);
static_assert(!std::is_constructible_v<LogField, LogWord, std::string_view>);
static_assert(!std::is_constructible_v<LogField, LogWord, const char*>);
static_assert(!std::is_constructible_v<LogField, std::string, int>);
static_assert(std::is_constructible_v<LogField, LogWord, bool>);

}  // namespace
}  // namespace assent::gateway
