// The rows of the source policy, as far as they are decided in pure code. The data that media can
// never touch (rows 1-3, 6-8, 10-15) is in tests/gateway/policy_file_test.cpp; mechanisms of
// transfer (37-42) are in law_test.cpp besides.
#include <gmock/gmock.h>

#include "policy/release.hpp"
#include "tests/policy/rulebook.hpp"

namespace assent::policy::test {
namespace {

Refusal refusal_of(Statement statement) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  return play.refusal(ConsentStated{"a", "recording", std::move(statement)});
}

Reason reason_after(const Statement& statement, Strength least = Strength::firm) {
  RuleBook rules = rulebook();
  rules.purposes["recording"].least = least;
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  play.tell(ConsentStated{"a", "recording", statement});
  return play.reason("a");
}

class OutRow : public testing::TestWithParam<const char*> {};

TEST_P(OutRow, NoSinkGetsIt) {
  RuleBook rules = rulebook();
  rules.categories["out"] = {GetParam(), "elsewhere", {}, false};
  rules.purposes["recording"].category = "out";
  rules.processors["own"].categories.push_back("out");
  EXPECT_EQ(judge_binding(rules, "recording", "own", "NL"), Reason::no_media_path);
  Play play{rules};
  play.join("a", "NL");
  EXPECT_EQ(play.refusal(PurposeStarted{"recording", By::sinks, {"recorder"}}),
            (Refusal{RefusalCode::no_media_path, "/sinks/0"}));
  EXPECT_EQ(play.refusal(PurposeStarted{"recording", By::server, {}}).code,
            RefusalCode::no_media_path);
}
INSTANTIATE_TEST_SUITE_P(Row01SignUp, OutRow, testing::Values("sign-up"));
INSTANTIATE_TEST_SUITE_P(Row02Leads, OutRow, testing::Values("leads"));
INSTANTIATE_TEST_SUITE_P(Row03CallRecords, OutRow, testing::Values("call records"));
INSTANTIATE_TEST_SUITE_P(Row06Billing, OutRow, testing::Values("billing"));
INSTANTIATE_TEST_SUITE_P(Row07Device, OutRow, testing::Values("device"));

class OutProcessor : public testing::TestWithParam<const char*> {};

TEST_P(OutProcessor, GetsNoMediaWhateverIsGranted) {
  RuleBook rules = rulebook();
  rules.processors["own"].label = GetParam();
  rules.processors["own"].media_path = false;
  Play play{rules};
  play.join("a", "NL");
  play.grant("a");
  EXPECT_EQ(play.refusal(PurposeStarted{"recording", By::sinks, {"recorder"}}).code,
            RefusalCode::no_media_path);
  EXPECT_FALSE(play.room.decision("a", "recorder").permitted);
}
INSTANTIATE_TEST_SUITE_P(Row08UserManagement, OutProcessor, testing::Values("user management"));
INSTANTIATE_TEST_SUITE_P(Row10Development, OutProcessor, testing::Values("development platform"));
INSTANTIATE_TEST_SUITE_P(Row11Customers, OutProcessor, testing::Values("customer management"));
INSTANTIATE_TEST_SUITE_P(Row12Telecom, OutProcessor, testing::Values("telecom"));
INSTANTIATE_TEST_SUITE_P(Row13TollFree, OutProcessor, testing::Values("toll-free"));
INSTANTIATE_TEST_SUITE_P(Row15Cards, OutProcessor, testing::Values("card processor"));

TEST(Row04, RecordingsAndWhiteboardsStandUnderOnePurpose) {
  RuleBook rules = rulebook();
  rules.sinks["whiteboard"] = {"recording", "own", "NL"};
  Play play{rules};
  play.join("a", "NL");
  play.grant("a");
  play.start("recording", {"recorder"});
  EXPECT_FALSE(play.room.decision("a", "whiteboard").permitted) << "denied unless routed";
  play.start("recording", {"recorder", "whiteboard"});
  EXPECT_TRUE(play.room.decision("a", "whiteboard").permitted);
  play.withdraw("a");
  EXPECT_EQ(play.reason("a", "whiteboard"), Reason::consent_withdrawn);
}

TEST(Row05, ASummaryRequiresTranscription) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.start("summary", {"digest"});
  play.grant("a", "summary");
  EXPECT_EQ(play.reason("a", "digest"), Reason::requires_missing);
  play.grant("a", "transcription");
  EXPECT_EQ(play.reason("a", "digest"), Reason::requires_missing) << "not started";
  play.start("transcription", {"scribe"});
  EXPECT_EQ(play.reason("a", "digest"), Reason::permitted);
  play.withdraw("a", "transcription");
  EXPECT_EQ(play.reason("a", "digest"), Reason::requires_missing);
}

