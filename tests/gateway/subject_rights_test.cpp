// What people may ask of whoever keeps data about them, through the running service.
#include "gateway/embedded.hpp"
#include "gateway/rfc3339.hpp"
#include "tests/gateway/comes_true.hpp"
#include "tests/gateway/file_size_limit.hpp"
#include "tests/gateway/subject_fixture.hpp"
#include "tests/gateway/webhook_receiver.hpp"

namespace assent::gateway::test {
namespace {

class SubjectRights : public AfterACallOnEither {};

INSTANTIATE_TEST_SUITE_P(Sqlite, SubjectRights, testing::Values(Server::sqlite));
INSTANTIATE_TEST_SUITE_P(Postgresql, SubjectRights, testing::Values(Server::postgresql));

TEST_P(SubjectRights, Row22WhatIsKeptAboutAPersonIsGivenWholeAndExplained) {
  RunningService service{options()};
  hold_a_call(service);
  const auto answer = of_zelda(service, "GET");
  ASSERT_EQ(answer.status, 200u) << answer.body;
  const auto& archive = answer.body.as_object();
  EXPECT_EQ(archive.at("statements").as_array().size(), 2u);
  EXPECT_EQ(archive.at("receipts").as_array().size(), 2u);
  EXPECT_GE(archive.at("calls").as_array().size(), 2u);
  EXPECT_TRUE(archive.at("transfers").is_array());
  EXPECT_EQ(archive.at("recordings").as_array().size(), 1u);
  EXPECT_GE(archive.at("events").as_array().size(), 4u);
  EXPECT_FALSE(archive.at("retention").as_array().empty());
  for (const auto& [part, what] : archive.at("explained").as_object()) {
    EXPECT_TRUE(archive.contains(part)) << part;
    EXPECT_GT(what.as_string().size(), 40u) << part;
  }
  const auto text = json::serialize(answer.body);
  EXPECT_NE(text.find(evidence), std::string::npos);
  EXPECT_NE(text.find("You agreed: Recording."), std::string::npos);
  EXPECT_EQ(text.find("\"other\""), std::string::npos) << "somebody else's";
  // That somebody asked is on record, too.
  const auto again = of_zelda(service, "GET");
  EXPECT_EQ(again.body.at("actions").as_array().front().at("action").as_string(), "access");
  EXPECT_EQ(officer(service, "GET", "nobody").status, 404u);
  service.stop();
  expect_sound();
}

TEST_P(SubjectRights, Row23ACorrectionStandsBesideTheRecordAndSupersedesTheOneBefore) {
  RunningService service{options()};
  hold_a_call(service);
  const auto archive = of_zelda(service, "GET").body;
  const auto id = std::to_string(archive.at("calls").as_array().front().at("id").as_int64());
  const auto correction = [&](const std::string& record, const std::string& what) {
    return R"({"corrections": {")" + record + R"(": {"field": "jurisdictions", "correct": ")" +
           what + R"("}}})";
  };
  EXPECT_EQ(of_zelda(service, "PATCH", correction(id, "Belgium")).status, 200u);
  const auto state = of_zelda(service, "PATCH", correction(id, "Luxemburg"));
  ASSERT_EQ(state.status, 200u) << state.body;
  EXPECT_EQ(state.body.at("corrections").as_object().size(), 1u);
  EXPECT_EQ(of_zelda(service, "PATCH", correction("999999", "Mars")).status, 422u);

  const auto after = of_zelda(service, "GET").body;
  EXPECT_EQ(after.at("calls"), archive.at("calls")) << "the record was edited";
  EXPECT_EQ(after.at("corrections").at(id).at("correct").as_string(), "Luxemburg");
  service.stop();
  expect_sound();
}

