#include <gmock/gmock.h>

#include "tests/policy/rulebook.hpp"

namespace assent::policy::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Room, DeniesEverythingAtFirst) {
  const RuleBook rules = rulebook();
  Play play{rules};
  EXPECT_EQ(play.reason("a"), Reason::participant_unknown);
  play.join("a", "NL");
  EXPECT_EQ(play.reason("a"), Reason::purpose_not_started);
  play.start("recording", {"recorder"});
  EXPECT_EQ(play.reason("a"), Reason::consent_unknown);
  EXPECT_EQ(Decision{}.permitted, false);
  EXPECT_EQ(Decision{}.reason, Reason::undecided);
}

TEST(Room, PermitsWhoGrantedAndNobodyElseWhereEachDecidesForOneself) {
  const RuleBook rules = rulebook();
  Play play{rules};
  for (const auto* id : {"a", "b", "c"})
    play.join(id, "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  ASSERT_EQ(play.out.changed.size(), 1u);
  EXPECT_TRUE(play.out.changed[0].permitted);
  EXPECT_EQ(play.out.changed[0].epoch, play.room.epoch());
  EXPECT_EQ(play.out.changed[0].rules_hash, "sha256:test");
  play.refuse("b");
  play.grant("c");
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  EXPECT_EQ(play.reason("b"), Reason::consent_refused);
  EXPECT_EQ(play.reason("c"), Reason::permitted);
  play.withdraw("c");
  ASSERT_EQ(play.out.changed.size(), 1u);
  EXPECT_EQ(play.out.changed[0].participant, "c");
  EXPECT_EQ(play.reason("c"), Reason::consent_withdrawn);
  EXPECT_EQ(play.reason("a"), Reason::permitted);
}

TEST(Room, TellsOnlyWhatChanged) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  EXPECT_THAT(play.out.changed, IsEmpty());
  play.start("recording", {"recorder"});
  EXPECT_EQ(play.out.changed.size(), 1u);
  play.start("recording", {"recorder"});
  EXPECT_THAT(play.out.changed, IsEmpty());
  const Epoch before = play.room.epoch();
  play.pass(1s);
  EXPECT_EQ(play.room.epoch(), before) << "time alone changed nothing";
}

TEST(Room, RefusedEventsChangeNothing) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  const auto before = play.room.decisions();
  const Epoch epoch = play.room.epoch();
  ConsentStated ticked{"a", "recording", granted()};
  ticked.statement.default_state = DefaultState::ticked;
  EXPECT_EQ(play.refusal(ticked).code, RefusalCode::pre_ticked);
  EXPECT_EQ(play.refusal(ParticipantJoined{"a", "s", {}, Minor::no, false, false, {}}).code,
            RefusalCode::participant_present);
  EXPECT_EQ(play.refusal(ParticipantLeft{"x"}).code, RefusalCode::participant_unknown);
  EXPECT_EQ(play.refusal(ConsentStated{"a", "x", granted()}).code, RefusalCode::purpose_unknown);
  EXPECT_EQ(play.refusal(PurposeStarted{"recording", By::sinks, {"recorder", "scribe"}}),
            (Refusal{RefusalCode::sink_of_other_purpose, "/sinks/1"}));
  EXPECT_EQ(play.refusal(PurposeStarted{"recording", By::sinks, {}}).code,
            RefusalCode::sink_unknown);
  EXPECT_EQ(play.refusal(PurposeStarted{"recording", By::sinks, {"server:recording"}}).code,
            RefusalCode::sink_unknown);
  EXPECT_EQ(play.refusal(PurposeStopped{"summary"}).code, RefusalCode::purpose_not_started);
  EXPECT_EQ(play.refusal(RulesChanged{nullptr}).code, RefusalCode::rules_missing);
  EXPECT_EQ(play.refusal(TenantSet{"typo"}).code, RefusalCode::tenant_unknown);
  EXPECT_EQ(play.room.decisions(), before);
  EXPECT_EQ(play.room.epoch(), epoch);
  EXPECT_THAT(play.out.changed, IsEmpty());
}

