// How enforcement fails in practice: the cases that are decided in pure code. Those of the packet
// path, of storage and of the API are tested where they are.
#include <gmock/gmock.h>

#include "tests/policy/rulebook.hpp"

namespace assent::policy::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Failure03LateJoiner, ClosesAnAllPartySinkInTheVeryEventOfJoining) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "QA");
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  play.join("late", "NL");
  ASSERT_EQ(play.out.changed.size(), 2U);
  for (const Decision& decision : play.out.changed)
    EXPECT_FALSE(decision.permitted);
  EXPECT_EQ(play.reason("a"), Reason::others_missing);
  EXPECT_EQ(play.room.decision("a", "recorder").blocker, "late");
}

TEST(Failure03LateJoiner, FromAStricterCountryBringsItsRuleAlong) {
  const RuleBook rules = rulebook();
  Play play{rules};
  for (const auto* id : {"a", "b"})
    play.join(id, "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  play.join("late", "QA");
  EXPECT_EQ(play.reason("a"), Reason::others_missing);
  play.grant("late");
  EXPECT_EQ(play.reason("a"), Reason::others_missing) << "b listens, and has not granted";
  play.grant("b");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  play.join("prohibited", "QP");
  EXPECT_EQ(play.reason("a"), Reason::prohibited);
  play.tell(ParticipantLeft{"prohibited"});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  play.join("nowhere", "");
  EXPECT_EQ(play.reason("a"), Reason::jurisdiction_unknown);
}

TEST(Failure03LateJoiner, OneRefusalStopsAnAllPartyRoomUnlessTheOperatorChoseToGoOn) {
  RuleBook rules = rulebook();
  for (const bool go_on : {false, true}) {
    rules.composition.go_on_without_refuser = go_on;
    Play play{rules};
    for (const auto* id : {"a", "b", "c"})
      play.join(id, "QA");
    play.start("recording", {"recorder"});
    play.grant("a");
    play.grant("c");
    play.refuse("b");
    EXPECT_EQ(play.reason("b"), Reason::consent_refused);
    EXPECT_EQ(play.reason("a"), go_on ? Reason::permitted : Reason::others_missing);
    if (go_on) {
      EXPECT_THAT(play.out.went_on_without, ElementsAre("b"));
      Tightening leg;
      leg.stop_for_all = true;
      play.tell(RoomTightened{leg});
      EXPECT_EQ(play.reason("a"), Reason::others_missing) << "a layer takes the choice back";
      EXPECT_THAT(play.out.went_on_without, IsEmpty());
    }
  }
}

TEST(Failure04MixedStreams, AMixIsPermittedOnlyWhereEveryContributorIsAndIsKnown) {
  const RuleBook rules = rulebook();
  Play play{rules};
  for (const auto* id : {"a", "b"})
    play.join(id, "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  const auto mix = [&](std::vector<std::string> who) {
    return play.room.judge_mix(who, "recorder");
  };
  EXPECT_EQ(mix({"a"}), Reason::permitted);
  EXPECT_EQ(mix({"a", "b"}), Reason::consent_unknown);
  EXPECT_EQ(mix({"a", "stranger"}), Reason::participant_unknown);
  EXPECT_EQ(mix({}), Reason::participant_unknown);
  play.grant("b");
  EXPECT_EQ(mix({"a", "b"}), Reason::permitted);
  EXPECT_EQ(play.room.judge_mix(std::vector<std::string>{"a"}, "nowhere"), Reason::sink_unknown);
}

TEST(Failure05MixAtTheRecorder, IsAskedForAgainAtEachSink) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  const std::vector<std::string> who{"a"};
  EXPECT_EQ(play.room.judge_mix(who, "recorder"), Reason::permitted);
  EXPECT_NE(play.room.judge_mix(who, "archive"), Reason::permitted);
}

TEST(Failure10ForkedLegs, EachIdInheritsNothing) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.start("recording", {"recorder"});
  play.join("a", "NL");
  play.grant("a");
  play.join("a.fork", "NL");
  EXPECT_EQ(play.reason("a.fork"), Reason::consent_unknown);
}