TEST(Row05, APurposeThatRequiresItselfIsNeverPermitted) {
  RuleBook rules = rulebook();
  rules.purposes["transcription"].requires_purposes = {"summary"};
  Play play{rules};
  play.join("a", "NL");
  for (const auto* purpose : {"summary", "transcription"})
    play.grant("a", purpose);
  play.start("summary", {"digest"});
  play.start("transcription", {"scribe"});
  EXPECT_EQ(play.reason("a", "digest"), Reason::requires_missing);
  EXPECT_EQ(play.reason("a", "scribe"), Reason::requires_missing);
}

TEST(Row05, TheDeadlineOfASummaryIsThatOfItsTranscription) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.start("transcription", {"scribe"});
  play.start("summary", {"digest"});
  Statement hour = granted();
  hour.expires = noon + 1h;
  play.tell(ConsentStated{"a", "transcription", hour});
  play.grant("a", "summary");
  EXPECT_EQ(play.room.decision("a", "digest").deadline, noon + 1h);
  play.pass(1h);
  EXPECT_EQ(play.reason("a", "digest"), Reason::requires_missing);
}

TEST(Row09, ASinkIsBoundToItsProcessorsPurposesCategoriesAndCountries) {
  RuleBook rules = rulebook();
  EXPECT_EQ(judge_binding(rules, "recording", "own", "NL"), Reason::permitted);
  EXPECT_EQ(judge_binding(rules, "recording", "own", "US"), Reason::country_not_bound);
  EXPECT_EQ(judge_binding(rules, "recording", "own", ""), Reason::country_not_bound);
  EXPECT_EQ(judge_binding(rules, "recording", "nobody", "NL"), Reason::sink_unknown);
  rules.processors["own"].countries = {"EU"};
  EXPECT_EQ(judge_binding(rules, "recording", "own", "DE"), Reason::permitted);
  EXPECT_EQ(judge_binding(rules, "recording", "own", "GB"), Reason::country_not_bound);
  rules.processors["own"].countries = {"*"};
  EXPECT_EQ(judge_binding(rules, "recording", "own", "GB"), Reason::permitted);
  rules.processors["own"].categories = {"transcripts"};
  EXPECT_EQ(judge_binding(rules, "recording", "own", "GB"), Reason::category_not_bound);
  rules.processors["own"].purposes = {"summary"};
  EXPECT_EQ(judge_binding(rules, "recording", "own", "GB"), Reason::purpose_not_bound);
}

TEST(Row14, AnalyticsOnMediaNeedItsOwnGrant) {
  RuleBook rules = rulebook();
  rules.purposes["analytics"] = purpose("recordings");
  rules.processors["own"].purposes.push_back("analytics");
  rules.sinks["meter"] = {"analytics", "own", "NL"};
  Play play{rules};
  play.join("a", "NL");
  play.start("analytics", {"meter"});
  play.grant("a", "recording");
  EXPECT_EQ(play.reason("a", "meter"), Reason::consent_unknown);
  play.grant("a", "analytics");
  EXPECT_EQ(play.reason("a", "meter"), Reason::permitted);
}

