// What a room asks of each person and each event, bar by bar.
#include <gmock/gmock.h>

#include <functional>

#include "tests/policy/rulebook.hpp"

namespace assent::policy::test {
namespace {

using testing::IsEmpty;

// A Dutch room whose recording runs, with one adult.
class Bars : public testing::Test {
 protected:
  Play begun() {
    Play play{rules};
    play.join("a", "NL");
    play.start("recording", {"recorder"});
    return play;
  }

  RuleBook rules = rulebook();
};

// --- guardians ---

TEST_F(Bars, AGuardiansGrantMustBeStrongEnough) {
  rules.minors.least = Strength::strong;
  Play play{rules};
  play.join("a", "NL", Minor::yes);
  play.start("recording", {"recorder"});
  play.grant("a");
  play.tell(ConsentStated{"a", "recording", guardian_granted()});
  EXPECT_EQ(play.reason("a"), Reason::guardian_missing);
  Statement signed_one = granted_by(Method::written);
  signed_one.giver = Giver::guardian;
  play.tell(ConsentStated{"a", "recording", signed_one});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
}

TEST_F(Bars, AMinorsPermissionEndsWithTheGuardiansGrant) {
  Play play{rules};
  play.join("a", "NL", Minor::yes);
  play.start("recording", {"recorder"});
  play.grant("a");
  Statement hour = guardian_granted();
  hour.expires = noon + 1h;
  play.tell(ConsentStated{"a", "recording", hour});
  EXPECT_EQ(play.room.decision("a", "recorder").deadline, noon + 1h);
  EXPECT_EQ(play.room.next_timeout(), noon + 1h);
  play.tell(MinorStated{"a", Minor::no});
  EXPECT_GT(play.room.decision("a", "recorder").deadline, noon + 1h) << "an adult's own counts";
  play.tell(MinorStated{"a", Minor::yes});
  play.pass(1h);
  EXPECT_EQ(play.reason("a"), Reason::guardian_missing);
}

TEST_F(Bars, ALayerCanTreatTheUnflaggedAsMinors) {
  Play play{rules};
  play.join("a", "NL", Minor::unflagged);
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  Tightening room;
  room.unflagged_as_minor = true;
  play.tell(RoomTightened{room});
  EXPECT_EQ(play.reason("a"), Reason::guardian_missing);
}

TEST_F(Bars, AGuardiansWordFollowsOnTheGuardiansOwn) {
  Play play{rules};
  play.join("a", "NL", Minor::yes);
  play.tell(ConsentStated{"a", "recording", guardian_granted()});
  play.pass(1h);
  play.refuse("a");
  Statement earlier = guardian_granted();
  earlier.stated_at = noon + 30min;
  play.tell(ConsentStated{"a", "recording", earlier});  // the minor's refusal is not the guardian's
  play.tell(ConsentWithdrawn{"a", "recording", Giver::guardian});
  EXPECT_EQ(play.room.consent("a", "recording", Giver::guardian)->statement, earlier)
      << "what was withdrawn is kept";
  EXPECT_EQ(play.refusal(ConsentStated{"a", "recording", earlier}).code,
            RefusalCode::statement_older);
  EXPECT_EQ(play.room.consent("a", "recording")->state, ConsentState::refused);
}

TEST_F(Bars, OnlyAGrantIsSuspended) {
  Play play = begun();
  play.refuse("a");
  play.tell(ConsentInvalidated{"a", "recording", std::nullopt});
  EXPECT_THAT(play.out.consents, IsEmpty());
  EXPECT_EQ(play.reason("a"), Reason::consent_refused) << "a refusal stays one";
  play.grant("a");
  play.tell(ConsentInvalidated{"a", "recording", std::nullopt});
  EXPECT_EQ(play.reason("a"), Reason::consent_invalidated);
}

TEST_F(Bars, WhatOneGiverCouldNotRecordDoesNotSuspendWhatTheOtherGave) {
  Play play{rules};
  play.join("a", "NL", Minor::yes);
  play.tell(ConsentStated{"a", "recording", guardian_granted()});
  play.grant("a");
  play.tell(ConsentInvalidated{"a", "recording", Giver::guardian});
  EXPECT_EQ(play.room.consent("a", "recording")->state, ConsentState::granted);
  EXPECT_EQ(play.room.consent("a", "recording", Giver::guardian)->state, ConsentState::invalidated);
}

// --- law ---

TEST_F(Bars, ALawOnThirdPartiesBindsTheirSinksOnly) {
  rules.jurisdictions["NL"].to_third_party = Rule::all_party;
  rules.processors["vendor"].countries = {"NL"};
  rules.sinks["hosted"] = {"recording", "vendor", "NL"};
  Play play{rules};
  play.join("a", "NL");
  play.join("b", "NL");
  play.start("recording", {"recorder", "hosted"});
  play.grant("a");
  EXPECT_EQ(play.reason("a", "recorder"), Reason::permitted);
  EXPECT_EQ(play.reason("a", "hosted"), Reason::others_missing);
}

TEST_F(Bars, ALawOnVoiceprintsBindsPurposesThatTakeThem) {
  rules.jurisdictions["NL"].biometric = Rule::prohibit;
  for (const bool biometric : {false, true}) {
    rules.purposes["recording"].biometric = biometric;
    Play play = begun();
    play.grant("a");
    EXPECT_EQ(play.reason("a"), biometric ? Reason::prohibited : Reason::permitted);
  }
}

TEST_F(Bars, AContestedLawIsReadAsThePolicySays) {
  rules.jurisdictions["NL"].contested = Contested::yes;
  rules.jurisdictions["NL"].stricter_reading = Rule::all_party;
  for (const bool as_stated : {false, true}) {
    rules.composition.contested_as_stated = as_stated;
    Play play = begun();
    play.join("b", "NL");
    play.grant("a");
    EXPECT_EQ(play.reason("a"), as_stated ? Reason::permitted : Reason::others_missing);
  }
}

// --- what is known at the joining ---

TEST_F(Bars, WhatIsSaidAtTheJoiningHolds) {
  rules.sale_permitted = true;
  rules.processors["own"].own_use = true;
  Play play = begun();
  ParticipantJoined opted{"b", "s", {{EvidenceKind::declared, "NL"}}, Minor::no, true, false, {}};
  ParticipantJoined sealed{"c", "s", {{EvidenceKind::declared, "NL"}}, Minor::no, false, true, {}};
  play.tell(opted);
  play.tell(sealed);
  for (const auto* id : {"a", "b", "c"})
    play.grant(id);
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  EXPECT_EQ(play.reason("b"), Reason::sale_denied);
  EXPECT_EQ(play.reason("c"), Reason::ciphertext_only);
}

// --- notice ---

TEST_F(Bars, ALawThatAsksForANoticeIsContentWithOneGivenOrNamed) {
  rules.purposes["recording"].combine = Combine::any;
  rules.purposes["recording"].bases = {Basis::consent, Basis::requested_service};
  rules.purposes["recording"].least = Strength::strong;
  rules.notices = {{"shown", "1", "en", "sha256:text", {}, {}, {}, {}, true}};
  const auto joined = [&] {
    Play play{rules};
    play.join("a", "QN");
    play.start("recording", {"recorder"});
    play.grant("a");
    return play;
  };
  Play given = joined();
  EXPECT_EQ(given.reason("a"), Reason::notice_missing);
  given.tell(NoticeGiven{"a", "recording", {"shown", "1", "en", "sha256:text"}});
  EXPECT_EQ(given.reason("a"), Reason::permitted);
  Play named = joined();
  Statement naming = granted();
  naming.notice.id = "shown";
  named.tell(ConsentStated{"a", "recording", naming});
  EXPECT_EQ(named.reason("a"), Reason::permitted);
}

TEST_F(Bars, ANoticeThatIsNotTheOneInForceWasNotGiven) {
  rules.notices = {{"shown", "2", "en", "sha256:new", {}, {}, {}, {}, true}};
  rules.purposes["recording"].notice = "shown";
  Play play = begun();
  const NoticeReference current{"shown", "2", "en", "sha256:new"};
  EXPECT_EQ(play.refusal(NoticeGiven{"b", "recording", current}).code,
            RefusalCode::participant_unknown);
  EXPECT_EQ(play.refusal(NoticeGiven{"a", "nothing", current}).code, RefusalCode::purpose_unknown);
  EXPECT_EQ(play.refusal(NoticeGiven{"a", "recording", {}}),
            (Refusal{RefusalCode::notice_missing, "/notice/id"}));
  EXPECT_EQ(play.refusal(NoticeGiven{"a", "recording", {"shown", "1", "en", "sha256:old"}}).code,
            RefusalCode::notice_outdated);
  EXPECT_EQ(play.refusal(NoticeGiven{"a", "recording", {"other", "2", "en", "sha256:new"}}).code,
            RefusalCode::notice_unknown);
  play.tell(NoticeGiven{"a", "recording", current});
}

TEST_F(Bars, ANoticeGivenOnOtherTermsWasNotGiven) {
  rules.purposes["recording"].combine = Combine::any;
  rules.purposes["recording"].bases = {Basis::consent, Basis::requested_service};
  rules.purposes["recording"].least = Strength::strong;
  Play play{rules};
  play.join("a", "QN");
  play.start("recording", {"recorder"});
  play.tell(NoticeGiven{"a", "recording", {"any", "1", "en", "sha256:text"}});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  RuleBook next = rules;
  play.tell(RulesChanged{&next});
  EXPECT_EQ(play.reason("a"), Reason::permitted) << "the same terms";
  RuleBook other = rules;
  other.processors["vendor"].own_use = true;
  play.tell(RulesChanged{&other});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::notice_missing);
}

TEST_F(Bars, ANoticeGivenThatIsNotInForceAnyMoreWasNotGiven) {
  rules.purposes["recording"].combine = Combine::any;
  rules.purposes["recording"].bases = {Basis::consent, Basis::requested_service};
  rules.purposes["recording"].least = Strength::strong;
  rules.purposes["recording"].notice = "shown";
  rules.notices = {{"shown", "1", "en", "sha256:1", {}, {}, {}, {}, true},
                   {"clinic", "1", "en", "sha256:c", {}, "shown", {}, {}, true}};
  Statement by_request = granted_by(Method::implied);
  by_request.notice = {};
  const auto reason_after = [&](const std::function<void(Play&)>& change) {
    Play play{rules};
    play.join("a", "QN");
    play.start("recording", {"recorder"});
    play.tell(ConsentStated{"a", "recording", by_request});
    play.tell(NoticeGiven{"a", "recording", {"shown", "1", "en", "sha256:1"}});
    EXPECT_EQ(play.reason("a"), Reason::permitted);
    change(play);
    return play.reason("a");
  };
  RuleBook next = rules;
  next.notices[0].version = "2";
  EXPECT_EQ(reason_after([&](Play& play) { play.tell(RulesChanged{&next}); }),
            Reason::notice_missing);
  RuleBook form = next;
  form.notices[0].material = false;
  EXPECT_EQ(reason_after([&](Play& play) { play.tell(RulesChanged{&form}); }), Reason::permitted);
  Tightening layer;
  layer.purposes["recording"].notice = "clinic";
  EXPECT_EQ(reason_after([&](Play& play) { play.tell(RoomTightened{layer}); }),
            Reason::notice_missing);
  EXPECT_EQ(reason_after([&](Play& play) {
              play.tell(LegTightened{"a", layer});
              play.tell(NoticeGiven{"a", "recording", {"clinic", "1", "en", "sha256:c"}});
            }),
            Reason::permitted);
}

// --- strength ---

TEST_F(Bars, WhoMayBeAnywhereMeetsTheStrengthOfEveryJurisdiction) {
  rules.composition.unknown = Rule::all_party;
  rules.purposes["recording"].least_in["DE"] = Strength::strong;
  Play play{rules};
  play.join("a", "");
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::strength_too_weak);
  play.tell(ConsentStated{"a", "recording", granted_by(Method::written)});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
}