TEST(Failure11TransferHoldReplaces, TheNewPartyStartsUnknown) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.start("recording", {"recorder"});
  play.join("a", "NL");
  play.grant("a");
  EXPECT_EQ(play.refusal(ParticipantJoined{"a", "other", {}, Minor::no, false, false, {}}).code,
            RefusalCode::participant_present);
  play.tell(ParticipantLeft{"a"});
  play.join("a", "NL");
  EXPECT_EQ(play.reason("a"), Reason::consent_unknown);
}

TEST(Failure12ReInvite, ANewSinkStartsDeniedAndUnderItsOwnDecision) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  play.start("recording", {"recorder", "archive"});
  ASSERT_EQ(play.out.changed.size(), 1U);
  EXPECT_EQ(play.out.changed[0].sink, "archive");
  EXPECT_EQ(play.out.changed[0].reason, Reason::transfer_no_mechanism);
  play.start("recording", {"archive"});
  ASSERT_EQ(play.out.changed.size(), 1U);
  EXPECT_EQ(play.out.changed[0].sink, "recorder");
  EXPECT_EQ(play.out.changed[0].reason, Reason::purpose_not_started);
}

TEST(Failure13Restart, ANewRoomIsClosedUntilItIsTold) {
  const RuleBook rules = rulebook();
  Room room{"room", rules};
  EXPECT_FALSE(room.decision("a", "recorder").permitted);
  EXPECT_THAT(room.decisions(), IsEmpty());
  EXPECT_EQ(Decision{}.permitted, false);
  EXPECT_EQ(Facts{}.started, false);
}

TEST(Failure15ClockSkew, ExpiresEarlyAndGrantsLate) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  Statement ahead = granted();
  ahead.stated_at = noon + 1h;
  EXPECT_EQ(play.refusal(ConsentStated{"a", "recording", ahead}).code,
            RefusalCode::stated_in_future);
  Statement over = granted();
  over.expires = noon;
  EXPECT_EQ(play.refusal(ConsentStated{"a", "recording", over}).code, RefusalCode::expires_in_past);
  play.pass(1h);
  play.now = noon;  // set back
  over.expires = noon + 30min;
  EXPECT_EQ(play.refusal(ConsentStated{"a", "recording", over}).code, RefusalCode::expires_in_past);
}

TEST(Failure16Minors, AGuardianSpeaksForMinorsOnlyAndIsNotTheParticipant) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("adult", "NL", Minor::no);
  EXPECT_EQ(play.refusal(ConsentStated{"adult", "recording", guardian_granted()}).code,
            RefusalCode::not_a_minor);
  play.join("child", "NL", Minor::yes);
  play.start("recording", {"recorder"});
  play.tell(ConsentStated{"child", "recording", guardian_granted()});
  EXPECT_EQ(play.reason("child"), Reason::consent_unknown);
  EXPECT_EQ(play.room.consent("child", "recording")->state, ConsentState::unknown);
  EXPECT_EQ(play.room.consent("child", "recording", Giver::guardian)->state, ConsentState::granted);
}

TEST(Failure18Replay, AnOlderGrantAfterAWithdrawalIsRefused) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  ConsentStated grant{"a", "recording", granted()};
  grant.statement.stated_at = noon;
  grant.statement.nonce = "one";
  play.tell(grant);
  play.pass(1s);
  const Epoch seen = play.room.epoch();
  play.withdraw("a");
  EXPECT_EQ(play.refusal(grant).code, RefusalCode::statement_older);
  grant.statement.stated_at = play.now;
  EXPECT_EQ(play.refusal(grant).code, RefusalCode::statement_older) << "of the same instant";
  play.pass(1s);
  grant.statement.stated_at = play.now;
  EXPECT_EQ(play.refusal(grant).code, RefusalCode::statement_replayed);
  grant.statement.nonce = "two";
  grant.statement.seen_epoch = seen;
  EXPECT_EQ(play.refusal(grant), (Refusal{RefusalCode::statement_older, "/seen_epoch"}));
  EXPECT_EQ(play.reason("a"), Reason::consent_withdrawn);
  grant.statement.seen_epoch = play.room.epoch();
  play.tell(grant);
  EXPECT_EQ(play.reason("a"), Reason::permitted);
}