TEST(Room, ClosesBeforeItOpens) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.join("b", "NL");
  play.grant("a", "recording");
  play.start("recording", {"recorder", "archive"});
  ASSERT_EQ(play.out.changed.size(), 4u);
  EXPECT_FALSE(play.out.changed.front().permitted);
  EXPECT_TRUE(play.out.changed.back().permitted);
}

TEST(Room, ServerPerformsAPurposeAsASinkOfItsOwn) {
  RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.grant("a");
  play.tell(PurposeStarted{"recording", By::server, {}, true});
  EXPECT_EQ(play.reason("a", "server:recording"), Reason::permitted);
  EXPECT_THAT(play.room.active_sinks("recording"), ElementsAre("server:recording"));
  play.tell(PurposeStopped{"recording"});
  EXPECT_EQ(play.reason("a", "server:recording"), Reason::purpose_not_started);

  rules.server = {};
  Play without{rules};
  EXPECT_EQ(without.refusal(PurposeStarted{"recording", By::server, {}}).code,
            RefusalCode::server_unknown);
}

TEST(Room, ExpiryClosesAtTheVeryInstantAndNotBefore) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  Statement statement = granted();
  statement.expires = noon + 10s;
  play.tell(ConsentStated{"a", "recording", statement});
  EXPECT_EQ(play.out.changed.at(0).deadline, noon + 10s);
  EXPECT_EQ(play.room.next_timeout(), noon + 10s);
  play.pass(9'999ms);
  EXPECT_EQ(play.reason("a"), Reason::permitted);
  play.pass(1ms);
  EXPECT_EQ(play.reason("a"), Reason::consent_expired);
  ASSERT_EQ(play.out.consents.size(), 1u);
  EXPECT_EQ(play.out.consents[0].state, ConsentState::expired);
  play.now = noon;  // the clock is set back
  play.tell(TimePassed{});
  EXPECT_EQ(play.reason("a"), Reason::consent_expired);
}

TEST(Room, LeavingClosesAndComingBackInheritsNothing) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  play.tell(ParticipantLeft{"a"});
  ASSERT_EQ(play.out.changed.size(), 1u);
  EXPECT_EQ(play.out.changed[0].reason, Reason::participant_unknown);
  play.join("a", "NL");
  EXPECT_EQ(play.reason("a"), Reason::consent_unknown);
}

TEST(Room, ExplainsInWordsThatCanBeForwarded) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.join("b", "DE");
  play.start("recording", {"recorder"});
  play.grant("a");
  const auto found = play.room.explain("a", "recording");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].findings.size(), axes);
  const std::string words = in_words(found[0]);
  EXPECT_THAT(words, testing::StartsWith(
                         "No. The audio and video of participant a in room room do not go to "
                         "recorder for recording, because everybody in the room must have granted "
                         "it, and somebody has not. It depends on participant b.\n"));
  EXPECT_THAT(words, testing::HasSubstr("24 November 2026, 12:00:00 UTC"));
  EXPECT_THAT(words, testing::HasSubstr("not legal advice"));
  EXPECT_THAT(words, testing::HasSubstr("jurisdictions/DE; Act of DE; a reliable place"));
  EXPECT_THAT(play.room.explain("a", "nonsense"), IsEmpty());
  EXPECT_EQ(play.room.explain("a", "summary").size(), 1u) << "also what is not started";
}

TEST(Room, NamesOthersOnlyToThoseWhoMayKnow) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.join("somebody", "QA");
  play.start("recording", {"recorder"});
  play.grant("a");
  const auto words = [&](Others others) {
    return in_words(play.room.explain("a", "recorder", others).at(0));
  };
  EXPECT_THAT(words(Others::named), HasSubstr("depends on participant somebody."));
  EXPECT_THAT(
      words(Others::named),
      HasSubstr("comes with participant somebody, who is by the evidence in: QA (declared). "));
  const auto own = words(Others::unnamed);
  EXPECT_THAT(own, testing::Not(HasSubstr("participant somebody")));
  EXPECT_THAT(own, HasSubstr("depends on somebody else who is present."));
  EXPECT_THAT(own, HasSubstr("comes with somebody else."));
}

