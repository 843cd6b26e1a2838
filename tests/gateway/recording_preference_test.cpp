#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <thread>

#include "gateway/database.hpp"
#include "gateway/embedded.hpp"
#include "gateway/rfc3339.hpp"
#include "tests/gateway/file_size_limit.hpp"
#include "tests/gateway/http_client.hpp"
#include "tests/gateway/media_peer.hpp"

// What session descriptions say of recording: a=recordpref of the client, a=record to it.
namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

constexpr std::string_view prefers_off = "a=recordpref:off\r\n";
constexpr std::string_view prefers_on = "a=recordpref:on\r\n";
constexpr std::string_view knows = "a=recordpref:nopreference\r\n";

std::string sdp_of(const json::value& answer) {
  return std::string(answer.at("sdp").as_string());
}

class Preference : public ::testing::Test {
 protected:
  Preference() {
    service.ask("PUT", "/v1/rooms/standup", "{}");
    service.ask("PUT", purpose, R"({"by": "sinks"})");
    caller.emplace(service, "standup", "caller", 0xabc);
  }

  std::string client_offers(std::string_view more, std::string_view session = {}) {
    auto text = sdp(caller->phone.port(), "RTP/AVP", more);
    text.insert(text.find("m=audio"), session);
    return sdp_of(service.ask("POST", caller->path + "/offer", Caller::offer_body(text)));
  }
  std::string server_answers(std::string_view more = {}) {
    const auto text = sdp(caller->server.port(), "RTP/AVP", more);
    return sdp_of(service.ask("POST", caller->path + "/answer", Caller::answer_body(text)));
  }
  std::string server_offers(std::string_view more = {}) {
    const json::object body{{"from", "server"},
                            {"sdp", sdp(caller->server.port(), "RTP/AVP", more)}};
    return sdp_of(service.ask("POST", caller->path + "/offer", json::serialize(body)));
  }
  std::string client_answers(std::string_view more = {}) {
    const auto text = sdp(caller->phone.port(), "RTP/AVP", more);
    return sdp_of(service.ask("POST", caller->path + "/answer", Caller::answer_body(text)));
  }
  // The whole exchange from the client; what it is told.
  std::string call(std::string_view more) {
    caller->at_server = port_in(client_offers(more));
    const auto told = server_answers();
    caller->at_client = port_in(told);
    return told;
  }

  json::value consent() {
    const auto who = service.ask("GET", caller->path);
    const auto* const found = who.at("consents").as_object().if_contains("recording");
    if (found != nullptr) return *found;
    return json::object{{"state", "unknown"}};
  }
  std::string state() { return std::string(consent().at("state").as_string()); }
  void agree() { service.ask("PUT", caller->path + "/consents/recording", grant()); }
  bool is_recorded() {
    caller->speak();
    EXPECT_TRUE(caller->server.receive());
    return archive.receive(100ms).has_value();
  }

  // What is on disk. The service has stopped then.
  std::vector<std::string> recorded_events() {
    service.stop();
    Database database{service.state() / "assent.db", false, std::nullopt};
    std::vector<std::string> events;
    for (const auto& session : database.recorded_sessions("standup"))
      for (const auto& event : database.room_events(session.session))
        if (event.json.find("\"consent_") != std::string::npos) events.push_back(event.json);
    return events;
  }
  ConsentEvent recorded_consent() {
    service.stop();
    Database database{service.state() / "assent.db", false, std::nullopt};
    return database.latest_consents("standup", "").at(0);
  }

  const std::string purpose = "/v1/rooms/standup/purposes/recording";
  Socket archive;
  RunningService service{{.archive_port = archive.port()}};
  std::optional<Caller> caller;
};

TEST_F(Preference, OffAndPauseInTheClientsOfferRefuseBeforeTheOfferIsAnswered) {
  for (const auto* const word : {"off", "pause"}) {
    caller.emplace(service, "standup", word, 0xabc);
    EXPECT_EQ(state(), "unknown");
    client_offers("a=recordpref:" + std::string(word) + "\r\n");
    EXPECT_EQ(state(), "refused") << word;
    EXPECT_EQ(consent().at("method").as_string(), "implied");
  }
}

TEST_F(Preference, OffInTheClientsAnswerWithdrawsAGrantBeforeTheAnswerIsAnswered) {
  call("");
  agree();
  EXPECT_TRUE(is_recorded());
  server_offers();
  client_answers(prefers_off);
  EXPECT_EQ(state(), "withdrawn");
  EXPECT_FALSE(is_recorded());
}

