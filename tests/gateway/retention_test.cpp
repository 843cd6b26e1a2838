// What goes at the end of its retention, through the running service.
#include "gateway/retention.hpp"

#include <boost/json/object.hpp>

#include "gateway/embedded.hpp"
#include "tests/gateway/subject_fixture.hpp"

namespace assent::gateway::test {
namespace {

// In the category of this label.
void say_in(std::string& policy, const std::string& label, const std::string& what,
            const std::string& instead) {
  const auto at = policy.find(what, policy.find(label));
  ASSERT_NE(at, std::string::npos);
  policy.replace(at, what.size(), instead);
}

class RetentionRun : public AfterACallOnEither {
 protected:
  static json::object run(RunningService& service, bool only_show = false) {
    const auto answer =
        service.call_as(Role::privacy_officer, "POST",
                        std::string("/v1/retention?dry_run=") + (only_show ? "true" : "false"));
    EXPECT_EQ(answer.status, 200u) << answer.body;
    return answer.body.as_object();
  }
  static void end_contract(RunningService& service, std::string_view participant) {
    const auto answer = officer(service, "PATCH", "s-" + std::string(participant),
                                R"({"contract_end": "2026-01-01T00:00:00Z"})");
    EXPECT_EQ(answer.status, 200u) << answer.body;
  }
  static std::map<std::string, std::int64_t> due(const json::object& report) {
    std::map<std::string, std::int64_t> rows;
    for (const auto& line : report.at("due").as_array())
      rows[std::string(line.at("category").as_string())] += line.at("rows").to_number<int>();
    return rows;
  }
  std::size_t recordings() const {
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator{state() / "ogg"})
      files += entry.path().extension() == ".opus" ? 1 : 0;
    return files;
  }
};

INSTANTIATE_TEST_SUITE_P(Sqlite, RetentionRun, testing::Values(Server::sqlite));
INSTANTIATE_TEST_SUITE_P(Postgresql, RetentionRun, testing::Values(Server::postgresql));

TEST_P(RetentionRun, WhatWaitsForTheEndOfAContractStaysUntilOneIsGiven) {
  RunningService service{options()};
  hold_a_call(service);
  EXPECT_TRUE(run(service).at("due").as_array().empty());
  EXPECT_FALSE(files_with(state(), zelda).empty());
  EXPECT_EQ(recordings(), 2u);
}

TEST_P(RetentionRun, Row03And26ItsEndIsAnEventAndWhatGoesIsShownBefore) {
  RunningService service{options()};
  hold_a_call(service);
  end_contract(service, zelda);
  const auto shown = run(service, true);
  const auto rows = due(shown);
  EXPECT_GT(rows.at("call-records"), 0);
  EXPECT_GT(rows.at("consents"), 0);
  EXPECT_EQ(rows.at("recordings"), 1);
  EXPECT_EQ(recordings(), 2u) << "it was only to be shown";
  const auto table = retention_table(shown);
  for (const char* words : {"anonymise", "destroy", "the contract has ended", "This would go"})
    EXPECT_NE(table.find(words), std::string::npos) << words << '\n' << table;

  EXPECT_EQ(due(run(service)), rows) << "other than what was shown";
  EXPECT_EQ(recordings(), 1u);
  expect_forgotten();
  EXPECT_FALSE(files_with(state(), "\"other\"").empty()) << "whose contract goes on";
  EXPECT_TRUE(run(service).at("due").as_array().empty());
  service.stop();
  expect_sound("destroyed at the end of their retention");
  const auto told = column("SELECT action FROM privacy_actions WHERE action LIKE 'retention:%'");
  EXPECT_TRUE(std::any_of(told.begin(), told.end(), [](const std::string& action) {
    return action.starts_with("retention:call-records:");
  }));
}

TEST_P(RetentionRun, WhenTheLastPersonsDataIsDestroyedNothingOfTheRoomIsLeft) {
  auto destroying = options();
  destroying.policy_text = std::string(embedded("policy.yaml").value());
  say_in(destroying.policy_text, "label: Call detail records", "then: anonymise", "then: destroy");
  {
    RunningService service{destroying};
    hold_a_call(service);
    end_contract(service, zelda);
    run(service);
    end_contract(service, "other");
    run(service);
    EXPECT_TRUE(files_with(state(), "\"other\"").empty());
  }
  for (const char* table : {"cdrs", "consents", "room_events"})
    EXPECT_EQ(column(std::string("SELECT count(*) FROM ") + table), std::vector<std::string>{"0"})
        << table;
  EXPECT_EQ(recordings(), 0u);
  expect_sound("destroyed at the end of their retention");
}

TEST_P(RetentionRun, WhatIsKeptLongerThanCallRecordsIsFoundAgainWhenItIsDue) {
  auto longer = options();
  longer.policy_text = std::string(embedded("policy.yaml").value());
  say_in(longer.policy_text, "label: Call detail records", "then: anonymise", "then: destroy");
  auto due_now = longer;
  say_in(longer.policy_text, "label: Recordings and whiteboards", "legal_minimum: 0d",
         "legal_minimum: 30d");
  {
    RunningService service{longer};
    hold_a_call(service);
    end_contract(service, zelda);
    end_contract(service, "other");
    run(service);
    EXPECT_EQ(recordings(), 2u);
  }
  RunningService service{due_now};
  const auto rows = due(run(service));
  EXPECT_EQ(rows.at("recordings"), 2);
  EXPECT_EQ(recordings(), 0u);
  service.stop();
  EXPECT_EQ(column("SELECT count(*) FROM cdrs"), std::vector<std::string>{"0"});
  expect_sound("destroyed at the end of their retention");
}

TEST_P(RetentionRun, TheLegalMinimumOutlastsTheContract) {
  auto kept = options();
  kept.policy_text = std::string(embedded("policy.yaml").value());
  for (const char* label : {"label: Call detail records", "label: Consents, their",
                            "label: Recordings and whiteboards"})
    say_in(kept.policy_text, label, "legal_minimum: 0d", "legal_minimum: 30d");
  RunningService service{kept};
  hold_a_call(service);
  end_contract(service, zelda);
  EXPECT_TRUE(run(service).at("due").as_array().empty());
  EXPECT_EQ(recordings(), 2u);
}

TEST_P(RetentionRun, ACallThatGoesOnIsLeftAlone) {
  RunningService service{options()};
  hold_a_call(service, false);
  end_contract(service, zelda);
  EXPECT_TRUE(run(service).at("due").as_array().empty());
}

}  // namespace
}  // namespace assent::gateway::test