TEST_F(Bars, TheStrengthThatAJurisdictionAsksForBindsItsPeopleOnly) {
  rules.purposes["recording"].least_in["DE"] = Strength::strong;
  Play play = begun();
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  play.tell(JurisdictionAdded{"a", {EvidenceKind::ip, "DE"}});
  EXPECT_EQ(play.reason("a"), Reason::strength_too_weak);
}

TEST_F(Bars, AJurisdictionCannotLowerTheStrengthThatThePurposeAsksFor) {
  rules.purposes["recording"].least_in["NL"] = Strength::weakest;
  Play play = begun();
  play.tell(ConsentStated{"a", "recording", granted_by(Method::implied)});
  EXPECT_EQ(play.reason("a"), Reason::strength_too_weak);
}

// --- transfers ---

TEST_F(Bars, AContestedMechanismIsReliedOnOnlyIfPolicyAndEveryLayerSaySo) {
  rules.processors["vendor"].instruments = {instrument(Mechanism::dpf)};
  rules.transfers[0].status = TransferStatus::contested;
  for (const bool relied_on : {false, true}) {
    rules.composition.rely_on_contested_transfers = relied_on;
    Play play{rules};
    play.join("a", "NL");
    play.start("recording", {"archive"});
    play.grant("a");
    EXPECT_EQ(play.reason("a", "archive"),
              relied_on ? Reason::permitted : Reason::transfer_contested);
    Tightening room;
    room.deny_contested_transfers = true;
    play.tell(RoomTightened{room});
    EXPECT_EQ(play.reason("a", "archive"), Reason::transfer_contested);
  }
}

