// What a room asks of each event, and when its decisions end.
#include <gmock/gmock.h>

#include "tests/policy/bars_fixture.hpp"

namespace assent::policy::test {
namespace {

using testing::IsEmpty;

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
