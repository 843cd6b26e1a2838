// What a room asks of each person where layers tighten the rules, or the rules change.
#include <gmock/gmock.h>

#include "tests/policy/bars_fixture.hpp"

namespace assent::policy::test {
namespace {

using testing::IsEmpty;

// --- layers ---

TEST_F(Bars, ALayerCanDenyASink) {
  rules.sinks["second"] = {"recording", "own", "NL"};
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder", "second"});
  play.grant("a");
  Tightening room;
  room.deny_sinks = {"recorder"};
  play.tell(RoomTightened{room});
  EXPECT_EQ(play.reason("a", "recorder"), Reason::policy_denies);
  EXPECT_EQ(play.reason("a", "second"), Reason::permitted);
}

TEST_F(Bars, ALegsBarsAreItsOwnAndItsRuleIsTheRooms) {
  Play play{rules};
  ParticipantJoined strict{"b", "s", {{EvidenceKind::declared, "NL"}}, Minor::no, false, false, {}};
  strict.leg.purposes["recording"].least = Strength::strong;
  play.join("a", "NL");
  play.tell(strict);
  play.start("recording", {"recorder"});
  play.grant("a");
  play.grant("b");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  EXPECT_EQ(play.reason("b"), Reason::strength_too_weak);
  play.tell(ParticipantLeft{"b"});
  strict.leg = {};
  strict.leg.purposes["recording"].at_least = Rule::all_party;
  play.tell(strict);
  EXPECT_EQ(play.reason("a"), Reason::others_missing);
  EXPECT_EQ(play.room.decision("a", "recorder").rule, Rule::all_party);
  EXPECT_EQ(play.room.decision("a", "recorder").row, "") << "a layer's bar is no row of law";
}

TEST_F(Bars, ALegCanBeTightenedInMidCallForItselfOnly) {
  Play play{rules};
  for (const auto* id : {"a", "b"})
    play.join(id, "NL");
  play.start("recording", {"recorder"});
  for (const auto* id : {"a", "b"})
    play.grant(id);
  Tightening leg;
  leg.purposes["recording"].least = Strength::strong;
  play.tell(LegTightened{"b", leg});
  ASSERT_EQ(play.out.changed.size(), 1U);
  EXPECT_EQ(play.reason("b"), Reason::strength_too_weak);
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  leg = {};
  leg.deny_sinks = {"recorder"};
  play.tell(LegTightened{"b", leg});
  EXPECT_EQ(play.reason("b"), Reason::policy_denies) << "it replaces the one before";
  play.tell(ConsentStated{"b", "recording", granted_by(Method::written)});
  EXPECT_EQ(play.reason("b"), Reason::policy_denies);
  EXPECT_EQ(play.refusal(LegTightened{"nobody", leg}).code, RefusalCode::participant_unknown);
}

TEST_F(Bars, ALegsRuleInMidCallIsTheRooms) {
  Play play{rules};
  for (const auto* id : {"a", "b"})
    play.join(id, "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  Tightening leg;
  leg.purposes["recording"].at_least = Rule::all_party;
  play.tell(LegTightened{"b", leg});
  EXPECT_EQ(play.reason("a"), Reason::others_missing);
}

TEST_F(Bars, ALayersProhibitionSaysThatThePolicyDenies) {
  Play play = begun();
  play.grant("a");
  Tightening room;
  room.purposes["recording"].at_least = Rule::prohibit;
  play.tell(RoomTightened{room});
  EXPECT_EQ(play.reason("a"), Reason::policy_denies);
}

TEST_F(Bars, LayersCanBeTakenBack) {
  rules.tenants["clinic"].purposes["recording"].prohibit = true;
  Play play = begun();
  play.grant("a");
  play.tell(TenantSet{"clinic"});
  EXPECT_EQ(play.reason("a"), Reason::policy_denies);
  play.tell(TenantSet{""});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
}

// --- rules that change ---

TEST_F(Bars, ASinkThatNowPerformsAnotherPurposeIsClosed) {
  Play play = begun();
  play.grant("a");
  play.grant("a", "transcription");
  RuleBook next = rules;
  next.sinks["recorder"].purpose = "transcription";
  next.processors["own"].purposes.push_back("transcription");
  play.tell(RulesChanged{&next});
  EXPECT_FALSE(play.room.decision("a", "recorder").permitted);
  EXPECT_THAT(play.room.active_sinks("transcription"), IsEmpty());
}

TEST_F(Bars, AGrantToANoticeThatIsGoneIsSuspended) {
  rules.notices = {{"shown", "1", "en", "sha256:text", {}, {}, {}, {}, false}};
  rules.purposes["recording"].notice = "shown";
  Play play = begun();
  Statement naming = granted();
  naming.notice.id = "shown";
  play.tell(ConsentStated{"a", "recording", naming});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  RuleBook next = rules;
  next.notices[0].language = "nl";
  play.tell(RulesChanged{&next});
  EXPECT_EQ(play.reason("a"), Reason::consent_invalidated)
      << "unknown is more than a change of form";
}

TEST_F(Bars, AGuardiansGrantIsSuspendedWithTheTermsToo) {
  Play play{rules};
  play.join("a", "NL", Minor::yes);
  play.start("recording", {"recorder"});
  play.grant("a");
  play.tell(ConsentStated{"a", "recording", guardian_granted()});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  RuleBook next = rules;
  next.categories["recordings"].retention.then = Disposal::anonymise;
  play.tell(RulesChanged{&next});
  EXPECT_EQ(play.room.consent("a", "recording", Giver::guardian)->state, ConsentState::invalidated);
  ASSERT_EQ(play.out.consents.size(), 2U);
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::guardian_missing);
}

TEST_F(Bars, NewDataBindsWhoIsThereAlready) {
  Play play{rules};
  play.join("a", "NL");
  play.tell(JurisdictionAdded{"a", {EvidenceKind::ip, "NO"}});
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::jurisdiction_unknown);
  RuleBook next = rules;
  next.jurisdictions["NO"] = row("NO", Rule::notice);
  play.tell(RulesChanged{&next});
  EXPECT_EQ(play.reason("a"), Reason::jurisdiction_unknown) << "only a re-evaluation takes away";
  play.tell(JurisdictionsReevaluated{"a", {{EvidenceKind::ip, "NO"}, {EvidenceKind::ip, "NL"}}});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
}

TEST_F(Bars, ARowThatIsNewBindsWhomTheEvidencePutsThere) {
  rules.composition.unknown = Rule::all_party;
  Play play{rules};
  play.join("a", "NO");
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  RuleBook next = rules;
  next.jurisdictions["NO"] = row("NO", Rule::prohibit);
  play.tell(RulesChanged{&next});
  EXPECT_EQ(play.reason("a"), Reason::prohibited);
}

TEST_F(Bars, ANewPlaceOfNumbersKeepsWhatWasRequestedAndExpires) {
  rules.purposes["recording"].bases = {Basis::consent, Basis::requested_service};
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  Statement hour = granted();
  hour.expires = noon + 1h;
  play.tell(ConsentStated{"a", "recording", hour});
  RuleBook next = rules;
  next.purposes["aaa"] = purpose("recordings");  // every number moves
  next.sinks["aaa"] = {"aaa", "own", "NL"};
  play.tell(RulesChanged{&next});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  EXPECT_EQ(play.room.next_timeout(), noon + 1h);
  play.pass(1h);
  EXPECT_EQ(play.reason("a"), Reason::consent_expired);
}

// --- requests ---

TEST_F(Bars, APurposeThatNobodyAskedForLacksItsBasis) {
  rules.purposes["recording"].bases = {Basis::consent, Basis::requested_service};
  Play play{rules};
  play.join("a", "NL");
  play.tell(PurposeStarted{"recording", By::sinks, {"recorder"}, false});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::basis_missing);
  RuleBook next = rules;
  play.tell(RulesChanged{&next});
  EXPECT_EQ(play.reason("a"), Reason::basis_missing) << "new rules are no request";
  play.start("recording", {"recorder"});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
}

}  // namespace
}  // namespace assent::policy::test