TEST(Row16, WrittenConsentNeedsDocumentAndSigner) {
  Statement statement = granted_by(Method::written);
  EXPECT_EQ(reason_after(statement, Strength::strong), Reason::permitted);
  statement.evidence.erase("signer");
  EXPECT_EQ(refusal_of(statement), (Refusal{RefusalCode::evidence_missing, "/evidence/signer"}));
}

TEST(Row17, VerbalConsentNeedsAttesterPromptAndSpan) {
  Statement statement = granted_by(Method::verbal);
  EXPECT_EQ(reason_after(statement), Reason::permitted);
  for (const auto* word : {"attester", "prompt_hash", "span"}) {
    Statement without = statement;
    without.evidence[word] = "";
    EXPECT_EQ(refusal_of(without).field, std::string{"/evidence/"} + word);
  }
}

TEST(Row18, OnlineConsentNeedsAnUntickedBoxAndItsNotice) {
  EXPECT_EQ(reason_after(granted()), Reason::permitted);
  for (const DefaultState state : {DefaultState::ticked, DefaultState::unstated}) {
    Statement statement = granted();
    statement.default_state = state;
    EXPECT_EQ(refusal_of(statement), (Refusal{RefusalCode::pre_ticked, "/default_state"}));
  }
  Statement statement = granted();
  statement.notice.hash.clear();
  EXPECT_EQ(refusal_of(statement), (Refusal{RefusalCode::notice_missing, "/notice/hash"}));
}

TEST(Row19, TermsAtServiceStartAreTooWeakForRecording) {
  EXPECT_EQ(reason_after(granted_by(Method::service_start)), Reason::strength_too_weak);
  EXPECT_EQ(reason_after(granted_by(Method::service_start), Strength::weak), Reason::permitted);
}

TEST(Row20, ImpliedConsentIsTheWeakest) {
  EXPECT_EQ(reason_after(granted_by(Method::implied), Strength::weak), Reason::strength_too_weak);
  EXPECT_EQ(reason_after(granted_by(Method::implied), Strength::weakest), Reason::permitted);
}

TEST(Row16To20, TheLeastStrengthDependsOnTheJurisdiction) {
  RuleBook rules = rulebook();
  rules.purposes["recording"].least_in["DE"] = Strength::strong;
  Play play{rules};
  play.join("a", "DE");
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::strength_too_weak);
  play.tell(ConsentStated{"a", "recording", granted_by(Method::written)});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
}

TEST(Row16To20, AMethodThatThePolicyDoesNotDeclareIsRefused) {
  RuleBook rules = rulebook();
  rules.method_rules.at(static_cast<std::size_t>(Method::implied)).reset();
  Play play{rules};
  play.join("a", "NL");
  EXPECT_EQ(play.refusal(ConsentStated{"a", "recording", granted_by(Method::implied)}).code,
            RefusalCode::method_unknown);
}

TEST(Row21, ARefusalNeedsNoProofAndWithholdsThePurposeOnly) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  for (const auto* purpose : {"recording", "transcription"})
    play.grant("a", purpose);
  play.start("recording", {"recorder"});
  play.start("transcription", {"scribe"});
  Statement bare;
  bare.method = Method::online;
  bare.default_state = DefaultState::ticked;
  bare.stated_at = noon - 24h;
  play.tell(ConsentStated{"a", "recording", bare});
  EXPECT_EQ(play.reason("a", "recorder"), Reason::consent_refused);
  EXPECT_EQ(play.reason("a", "scribe"), Reason::permitted);
}

// What a room holds of a correction: it supersedes what was said before, and all is decided anew
// from it at once. The earlier records stay where records are stored.
TEST(Row23, ACorrectionSupersedesWhatWasSaidAndIsDecidedFromAtOnce) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "QA", Minor::yes);
  play.join("b", "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::guardian_missing);
  play.tell(MinorStated{"a", Minor::no});
  EXPECT_EQ(play.reason("a"), Reason::others_missing);
  play.tell(JurisdictionsReevaluated{"a", {{EvidenceKind::declared, "NL"}}});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  const Epoch before = play.room.epoch();
  play.refuse("a");
  const Consent* standing = play.room.consent("a", "recording");
  EXPECT_EQ(standing->state, ConsentState::refused);
  EXPECT_EQ(standing->epoch, before + 1) << "the record of the grant has another epoch";
  EXPECT_EQ(play.reason("a"), Reason::consent_refused);
}

