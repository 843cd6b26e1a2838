// What a room asks of each person, bar by bar.
#include <gmock/gmock.h>

#include <functional>

#include "tests/policy/bars_fixture.hpp"

namespace assent::policy::test {
namespace {

using testing::IsEmpty;

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

}  // namespace
}  // namespace assent::policy::test