TEST_F(Bars, ALegThatDeniesContestedMechanismsDoesSoForItselfOnly) {
  rules.processors["vendor"].instruments = {instrument(Mechanism::dpf)};
  rules.transfers[0].status = TransferStatus::contested;
  rules.composition.rely_on_contested_transfers = true;
  Play play{rules};
  ParticipantJoined strict{"b", "s", {{EvidenceKind::declared, "NL"}}, Minor::no, false, false, {}};
  strict.leg.deny_contested_transfers = true;
  play.join("a", "NL");
  play.tell(strict);
  play.start("recording", {"archive"});
  play.grant("a");
  play.grant("b");
  EXPECT_EQ(play.reason("a", "archive"), Reason::permitted);
  EXPECT_EQ(play.reason("b", "archive"), Reason::transfer_contested);
}

class ExplicitConsent : public Bars {
 protected:
  void SetUp() override {
    rules.transfers = {transfer("EU", "*", Mechanism::explicit_consent)};
    rules.composition.rely_on_explicit_consent = true;
  }
  Reason reason_with(const Statement& statement, const Tightening& room = {}) {
    Play play{rules};
    play.join("a", "NL");
    play.start("recording", {"archive"});
    play.tell(RoomTightened{room});
    play.tell(ConsentStated{"a", "recording", statement});
    return play.reason("a", "archive");
  }
  static Statement naming(const std::string& country, Method method = Method::online) {
    Statement statement = granted_by(method);
    statement.evidence["transfer"] = country;
    return statement;
  }
};