TEST(Failure18Replay, NoncesAreBoundedAndThenNothingMoreIsGranted) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  ConsentStated grant{"a", "recording", granted()};
  for (std::size_t i = 0; i < nonces_max; ++i) {
    grant.statement.nonce = std::to_string(i);
    play.tell(grant);
  }
  grant.statement.nonce = "more";
  EXPECT_EQ(play.refusal(grant).code, RefusalCode::limit_reached);
  play.withdraw("a");
  EXPECT_EQ(play.reason("a"), Reason::consent_withdrawn) << "what restricts is always taken";
}

TEST(Failure19Expiry, EveryPermissionCarriesTheDeadlineOfAllItRestsOn) {
  const RuleBook rules = rulebook();
  Play play{rules};
  for (const auto* id : {"a", "b"})
    play.join(id, "QA");
  play.start("recording", {"recorder"});
  Statement hour = granted(), minute = granted();
  hour.expires = noon + 1h;
  minute.expires = noon + 1min;
  play.tell(ConsentStated{"a", "recording", hour});
  play.tell(ConsentStated{"b", "recording", minute});
  EXPECT_EQ(play.room.decision("a", "recorder").deadline, noon + 1min) << "everybody must stand";
  play.pass(1min);
  EXPECT_EQ(play.reason("a"), Reason::others_missing);
  EXPECT_EQ(play.reason("b"), Reason::consent_expired);
}

TEST(Failure19Expiry, ARowThatGoesStaleClosesByItself) {
  RuleBook rules = rulebook();
  rules.jurisdictions["NL"].review_by = today;
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  EXPECT_EQ(play.room.decision("a", "recorder").deadline, stale_from(today));
  EXPECT_EQ(play.room.next_timeout(), stale_from(today));
  play.now = stale_from(today);
  play.tell(TimePassed{});
  EXPECT_EQ(play.reason("a"), Reason::rule_stale);
}

TEST(Failure20JurisdictionChange, IsAddedAtOnceAndRemovedOnlyByReevaluation) {
  const RuleBook rules = rulebook();
  Play play{rules};
  for (const auto* id : {"a", "b"})
    play.join(id, "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  play.tell(JurisdictionAdded{"a", {EvidenceKind::ip, "QA"}});
  EXPECT_EQ(play.reason("a"), Reason::others_missing);
  play.tell(JurisdictionAdded{"a", {EvidenceKind::ip, "NL"}});
  EXPECT_EQ(play.reason("a"), Reason::others_missing) << "coming back removes nothing";
  RuleBook next = rules;
  next.hash = "sha256:next";
  play.tell(RulesChanged{&next});
  EXPECT_EQ(play.reason("a"), Reason::others_missing) << "nor does a change of rules";
  play.tell(JurisdictionsReevaluated{"a", {{EvidenceKind::declared, "NL"}}});
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  play.tell(JurisdictionAdded{"a", {EvidenceKind::ip, "nowhere"}});
  EXPECT_EQ(play.reason("a"), Reason::jurisdiction_unknown);
}

TEST(Failure21Ciphertext, TranscriptionIsDeniedWithoutTheKey) {
  RuleBook rules = rulebook();
  rules.purposes["recording"].needs_plaintext = false;
  Play play{rules};
  play.join("a", "NL");
  for (const auto* purpose : {"recording", "transcription"})
    play.grant("a", purpose);
  play.start("recording", {"recorder"});
  play.start("transcription", {"scribe"});
  play.tell(CiphertextStated{"a", true});
  EXPECT_EQ(play.reason("a", "recorder"), Reason::permitted);
  EXPECT_EQ(play.reason("a", "scribe"), Reason::ciphertext_only);
}

TEST(Failure23DebugCaptures, AreSinksThatNeedConsent) {
  RuleBook rules = rulebook();
  rules.purposes["debugging"] = purpose("recordings");
  rules.processors["own"].purposes.push_back("debugging");
  rules.sinks["capture"] = {"debugging", "own", "NL"};
  Play play{rules};
  play.join("a", "NL");
  play.grant("a", "recording");
  play.start("debugging", {"capture"});
  EXPECT_EQ(play.reason("a", "capture"), Reason::consent_unknown);
}

}  // namespace
}  // namespace assent::policy::test
