#include "gateway/hindsight.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "gateway/database.hpp"
#include "gateway/embedded.hpp"
#include "tests/gateway/running_service.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Later than all that was, earlier than all that will be.
policy::WallTime between() {
  std::this_thread::sleep_for(3ms);
  const auto now = read_clocks().wall;
  std::this_thread::sleep_for(3ms);
  return now;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  if (at == std::string::npos) throw std::runtime_error("not in the policy: " + std::string(what));
  return text.replace(at, what.size(), by);
}

class Hindsight : public testing::Test {
 protected:
  RunningService::Options options() {
    RunningService::Options made;
    made.state = folder_.path();
    made.archive_port = 9;  // nobody's
    return made;
  }
  std::filesystem::path database() const { return folder_.path() / "assent.db"; }

  static void join(RunningService& service, const std::string& room, const std::string& who,
                   const std::string& place) {
    service.ask("PUT", "/v1/rooms/" + room + "/participants/" + who,
                R"({"subject": "subject-)" + who +
                    R"(", "minor": false, "jurisdictions": {"declared": [")" + place + R"("]}})");
  }
  static std::string consents(const std::string& room, const std::string& who) {
    return "/v1/rooms/" + room + "/participants/" + who + "/consents/recording";
  }
  static void hold(RunningService& service, const std::string& room,
                   const std::vector<std::pair<std::string, std::string>>& people) {
    service.ask("PUT", "/v1/rooms/" + room, "{}");
    service.ask("PUT", "/v1/rooms/" + room + "/purposes/recording", R"({"by": "sinks"})");
    for (const auto& [who, place] : people) {
      join(service, room, who, place);
      service.ask("PUT", consents(room, who), grant());
    }
  }

  std::string explained(policy::WallTime at, const std::string& who = "ann",
                        bool as_json = false) const {
    std::ostringstream out;
    explain(database(), {"standup", who, "recorder", {}, at, as_json}, out);
    return out.str();
  }
  std::string what_fails(const ExplainQuestion& question) const {
    std::ostringstream out;
    try {
      explain(database(), question, out);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "it answered: " + out.str();
  }

  TemporaryFolder folder_;
};

TEST_F(Hindsight, ExplainsARoomAsItWasBeforeAndAfterAWithdrawal) {
  const auto before_all = read_clocks().wall;
  std::this_thread::sleep_for(3ms);
  RunningService service{options()};
  hold(service, "standup", {{"ann", "NL"}, {"bob", "NL"}});
  const auto granted = between();
  service.ask("DELETE", consents("standup", "ann"));
  const auto withdrawn = between();
  const auto running = explained(withdrawn);  // while the service writes
  const auto live =
      service.ask("GET", "/v1/rooms/standup/participants/ann/decisions/recording?explain=true");
  service.stop();

  EXPECT_THAT(explained(granted),
              StartsWith("Yes. The audio and video of participant ann in room standup go to "
                         "recorder for recording"));
  const auto after = explained(withdrawn);
  EXPECT_EQ(running, after);
  EXPECT_THAT(after, StartsWith("No. The audio and video of participant ann in room standup do not "
                                "go to recorder for recording, because this person withdrew the "
                                "consent."));
  EXPECT_THAT(after, HasSubstr("jurisdictions/NL; Sr 139a ff."));
  EXPECT_THAT(after, HasSubstr("sha256:"));
  EXPECT_THAT(after, HasSubstr("not legal advice"));
  EXPECT_THAT(explained(withdrawn, "bob"), StartsWith("Yes."));

  auto of_record = boost::json::parse(explained(withdrawn, "ann", true)).at("decisions").at(0);
  for (const auto& decision : live.at("decisions").as_array()) {
    if (decision.at("sink") != "recorder") continue;
    EXPECT_EQ(decision.at("findings"), of_record.at("findings")) << "as the API has it";
    EXPECT_EQ(decision.at("epoch"), of_record.at("epoch"));
    EXPECT_EQ(decision.at("since"), of_record.at("since"));
  }

  const auto gone = explained(read_clocks().wall);
  EXPECT_THAT(gone, StartsWith("No."));
  EXPECT_THAT(gone, HasSubstr("This person was there from"));
  EXPECT_THAT(gone, HasSubstr("The room was over by"));
  EXPECT_THAT(explained(withdrawn, "nobody"), HasSubstr("not in the record"));
  EXPECT_THAT(what_fails({"standup", "ann", "recording", {}, before_all, false}),
              HasSubstr("was not held before"));
  EXPECT_THAT(what_fails({"lost", "ann", "recording", {}, withdrawn, false}),
              HasSubstr("nothing is recorded of a room lost"));
  EXPECT_THAT(what_fails({"standup", "ann", "recordings", {}, withdrawn, false}),
              HasSubstr("did you mean"));
}

