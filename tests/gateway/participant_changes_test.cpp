#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "gateway/cdr.hpp"
#include "gateway/embedded.hpp"
#include "tests/gateway/media_peer.hpp"

// What becomes known of people, and what is tightened, while a conference runs.
namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

const std::string room = "/v1/rooms/standup";

// The built-in policy with one of its lines written otherwise.
std::string policy_with(std::string_view line, std::string_view instead) {
  std::string text{embedded("policy.yaml").value()};
  const auto at = text.find(line);
  if (at == std::string::npos) throw std::runtime_error("the policy has no such line");
  return text.replace(at, line.size(), instead);
}

// The body with more members.
std::string with(std::string_view body, const json::object& more) {
  auto object = json::parse({body.data(), body.size()}).as_object();
  for (const auto& [name, value] : more)
    object[name] = value;
  return json::serialize(object);
}

std::string reason_at(const json::value& participant, std::string_view sink) {
  for (const auto& decision : participant.at("decisions").as_array()) {
    if (decision.at("sink").as_string() == json::string_view{sink.data(), sink.size()}) {
      return std::string(decision.at("reason").as_string());
    }
  }
  return "no decision";
}

std::string pointer_of(const ApiAnswer& answer) {
  const auto* pointer = answer.body.as_object().if_contains("pointer");
  return pointer == nullptr ? "" : std::string(pointer->as_string());
}

class Changes : public testing::Test {
 protected:
  void open(std::string policy = {}, std::string_view body = "{}") {
    service.emplace(
        RunningService::Options{.archive_port = archive.port(), .policy_text = std::move(policy)});
    service->ask("PUT", room, body);
    service->ask("PUT", room + "/purposes/recording", R"({"by": "sinks"})");
  }
  json::value patch(const Caller& caller, std::string_view body) {
    return service->ask("PATCH", caller.path, body);
  }
  json::value seen(const Caller& caller) { return service->ask("GET", caller.path); }
  std::string grant_of(const Caller& caller, std::string_view body) {
    service->ask("PUT", caller.path + "/consents/recording", body);
    return reason_at(seen(caller), "archive");
  }
  std::vector<Cdr> records() {
    std::vector<Cdr> all;
    const auto answer = service->ask("GET", "/v1/cdrs?room=standup");
    for (const auto& record : answer.at("cdrs").as_array())
      all.push_back(parse_cdr(json::serialize(record)).value());
    return all;
  }
  std::vector<std::string> codes_of_last(CauseForClosing cause) {
    std::vector<std::string> codes;
    for (const auto& cdr : records()) {
      if (cdr.cause != cause) continue;
      codes.clear();
      for (const auto& jurisdiction : cdr.jurisdictions)
        codes.push_back(jurisdiction.code);
    }
    return codes;
  }

  Socket archive;
  std::optional<RunningService> service;
};

using Codes = std::vector<std::string>;

TEST_F(Changes, AProhibitingJurisdictionStopsTheSinksPacketsBeforeTheAnswer) {
  open();
  Caller caller{*service, "standup", "caller", 0xabc};
  caller.connect(*service);
  EXPECT_EQ(grant_of(caller, grant()), "permitted");
  caller.speak();
  EXPECT_EQ(archive.receive(), opus_rtp(1, 0xabc));

  for (int i = 0; i < 50; ++i)
    caller.speak();
  const auto known = patch(caller, R"({"jurisdictions": {"declared": ["AT"]}})");
  const auto first_after = caller.next;
  EXPECT_EQ(reason_at(known, "archive"), "rule_unsourced");
  EXPECT_EQ(known.at("jurisdictions").at("declared"), json::value(json::array{"NL", "AT"}));
  for (int i = 0; i < 20; ++i)
    caller.speak();
  std::uint16_t relayed = 0;  // the call itself goes on
  while (relayed + 1 < caller.next && caller.server.receive())
    ++relayed;
  EXPECT_EQ(relayed + 1, caller.next);
  while (const auto packet = archive.receive(50ms))
    EXPECT_LT(media::load_be16(*packet, 2), first_after);
  EXPECT_EQ(codes_of_last(CauseForClosing::jurisdiction_change), (Codes{"NL", "AT"}));

  patch(caller, R"({"jurisdictions": {"declared": ["NL"]}, "reevaluate": true})");
  const auto again = caller.next;
  caller.speak();
  EXPECT_EQ(archive.receive(), opus_rtp(again, 0xabc));
  EXPECT_EQ(codes_of_last(CauseForClosing::jurisdiction_change), (Codes{"NL"}));
  for (const auto& cdr : records())
    EXPECT_TRUE(imbalances(cdr).empty()) << to_json(cdr);
}

