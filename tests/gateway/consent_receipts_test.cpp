#include <gtest/gtest.h>

#include "tests/gateway/media_peer.hpp"

namespace assent::gateway::test {
namespace {

const std::string consent_path = "/v1/rooms/standup/participants/caller/consents/recording";

class ConsentReceipts : public testing::Test {
 protected:
  void SetUp() override { begin(); }
  void begin() { service.emplace(RunningService::Options{.state = state.path()}); }
  void join() {
    service->ask("PUT", "/v1/rooms/standup", "{}");
    service->ask("PUT", "/v1/rooms/standup/participants/caller",
                 R"({"subject": "s", "minor": false, "jurisdictions": {"declared": ["NL"]}})");
  }
  void restart() {
    service.reset();
    begin();
  }

  const TemporaryFolder state;
  std::optional<RunningService> service;
  const std::string consent = grant();
};

TEST_F(ConsentReceipts, OutlastARestartAndAreNotCarriedOutTwice) {
  join();
  const auto first = service->call("PUT", consent_path, consent, "k1");
  ASSERT_EQ(first.status, 200U);
  restart();
  const auto again = service->call("PUT", consent_path, consent, "k1");  // there is no such room
  EXPECT_EQ(again.status, 200U);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(service->call("PUT", consent_path, refusal, "k1").status, 422U);
  join();
  EXPECT_EQ(service->call("PUT", consent_path, consent, "k1").status, 200U);
  const auto participant = service->ask("GET", "/v1/rooms/standup/participants/caller");
  EXPECT_TRUE(participant.at("consents").as_object().empty());
}

TEST_F(ConsentReceipts, AGrantReplayedAfterAWithdrawalIsRefusedAlsoAfterARestart) {
  join();
  ASSERT_EQ(service->call("PUT", consent_path, consent, "k1").status, 200U);
  const auto withdrawn = service->call("DELETE", consent_path, {}, "k2");
  ASSERT_EQ(withdrawn.status, 200U);
  EXPECT_EQ(service->call("PUT", consent_path, consent, "k1").status, 409U);
  restart();
  EXPECT_EQ(service->call("PUT", consent_path, consent, "k1").status, 409U);
  const auto again = service->call("DELETE", consent_path, {}, "k2");
  EXPECT_EQ(again.status, 200U);
  EXPECT_EQ(again.body, withdrawn.body);
}

TEST_F(ConsentReceipts, AWithdrawalReplayedAfterANewGrantIsNotAnsweredAsIfItHeld) {
  join();
  ASSERT_EQ(service->call("DELETE", consent_path, {}, "k1").status, 200U);
  ASSERT_EQ(service->call("PUT", consent_path, consent, "k2").status, 200U);
  EXPECT_EQ(service->call("DELETE", consent_path, {}, "k1").status, 409U);
  restart();
  EXPECT_EQ(service->call("DELETE", consent_path, {}, "k1").status, 409U);
}

}  // namespace
}  // namespace assent::gateway::test