TEST_F(ExplicitConsent, NamesTheCountryOrItsRegion) {
  EXPECT_EQ(reason_with(naming("US")), Reason::permitted);
  EXPECT_EQ(reason_with(naming("CA")), Reason::transfer_no_mechanism);
  EXPECT_EQ(reason_with(granted()), Reason::transfer_no_mechanism);
  rules.jurisdictions["US-CA"] = row("US-CA", Rule::one_party);
  rules.sinks["archive"].jurisdiction = "US-CA";
  EXPECT_EQ(reason_with(naming("US-CA")), Reason::permitted);
  EXPECT_EQ(reason_with(naming("US")), Reason::permitted);
  EXPECT_EQ(reason_with(naming("US-NY")), Reason::transfer_no_mechanism);
}

TEST_F(ExplicitConsent, IsFirm) {
  rules.purposes["recording"].least = Strength::weak;
  EXPECT_EQ(reason_with(naming("US", Method::service_start)), Reason::transfer_no_mechanism);
  EXPECT_EQ(reason_with(naming("US", Method::written)), Reason::permitted);
}

TEST_F(ExplicitConsent, CanBeDeniedByALayer) {
  Tightening room;
  room.deny_explicit_consent = true;
  EXPECT_EQ(reason_with(naming("US"), room), Reason::transfer_no_mechanism);
}

