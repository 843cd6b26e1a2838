// Receipts that their holders can verify by themselves.
#include "gateway/signed_receipt.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "policy/base64.hpp"
#include "tests/gateway/running_service.hpp"

namespace assent::gateway::test {
namespace {

namespace json = boost::json;

class Receipts : public testing::Test {
 protected:
  Receipts() {
    service.ask("PUT", "/v1/rooms/standup", "{}");
    service.ask("PUT", caller, R"({"subject": "s-1", "jurisdictions": {"declared": ["NL"]}})");
  }
  json::array receipts() {
    return service.call_as(Role::participant, "GET", caller + "/receipts")
        .body.at("receipts")
        .as_array();
  }
  policy::VerifierKey key() {
    const auto answer = service.ask("GET", "/v1/ledger/key");
    return *policy::parse_verifier_key(answer.at("verifier_key").as_string(), sha256_of_bytes);
  }

  const std::string caller = "/v1/rooms/standup/participants/caller";
  RunningService service{{}};
};

TEST_F(Receipts, EveryGrantRefusalAndWithdrawalHasOneThatItsGiverCanVerifyOffline) {
  service.ask("PUT", caller + "/consents/recording", grant());
  service.ask("DELETE", caller + "/consents/recording");
  service.ask("PUT", caller + "/consents/recording", refusal);
  const auto all = receipts();
  ASSERT_EQ(all.size(), 3u);
  const char* const words[] = {"consent given", "consent withdrawn", "consent refused"};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto opened = open_receipt(all[i].at("receipt").as_string(), key());
    ASSERT_TRUE(opened) << opened.error().what;
    const auto text = json::parse(*opened);
    EXPECT_EQ(text.at("event").at("event_state"), words[i]);
    EXPECT_EQ(text.at("pii_principal_id"), "s-1");
    EXPECT_EQ(text.at("pii_processing").at("purposes").at(0).at("purpose"), "recording");
    EXPECT_FALSE(
        text.at("pii_processing").at("purposes").at(0).at("recipients").as_array().empty());
    EXPECT_GT(text.at("ledger").at("entry").to_number<int>(), 0);
    EXPECT_NE(std::string(text.at("ledger").at("checkpoint").as_string()).find("assent/ledger"),
              std::string::npos);
  }
  EXPECT_NE(json::parse(*open_receipt(all[0].at("receipt").as_string(), key()))
                .at("pii_processing")
                .at("privacy_notice")
                .at("hash")
                .as_string()
                .size(),
            0u);
}

TEST_F(Receipts, OneThatWasChangedOrSignedByAnotherIsNone) {
  service.ask("PUT", caller + "/consents/recording", grant());
  const std::string jws(receipts().at(0).at("receipt").as_string());
  ASSERT_TRUE(open_receipt(jws, key()));
  // The last character of base64url may hold bits that say nothing: those are refused, too.
  for (std::size_t i = 0; i < jws.size(); ++i) {
    auto changed = jws;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(open_receipt(changed, key())) << i;
  }
  auto other = key();
  other.key[0] ^= std::byte{1};
  EXPECT_FALSE(open_receipt(jws, other));
  for (const char* none : {"", ".", "..", "a.b", "e30.e30.e30"})
    EXPECT_FALSE(open_receipt(none, key())) << none;
}

TEST_F(Receipts, NobodyElsesCanBeHad) {
  service.ask("PUT", "/v1/rooms/standup/participants/other", R"({"subject": "s-2"})");
  EXPECT_EQ(
      service.call_as(Role::participant, "GET", "/v1/rooms/standup/participants/other/receipts")
          .status,
      403u);
  // The same names in another holding of the room are other people.
  service.ask("PUT", caller + "/consents/recording", grant());
  service.ask("DELETE", "/v1/rooms/standup");
  service.ask("PUT", "/v1/rooms/standup", "{}");
  service.ask("PUT", caller, R"({"subject": "s-2"})");
  EXPECT_TRUE(receipts().empty());
}

TEST_F(Receipts, TheAnswerToAStatementSaysWhereItsReceiptIsAlsoAfterThePersonHasLeft) {
  const auto stated =
      service.call_as(Role::participant, "PUT", caller + "/consents/recording", grant(), "key");
  ASSERT_EQ(stated.status, 200u);
  const std::string href(stated.body.at("receipt").at("href").as_string());
  const std::string id(stated.body.at("receipt").at("id").as_string());
  const auto one_of = [&](Role role, const std::string& path) {
    return service.call_as(role, "GET", path);
  };
  const auto present = one_of(Role::participant, href);
  ASSERT_EQ(present.status, 200u) << json::serialize(present.body);
  ASSERT_EQ(present.body.at("receipts").as_array().size(), 1u);
  service.ask("DELETE", caller);
  EXPECT_EQ(one_of(Role::participant, caller + "/receipts").status, 404u);
  const auto after = one_of(Role::participant, href);
  ASSERT_EQ(after.status, 200u);
  const auto text = open_receipt(after.body.at("receipts").at(0).at("receipt").as_string(), key());
  ASSERT_TRUE(text) << text.error().what;
  EXPECT_EQ(json::parse(*text).at("receipt_id"), json::string(id));
  // No other id opens anything, not even one that a pattern would match.
  const auto wildcards = std::string(id.size(), '_');
  for (const std::string& guess : {std::string("none"), wildcards, id.substr(1)})
    EXPECT_EQ(one_of(Role::participant, caller + "/receipts?receipt=" + guess).status, 404u);
  service.ask("DELETE", "/v1/rooms/standup");
  EXPECT_EQ(one_of(Role::participant, href).status, 200u);
}

TEST_F(Receipts, AGuardiansGoToTheGuardianAndToStaffAndNeverToTheChild) {
  service.ask("PATCH", caller, R"({"minor": true})");
  auto by_guardian = json::parse(grant()).as_object();
  by_guardian["giver"] = "guardian";
  by_guardian["evidence"] = {{"guardian", "g-1"}, {"verification", "v-1"}};
  const auto given = service.call_as(Role::guardian, "PUT", caller + "/consents/recording",
                                     json::serialize(by_guardian));
  ASSERT_EQ(given.status, 200u) << json::serialize(given.body);
  ASSERT_EQ(
      service.call_as(Role::participant, "PUT", caller + "/consents/recording", refusal).status,
      200u);
  const auto givers = [&](Role role) {
    std::string all;
    const auto answer = service.call_as(role, "GET", caller + "/receipts");
    for (const auto& receipt : answer.body.at("receipts").as_array())
      all += std::string(receipt.at("giver").as_string()) + ' ';
    return all;
  };
  EXPECT_EQ(givers(Role::participant), "participant ");
  EXPECT_EQ(givers(Role::guardian), "guardian ");
  EXPECT_EQ(givers(Role::conference_server), "guardian participant ");
}

TEST_F(Receipts, APrivacyOfficerFindsThoseOfASubjectOrOfAParticipantOfASession) {
  const auto find = [&](const std::string& query, Role role = Role::privacy_officer) {
    return service.call_as(role, "GET", "/v1/receipts?" + query);
  };
  service.ask("PUT", caller + "/consents/recording", grant());
  service.ask("DELETE", caller + "/consents/recording");
  service.ask("DELETE", "/v1/rooms/standup");
  const auto found = find("subject=s-1");
  ASSERT_EQ(found.status, 200u) << json::serialize(found.body);
  ASSERT_EQ(found.body.at("receipts").as_array().size(), 2u);
  const auto& first = found.body.at("receipts").at(0);
  EXPECT_EQ(first.at("room"), "standup");
  EXPECT_TRUE(open_receipt(first.at("receipt").as_string(), key()));
  const std::string session(first.at("session").as_string());
  EXPECT_EQ(find("session=" + session + "&participant=caller").body.at("receipts"),
            found.body.at("receipts"));
  EXPECT_TRUE(find("subject=s-2").body.at("receipts").as_array().empty());
  EXPECT_EQ(find("session=" + session).status, 400u);
  EXPECT_EQ(find("").status, 400u);
  for (const Role role : {Role::conference_server, Role::operator_, Role::participant})
    EXPECT_EQ(find("subject=s-1", role).status, 403u);
}

TEST_F(Receipts, CallDetailRecordsNameTheReceiptOfEachConsent) {
  const auto stated = service.call("PUT", caller + "/consents/recording", grant());
  const std::string id(stated.body.at("receipt").at("id").as_string());
  service.ask("DELETE", caller);
  const auto cdrs =
      json::serialize(service.call_as(Role::operator_, "GET", "/v1/cdrs?room=standup").body);
  EXPECT_NE(cdrs.find("\"receipt\":\"" + id + "\""), std::string::npos) << cdrs;
}

TEST_F(Receipts, TheCheckpointThatIsGivenOutIsSignedByTheKeyThatIsGivenOut) {
  const std::string note(
      service.call_as(Role::privacy_officer, "GET", "/v1/ledger/checkpoint").body.as_string());
  EXPECT_TRUE(open_checkpoint(note, key(), "the answer"));
}

// RFC 8037 appendix A.4 and A.5: the key, the signing input and the signature.
TEST(Ed25519Signatures, AreThoseOfTheRfc) {
  policy::Ed25519Seed seed{};
  const auto bytes = policy::from_base64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
  ASSERT_TRUE(bytes);
  std::copy(bytes->begin(), bytes->end(), seed.begin());
  const auto key = Ed25519Key::from_seed(seed);
  ASSERT_TRUE(key);
  const auto signature = key->sign("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
  ASSERT_TRUE(signature);
  EXPECT_EQ(
      policy::to_base64(*signature),
      "hgyY0il/MGCjP0JzlnLWG1PPOt7+09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr/MuM0KAg==");
}

}  // namespace
}  // namespace assent::gateway::test
