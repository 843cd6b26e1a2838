#include "policy/rules_change.hpp"

#include <gtest/gtest.h>

#include "tests/policy/rulebook.hpp"

namespace assent::policy::test {
namespace {

RuleBook with_notice() {
  RuleBook rules = rulebook();
  Notice notice;
  notice.id = "recording";
  notice.version = "1";
  notice.language = "en";
  notice.hash = "sha256:1";
  rules.notices = {notice};
  return rules;
}

TEST(MaterialChange, OfTheSameRulesIsNone) {
  const auto change = material_change(with_notice(), with_notice());
  EXPECT_TRUE(change.purposes.empty());
  EXPECT_TRUE(change.notices.empty());
}

TEST(MaterialChange, NamesPurposesThatMeanMoreOrAreGone) {
  RuleBook next = rulebook();
  next.purposes["recording"].biometric = true;
  next.purposes.erase("summary");
  next.sinks.erase("scribe");  // fewer recipients are no reason to ask again
  const auto change = material_change(rulebook(), next);
  EXPECT_EQ(change.purposes, (std::vector<std::string>{"recording", "summary"}));
}

TEST(MaterialChange, NamesNoticesWithOtherWordsUnlessOnlyTheirFormChanged) {
  RuleBook next = with_notice();
  next.notices[0].version = "2";
  next.notices[0].hash = "sha256:2";
  EXPECT_EQ(material_change(with_notice(), next).notices, std::vector<std::string>{"recording en"});
  next.notices[0].material = false;
  EXPECT_TRUE(material_change(with_notice(), next).notices.empty());
  next.notices.clear();
  EXPECT_EQ(material_change(with_notice(), next).notices.size(), 1u);
}

TEST(Effect, CountsThePermitsThatTurnNotThoseThatOnlyGetAnotherReason) {
  const auto decision = [](std::string who, bool permitted) {
    Decision made;
    made.participant = std::move(who);
    made.sink = "recorder";
    made.permitted = permitted;
    return made;
  };
  const std::vector<Decision> before{decision("a", true), decision("b", false), decision("c", true),
                                     decision("d", false)};
  Decisions now;
  now.changed = {decision("a", false), decision("b", true), decision("c", true),
                 decision("d", false)};
  now.consents = {{"a", "recording", Giver::participant, ConsentState::invalidated, 1},
                  {"b", "recording", Giver::participant, ConsentState::expired, 1}};
  Effect effect = effect_of(before, now);
  EXPECT_EQ(effect.grants_suspended, 1u);
  EXPECT_EQ(effect.sinks["recorder"], (Effect::OnSink{1, 1}));
  effect += effect_of(before, now);
  EXPECT_EQ(effect.sinks["recorder"], (Effect::OnSink{2, 2}));
}

TEST(RulesChange, ThatForgetsARoomsTenantDeniesEverythingInTheRoom) {
  RuleBook rules = rulebook();
  rules.tenants["clinic"];
  Play play{rules};
  play.tell(TenantSet{"clinic"});
  play.join("a", "NL");
  play.start("recording", {"recorder"});
  play.grant("a");
  ASSERT_TRUE(play.room.decision("a", "recorder").permitted);
  const RuleBook next = rulebook();
  play.tell(RulesChanged{&next});
  EXPECT_FALSE(play.room.decision("a", "recorder").permitted);
}

}  // namespace
}  // namespace assent::policy::test