TEST_F(ExplicitConsent, EndsWithTheGrant) {
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"archive"});
  play.tell(ConsentStated{"a", "recording", naming("US")});
  EXPECT_EQ(play.room.decision("a", "archive").mechanism, Mechanism::explicit_consent);
  play.refuse("a");
  EXPECT_EQ(play.reason("a", "archive"), Reason::consent_refused);
  EXPECT_EQ(play.room.decision("a", "archive").mechanism, Mechanism::explicit_consent)
      << "the row that would have carried it";
}

TEST_F(ExplicitConsent, DoesNotOpenAContestedRowBesides) {
  rules.transfers[0].status = TransferStatus::contested;
  EXPECT_EQ(reason_with(naming("US")), Reason::transfer_contested);
  rules.composition.rely_on_contested_transfers = true;
  EXPECT_EQ(reason_with(naming("US")), Reason::permitted);
  Tightening room;
  room.deny_contested_transfers = true;
  EXPECT_EQ(reason_with(naming("US"), room), Reason::transfer_contested);
}

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

// --- events that are refused, and some that never are ---

TEST_F(Bars, WhoIsNotThereIsToldOfInEveryEvent) {
  Play play = begun();
  const std::vector<Event> about_b{ParticipantLeft{"b"},
                                   ConsentStated{"b", "recording", granted()},
                                   ConsentWithdrawn{"b", "recording", Giver::participant},
                                   ConsentInvalidated{"b", "recording", std::nullopt},
                                   JurisdictionAdded{"b", {EvidenceKind::ip, "NL"}},
                                   JurisdictionsReevaluated{"b", {}},
                                   MinorStated{"b", Minor::yes},
                                   SaleOptedOut{"b"},
                                   CiphertextStated{"b", true}};
  for (const Event& event : about_b)
    EXPECT_EQ(play.refusal(event), (Refusal{RefusalCode::participant_unknown, "/participant"}))
        << event.index();
}

TEST_F(Bars, PurposesAndSinksThatAreNotDeclaredAreRefused) {
  Play play = begun();
  const std::vector<Event> of_nothing{ConsentWithdrawn{"a", "nothing", Giver::participant},
                                      ConsentInvalidated{"a", "nothing", std::nullopt},
                                      PurposeStarted{"nothing", By::sinks, {"recorder"}, true},
                                      PurposeStarted{"nothing", By::server, {}, true},
                                      PurposeStopped{"nothing"}};
  for (const Event& event : of_nothing)
    EXPECT_EQ(play.refusal(event), (Refusal{RefusalCode::purpose_unknown, "/purpose"}))
        << event.index();
  EXPECT_EQ(play.refusal(PurposeStarted{"recording", By::sinks, {"recorder", "nowhere"}, true}),
            (Refusal{RefusalCode::sink_unknown, "/sinks/1"}));
}

TEST_F(Bars, ARefusalIsTakenWhateverItsMethodAndNonce) {
  rules.method_rules.at(static_cast<std::size_t>(Method::implied)).reset();
  Play play = begun();
  play.grant("a");
  play.refuse("a");
  EXPECT_EQ(play.reason("a"), Reason::consent_refused);
  ConsentStated refused{"a", "recording", {}};
  for (std::size_t i = 0; i <= nonces_max; ++i) {
    refused.statement.nonce = std::to_string(i);
    play.tell(refused);
  }
  EXPECT_EQ(play.reason("a"), Reason::consent_refused);
}

TEST_F(Bars, ANonceOfARefusalIsUsedUp) {
  Play play = begun();
  ConsentStated stated{"a", "recording", {}};
  stated.statement.nonce = "one";
  play.tell(stated);
  stated.statement = granted();
  stated.statement.nonce = "one";
  EXPECT_EQ(play.refusal(stated), (Refusal{RefusalCode::statement_replayed, "/nonce"}));
}

TEST_F(Bars, ARoomHoldsSoManyAndNoMore) {
  Room room{"room", rules};
  Decisions out;
  for (std::size_t i = 0; i < participants_max; ++i)
    ASSERT_TRUE(room.handle(
        noon, ParticipantJoined{std::to_string(i), "s", {}, Minor::no, false, false, {}}, out));
  const auto more =
      room.handle(noon, ParticipantJoined{"more", "s", {}, Minor::no, false, false, {}}, out);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, RefusalCode::limit_reached);
  EXPECT_TRUE(room.handle(noon, ParticipantLeft{"0"}, out)) << "what restricts is always taken";
}