TEST_F(Hindsight, LeavesTheDatabaseAsItIs) {
  {
    RunningService service{options()};
    hold(service, "standup", {{"ann", "NL"}});
  }
  const auto bytes = [&] {
    std::ifstream file{database(), std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  };
  const auto files = [&] {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{folder_.path()})
      names.insert(entry.path().filename());
    return names;
  };
  const auto bytes_before = bytes();
  const auto files_before = files();
  (void)explained(read_clocks().wall);
  EXPECT_EQ(bytes(), bytes_before);
  EXPECT_EQ(files(), files_before);
  EXPECT_THAT(what_fails({"standup", "ann", "recording", {}, {}, false}), Not(HasSubstr("Yes")));
}

TEST_F(Hindsight, TellsWhichSinkStopsWhenItsMechanismFallsAndForWhom) {
  auto text = std::string(embedded("policy.yaml").value());
  text = replaced(text, "contested_transfers: deny\n", "contested_transfers: rely\n");
  text =
      replaced(text, "    # Each is a claim about your own provider.",
               "    mechanisms:\n"
               "      - {mechanism: dpf, country: US, entity: Hosting Inc,\n"
               "         categories: [recordings], checked_at: 2026-11-24, expires: 2027-06-30}\n"
               "      - {mechanism: scc, country: IN, entity: Hosting Ltd, module: \"2\",\n"
               "         reference: TIA-1, categories: [recordings], checked_at: 2026-11-24,\n"
               "         expires: 2027-06-30}\n"
               "    # Each is a claim about your own provider.");
  text = replaced(text, "archive: {purpose: recording, processor: hosting, jurisdiction: NL}",
                  "archive: {purpose: recording, processor: hosting, jurisdiction: US}\n"
                  "  offshore: {purpose: recording, processor: hosting, jurisdiction: IN}");
  auto with_policy = options();
  with_policy.policy = folder_.path() / "policy.yaml";
  with_policy.sinks = "  offshore: {kind: rtp, address: \"127.0.0.1:10\"}\n";
  std::ofstream{with_policy.policy} << text;
  {
    RunningService service{with_policy};
    hold(service, "europe", {{"ann", "NL"}});
    hold(service, "america", {{"bob", "US-NY"}});
    hold(service, "mixed", {{"ann", "NL"}, {"bob", "US-NY"}});
  }

  ReplayQuestion question;
  question.change.annulled = {policy::Mechanism::dpf};
  question.change.on = std::chrono::year{2026} / 12 / 1;
  question.as_at = question.change.on;
  question.as_json = true;
  const auto asked = [&] {
    std::ostringstream out;
    std::ostringstream progress;
    replay(database(), question, out, progress);
    return out.str();
  };
  const auto report = boost::json::parse(asked());
  const auto& sinks = report.at("sinks").as_array();
  ASSERT_EQ(sinks.size(), 1U) << boost::json::serialize(report);
  EXPECT_EQ(sinks[0].at("sink"), "archive");
  EXPECT_EQ(sinks[0].at("processor"), "hosting");
  EXPECT_EQ(sinks[0].at("country"), "US");
  EXPECT_EQ(sinks[0].at("mechanism"), "dpf");
  EXPECT_EQ(sinks[0].at("reason"), "transfer_expired");
  EXPECT_EQ(sinks[0].at("stop"), 2);
  EXPECT_EQ(sinks[0].at("rooms"), 2);
  EXPECT_EQ(sinks[0].at("people"), 1) << "the same one in both";
  EXPECT_EQ(sinks[0].at("first").at("room"), "europe");
  EXPECT_EQ(report.at("rooms"), 3);
  EXPECT_EQ(report.at("permits"), 12) << "four people, three sinks";
  EXPECT_EQ(report.at("stop"), 2);
  EXPECT_EQ(report.at("open"), 0);
  EXPECT_TRUE(report.at("unreadable").as_array().empty());

  question.as_json = false;
  question.with_details = true;
  const auto words = asked();
  EXPECT_THAT(words, HasSubstr("with dpf annulled from 2026-12-01"));
  EXPECT_THAT(words, HasSubstr("stops  ann to archive for recording"));
  EXPECT_THAT(words, Not(HasSubstr("bob to archive")));

  question.as_at = std::chrono::year{2026} / 11 / 30;  // the day before
  EXPECT_THAT(asked(), HasSubstr("Nothing changes."));
}

TEST_F(Hindsight, ReplaysUnderOtherFilesAndSaysWhatIsWrongWithThem) {
  {
    RunningService service{options()};
    hold(service, "standup", {{"ann", "NL"}});
  }
  const auto file = folder_.path() / "policy.yaml";
  ReplayQuestion question;
  question.change.files.policy = file;
  const auto asked = [&](const std::string& text) {
    std::ofstream{file, std::ios::trunc} << text;
    std::ostringstream out;
    std::ostringstream progress;
    replay(database(), question, out, progress);
    return out.str();
  };
  const std::string policy{embedded("policy.yaml").value()};
  const auto stricter = replaced(policy, "least_strength: firm", "least_strength: strong");
  EXPECT_THAT(asked(stricter), HasSubstr("strength_too_weak"));
  EXPECT_THAT(asked(policy), HasSubstr("Nothing changes."));
  try {
    asked(replaced(policy, "purposes:\n", "porpoises:\n"));
    FAIL() << "a faulty file was taken";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("policy.yaml:"));
  }
}

}  // namespace
}  // namespace assent::gateway::test