TEST_F(Changes, OnePersonsJurisdictionStopsTheWholeRoom) {
  open();
  Caller caller{*service, "standup", "caller", 1};
  Caller other{*service, "standup", "other", 2};
  (void)grant_of(other, grant());
  EXPECT_EQ(grant_of(caller, grant()), "permitted");
  patch(other, R"({"jurisdictions": {"account": ["AT"]}})");
  EXPECT_EQ(reason_at(seen(caller), "archive"), "rule_unsourced");
}

TEST_F(Changes, WhatIsAddedNeverOpensAndOnlyAReevaluationTakesAway) {
  open();
  Caller caller{*service, "standup", "caller", 1};
  patch(caller, R"({"jurisdictions": {}, "reevaluate": true})");
  EXPECT_EQ(grant_of(caller, grant()), "jurisdiction_unknown");
  const auto added = patch(caller, R"({"jurisdictions": {"declared": ["NL"]}})");
  EXPECT_EQ(reason_at(added, "archive"), "jurisdiction_unknown");
  const auto anew = patch(caller, R"({"jurisdictions": {"declared": ["NL"]}, "reevaluate": true})");
  EXPECT_EQ(reason_at(anew, "archive"), "permitted");
}

TEST_F(Changes, NumbersAndAddressesAreEvidenceAndNeverShown) {
  open();
  Caller caller{*service, "standup", "caller", 1};
  const auto known =
      patch(caller, R"({"jurisdictions": {"e164": "+31201234567", "ip": "192.0.2.77"}})");
  EXPECT_EQ(known.at("jurisdictions").at("ip"), json::value(json::array{"unknown"}));
  EXPECT_EQ(known.at("jurisdictions").at("e164").as_array().size(), 1U);
  auto everything = json::serialize(known);
  for (const auto& cdr : records())
    everything += to_json(cdr);
  EXPECT_EQ(everything.find("31201234567"), std::string::npos);
  EXPECT_EQ(everything.find("192.0.2.77"), std::string::npos);
}

TEST_F(Changes, CountWholeOrNotAtAll) {
  open();
  Caller caller{*service, "standup", "caller", 1};
  const auto before = seen(caller);
  const auto refused = service->call(
      "PATCH", caller.path,
      R"({"jurisdictions": {"declared": ["AT"]}, "minor": true, "sale_opt_out": false})");
  EXPECT_EQ(refused.status, 422U);
  EXPECT_EQ(pointer_of(refused), "/sale_opt_out");
  EXPECT_EQ(seen(caller), before);
  const auto after = patch(caller, R"({"jurisdictions": {"declared": ["AT"]}, "minor": true,
                                       "sale_opt_out": true, "ciphertext_only": true})");
  EXPECT_EQ(after.at("minor"), json::value(true));
  EXPECT_EQ(after.at("sale_opt_out"), json::value(true));
  EXPECT_EQ(after.at("ciphertext_only"), json::value(true));
  EXPECT_EQ(after, seen(caller));
  EXPECT_EQ(service->call("PATCH", room + "/participants/nobody", "{}").status, 404U);
}

