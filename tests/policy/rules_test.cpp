#include "policy/rules.hpp"

#include <gmock/gmock.h>

#include "policy/rule_index.hpp"
#include "tests/policy/rulebook.hpp"

namespace assent::policy::test {
namespace {

using testing::Contains;
using testing::Not;

TEST(Terms, AreEverythingThatPeopleAgreeTo) {
  RuleBook rules = rulebook();
  rules.sinks["elsewhere"] = {"transcription", "vendor", "DE"};
  const auto terms = terms_of(rules, "recording");
  for (const auto* term : {"category:recordings", "basis:consent", "kept_days:0", "then:destroy",
                           "recipient:own:in:NL", "recipient:own:as:self", "recipient:vendor:in:US",
                           "recipient:vendor:as:sub_processor"})
    EXPECT_THAT(terms, Contains(term));
  for (const auto* term :
       {"biometric", "any_basis", "kept_until_contract_end", "recipient:own:own_use",
        "basis:requested_service", "recipient:vendor:in:DE"})
    EXPECT_THAT(terms, Not(Contains(term)));

  rules.purposes["recording"].biometric = true;
  rules.purposes["recording"].bases.push_back(Basis::requested_service);
  rules.purposes["recording"].combine = Combine::any;
  rules.categories["recordings"].retention = {true, std::chrono::days{9}, Disposal::anonymise};
  rules.processors["own"].own_use = true;
  const auto more = terms_of(rules, "recording");
  for (const auto* term : {"biometric", "any_basis", "kept_until_contract_end", "kept_days:9",
                           "then:anonymise", "recipient:own:own_use", "basis:requested_service"})
    EXPECT_THAT(more, Contains(term));
}

TEST(Terms, NameTheConferenceServerWhereItMayPerformThePurpose) {
  RuleBook rules = rulebook();
  rules.processors["provider"] = rules.processors["vendor"];
  rules.processors["provider"].own_use = true;
  rules.server = {"provider", "US"};
  EXPECT_THAT(terms_of(rules, "recording"), Contains("recipient:provider:in:US"));
  EXPECT_THAT(terms_of(rules, "recording"), Contains("recipient:provider:own_use"));
  rules.server.jurisdiction = "NL";  // not one of its countries
  EXPECT_THAT(terms_of(rules, "recording"), Not(Contains("recipient:provider:as:sub_processor")));
}

TEST(Terms, OfWhatIsNotDeclaredAreNone) {
  RuleBook rules = rulebook();
  EXPECT_TRUE(terms_of(rules, "nothing").empty());
  rules.categories.clear();
  rules.processors.clear();
  EXPECT_THAT(terms_of(rules, "recording"),
              testing::ElementsAre("basis:consent", "category:recordings"));
}

class Notices : public testing::Test {
 protected:
  static Notice notice(std::string id, std::string language, std::string general = {}) {
    Notice made;
    made.id = std::move(id);
    made.version = "1";
    made.language = std::move(language);
    made.hash = "sha256:" + made.id + made.language;
    made.general = std::move(general);
    return made;
  }
  void SetUp() override {
    rules.notices = {
        notice("general", "en"),        notice("general", "nl"), notice("clinic", "en", "general"),
        notice("ward", "en", "clinic"), notice("other", "en"),   notice("lost", "en", "nowhere")};
  }
  std::string field(std::string_view required, const NoticeReference& given) {
    const auto fit = check_notice(rules, required, given);
    return fit ? "" : std::string{to_string(fit.error().code)} + " " + fit.error().field;
  }
  static NoticeReference reference(const std::string& id, const std::string& language = "en") {
    return {id, "1", language, "sha256:" + id + language};
  }