TEST(Row25, ARefusalChangesNothingForOthersWhereEachDecidesForOneself) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.join("b", "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  play.refuse("b");
  ASSERT_EQ(play.out.changed.size(), 1U);
  EXPECT_EQ(play.out.changed[0].participant, "b");
}

TEST(Row26, RetentionEndsWithTheLongerOfContractAndLegalMinimum) {
  const Retention both{true, std::chrono::days{10}, Disposal::erase};
  EXPECT_EQ(retained_until(both, noon, noon + 24h), noon + 240h);
  EXPECT_EQ(retained_until(both, noon, noon + 480h), noon + 480h);
  EXPECT_EQ(retained_until(both, noon, std::nullopt), std::nullopt);
  EXPECT_EQ(retained_until({false, std::chrono::days{1}, Disposal::erase}, noon, {}), noon + 24h);
}

TEST(Row27, ANewPurposeMeansAskingAgain) {
  RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.grant("a", "recording");
  RuleBook next = rules;
  next.purposes["training"] = purpose("recordings");
  next.processors["own"].purposes.push_back("training");
  next.sinks["lab"] = {"training", "own", "NL"};
  play.tell(RulesChanged{&next});
  play.start("training", {"lab"});
  EXPECT_EQ(play.reason("a", "lab"), Reason::consent_unknown);
  EXPECT_EQ(play.room.consent("a", "recording")->state, ConsentState::granted);
}

TEST(Row28, SaleOptOutBlocksEverySinkWithUsesOfItsOwn) {
  RuleBook rules = rulebook();
  rules.processors["own"].own_use = true;
  Play denied{rules};
  denied.join("a", "NL");
  denied.grant("a");
  denied.start("recording", {"recorder"});
  EXPECT_EQ(denied.reason("a"), Reason::sale_denied);

  rules.sale_permitted = true;
  Play play{rules};
  play.join("a", "NL");
  play.join("b", "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  play.grant("b");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  play.tell(SaleOptedOut{"a"});
  EXPECT_EQ(play.reason("a"), Reason::sale_denied);
  EXPECT_EQ(play.reason("b"), Reason::permitted);
  Tightening room;
  room.deny_sale = true;
  play.tell(RoomTightened{room});
  EXPECT_EQ(play.reason("b"), Reason::sale_denied);
}

TEST(Row29, AMinorNeedsAGuardianBesides) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.start("recording", {"recorder"});
  for (const auto& [id, minor] : {std::pair{"a", Minor::yes}, {"b", Minor::unknown}}) {
    play.join(id, "NL", minor);
    play.grant(id);
    EXPECT_EQ(play.reason(id), Reason::guardian_missing);
    play.tell(ConsentStated{id, "recording", guardian_granted()});
    EXPECT_EQ(play.reason(id), Reason::permitted);
    play.tell(ConsentWithdrawn{id, "recording", Giver::guardian});
    EXPECT_EQ(play.reason(id), Reason::guardian_missing);
  }
}

TEST(Row29, AGuardianMustBeVerifiedAndCannotOverrideTheMinorsRefusal) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL", Minor::yes);
  play.start("recording", {"recorder"});
  ConsentStated unverified{"a", "recording", guardian_granted()};
  unverified.statement.evidence.erase("verification");
  EXPECT_EQ(play.refusal(unverified),
            (Refusal{RefusalCode::evidence_missing, "/evidence/verification"}));
  play.refuse("a");
  play.tell(ConsentStated{"a", "recording", guardian_granted()});
  EXPECT_EQ(play.reason("a"), Reason::consent_refused);
}