TEST_F(Changes, WhatStaysKnownDoesNotGrowWithoutEnd) {
  open();
  Caller caller{*service, "standup", "caller", 1};
  const auto addresses = [&](int from, int to) {
    unsigned last = 200;
    for (int i = from; i < to; ++i) {
      const std::string ip = "10.0." + std::to_string(i) + ".1";
      last =
          service->call("PATCH", caller.path, R"({"jurisdictions": {"ip": ")" + ip + "\"}}").status;
    }
    return last;
  };
  EXPECT_EQ(addresses(0, 127), 200U);  // besides the declared NL
  EXPECT_EQ(addresses(0, 127), 200U) << "what is known already adds nothing";
  EXPECT_EQ(addresses(127, 128), 409U);
}

TEST_F(Changes, EndToEndEncryptionClosesWhatNeedsTheContent) {
  open(policy_with("notice: recording\n    needs_plaintext: false",
                   "notice: recording\n    needs_plaintext: true"));
  Caller caller{*service, "standup", "caller", 1};
  EXPECT_EQ(grant_of(caller, grant()), "permitted");
  EXPECT_EQ(reason_at(patch(caller, R"({"ciphertext_only": true})"), "archive"), "ciphertext_only");
  EXPECT_EQ(reason_at(patch(caller, R"({"ciphertext_only": false})"), "archive"), "permitted");
  EXPECT_EQ(codes_of_last(CauseForClosing::participant_change), (Codes{"NL"}));
}

TEST_F(Changes, ADescriptionThatAsksForSframeClosesWhatNeedsTheContent) {
  open(policy_with("notice: recording\n    needs_plaintext: false",
                   "notice: recording\n    needs_plaintext: true"));
  Caller caller{*service, "standup", "caller", 1};
  EXPECT_EQ(grant_of(caller, grant()), "permitted");
  const auto offer = [&](const std::string& text) {
    service->ask("POST", caller.path + "/offer", Caller::offer_body(text));
    return json::serialize(service->ask("GET", caller.path + "/decisions/recording"));
  };
  const std::string plain = sdp(caller.phone.port());
  EXPECT_THAT(offer(plain), Not(HasSubstr("ciphertext_only")));
  EXPECT_THAT(offer(plain + "a=sframe\r\n"), HasSubstr("ciphertext_only"));
  EXPECT_THAT(offer(plain), HasSubstr("ciphertext_only")) << "only the API takes it back";
}

TEST_F(Changes, APersonsOwnTokenAddsWhatRestrictsAndNothingElse) {
  open();
  Caller caller{*service, "standup", "caller", 1};
  Caller other{*service, "standup", "other", 2};
  const auto say = [&](const Caller& about, std::string_view body) {
    return service->call_as(Role::participant, "PATCH", about.path, body);
  };
  EXPECT_EQ(say(caller, R"({"sale_opt_out": true, "jurisdictions": {"declared": ["DE"]}})").status,
            200U);
  EXPECT_EQ(seen(caller).at("sale_opt_out"), json::value(true));
  const auto refused = say(caller, R"({"minor": false})");
  EXPECT_EQ(refused.status, 403U);
  EXPECT_EQ(pointer_of(refused), "/minor");
  EXPECT_EQ(say(other, R"({"sale_opt_out": true})").status, 403U);
  EXPECT_EQ(service->call_as(Role::guardian, "PATCH", caller.path, "{}").status, 403U);
}

TEST_F(Changes, APersonIsNotToldWhoElseADecisionDependsOn) {
  open();
  Caller caller{*service, "standup", "caller", 1};
  Caller other{*service, "standup", "somebody-7", 2};
  patch(other, R"({"jurisdictions": {"declared": ["DE"]}})");
  EXPECT_EQ(grant_of(caller, grant()), "others_missing");
  const auto path = caller.path + "/decisions/recording?explain=true";
  const auto told = [&](Role role) {
    return json::serialize(service->call_as(role, "GET", path).body);
  };
  EXPECT_NE(told(Role::privacy_officer).find("somebody-7"), std::string::npos);
  EXPECT_EQ(told(Role::participant).find("somebody-7"), std::string::npos);
  EXPECT_NE(told(Role::participant).find("somebody else"), std::string::npos);
}