  RuleBook rules = rulebook();
};

TEST_F(Notices, AreFoundByIdAndLanguage) {
  EXPECT_EQ(find_notice(rules, "general", "nl"), &rules.notices[1]);
  EXPECT_EQ(find_notice(rules, "general", ""), &rules.notices[0]);
  EXPECT_EQ(find_notice(rules, "general", "fr"), nullptr);
  EXPECT_EQ(find_notice(rules, "nothing", ""), nullptr);
}

TEST_F(Notices, FitInTheVersionAndWithTheHashInForce) {
  EXPECT_EQ(field("general", reference("general")), "");
  EXPECT_EQ(field("general", reference("general", "nl")), "");
  EXPECT_EQ(field("general", {"general", "1", "fr", "sha256:generalfr"}),
            "notice_unknown /notice/language");
  EXPECT_EQ(field("general", {"general", "0", "en", "sha256:generalen"}),
            "notice_outdated /notice/version");
  EXPECT_EQ(field("general", {"general", "1", "en", "sha256:generalnl"}),
            "notice_outdated /notice/hash");
}

TEST_F(Notices, ASpecificOneFitsStepByStepAndAnotherDoesNot) {
  EXPECT_EQ(field("general", reference("clinic")), "");
  EXPECT_EQ(field("general", reference("ward")), "");
  EXPECT_EQ(field("clinic", reference("ward")), "");
  for (const auto* id : {"other", "lost", "nothing"})
    EXPECT_EQ(field("general", reference(id)), "notice_unknown /notice/id") << id;
  EXPECT_EQ(field("ward", reference("clinic")), "notice_unknown /notice/id");
}

TEST_F(Notices, ThatMakeEachOtherSpecificFitNothingElse) {
  rules.notices = {notice("hen", "en", "egg"), notice("egg", "en", "hen")};
  EXPECT_EQ(field("egg", reference("hen")), "");
  EXPECT_EQ(field("general", reference("hen")), "notice_unknown /notice/id");
}

TEST_F(Notices, MayBeAnyWhereNoneIsAskedForButADeclaredOneMustBeInForce) {
  EXPECT_EQ(field("", reference("unheard-of")), "");
  EXPECT_EQ(field("", reference("other")), "");
  EXPECT_EQ(field("", {"other", "0", "en", "sha256:otheren"}), "notice_outdated /notice/version");
  EXPECT_EQ(field("undeclared", reference("undeclared")), "notice_unknown /notice/id");
}

TEST(Layers, EachBarStandsWhicheverLayerSetIt) {
  for (const bool in_general : {true, false}) {
    Tightening set;
    set.purposes["recording"] = {true, Strength::firm, Rule::all_party, "notice"};
    set.deny_sinks = {"recorder"};
    set.deny_processors = {"own"};
    set.deny_sale = set.stop_for_all = set.unflagged_as_minor = true;
    set.deny_contested_transfers = set.deny_explicit_consent = true;
    const Tightening none;
    EXPECT_EQ(in_general ? tightened(set, none) : tightened(none, set), set);
    Tightening mild;
    mild.purposes["recording"] = {false, Strength::weak, Rule::notice, ""};
    EXPECT_EQ(in_general ? tightened(set, mild) : tightened(mild, set), set);
  }
}

TEST(Binding, NeedsEveryPartToBeDeclaredAndOpenToMedia) {
  const auto judged = [](const std::function<void(RuleBook&)>& spoil) {
    RuleBook rules = rulebook();
    spoil(rules);
    return judge_binding(rules, "recording", "own", "NL");
  };
  EXPECT_EQ(judged([](RuleBook&) {}), Reason::permitted);
  EXPECT_EQ(judged([](RuleBook& r) { r.purposes.erase("recording"); }), Reason::sink_unknown);
  EXPECT_EQ(judged([](RuleBook& r) { r.processors.erase("own"); }), Reason::sink_unknown);
  EXPECT_EQ(judged([](RuleBook& r) { r.categories.erase("recordings"); }), Reason::no_media_path);
  EXPECT_EQ(judged([](RuleBook& r) { r.categories["recordings"].media_path = false; }),
            Reason::no_media_path);
  EXPECT_EQ(judged([](RuleBook& r) { r.processors["own"].media_path = false; }),
            Reason::no_media_path);
}

TEST(Binding, ACountryCoversItsRegionsAndEuItsMembersOnly) {
  RuleBook rules = rulebook();
  Processor processor = own_processor();
  const auto covers = [&](std::string word, std::string_view place) {
    processor.countries = {std::move(word)};
    return covers_country(rules, processor, place);
  };
  EXPECT_TRUE(covers("US", "US-CA"));
  EXPECT_TRUE(covers("US-CA", "US-CA"));
  EXPECT_FALSE(covers("US-CA", "US"));
  EXPECT_FALSE(covers("US-CA", "US-NY"));
  EXPECT_TRUE(covers("EU", "NL"));
  EXPECT_FALSE(covers("EU", "GB"));
  EXPECT_FALSE(covers("EU", "FR")) << "no row says that it is a member";
  EXPECT_TRUE(covers("*", "FR"));
  EXPECT_FALSE(covers("*", "")) << "nowhere is not everywhere";
}

TEST(RuleIndexes, WhatExceedsTheLimitsIsNotThereAndSoDenied) {
  RuleBook rules = rulebook();
  for (std::size_t i = 0; i < purposes_max; ++i)
    rules.purposes["z" + std::to_string(i)] = purpose("recordings");
  for (std::size_t i = 0; i < sinks_max; ++i)
    rules.sinks["z" + std::to_string(i)] = {"recording", "own", "NL"};
  rules.sinks["astray"] = {"undeclared", "own", "NL"};
  rules.sinks["orphan"] = {"recording", "undeclared", "NL"};
  const RuleIndex index{rules};
  EXPECT_EQ(index.purposes().size(), purposes_max);
  EXPECT_EQ(index.slots().size(), sinks_max + purposes_max);
  EXPECT_FALSE(index.find_slot("astray"));
  ASSERT_TRUE(index.find_slot("orphan"));
  EXPECT_EQ(index.slots()[*index.find_slot("orphan")].binding, Reason::sink_unknown);
  EXPECT_FALSE(index.find_slot("z9")) << "the last by name";
}

TEST(RuleIndexes, APurposeIsDecidedAfterAllThatItBuildsOn) {
  RuleBook rules = rulebook();
  rules.purposes["abstract"] = purpose("transcripts");
  rules.purposes["abstract"].requires_purposes = {"summary"};
  rules.purposes["broken"] = purpose("transcripts");
  rules.purposes["broken"].requires_purposes = {"undeclared"};
  const RuleIndex index{rules};
  const auto at = [&](const auto* name) { return *index.find_purpose(name); };
  EXPECT_LT(at("transcription"), at("summary"));
  EXPECT_LT(at("summary"), at("abstract"));
  const auto& purposes = index.purposes();
  EXPECT_TRUE(purposes[at("transcription")].dependents.test(at("summary")));
  EXPECT_TRUE(purposes[at("transcription")].dependents.test(at("abstract"))) << "two steps away";
  EXPECT_FALSE(purposes[at("recording")].dependents.any());
  EXPECT_TRUE(purposes[at("abstract")].satisfiable);
  EXPECT_FALSE(purposes[at("broken")].satisfiable);
}

}  // namespace
}  // namespace assent::policy::test
