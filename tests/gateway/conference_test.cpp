#include "gateway/conference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <thread>

#include "gateway/opt_outs.hpp"
#include "gateway/policy_file.hpp"
#include "gateway/policy_in_force.hpp"
#include "tests/gateway/file_size_limit.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

HeldPolicy built_in_policy() {
  Faults faults;
  const auto now = read_clocks().wall;
  return hold_files(*load_policy({}, now, faults), now);
}

StorageOptions storage_in(const TemporaryFolder& folder) {
  StorageOptions options;
  options.database = folder.path() / "assent.db";
  return options;
}

std::vector<SinkPlace> archive_only() {
  std::vector<SinkPlace> places;
  places.push_back({"archive", RtpSink{*media::parse_endpoint("127.0.0.1", 9)}});
  return places;
}

// A conference whose clock nobody watches: open() was not called. What expires is noticed by the
// next event.
class UnwatchedConference : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(sinks.learn(rules));
    record_two(*conference);
  }
  void record_two(Conference& of) {
    for (const auto* who : {"one", "two"}) {
      JoinRequest request;
      request.who.participant = who;
      request.who.subject = who;
      request.who.minor = policy::Minor::no;
      request.who.evidence.push_back({policy::EvidenceKind::declared, "NL"});
      ASSERT_TRUE(run(of.join(std::move(request))));
    }
    policy::PurposeStarted start;
    start.purpose = "recording";
    ASSERT_TRUE(run(of.start_purpose(std::move(start))));
  }
  ~UnwatchedConference() override {
    storage.stop();  // and answers what was to be recorded later
    context.restart();
    context.run();
  }

  template <class T>
  T run(boost::asio::awaitable<T> operation) {
    auto result = boost::asio::co_spawn(context, std::move(operation), boost::asio::use_future);
    const auto guard = boost::asio::make_work_guard(context);
    context.restart();
    while (result.wait_for(0s) != std::future_status::ready)
      context.run_one_for(10ms);
    return result.get();
  }
  policy::ConsentStated granted(std::string who) {
    const auto* notice = policy::find_notice(rules, "recording", "en");
    policy::ConsentStated stated;
    stated.participant = std::move(who);
    stated.purpose = "recording";
    stated.statement.answer = policy::Answer::granted;
    stated.statement.method = policy::Method::online;
    stated.statement.default_state = policy::DefaultState::unticked;
    stated.statement.notice = {notice->id, notice->version, notice->language, notice->hash};
    return stated;
  }
  // The decisions that were told of since, as "participant permitted".
  std::vector<std::string> told() {
    std::vector<std::string> decisions;
    for (const auto& [type, json] : std::exchange(events, {})) {
      if (type != "decision") continue;
      const auto event = boost::json::parse(json);
      decisions.push_back(std::string(event.at("participant").as_string()) +
                          (event.at("permitted").as_bool() ? " permitted" : " denied"));
    }
    return decisions;
  }

  TemporaryFolder folder;
  const PolicyInForce policy{built_in_policy()};
  const policy::RuleBook& rules = policy.now().rules;
  boost::asio::io_context context;
  Storage storage{storage_in(folder)};
  SinkPlaces sinks{archive_only(), 1};
  PortRange ports{36'000, 36'001, 1};
  DtlsCertificates certificates{[](std::span<std::byte>) {}};
  MetricsSnapshot totals;
  Keypad keypad;
  const TransferPlaces places{};
  OptOuts opt_outs;
  std::vector<std::pair<std::string, std::string>> events;
  ConferenceServices services{policy,
                              storage,
                              sinks,
                              ports,
                              {},
                              certificates,
                              CandidateRules{{}, {}},
                              {},
                              [](std::span<std::byte>) {},
                              1h,
                              [this](std::string_view type, std::string_view,
                                     const std::string& json) { events.emplace_back(type, json); },
                              totals,
                              keypad,
                              places,
                              opt_outs,
                              true};
  MediaWorker worker{MediaWorker::Options{}};
  std::shared_ptr<Conference> conference = std::make_shared<Conference>(
      context.get_executor(), services, worker, Conference::Identity{"room", "session", "", {}});
};

TEST_F(UnwatchedConference, Row24NobodyJoinsAsASubjectWhileThatIsErased) {
  JoinRequest join;
  join.who.participant = "three";
  join.who.subject = "s-three";
  const auto erasing = services.being_erased.insert("s-three");
  const auto early = run(conference->join(join));
  ASSERT_FALSE(early) << "the erasure would miss what is recorded from now on";
  EXPECT_EQ(early.error().type, ProblemType::unavailable);
  services.being_erased.erase(erasing);
  EXPECT_TRUE(run(conference->join(join)));
}

// In a room where all must agree.
TEST_F(UnwatchedConference, NothingIsPermittedInPlaceOfWhoRefusedWhenTheRoomCloses) {
  policy::Tightening all_must;
  all_must.purposes["recording"].at_least = policy::Rule::all_party;
  const auto strict =
      std::make_shared<Conference>(context.get_executor(), services, worker,
                                   Conference::Identity{"strict", "session-2", "", all_must});
  ASSERT_TRUE(run(strict->open()));
  record_two(*strict);
  auto refused = granted("one");
  refused.statement.answer = policy::Answer::refused;
  ASSERT_TRUE(run(strict->state_consent(std::move(refused))));
  ASSERT_TRUE(run(strict->state_consent(granted("two"))));
  const auto wait = [](Conference& of, auto what) -> boost::asio::awaitable<bool> {
    co_await what(of);
    co_return true;
  };
  run(wait(*strict, [](Conference& of) { return of.close(CauseForClosing::room_closed); }));
  const auto decisions = told();
  EXPECT_EQ(std::find(decisions.begin(), decisions.end(), "two permitted"), decisions.end());
}

TEST_F(UnwatchedConference, WhatAnUnrecordableGrantBroughtAboutBesidesIsInEffectAllTheSame) {
  auto brief = granted("two");
  brief.statement.expires = read_clocks().wall + 200ms;
  const auto first = run(conference->state_consent(std::move(brief)));
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(told().back(), "two permitted");
  std::this_thread::sleep_for(250ms);
  {
    const FileSizeLimit no_growth{4096};
    const auto refused = run(conference->state_consent(granted("one")));
    ASSERT_FALSE(refused);
  }
  const auto decisions = told();
  EXPECT_NE(std::find(decisions.begin(), decisions.end(), "two denied"), decisions.end());
  EXPECT_EQ(std::find(decisions.begin(), decisions.end(), "one permitted"), decisions.end());
}

}  // namespace
}  // namespace assent::gateway