TEST_F(Bars, ARefusedEventDoesNotMoveTheTime) {
  Play play = begun();
  play.now = noon + 2h;
  EXPECT_EQ(play.refusal(ParticipantLeft{"b"}).code, RefusalCode::participant_unknown);
  play.now = noon;
  Statement hour = granted();
  hour.expires = noon + 1h;
  play.tell(ConsentStated{"a", "recording", hour});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
}

// --- time ---

TEST_F(Bars, WhoHasLeftExpiresNoMore) {
  Play play = begun();
  Statement hour = granted();
  hour.expires = noon + 1h;
  play.tell(ConsentStated{"a", "recording", hour});
  play.tell(ParticipantLeft{"a"});
  EXPECT_GT(play.room.next_timeout(), noon + 1h);
  play.pass(1h);
  EXPECT_THAT(play.out.consents, IsEmpty());
}

TEST_F(Bars, AConsentThatExpiresWithoutAnyDecisionIsStillTold) {
  Play play{rules};
  play.join("a", "NL");
  Statement hour = granted();
  hour.expires = noon + 1h;
  play.tell(ConsentStated{"a", "recording", hour});
  const Epoch before = play.room.epoch();
  play.pass(1h);
  EXPECT_THAT(play.out.changed, IsEmpty());
  ASSERT_EQ(play.out.consents.size(), 1U);
  EXPECT_EQ(play.out.consents[0], (ConsentChange{"a", "recording", Giver::participant,
                                                 ConsentState::expired, before + 1}));
  EXPECT_EQ(play.room.epoch(), before + 1);
}

TEST_F(Bars, WhereNothingEverChangesByTimeThereIsNoTimeoutAndNoDeadline) {
  rules.composition.unknown = Rule::per_participant;
  rules.jurisdictions.clear();
  rules.jurisdictions["NL"].code = "NL";  // unsourced, undated
  rules.transfers.clear();
  rules.processors["own"].countries = {"*"};
  rules.jurisdictions["NL"].interception = Rule::per_participant;
  rules.jurisdictions["NL"].data_protection = Rule::none;
  Play open = begun();
  EXPECT_EQ(open.room.next_timeout(), std::nullopt);
  open.grant("a");
  EXPECT_EQ(open.reason("a"), Reason::permitted);
  EXPECT_EQ(open.room.decision("a", "recorder").deadline, std::nullopt);
  Statement hour = granted();
  hour.expires = noon + 1h;
  open.tell(ConsentStated{"a", "recording", hour});
  EXPECT_EQ(open.room.next_timeout(), noon + 1h);
  EXPECT_EQ(open.room.decision("a", "recorder").deadline, noon + 1h);
}

TEST_F(Bars, TheNextTimeoutIsTheFirstOfDataAndConsents) {
  rules.jurisdictions["NL"].review_by = today;
  Play play = begun();
  Statement later = granted();
  later.expires = noon + 48h;
  play.tell(ConsentStated{"a", "recording", later});
  EXPECT_EQ(play.room.next_timeout(), stale_from(today));
  later.expires = noon + 1h;
  play.tell(ConsentStated{"a", "recording", later});
  EXPECT_EQ(play.room.next_timeout(), noon + 1h);
  play.withdraw("a");
  EXPECT_EQ(play.room.next_timeout(), stale_from(today)) << "what is withdrawn expires no more";
}

TEST_F(Bars, OnePartysPermissionOfTheOthersEndsWithTheLastGrant) {
  rules.purposes["recording"].combine = Combine::any;
  rules.purposes["recording"].bases = {Basis::consent, Basis::requested_service};
  Play one{rules};
  for (const auto* id : {"a", "b", "c", "d"})
    one.join(id, "QO");
  one.start("recording", {"recorder"});
  Statement hour = granted(), day = granted();
  hour.expires = noon + 1h;
  day.expires = noon + 24h;
  one.tell(ConsentStated{"a", "recording", hour});
  one.tell(ConsentStated{"b", "recording", day});
  one.tell(ConsentStated{"d", "recording", hour});
  Statement weak = granted_by(Method::implied);
  weak.notice.id = "any";
  one.tell(ConsentStated{"c", "recording", weak});
  EXPECT_EQ(one.reason("c"), Reason::permitted);
  EXPECT_EQ(one.room.decision("c", "recorder").deadline, noon + 24h);
  EXPECT_EQ(one.room.decision("a", "recorder").deadline, noon + 1h);
}

