#include <gmock/gmock.h>

#include "tests/policy/rulebook.hpp"

namespace assent::policy::test {
namespace {

using testing::UnorderedElementsAre;

std::vector<std::string> sinks_of(const Asking& asked) {
  std::vector<std::string> sinks;
  for (const Recipient& recipient : asked.recipients)
    sinks.push_back(recipient.sink);
  return sinks;
}

TEST(Asking, NamesEverySinkThatAGrantWouldOpenAlsoBeforeThePurposeRuns) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  const auto asked = play.room.asking("a", "recording");
  ASSERT_TRUE(asked);
  EXPECT_THAT(sinks_of(*asked), UnorderedElementsAre("recorder", "archive", "server:recording"));
  for (const Recipient& recipient : asked->recipients) {
    EXPECT_FALSE(recipient.active);
    const bool abroad = recipient.sink == "archive";  // its vendor can show nothing for the US
    EXPECT_EQ(recipient.transfer.reason != Reason::permitted, abroad) << recipient.sink;
  }
  EXPECT_FALSE(asked->needs_guardian);
  EXPECT_FALSE(play.room.asking("b", "recording"));
  EXPECT_FALSE(play.room.asking("a", "none"));
}

TEST(Asking, LeavesOutWhatALayerDeniesAndKnowsItsHigherBar) {
  const RuleBook rules = rulebook();
  Play play{rules};
  ParticipantJoined minor;
  minor.participant = "a";
  minor.subject = "s";
  minor.evidence = {{EvidenceKind::declared, "NL"}};
  minor.minor = Minor::yes;
  minor.leg.deny_sinks = {"archive"};
  minor.leg.purposes["recording"].least = Strength::strong;
  minor.leg.purposes["summary"].prohibit = true;
  play.tell(minor);
  const auto asked = play.room.asking("a", "recording");
  ASSERT_TRUE(asked);
  EXPECT_THAT(sinks_of(*asked), UnorderedElementsAre("recorder", "server:recording"));
  EXPECT_EQ(asked->least, Strength::strong);
  EXPECT_TRUE(asked->needs_guardian);
  EXPECT_TRUE(play.room.asking("a", "summary")->recipients.empty());
}

TEST(Asking, AnAnswerOfOneSubjectDoesNotCountForAnotherUnderTheSameId) {
  const RuleBook rules = rulebook();
  Play play{rules};
  play.join("a", "NL");
  ConsentStated stated{"a", "recording", granted()};
  stated.subject = "subject-of-before";
  EXPECT_EQ(play.refusal(stated).code, RefusalCode::participant_unknown);
  stated.subject = "subject-a";
  play.tell(stated);
}

}  // namespace
}  // namespace assent::policy::test