TEST_F(Preference, OnAndNopreferenceGrantNothingAndTakeNothingAway) {
  call(prefers_on);
  EXPECT_EQ(state(), "unknown");
  EXPECT_FALSE(is_recorded());
  agree();
  call(prefers_on);
  call(knows);
  EXPECT_EQ(state(), "granted");
  EXPECT_TRUE(is_recorded());
}

TEST_F(Preference, OnAfterOffDoesNotTakeTheRefusalBack) {
  call(prefers_off);
  call(prefers_on);
  EXPECT_EQ(state(), "refused");
  EXPECT_FALSE(is_recorded());
  agree();
  EXPECT_TRUE(is_recorded());
}

TEST_F(Preference, TheStricterOfSessionAndMediaHolds) {
  client_offers(prefers_on, prefers_off);
  EXPECT_EQ(state(), "refused");
  caller.emplace(service, "standup", "other", 0xabc);
  client_offers(prefers_off, prefers_on);
  EXPECT_EQ(state(), "refused");
}

TEST_F(Preference, OfTheServerIsNotTheParticipants) {
  caller->at_server = port_in(client_offers(""));
  caller->at_client = port_in(server_answers(prefers_off));
  agree();
  server_offers(prefers_off);
  client_answers();
  EXPECT_EQ(state(), "granted");
  EXPECT_TRUE(is_recorded());
}

TEST_F(Preference, HoldsForRecordingAlone) {
  client_offers(prefers_off);
  const auto who = service.ask("GET", caller->path);
  EXPECT_EQ(who.at("consents").as_object().size(), 1U) << who;
  EXPECT_EQ(state(), "refused");
}

TEST_F(Preference, IsRecordedOnceHoweverOftenTheSessionIsRefreshed) {
  for (int i = 0; i < 3; ++i)
    call(prefers_off);
  const auto events = recorded_events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_THAT(events[0], HasSubstr("\"consent_stated\""));
  const auto event = recorded_consent();
  EXPECT_EQ(event.statement, "refused");
  EXPECT_EQ(event.method, "implied");
  EXPECT_EQ(event.evidence, R"({"recordpref":"off"})");
}

TEST_F(Preference, RepeatedAfterAGrantWithdrawsItAsTheStricterOfBoth) {
  call(prefers_off);
  agree();
  EXPECT_TRUE(is_recorded());
  call(prefers_off);
  EXPECT_EQ(state(), "withdrawn");
  EXPECT_FALSE(is_recorded());
  const auto event = recorded_consent();
  EXPECT_EQ(event.statement, "withdrawn");
  EXPECT_EQ(event.method, "implied");
  EXPECT_EQ(event.evidence, R"({"recordpref":"off"})");
  EXPECT_EQ(event.notice, "");
}

TEST_F(Preference, RepeatedDoesNotOutdateAGrantOnItsWayButOneFromBeforeItStaysOutdated) {
  call(prefers_off);
  const auto epoch = consent().at("epoch").as_int64();
  std::this_thread::sleep_for(5ms);
  const auto between = to_rfc3339(read_clocks().wall);
  std::this_thread::sleep_for(5ms);
  call(prefers_off);
  auto dated = json::parse(grant()).as_object();
  dated["stated_at"] = between;
  const auto path = caller->path + "/consents/recording";
  EXPECT_EQ(service.call("PUT", path, json::serialize(dated)).status, 409U);
  auto seen = json::parse(grant()).as_object();
  seen["seen_epoch"] = epoch;
  service.ask("PUT", path, json::serialize(seen));
  EXPECT_EQ(state(), "granted");
}

TEST_F(Preference, IsToldToWhoeverListensLikeEveryOtherStatement) {
  auto listener = gateway::testing::RawClient::tcp(service.api_port());
  listener.send("GET /v1/events HTTP/1.1\r\nHost: g\r\nAuthorization: " +
                RunningService::bearer(Role::operator_) + "\r\n\r\n");
  listener.read_until("200 OK");
  client_offers(prefers_off);
  listener.read_until("event: consent");
  EXPECT_THAT(listener.read_until("\n\n"), HasSubstr("\"state\":\"refused\""));
}