// --- guardians ---

const json::object by_guardian{{"giver", "guardian"},
                               {"evidence", {{"guardian", "g-1"}, {"verification", "v-1"}}}};

TEST_F(Changes, AMinorNeedsTheGuardiansGrantBesides) {
  open();
  Caller caller{*service, "standup", "caller", 1};
  const auto consents = caller.path + "/consents/recording";
  EXPECT_EQ(grant_of(caller, grant()), "permitted");
  const auto adult = service->call("PUT", consents, with(grant(), by_guardian));
  EXPECT_EQ(adult.status, 422U);
  EXPECT_EQ(reason_at(patch(caller, R"({"minor": "unknown"})"), "archive"), "guardian_missing");

  const auto unproven =
      service->call_as(Role::guardian, "PUT", consents, with(grant(), {{"giver", "guardian"}}));
  EXPECT_EQ(unproven.status, 422U);
  EXPECT_EQ(pointer_of(unproven), "/evidence/guardian");
  const auto given = service->call_as(Role::guardian, "PUT", consents, with(grant(), by_guardian));
  EXPECT_EQ(given.status, 200U);
  EXPECT_EQ(given.body.at("giver"), json::value("guardian"));
  const auto now = seen(caller);
  EXPECT_EQ(reason_at(now, "archive"), "permitted");
  EXPECT_EQ(now.at_pointer("/consents/recording/state"), json::value("granted"));
  EXPECT_EQ(now.at_pointer("/consents/recording/guardian/state"), json::value("granted"));
  const auto last = records().back();
  ASSERT_EQ(last.consents.size(), 2U);
  EXPECT_EQ(last.consents[0].giver, "participant");
  EXPECT_EQ(last.consents[1].giver, "guardian");

  const auto withdrawn = service->call_as(Role::guardian, "DELETE", consents);
  EXPECT_EQ(withdrawn.body.at("giver"), json::value("guardian"));
  const auto after = seen(caller);
  EXPECT_EQ(reason_at(after, "archive"), "guardian_missing");
  EXPECT_EQ(after.at_pointer("/consents/recording/state"), json::value("granted"));
  EXPECT_EQ(after.at_pointer("/consents/recording/guardian/state"), json::value("withdrawn"));
}

TEST_F(Changes, AGuardiansTokenIsNotTheParticipantsNorTheOtherWayRound) {
  open();
  Caller caller{*service, "standup", "caller", 1};
  Caller other{*service, "standup", "other", 2};
  patch(caller, R"({"minor": true})");
  patch(other, R"({"minor": true})");
  const auto put = [&](Role role, const Caller& who, std::string_view giver) {
    const auto body = with(with(grant(), by_guardian), {{"giver", giver}});
    return service->call_as(role, "PUT", who.path + "/consents/recording", body).status;
  };
  const auto withdraw = [&](Role role, const Caller& who, const std::string& giver) {
    const auto path = who.path + "/consents/recording?giver=" + giver;
    return service->call_as(role, "DELETE", path).status;
  };
  EXPECT_EQ(put(Role::participant, caller, "guardian"), 403U);
  EXPECT_EQ(put(Role::guardian, caller, "participant"), 403U);
  EXPECT_EQ(put(Role::guardian, other, "guardian"), 403U);
  EXPECT_EQ(withdraw(Role::participant, caller, "guardian"), 403U);
  EXPECT_EQ(withdraw(Role::guardian, caller, "participant"), 403U);
  EXPECT_EQ(service->call_as(Role::guardian, "GET", caller.path).status, 403U);
  EXPECT_TRUE(seen(caller).at("consents").as_object().empty());
  EXPECT_EQ(put(Role::conference_server, caller, "guardian"), 200U);
  EXPECT_EQ(put(Role::conference_server, caller, "participant"), 200U);
  EXPECT_EQ(reason_at(seen(caller), "archive"), "permitted");
  EXPECT_EQ(withdraw(Role::privacy_officer, caller, "guardian"), 200U);
  EXPECT_EQ(reason_at(seen(caller), "archive"), "guardian_missing");
}