TEST(Row29, WhoWasNotSaidToBeAnAdultCountsAsThePolicySays) {
  RuleBook rules = rulebook();
  for (const bool as_minor : {false, true}) {
    rules.minors.unflagged_as_minor = as_minor;
    Play play{rules};
    play.join("a", "NL", Minor::unflagged);
    play.start("recording", {"recorder"});
    play.grant("a");
    EXPECT_EQ(play.reason("a"), as_minor ? Reason::guardian_missing : Reason::permitted);
    play.tell(MinorStated{"a", Minor::yes});
    EXPECT_EQ(play.reason("a"), Reason::guardian_missing);
  }
}

TEST(Row29, AMinorWithoutGuardianStopsAnAllPartyRoom) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "QA");
  play.join("b", "QA", Minor::yes);
  play.start("recording", {"recorder"});
  play.grant("a");
  play.grant("b");
  EXPECT_EQ(play.reason("a"), Reason::others_missing);
}

TEST(Row30, EveryLayerCanOnlyTighten) {
  RuleBook rules = rulebook();
  rules.tenants["strict"].purposes["recording"].least = Strength::strong;
  rules.tenants["lax"].purposes["recording"].least = Strength::weakest;
  rules.tenants["none"].deny_processors = {"own"};
  rules.tenants["never"].purposes["recording"].prohibit = true;
  for (const auto& [tenant, expected] : {std::pair{"strict", Reason::strength_too_weak},
                                         {"lax", Reason::permitted},
                                         {"none", Reason::policy_denies},
                                         {"never", Reason::policy_denies}}) {
    Play play{rules};
    play.join("a", "NL");
    play.start("recording", {"recorder"});
    play.grant("a");
    EXPECT_EQ(play.reason("a"), Reason::permitted);
    play.tell(TenantSet{tenant});
    EXPECT_EQ(play.reason("a"), expected) << tenant;
  }
}

TEST(Row30, ATenantThatVanishedFromTheRulesDeniesEverything) {
  RuleBook rules = rulebook();
  rules.tenants["clinic"] = {};
  Play play{rules};
  play.tell(TenantSet{"clinic"});
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  const RuleBook next = rulebook();
  play.tell(RulesChanged{&next});
  EXPECT_EQ(play.reason("a"), Reason::policy_denies);
}

TEST(Row31, LegRoomAndTenantAddUpAndTheMostSpecificNoticeReplaces) {
  Tightening tenant, room, leg;
  tenant.purposes["recording"].notice = "tenant";
  tenant.purposes["recording"].at_least = Rule::all_party;
  room.purposes["recording"].notice = "room";
  leg.purposes["recording"].least = Strength::strong;
  leg.stop_for_all = true;
  const Tightening all = tightened(tightened(tenant, room), leg);
  EXPECT_EQ(all.purposes.at("recording").notice, "room");
  EXPECT_EQ(all.purposes.at("recording").at_least, Rule::all_party);
  EXPECT_EQ(all.purposes.at("recording").least, Strength::strong);
  EXPECT_TRUE(all.stop_for_all);
}

RuleBook with_notices() {
  RuleBook rules = rulebook();
  Notice general{"general", "1", "en", "sha256:general", {}, {}, "officer", "authority", true};
  Notice clinic{"clinic", "1", "en", "sha256:clinic", {}, "general", "officer", "authority", true};
  rules.notices = {general, clinic};
  rules.purposes["recording"].notice = "general";
  rules.tenants["clinic"].purposes["recording"].notice = "clinic";
  return rules;
}

Statement granted_to(const Notice& notice) {
  Statement statement = granted();
  statement.notice = {notice.id, notice.version, notice.language, notice.hash};
  return statement;
}