TEST_F(Preference, OfWhomTheDescriptionIsRefusedForOtherReasonsHoldsAllTheSame) {
  const auto text = sdp(caller->phone.port(), "RTP/SAVP", prefers_off);  // without a key
  EXPECT_EQ(service.call("POST", caller->path + "/offer", Caller::offer_body(text)).status, 422U);
  EXPECT_EQ(state(), "refused");
}

TEST_F(Preference, ClosesTheRecordingAndLetsTheCallGoOnWhereStorageFailsAndIsRecordedLater) {
  call("");
  agree();
  EXPECT_TRUE(is_recorded());
  {
    const FileSizeLimit no_growth{4096};
    call(prefers_off);
    EXPECT_FALSE(is_recorded());
  }
  for (int i = 0; i < 100 && service.call("GET", "/readyz").status != 200U; ++i)
    std::this_thread::sleep_for(50ms);
  call(prefers_off);
  EXPECT_EQ(state(), "refused");
  EXPECT_EQ(recorded_consent().evidence, R"({"recordpref":"off"})");
}

TEST(PreferenceWithoutThePurpose, IsNobodysStatementAndTheServersIndicationPasses) {
  std::string policy{embedded("policy.yaml").value()};
  for (auto at = policy.find("recording"); at != std::string::npos;
       at = policy.find("recording", at + 1)) {
    const bool is_id = policy.compare(at, 10, "recordings") != 0;
    if (is_id) policy.replace(at, 9, "archiving");
  }
  RunningService service{{.policy_text = policy}};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  Caller caller{service, "standup", "caller", 0xabc};
  service.ask("POST", caller.path + "/offer",
              Caller::offer_body(sdp(caller.phone.port(), "RTP/AVP", prefers_off)));
  const auto told =
      service.ask("POST", caller.path + "/answer",
                  Caller::answer_body(sdp(caller.server.port(), "RTP/AVP", "a=record:on\r\n")));
  EXPECT_THAT(sdp_of(told), HasSubstr("a=record:on\r\n"));
  EXPECT_TRUE(service.ask("GET", caller.path).at("consents").as_object().empty());
}

TEST_F(Preference, AnAwareClientIsToldTheTruthAtEveryRenegotiation) {
  EXPECT_THAT(call(knows), HasSubstr("a=record:paused\r\n"));
  agree();
  EXPECT_THAT(server_offers(), HasSubstr("a=record:on\r\n"));
  client_answers();
  service.ask("DELETE", caller->path + "/consents/recording");
  EXPECT_THAT(call(knows), HasSubstr("a=record:paused\r\n"));
  service.ask("DELETE", purpose);
  const auto told = server_offers();
  EXPECT_THAT(told, HasSubstr("a=record:off\r\n"));
  EXPECT_THAT(told, HasSubstr("o=- 1 4 IN IP4"));  // changed three times
}

TEST_F(Preference, ARefusalIsToldInTheVeryAnswerToTheOfferThatBroughtIt) {
  call("");
  agree();
  EXPECT_TRUE(is_recorded());
  EXPECT_THAT(call(prefers_off), HasSubstr("a=record:paused\r\n"));
}

TEST_F(Preference, AClientThatKnowsNothingOfRecordingIsToldNothing) {
  EXPECT_THAT(call(""), Not(HasSubstr("a=record")));
  agree();
  EXPECT_THAT(server_offers(), Not(HasSubstr("a=record")));
}

TEST_F(Preference, TheServersOwnIndicationNeitherHidesNorInventsARecording) {
  client_offers(knows);
  EXPECT_THAT(server_answers("a=record:off\r\n"), HasSubstr("a=record:paused\r\n"));
  EXPECT_THAT(server_offers("a=record:on\r\n"), HasSubstr("a=record:on\r\n"));  // its own
  client_answers();
  service.ask("PUT", purpose, R"({"by": "server"})");  // and now nothing reaches that
  const auto told = server_offers("a=record:on\r\n");
  EXPECT_THAT(told, HasSubstr("a=record:paused\r\n"));
  EXPECT_THAT(told, Not(HasSubstr("a=record:on\r\n")));
  client_answers();
  agree();
  EXPECT_THAT(server_offers("a=record:off\r\n"), HasSubstr("a=record:on\r\n"));
}

TEST_F(Preference, NothingIsAddedForTheServer) {
  EXPECT_THAT(client_offers(knows), Not(HasSubstr("a=record:")));
  server_answers();
  server_offers();
  EXPECT_THAT(client_answers(knows), Not(HasSubstr("a=record:")));
}

}  // namespace
}  // namespace assent::gateway::test