// --- layers ---

const std::string tenants =
    "tenants:\n  clinic:\n    purposes: {recording: {rule: all_party}}\n    sale: deny\n\n# Kinds";

TEST_F(Changes, ARoomThatGoesOnWithoutARefuserSaysSoInTheRefusersRecord) {
  auto policy = policy_with("# Kinds", tenants);
  const std::string stop = "all_party: stop";
  policy.replace(policy.find(stop), stop.size(), "all_party: go_on_without_refuser");
  open(std::move(policy), R"({"tenant": "clinic"})");
  Caller caller{*service, "standup", "caller", 1};
  Caller refuser{*service, "standup", "refuser", 2};
  service->ask("PUT", refuser.path + "/consents/recording",
               R"({"statement": "refused", "method": "verbal"})");
  EXPECT_EQ(grant_of(caller, grant()), "permitted");
  EXPECT_EQ(reason_at(seen(refuser), "archive"), "consent_refused");
  service->ask("DELETE", room);
  std::map<std::string, bool> last;
  for (const auto& cdr : records())
    last[cdr.participant] = cdr.went_on_without;
  EXPECT_EQ(last, (std::map<std::string, bool>{{"", false}, {"caller", false}, {"refuser", true}}));
}

TEST_F(Changes, ARoomsOwnLayerTightensAndIsShown) {
  open({}, R"({"policy": {"deny_sinks": ["archive"], "unflagged": "minor"}})");
  Caller caller{*service, "standup", "caller", 1};
  EXPECT_EQ(grant_of(caller, grant()), "policy_denies");
  EXPECT_EQ(reason_at(seen(caller), "recorder"), "permitted");
  const auto layer = json::parse(R"({"deny_sinks": ["archive"], "unflagged": "minor"})");
  EXPECT_EQ(service->ask("GET", room).at("policy"), layer);
  EXPECT_EQ(seen(caller).at("layers").at("room"), layer);
  service->ask("PUT", room, R"({"policy": {"unflagged": "minor", "deny_sinks": ["archive"]}})");
  for (const auto* other : {"{}", R"({"policy": {"deny_sinks": ["recorder"]}})"}) {
    const auto conflict = service->call("PUT", room, other);
    EXPECT_EQ(conflict.status, 409U) << other;
    EXPECT_EQ(pointer_of(conflict), "/policy");
  }
}

TEST_F(Changes, ARunningRoomIsTightenedBeforeTheAnswerAndNeverLoosened) {
  open();
  Caller caller{*service, "standup", "caller", 0xabc};
  caller.connect(*service);
  EXPECT_EQ(grant_of(caller, grant()), "permitted");
  caller.speak();
  EXPECT_TRUE(archive.receive());
  service->ask("PATCH", room, R"({"policy": {"deny_processors": ["hosting"]}})");
  caller.speak();
  EXPECT_EQ(archive.receive(50ms), std::nullopt);
  const auto grown = service->ask(
      "PATCH", room, R"({"policy": {"purposes": {"recording": {"least_strength": "strong"}}}})");
  EXPECT_EQ(grown.at("policy"),
            json::parse(R"({"purposes": {"recording": {"least_strength": "strong"}},
                            "deny_processors": ["hosting"]})"));
  EXPECT_EQ(reason_at(seen(caller), "recorder"), "strength_too_weak");
  const auto milder = service->call(
      "PATCH", room, R"({"policy": {"purposes": {"recording": {"least_strength": "firm"}}}})");
  EXPECT_EQ(milder.status, 422U);
  EXPECT_EQ(pointer_of(milder), "/policy/purposes/recording/least_strength");
  service->ask("PATCH", room, R"({"policy": {}})");
  EXPECT_EQ(service->ask("GET", room).at("policy"), grown.at("policy"));
  EXPECT_EQ(service->call("PUT", room, "{}").status, 200U) << "as it was opened";
}