TEST(Row31, ASpecificNoticeStandsInForTheGeneralAndNotTheOtherWayRound) {
  const RuleBook rules = with_notices();
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  play.tell(ConsentStated{"a", "recording", granted_to(rules.notices[1])});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  play.tell(ConsentStated{"a", "recording", granted_to(rules.notices[0])});
  play.tell(TenantSet{"clinic"});
  EXPECT_EQ(play.reason("a"), Reason::consent_invalidated);
  EXPECT_EQ(play.refusal(ConsentStated{"a", "recording", granted_to(rules.notices[0])}).code,
            RefusalCode::notice_unknown);
}

TEST(Row31, ALegsSpecificNoticeStandsBeforeTheRoomsAlsoWhenItComesInMidCall) {
  RuleBook rules = with_notices();
  rules.notices.push_back(
      {"ward", "1", "en", "sha256:ward", {}, "clinic", "officer", "authority", true});
  Play play{rules};
  Tightening room, leg;
  room.purposes["recording"].notice = "clinic";
  leg.purposes["recording"].notice = "ward";
  play.tell(RoomTightened{room});
  for (const auto* id : {"a", "b"})
    play.join(id, "NL");
  play.start("recording", {"recorder"});
  for (const auto* id : {"a", "b"})
    play.tell(ConsentStated{id, "recording", granted_to(rules.notices[1])});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  play.tell(LegTightened{"a", leg});
  EXPECT_EQ(play.reason("a"), Reason::consent_invalidated);
  EXPECT_EQ(play.reason("b"), Reason::permitted);
  EXPECT_EQ(play.refusal(ConsentStated{"a", "recording", granted_to(rules.notices[1])}).code,
            RefusalCode::notice_unknown);
  play.tell(ConsentStated{"a", "recording", granted_to(rules.notices[2])});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
}

TEST(Row32, DisclosureNeedsTwoDifferentPeopleAndOpensNoSink) {
  const RuleBook rules = rulebook();
  const std::vector<std::string> one{"officer", "officer", ""}, two{"officer", "counsel"};
  EXPECT_FALSE(may_disclose(rules, one));
  EXPECT_TRUE(may_disclose(rules, two));
  // There is no event of a disclosure: no way leads from one to a permit.
}

TEST(Row33, AggregatesAreReleasedAboveTheThresholdOnly) {
  RuleBook rules = rulebook();
  EXPECT_FALSE(may_release_aggregate(rules, 9));
  EXPECT_TRUE(may_release_aggregate(rules, 10));
  rules.aggregate_k = 0;
  EXPECT_FALSE(may_release_aggregate(rules, 1));
}

TEST(Row34, AMaterialChangeOfTheNoticeSuspendsTheGrantsGivenToIt) {
  const RuleBook rules = with_notices();
  for (const bool material : {true, false}) {
    Play play{rules};
    play.join("a", "NL");
    play.join("b", "NL");
    play.start("recording", {"recorder"});
    play.tell(ConsentStated{"a", "recording", granted_to(rules.notices[0])});
    play.grant("b");
    RuleBook next = rules;
    next.hash = "sha256:next";
    next.notices[0].version = "2";
    next.notices[0].hash = "sha256:new";
    next.notices[0].material = material;
    play.tell(RulesChanged{&next});
    EXPECT_EQ(play.reason("a"), material ? Reason::consent_invalidated : Reason::permitted);
    EXPECT_EQ(play.reason("b"), Reason::permitted) << "names no notice";
    EXPECT_EQ(play.room.decision("a", "recorder").rules_hash, "sha256:next");
    EXPECT_EQ(play.refusal(ConsentStated{"a", "recording", granted_to(rules.notices[0])}).code,
              RefusalCode::notice_outdated);
    play.tell(ConsentStated{"a", "recording", granted_to(next.notices[0])});
    EXPECT_EQ(play.reason("a"), Reason::permitted);
  }
}