TEST_F(Bars, ThePermissionEndsWithTheFirstOfAnybodysRowsThatGoesStale) {
  rules.jurisdictions["QO"].review_by = today;
  for (const auto& [first, second] : {std::pair{"QO", "NL"}, {"NL", "QO"}}) {
    Play play{rules};
    play.join("a", first);
    play.join("b", second);
    play.start("recording", {"recorder"});
    play.grant("a");
    play.grant("b");
    EXPECT_EQ(play.room.decision("a", "recorder").deadline, stale_from(today));
    EXPECT_EQ(play.room.decision("b", "recorder").deadline, stale_from(today));
  }
}

TEST_F(Bars, WhereNoStrengthIsAskedForAGrantStillIs) {
  rules.purposes["recording"].least = Strength::none;
  Play play{rules};
  play.join("a", "QA");
  play.join("b", "QA");
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::others_missing) << "b has not answered";
  play.grant("b");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
}

TEST_F(Bars, GoingOnWithoutSomebodyIsToldWhereEverybodyWasAskedAndSomethingGoesOn) {
  rules.composition.go_on_without_refuser = true;
  for (const auto* place : {"QA", "NL"}) {
    Play play{rules};
    play.join("a", place);
    play.join("b", place);
    play.start("recording", {"recorder"});
    EXPECT_THAT(play.out.went_on_without, IsEmpty()) << "nothing goes on";
    play.grant("a");
    EXPECT_EQ(play.out.went_on_without.size(), place == std::string{"QA"} ? 1U : 0U);
  }
}

TEST_F(Bars, WhoGoesOnWithoutOthersDoesNotEndWithTheirGrants) {
  rules.composition.go_on_without_refuser = true;
  Play play{rules};
  play.join("a", "QA");
  play.join("b", "QA");
  play.start("recording", {"recorder"});
  Statement hour = granted(), day = granted();
  hour.expires = noon + 1h;
  day.expires = noon + 24h;
  play.tell(ConsentStated{"a", "recording", day});
  play.tell(ConsentStated{"b", "recording", hour});
  EXPECT_EQ(play.room.decision("a", "recorder").deadline, noon + 24h);
  EXPECT_EQ(play.room.decision("b", "recorder").deadline, noon + 1h);
}

TEST_F(Bars, ASummaryLastsAsLongAsAnyOfTheTranscriptionsItBuildsOn) {
  rules.sinks["scribe-abroad"] = {"transcription", "vendor", "US"};
  rules.processors["vendor"].instruments = {instrument(Mechanism::dpf)};
  rules.transfers[0].annulled = today + std::chrono::days{2};
  Play play{rules};
  play.join("a", "NL");
  play.start("transcription", {"scribe", "scribe-abroad"});
  play.start("summary", {"digest"});
  play.grant("a", "transcription");
  play.grant("a", "summary");
  const auto deadline = [&](const auto* sink) { return play.room.decision("a", sink).deadline; };
  EXPECT_EQ(deadline("scribe-abroad"), WallTime{*rules.transfers[0].annulled});
  EXPECT_GT(deadline("scribe"), deadline("scribe-abroad"));
  EXPECT_EQ(deadline("digest"), deadline("scribe"));
  play.start("transcription", {"scribe-abroad"});
  EXPECT_EQ(deadline("digest"), deadline("scribe-abroad"));
  play.tell(PurposeStopped{"transcription"});
  EXPECT_EQ(play.reason("a", "digest"), Reason::requires_missing);
}

TEST_F(Bars, TheDecisionNamesWhoMakesTheRuleStrict) {
  Play play{rules};
  play.join("a", "NL");
  play.join("b", "QP");
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::prohibited);
  EXPECT_EQ(play.room.decision("a", "recorder").blocker, "b");
  EXPECT_EQ(play.room.decision("a", "recorder").row, "QP");
  EXPECT_EQ(play.room.decision("b", "recorder").blocker, "") << "nobody else";
}

}  // namespace
}  // namespace assent::policy::test