TEST_F(Changes, ALegsLayerHoldsForOnePersonAndCannotLoosenTheRooms) {
  open(
      policy_with("# Kinds", tenants),
      R"({"tenant": "clinic", "policy": {"purposes": {"recording": {"least_strength": "strong"}}}})");
  const auto put = [&](std::string_view layer) {
    return service->call("PUT", room + "/participants/caller",
                         R"({"subject": "s", "policy": )" + std::string(layer) + "}");
  };
  const std::pair<std::string_view, std::string_view> refused[] = {
      {R"({"purposes": {"recording": {"least_strength": "firm"}}})",
       "/policy/purposes/recording/least_strength"},
      {R"({"purposes": {"recording": {"rule": "notice"}}})", "/policy/purposes/recording/rule"},
      {R"({"sale": "permit"})", "/policy/sale"},
      {R"({"purposes": {"recoding": {}}})", "/policy/purposes/recoding"},
      {R"({"purposes": {"recording": {"notice": "summary"}}})",
       "/policy/purposes/recording/notice"},
      {R"({"purposes": {"recording": {"notice": "none"}}})", "/policy/purposes/recording/notice"},
      {R"({"deny_sinks": ["recorder", "tape"]})", "/policy/deny_sinks/1"},
      {R"({"deny_processors": ["cloud"]})", "/policy/deny_processors/0"},
      {R"({"transfer_by_explicit_consent": true})", "/policy/transfer_by_explicit_consent"},
  };
  for (const auto& [layer, pointer] : refused) {
    const auto answer = put(layer);
    EXPECT_EQ(answer.status, 422U) << layer;
    EXPECT_EQ(pointer_of(answer), pointer);
  }
  EXPECT_EQ(put(R"({"purposes": {"recording": {"prohibit": true}}})").status, 201U);
  const auto known = service->ask("GET", room + "/participants/caller");
  EXPECT_EQ(reason_at(known, "recorder"), "policy_denies");
  EXPECT_EQ(known.at_pointer("/layers/participant/purposes/recording/prohibit"), json::value(true));
  EXPECT_EQ(known.at_pointer("/layers/tenant/sale"), json::value("deny"));
  Caller other{*service, "standup", "other", 2};
  EXPECT_NE(reason_at(seen(other), "recorder"), "policy_denies");
}

TEST_F(Changes, ALegIsTightenedInMidCallBeforeTheAnswerAndNeverLoosened) {
  open();
  Caller caller{*service, "standup", "caller", 0xabc};
  Caller other{*service, "standup", "other", 2};
  caller.connect(*service);
  (void)grant_of(other, grant());
  EXPECT_EQ(grant_of(caller, grant()), "permitted");
  caller.speak();
  EXPECT_TRUE(archive.receive());
  const auto denied = patch(caller, R"({"policy": {"deny_processors": ["hosting"]}})");
  caller.speak();
  EXPECT_EQ(archive.receive(50ms), std::nullopt);
  EXPECT_EQ(reason_at(denied, "archive"), "policy_denies");
  EXPECT_EQ(reason_at(denied, "recorder"), "permitted");
  EXPECT_EQ(reason_at(seen(other), "archive"), "permitted") << "it is the caller's own";
  const auto grown =
      patch(caller, R"({"policy": {"purposes": {"recording": {"least_strength": "strong"}}}})");
  EXPECT_EQ(grown.at("layers").at("participant"),
            json::parse(R"({"purposes": {"recording": {"least_strength": "strong"}},
                            "deny_processors": ["hosting"]})"));
  EXPECT_EQ(reason_at(grown, "recorder"), "strength_too_weak");
  EXPECT_EQ(codes_of_last(CauseForClosing::policy_change), (Codes{"NL"}));

  const auto milder = service->call(
      "PATCH", caller.path,
      R"({"minor": true, "policy": {"purposes": {"recording": {"least_strength": "firm"}}}})");
  EXPECT_EQ(milder.status, 422U);
  EXPECT_EQ(pointer_of(milder), "/policy/purposes/recording/least_strength");
  EXPECT_EQ(seen(caller), grown) << "all of it counts, or nothing";
  EXPECT_EQ(
      service
          ->call_as(Role::participant, "PATCH", caller.path, R"({"policy": {"all_party": "stop"}})")
          .status,
      403U);
  service->ask("DELETE", room);
  for (const auto& cdr : records())
    EXPECT_TRUE(imbalances(cdr).empty()) << to_json(cdr);
}