TEST_P(SubjectRights, Row24WhoIsErasedIsNamedNowhereOnDiskWhenItIsAcknowledged) {
  WebhookReceiver receiver{std::deque<unsigned>(1'000, 500u)};  // so that messages wait
  const fs::path secret = outside() / "secret";
  std::ofstream{secret} << "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
  fs::permissions(secret, fs::perms::owner_read);
  auto with_webhook = options();
  with_webhook.webhooks = "  - {name: archive, url: 'http://127.0.0.1:" + receiver.port() +
                          "/', allow_private: true, secret_file: " + secret.string() + "}\n";
  RunningService service{with_webhook};
  hold_a_call(service);
  receiver.requests(1);
  ASSERT_FALSE(files_with(state(), zelda).empty());

  const auto answer = of_zelda(service, "DELETE");
  ASSERT_EQ(answer.status, 200u) << answer.body;
  expect_forgotten();
  EXPECT_FALSE(files_with(state(), "\"other\"").empty()) << "the others are still there";
  const auto& erased = answer.body.at("erased");
  EXPECT_EQ(erased.at("recordings").as_int64(), 1);
  EXPECT_EQ(erased.at("stored_answers").as_int64(), 1);
  EXPECT_GE(erased.at("queued_messages").as_int64(), 1);
  EXPECT_GE(erased.at("call_records").as_int64(), 2);
  EXPECT_EQ(json::serialize(answer.body).find(zelda), std::string::npos);

  // Again: nothing is left, and it is no fault. Nobody can be told to have been there.
  const auto again = of_zelda(service, "DELETE");
  ASSERT_EQ(again.status, 200u) << again.body;
  EXPECT_EQ(again.body.at("erased").at("call_records").as_int64(), 0);
  EXPECT_EQ(of_zelda(service, "GET").status, 404u);
  service.stop();
  expect_forgotten();
  expect_sound("their person was erased");
}

TEST_P(SubjectRights, Row24WhoIsErasedInMidCallIsWithdrawnAndTheCallFlowsOn) {
  RunningService service{options()};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  Caller one{service, "standup", std::string(zelda), 0xabc};
  one.connect(service);
  service.ask("PUT", one.path + "/consents/recording", grant_with_evidence());
  one.speak();
  ASSERT_TRUE(one.server.receive());
  ASSERT_TRUE(recorder_elsewhere.receive());

  ASSERT_EQ(of_zelda(service, "DELETE").status, 200u);
  expect_forgotten();
  one.speak();
  EXPECT_TRUE(one.server.receive()) << "the call was cut";
  EXPECT_FALSE(recorder_elsewhere.receive(std::chrono::milliseconds{200})) << "still recorded";
  EXPECT_EQ(service.call("PUT", one.path + "/consents/recording", grant()).status, 409u);
  EXPECT_EQ(service.call("PUT", one.path + "/consents/recording", refusal, "key-2").status, 200u);
  std::this_thread::sleep_for(std::chrono::milliseconds{1'200});  // an interim record
  service.ask("DELETE", one.path);
  const std::string who = R"({"subject": "s-zelda-device-77"})";
  EXPECT_EQ(service.call("PUT", one.path, who).status, 409u) << "what it grants would be renamed";
  service.stop();
  expect_forgotten();
  expect_sound("their person was erased");
}

TEST_P(SubjectRights, Row24WhoComesAgainUnderAnErasedIdIsANewPerson) {
  {
    RunningService service{options()};
    hold_a_call(service);
    ASSERT_EQ(of_zelda(service, "DELETE").status, 200u);
  }
  RunningService service{options()};
  hold_a_call(service);
  const auto archive = of_zelda(service, "GET");
  ASSERT_EQ(archive.status, 200u);
  EXPECT_EQ(archive.body.at("summary").at("rooms").as_int64(), 1);
  service.stop();
  expect_sound("their person was erased");
}

TEST_P(SubjectRights, Row24ARecordingThatIsNotFoundIsNotCalledDeleted) {
  RunningService service{options()};
  hold_a_call(service);
  EXPECT_EQ(of_zelda(service, "GET").status, 200u);  // what was recorded is on file
  fs::rename(state() / "ogg", state() / "elsewhere");
  const auto answer = of_zelda(service, "DELETE");
  ASSERT_EQ(answer.status, 200u) << answer.body;
  EXPECT_EQ(answer.body.at("erased").at("recordings").as_int64(), 0);
  const auto& not_found = answer.body.at("recordings_not_found").as_array();
  ASSERT_EQ(not_found.size(), 1u) << answer.body;
  const std::string file{not_found[0].at("file").as_string()};
  EXPECT_TRUE(fs::exists(state() / "elsewhere" / file)) << file;
}

TEST_P(SubjectRights, Row24SinksThatAreNotOursAreToldByStreamAndTimeAndNotByName) {
  WebhookReceiver receiver;
  const fs::path secret = outside() / "secret";
  std::ofstream{secret} << "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
  fs::permissions(secret, fs::perms::owner_read);
  auto with_webhook = options();
  with_webhook.webhooks =
      "  - {name: archive, url: 'http://127.0.0.1:" + receiver.port() +
      "/', allow_private: true, events: [subject_erased], secret_file: " + secret.string() + "}\n";
  RunningService service{with_webhook};
  hold_a_call(service);
  ASSERT_EQ(of_zelda(service, "DELETE").status, 200u);
  const auto told = receiver.requests(1);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(told[0]["webhook-signature"].starts_with("v1,"));
  const auto body = json::parse(told[0].body());
  EXPECT_EQ(body.at("type").as_string(), "subject_erased");
  const auto& delivery = body.at("data").at("deliveries").as_array().at(0);
  EXPECT_EQ(delivery.at("sink").as_string(), "archive");
  EXPECT_EQ(delivery.at("ssrc").as_int64(), 0xabc);
  EXPECT_EQ(delivery.at("packets").as_int64(), 20);
  EXPECT_EQ(told[0].body().find(zelda), std::string::npos);
}

TEST_P(SubjectRights, WhatTheLawHasTheOperatorKeepStaysUnderAPseudonymAndIsSaid) {
  auto kept = options();
  kept.policy_text = std::string(embedded("policy.yaml").value());
  const std::string label = "label: Recordings and whiteboards";
  const auto at = kept.policy_text.find("legal_minimum: 0d", kept.policy_text.find(label));
  kept.policy_text.replace(at, 17, "legal_minimum: 30d");
  RunningService service{kept};
  hold_a_call(service);
  const auto answer = of_zelda(service, "DELETE");
  ASSERT_EQ(answer.status, 200u) << answer.body;
  expect_forgotten();
  EXPECT_EQ(answer.body.at("erased").at("recordings").as_int64(), 0);
  const auto text = json::serialize(answer.body.at("kept"));
  EXPECT_NE(text.find("recordings of the purpose recording"), std::string::npos) << text;
  service.stop();
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator{state() / "ogg"})
    files += entry.path().extension() == ".opus" ? 1 : 0;
  EXPECT_EQ(files, 2u);
  expect_sound();
}

TEST_P(SubjectRights, RowsThatOnlyPretendToBeErasedAreFound) {
  {
    RunningService service{options()};
    hold_a_call(service);
    ASSERT_EQ(of_zelda(service, "DELETE").status, 200u);
  }
  ASSERT_EQ(column("UPDATE consents SET subject = '(erased)', evidence = 'altered'"
                   " WHERE participant = 'other' AND state = 'granted' RETURNING 1"),
            std::vector<std::string>{"1"});
  Verification asked;
  asked.ledger = state() / "ledger";
  asked.database = place_;
  asked.subject_keys = state() / "subject-keys";
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_FALSE(verify(asked, out, err));
  EXPECT_NE(err.str().find("say that their person was erased"), std::string::npos) << err.str();
}

constexpr std::string_view order =
    R"({"subject": "s-zelda-device-77", "authority": "Court", "reference": "1/2026"})";

TEST_P(SubjectRights, Row32AGovernmentIsGivenOnlyWhatTwoDifferentOfficersRelease) {
  RunningService service{options()};
  hold_a_call(service);
  EXPECT_EQ(service.call_as(Role::operator_, "POST", "/v1/disclosures", order).status, 403u);
  const auto asked = service.call_as(Role::privacy_officer, "POST", "/v1/disclosures", order);
  ASSERT_EQ(asked.status, 200u) << asked.body;
  EXPECT_FALSE(asked.body.as_object().contains("archive"));
  const std::string approve{asked.body.at("approve").as_string()};
  EXPECT_EQ(service.call_as(Role::privacy_officer, "POST", approve).status, 403u)
      << "who asks for it does not approve it";
  EXPECT_EQ(service.call_as_second_officer("POST", "/v1/disclosures/guess/approvals").status, 404u);

  const auto released = service.call_as_second_officer("POST", approve);
  ASSERT_EQ(released.status, 200u) << released.body;
  EXPECT_EQ(released.body.at("archive").at("statements").as_array().size(), 2u);
  EXPECT_EQ(service.call_as_second_officer("POST", approve).status, 404u) << "given out twice";

  // It is on record, who asked and who released it, and the person can see it.
  const auto archive = of_zelda(service, "GET").body;
  std::vector<std::string> actions;
  for (const auto& action : archive.at("actions").as_array())
    actions.push_back(std::string(action.at("action").as_string()) + " " +
                      std::string(action.at("by").as_string()));
  EXPECT_EQ(actions, (std::vector<std::string>{"disclosure_requested privacy-officer",
                                               "disclosure_released second-officer"}));
  service.stop();
  expect_sound();
}

TEST_P(SubjectRights, Row32WhoseApprovalCouldNotBeRecordedHasNotApproved) {
  if (std::holds_alternative<PostgresqlPlace>(place_))
    GTEST_SKIP() << "its disk is not this process's";
  auto by_three = options();
  by_three.policy_text = std::string(embedded("policy.yaml").value());
  const std::string_view two = "disclosure: {authorisations: 2}";
  by_three.policy_text.replace(by_three.policy_text.find(two), two.size(),
                               "disclosure: {authorisations: 3}");
  RunningService service{by_three};
  hold_a_call(service);
  const auto asked = service.call_as(Role::privacy_officer, "POST", "/v1/disclosures", order);
  ASSERT_EQ(asked.status, 200u) << asked.body;
  const std::string approve{asked.body.at("approve").as_string()};
  {
    const FileSizeLimit no_growth{4096};
    EXPECT_EQ(service.call_as_second_officer("POST", approve).status, 503u);
  }
  unsigned again = 503;
  EXPECT_TRUE(comes_true([&] {
    again = service.call_as_second_officer("POST", approve).status;
    return again != 503;
  }));
  EXPECT_EQ(again, 200u) << "it counted without being recorded";
}

TEST_P(SubjectRights, Row32ADisclosureOpensNoSink) {
  RunningService service{options()};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  Caller one{service, "standup", std::string(zelda), 0xabc};
  one.connect(service);
  const auto asked = service.call_as(Role::privacy_officer, "POST", "/v1/disclosures", order);
  const std::string approve{asked.body.at("approve").as_string()};
  ASSERT_EQ(service.call_as_second_officer("POST", approve).status, 200u);
  one.speak();
  EXPECT_TRUE(one.server.receive());
  EXPECT_FALSE(recorder_elsewhere.receive(std::chrono::milliseconds{200}));
  const auto decision = service.ask("GET", one.path + "/decisions/recording");
  for (const auto& of : decision.at("decisions").as_array())
    EXPECT_FALSE(of.at("permitted").as_bool());
}

TEST_P(SubjectRights, Row32AConfidentialDisclosureIsNotInThePersonsOwnArchive) {
  RunningService service{options()};
  hold_a_call(service);
  std::string secret{order};
  secret.insert(secret.size() - 1, R"(, "confidential": true)");
  const auto asked = service.call_as(Role::privacy_officer, "POST", "/v1/disclosures", secret);
  ASSERT_EQ(asked.status, 200u) << asked.body;
  const std::string approve{asked.body.at("approve").as_string()};
  ASSERT_EQ(service.call_as_second_officer("POST", approve).status, 200u);
  EXPECT_TRUE(of_zelda(service, "GET").body.at("actions").as_array().empty());
  service.stop();
  expect_sound();
}

TEST_P(SubjectRights, Row28WhoOptsOutOfSaleIsOutOfItInAllRoomsNowAndAfterARestart) {
  const auto is_out = [](RunningService& service, const std::string& path) {
    return service.ask("GET", path).at("sale_opt_out").as_bool();
  };
  {
    RunningService service{options()};
    service.ask("PUT", "/v1/rooms/standup", "{}");
    const Caller one{service, "standup", std::string(zelda), 0xabc};
    EXPECT_FALSE(is_out(service, one.path));
    EXPECT_EQ(of_zelda(service, "PATCH", R"({"opt_out_of_sale": false})").status, 422u);
    const auto state = of_zelda(service, "PATCH", R"({"opt_out_of_sale": true})");
    ASSERT_EQ(state.status, 200u) << state.body;
    EXPECT_TRUE(state.body.as_object().contains("opted_out_of_sale"));
    EXPECT_TRUE(is_out(service, one.path));
  }
  RunningService service{options()};
  service.ask("PUT", "/v1/rooms/another", "{}");
  const Caller again{service, "another", std::string(zelda), 0xabc};
  const Caller other{service, "another", "other", 0xdef};
  EXPECT_TRUE(is_out(service, again.path));
  EXPECT_FALSE(is_out(service, other.path));
}

// The built-in policy with one more purpose, as it is PUT.
std::string with_training() {
  std::string changed{embedded("policy.yaml").value()};
  changed.insert(changed.find("  recording:\n    label: Recording\n"),
                 "  training:\n    label: Training\n    category: recordings\n"
                 "    bases: {all: [consent]}\n    least_strength: firm\n"
                 "    needs_plaintext: false\n");
  return json::serialize(json::object{{"policy", changed}});
}

TEST_P(SubjectRights, Row27WhoOptsOutOfNewPurposesIsNotAskedForThem) {
  RunningService service{options()};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  ASSERT_EQ(of_zelda(service, "PATCH", R"({"opt_out_of_new_purposes": true})").status, 200u);
  const auto put = service.call("PUT", "/v1/policy", with_training());
  ASSERT_EQ(put.status, 200u) << put.body;
  const Caller one{service, "standup", std::string(zelda), 0xabc};
  const Caller other{service, "standup", "other", 0xdef};
  const auto layer = [&](const Caller& caller) {
    return json::serialize(service.ask("GET", caller.path).at("layers").at("participant"));
  };
  EXPECT_NE(layer(one).find("training"), std::string::npos) << layer(one);
  EXPECT_EQ(layer(other).find("\"prohibit\""), std::string::npos) << layer(other);
}

TEST_P(SubjectRights, Row27WhoOptedOutOfNewPurposesIsNotAskedForThemInARunningCallEither) {
  RunningService service{options()};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  const Caller one{service, "standup", std::string(zelda), 0xabc};
  const Caller other{service, "standup", "other", 0xdef};
  ASSERT_EQ(of_zelda(service, "PATCH", R"({"opt_out_of_new_purposes": true})").status, 200u);
  const auto put = service.call("PUT", "/v1/policy", with_training());
  ASSERT_EQ(put.status, 200u) << put.body;
  const auto layer = [&](const Caller& caller) {
    return json::serialize(service.ask("GET", caller.path).at("layers").at("participant"));
  };
  EXPECT_NE(layer(one).find("training"), std::string::npos) << layer(one);
  EXPECT_EQ(layer(other).find("\"prohibit\""), std::string::npos) << layer(other);
}

TEST_P(SubjectRights, Row33AggregatesAreOfMonthsThatAreOver) {
  RunningService service{options()};
  const auto month = to_rfc3339(read_clocks().wall).substr(0, 7);
  const auto of = [&](const std::string& which) {
    return service.call_as(Role::privacy_officer, "GET", "/v1/aggregates/" + which);
  };
  EXPECT_EQ(of(month).status, 400u) << "its numbers still change";
  EXPECT_EQ(of("2026-13").status, 400u);
  const auto answer = of("2020-01");
  ASSERT_EQ(answer.status, 200u) << answer.body;
  EXPECT_TRUE(answer.body.at("aggregates").as_array().empty());
}

}  // namespace
}  // namespace assent::gateway::test