TEST(Room, SaysWhichLayerRulesItOutAndWhenItIsNoLaw) {
  RuleBook rules = rulebook();
  rules.tenants["clinic"].purposes["recording"].prohibit = true;
  const auto finding_after = [&](Axis axis, const std::vector<Event>& events) {
    Play play{rules};
    play.join("a", "NL");
    play.start("recording", {"recorder"});
    for (const Event& event : events)
      play.tell(event);
    return play.room.explain("a", "recorder").at(0).findings.at(static_cast<std::size_t>(axis));
  };
  Tightening sink, processor, rule;
  sink.deny_sinks = {"recorder"};
  processor.deny_processors = {"own"};
  rule.purposes["recording"].at_least = Rule::all_party;
  EXPECT_EQ(finding_after(Axis::layers, {TenantSet{"clinic"}}).detail,
            "Ruled out by the policy of the customer clinic.");
  EXPECT_EQ(finding_after(Axis::layers, {RoomTightened{sink}, LegTightened{"a", processor}}).detail,
            "Ruled out by the room's own policy and this person's own policy.");
  const RuleBook without = rulebook();
  EXPECT_EQ(finding_after(Axis::layers, {TenantSet{"clinic"}, RulesChanged{&without}}).detail,
            "The policy of the customer clinic is not there any more.");
  EXPECT_THAT(finding_after(Axis::composition, {RoomTightened{rule}}).detail,
              HasSubstr("asks for more than the law"));
  rules.composition.unknown = Rule::all_party;
  EXPECT_THAT(
      finding_after(Axis::composition, {JurisdictionAdded{"a", {EvidenceKind::ip, ""}}}).detail,
      HasSubstr("It is not known which law protects somebody"));
}

TEST(Room, SaysWhatAProcessorShowsForATransfer) {
  RuleBook rules = rulebook();
  rules.processors["vendor"].instruments = {instrument(Mechanism::dpf), instrument(Mechanism::scc)};
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"archive"});
  play.grant("a");
  const auto found = play.room.explain("a", "archive").at(0);
  EXPECT_EQ(found.findings.at(static_cast<std::size_t>(Axis::transfer)).detail,
            "The transfer from EU to US rests on the EU-US Data Privacy Framework. vendor shows "
            "for it: Vendor Inc, module 2, reference assessment 7, condition listed, checked on "
            "1 January 2026, valid through 31 December 2027.");
}

TEST(Room, SaysSinceWhenItsAnswerHolds) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  play.pass(1min);
  play.grant("a");
  play.pass(1min);
  play.join("b", "NL");  // changes nothing for a
  const auto since = play.room.explain("a", "recorder").at(0).since;
  EXPECT_EQ(since, noon + 1min);
  play.withdraw("a");
  const auto found = play.room.explain("a", "recorder").at(0);
  EXPECT_EQ(found.since, noon + 2min);
  EXPECT_EQ(found.findings.at(static_cast<std::size_t>(Axis::consent)).since, noon + 2min);
}

TEST(Reasons, EachHasItsOwnWordAndASentence) {
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < reasons; ++i) {
    words.insert(to_string(static_cast<Reason>(i)));
    EXPECT_TRUE(sentence(static_cast<Reason>(i)).ends_with('.'));
  }
  EXPECT_EQ(words.size(), reasons);
  std::set<std::string_view> codes;
  for (std::size_t i = 0; i < refusal_codes; ++i)
    codes.insert(to_string(static_cast<RefusalCode>(i)));
  EXPECT_EQ(codes.size(), refusal_codes);
}

}  // namespace
}  // namespace assent::policy::test