// --- notices and statements ---

TEST_F(Changes, ANoticeThatWasGivenIsWhatTheLawAsksForWhereItAsksForNoMore) {
  open(policy_with("bases: {all: [consent, requested_service]}",
                   "bases: {any: [consent, requested_service]}"));
  service->ask("PUT", room + "/participants/caller",
               R"({"subject": "s", "jurisdictions": {"declared": ["HK"]}})");
  const auto path = room + "/participants/caller";
  service->ask("PUT", path + "/consents/recording",
               R"({"statement": "granted", "method": "implied", "evidence": {"request": "r"}})");
  EXPECT_EQ(reason_at(service->ask("GET", path), "recorder"), "notice_missing");
  const auto notice = json::serialize(json::object{{"notice", json::parse(grant()).at("notice")}});
  auto outdated = json::parse(notice);
  outdated.at("notice").as_object()["version"] = "0";
  const auto refused = service->call("PUT", path + "/notices/recording", json::serialize(outdated));
  EXPECT_EQ(refused.status, 422U);
  EXPECT_EQ(pointer_of(refused), "/notice/version");
  EXPECT_EQ(service->call("PUT", path + "/notices/singing", notice).status, 404U);
  EXPECT_EQ(service->call_as(Role::participant, "PUT", path + "/notices/recording", notice).status,
            403U);
  service->ask("PUT", path + "/notices/recording", notice);
  EXPECT_EQ(reason_at(service->ask("GET", path), "recorder"), "permitted");
  // Where nobody asked for it, the request cannot stand in for a strong consent.
  service->ask("PUT", room + "/purposes/recording", R"({"by": "sinks", "requested": false})");
  EXPECT_EQ(reason_at(service->ask("GET", path), "recorder"), "strength_too_weak");
}

TEST_F(Changes, AGrantThatHasNotSeenTheLatestRefusalIsRefused) {
  open();
  Caller caller{*service, "standup", "caller", 1};
  const auto path = caller.path + "/consents/recording";
  const auto granted = service->ask("PUT", path, grant());
  const auto withdrawn = service->ask("DELETE", path);
  EXPECT_GT(withdrawn.at("epoch").to_number<std::uint64_t>(),
            granted.at("epoch").to_number<std::uint64_t>());
  EXPECT_EQ(seen(caller).at_pointer("/consents/recording/epoch"), withdrawn.at("epoch"));

  const auto stale =
      service->call("PUT", path, with(grant(), {{"seen_epoch", granted.at("epoch")}}));
  EXPECT_EQ(stale.status, 409U);
  EXPECT_EQ(pointer_of(stale), "/seen_epoch");
  const auto old = service->call("PUT", path, with(grant(), {{"stated_at", granted.at("at")}}));
  EXPECT_EQ(old.status, 409U);
  EXPECT_EQ(pointer_of(old), "/stated_at");
  const auto future =
      service->call("PUT", path, with(grant(), {{"stated_at", "2999-01-01T00:00:00Z"}}));
  EXPECT_EQ(future.status, 422U);
  EXPECT_EQ(reason_at(seen(caller), "archive"), "consent_withdrawn");
  EXPECT_EQ(grant_of(caller, with(grant(), {{"seen_epoch", withdrawn.at("epoch")}})), "permitted");
}

}  // namespace
}  // namespace assent::gateway::test