TEST(Row34, AMaterialChangeOfThePurposeSuspendsItsGrants) {
  const RuleBook rules = rulebook();
  const auto after = [&](const std::function<void(RuleBook&)>& change) {
    Play play{rules};
    play.join("a", "NL");
    play.start("recording", {"recorder"});
    play.grant("a");
    RuleBook next = rules;
    change(next);
    play.tell(RulesChanged{&next});
    return play.reason("a");
  };
  EXPECT_EQ(after([](RuleBook&) {}), Reason::permitted);
  EXPECT_EQ(after([](RuleBook& r) { r.sinks.erase("archive"); }), Reason::permitted)
      << "fewer recipients is no reason to ask again";
  EXPECT_EQ(after([](RuleBook& r) {
              r.sinks["new"] = {"recording", "vendor", "NL"};
            }),
            Reason::consent_invalidated);
  EXPECT_EQ(after([](RuleBook& r) { r.processors["vendor"].own_use = true; }),
            Reason::consent_invalidated);
  EXPECT_EQ(after([](RuleBook& r) {
              r.categories["recordings"].retention.legal_minimum = std::chrono::days{999};
            }),
            Reason::consent_invalidated);
  EXPECT_EQ(after([](RuleBook& r) {
              r.server = {"vendor", "US"};
            }),
            Reason::permitted)
      << "a recipient that was told of already";
  EXPECT_EQ(after([](RuleBook& r) {
              r.processors["provider"] = r.processors["own"];
              r.server.processor = "provider";
            }),
            Reason::consent_invalidated);
  EXPECT_EQ(after([](RuleBook& r) { r.sinks.erase("recorder"); }), Reason::sink_unknown);
  EXPECT_EQ(after([](RuleBook& r) { r.purposes.erase("recording"); }), Reason::sink_unknown);
}

TEST(Row37To42, ATransferWithoutAMechanismClosesTheSinkForWhomItConcerns) {
  RuleBook rules = rulebook();
  rules.jurisdictions["US"] = row("US", Rule::per_participant);
  Play play{rules};
  play.join("dutch", "NL");
  play.join("american", "US");
  play.start("recording", {"archive", "recorder"});
  play.grant("dutch");
  play.grant("american");
  EXPECT_EQ(play.reason("dutch", "archive"), Reason::transfer_no_mechanism);
  EXPECT_EQ(play.reason("american", "archive"), Reason::permitted);
  EXPECT_EQ(play.reason("dutch", "recorder"), Reason::permitted);
}

TEST(Row37, AnAnnulmentOnADayStopsTheSinksThatStoodOnIt) {
  RuleBook rules = rulebook();
  rules.processors["vendor"].instruments = {instrument(Mechanism::dpf)};
  rules.transfers[0].annulled = today + std::chrono::days{2};
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"archive"});
  play.grant("a");
  EXPECT_EQ(play.reason("a", "archive"), Reason::permitted);
  EXPECT_EQ(play.room.decision("a", "archive").mechanism, Mechanism::dpf);
  EXPECT_EQ(play.room.decision("a", "archive").deadline, WallTime{*rules.transfers[0].annulled});
  EXPECT_EQ(play.room.next_timeout(), WallTime{*rules.transfers[0].annulled});
  play.now = *play.room.next_timeout();
  play.tell(TimePassed{});
  EXPECT_EQ(play.reason("a", "archive"), Reason::transfer_expired);
}

TEST(Row42, ExplicitConsentCarriesATransferOnlyWhereThePolicySaysAndTheCountryWasNamed) {
  RuleBook rules = rulebook();
  rules.transfers = {transfer("EU", "*", Mechanism::explicit_consent)};
  for (const bool relied_on : {false, true}) {
    rules.composition.rely_on_explicit_consent = relied_on;
    Play play{rules};
    play.join("a", "NL");
    play.start("recording", {"archive"});
    play.grant("a");
    EXPECT_EQ(play.reason("a", "archive"), Reason::transfer_no_mechanism);
    Statement named = granted();
    named.evidence["transfer"] = "US";
    play.tell(ConsentStated{"a", "recording", named});
    EXPECT_EQ(play.reason("a", "archive"),
              relied_on ? Reason::permitted : Reason::transfer_no_mechanism);
  }
}

}  // namespace
}  // namespace assent::policy::test
