#include "gateway/policy_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "gateway/embedded.hpp"
#include "gateway/policy_in_force.hpp"
#include "gateway/policy_json.hpp"
#include "policy/room.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr policy::Date today = std::chrono::year{2026} / 11 / 24;
constexpr policy::WallTime noon = today + 12h;

PolicyTexts defaults() {
  return {{"policy.yaml", std::string{embedded("policy.yaml").value_or("")}},
          {"jurisdictions.yaml", std::string{embedded("jurisdictions.yaml").value_or("")}},
          {"transfers.yaml", std::string{embedded("transfers.yaml").value_or("")}}};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class PolicyFile : public testing::Test {
 protected:
  policy::RuleBook load() {
    const auto loaded = read_policy(texts, noon, faults);
    EXPECT_TRUE(loaded) << to_string(faults);
    if (loaded) warnings = loaded->warnings;
    return loaded ? loaded->rules : policy::RuleBook{};
  }
  // The one fault that a change of the default policy brings.
  Fault fault_after(std::string_view from, std::string_view to) {
    texts.policy.text = replaced(texts.policy.text, from, to);
    EXPECT_FALSE(read_policy(texts, noon, faults));
    const auto all = faults.in_order();
    EXPECT_EQ(all.size(), 1U) << to_string(faults);
    if (all.empty()) return {};
    EXPECT_EQ(all[0].file, "policy.yaml");
    EXPECT_GT(all[0].line, 1U);
    EXPECT_FALSE(all[0].remedy.empty());
    return all[0];
  }
  void with_tenant(std::string_view text) {
    texts.policy.text += "\ntenants:\n  clinic:\n";
    texts.policy.text += text;
  }

  PolicyTexts texts = defaults();
  Faults faults;
  std::vector<std::string> warnings;
};

TEST_F(PolicyFile, TheEmbeddedDefaultIsSoundAndSaysWhatItDoesNotRelyOn) {
  const auto loaded = load_policy({}, noon, faults);
  ASSERT_TRUE(loaded) << to_string(faults);
  EXPECT_TRUE(loaded->rules.hash.starts_with("sha256:"));
  EXPECT_THAT(loaded->warnings, Contains(HasSubstr("without a source")));
  EXPECT_THAT(loaded->warnings, Contains(HasSubstr("contested")));
}

TEST_F(PolicyFile, TheDefaultRecordsEachConsentingPersonOfADutchRoom) {
  const policy::RuleBook rules = load();
  policy::Room room{"room", rules};
  policy::Decisions out;
  const auto tell = [&](const policy::Event& event) {
    const auto taken = room.handle(noon, event, out);
    EXPECT_TRUE(taken) << to_string(taken.error().code) << taken.error().field;
  };
  const policy::Notice* notice = find_notice(rules, "recording", "en");
  ASSERT_NE(notice, nullptr);
  policy::Statement granted;
  granted.answer = policy::Answer::granted;
  granted.method = policy::Method::online;
  granted.default_state = policy::DefaultState::unticked;
  granted.notice = {notice->id, notice->version, notice->language, notice->hash};
  for (const auto* id : {"a", "b", "c"}) {
    policy::ParticipantJoined joined;
    joined.participant = id;
    joined.evidence = {{policy::EvidenceKind::declared, "NL"}};
    joined.minor = policy::Minor::unflagged;
    tell(joined);
  }
  tell(policy::PurposeStarted{"recording", policy::By::sinks, {"recorder", "archive"}, true});
  tell(policy::ConsentStated{"a", "recording", granted});
  tell(policy::ConsentStated{"b", "recording", {}});
  tell(policy::ConsentStated{"c", "recording", granted});
  for (const auto* sink : {"recorder", "archive"}) {
    EXPECT_TRUE(room.decision("a", sink).permitted) << in_words(room.explain("a", sink).at(0));
    EXPECT_EQ(room.decision("b", sink).reason, policy::Reason::consent_refused);
    EXPECT_TRUE(room.decision("c", sink).permitted);
  }
  tell(policy::ConsentWithdrawn{"c", "recording", policy::Giver::participant});
  EXPECT_EQ(room.decision("c", "recorder").reason, policy::Reason::consent_withdrawn);
  EXPECT_TRUE(room.decision("a", "recorder").permitted);
}

TEST_F(PolicyFile, TheHashNamesTheContentOfAllThreeFiles) {
  const std::string before = load().hash;
  EXPECT_EQ(load().hash, before);
  for (auto* text : {&texts.policy.text, &texts.jurisdictions.text, &texts.transfers.text}) {
    text->append("# a remark\n");
    EXPECT_NE(load().hash, before);
    text->resize(text->size() - 11);
  }
  EXPECT_EQ(load().hash, before);
}

TEST_F(PolicyFile, EveryRowSaysThatItIsNoAdviceAndWhenToReviewIt) {
  const policy::RuleBook rules = load();
  EXPECT_EQ(rules.jurisdictions.size(), 110U);
  for (const auto& [code, row] : rules.jurisdictions) {
    EXPECT_TRUE(row.review_by) << code;
    EXPECT_FALSE(row.citation.empty()) << code;
    EXPECT_FALSE(row.source_date.empty()) << code;
  }
  for (const auto* code : {"NL", "DE", "IS", "GB", "CH", "US", "US-CA", "US-NY", "US-DC", "CA",
                           "JP", "IN", "SG", "HK", "AU", "AU-NSW", "AU-TAS"})
    EXPECT_TRUE(rules.jurisdictions.contains(code)) << code;
  texts.jurisdictions.text =
      replaced(texts.jurisdictions.text, "not_legal_advice: true", "not_legal_advice: false");
  EXPECT_FALSE(read_policy(texts, noon, faults));
}

TEST_F(PolicyFile, WhatGoesStaleWhileItIsInForceIsToldThen) {
  auto loaded = read_policy(texts, noon, faults);
  ASSERT_TRUE(loaded);
  loaded->configuration_warnings = {"of the configuration"};
  const HeldPolicy held = hold_files(std::move(*loaded), noon);
  const std::string stale = "past their review date";
  EXPECT_THAT(policy_in_force_json(held, noon), testing::Not(HasSubstr(stale)));
  const auto later = policy_in_force_json(held, noon + std::chrono::years{2});
  EXPECT_THAT(later, HasSubstr(stale));
  EXPECT_THAT(later, HasSubstr("of the configuration"));
}

TEST_F(PolicyFile, WarnsOfCountriesAndMechanismsThatItCannotJudgeTransfersBy) {
  texts.transfers.text = replaced(texts.transfers.text, "importer: UY", "importer: UU");
  load();
  EXPECT_THAT(warnings, Contains(HasSubstr("EU to UU (2012/484/EU)")));
  EXPECT_THAT(warnings, Contains(HasSubstr("from which no transfer needs a mechanism")));
}

TEST_F(PolicyFile, AnExceptionThatExceptsNobodyIsAFault) {
  texts.transfers.text =
      replaced(texts.transfers.text, "except_from: [IS, LI, NO]", "except_from: [IS, LI, NOR]");
  EXPECT_FALSE(read_policy(texts, noon, faults));
  ASSERT_EQ(faults.in_order().size(), 1U) << to_string(faults);
  EXPECT_EQ(faults.in_order().at(0).path, "transfers[2].except_from[2]");
  EXPECT_THAT(faults.in_order().at(0).what, HasSubstr("'NOR'"));
}

TEST_F(PolicyFile, AMechanismIsForOneCountryOrForAllOfTheProcessors) {
  const Fault fault = fault_after(
      "    own_use: false\n    media_path: true\n    records: full\n    # Each is",
      "    own_use: false\n    media_path: true\n    records: full\n    mechanisms:\n"
      "      - {mechanism: dpf, country: EU, entity: Hosting Inc, categories: [recordings], "
      "checked_at: 2026-11-24, expires: 2027-06-30}\n    # Each is");
  EXPECT_EQ(fault.path, "processors.hosting.mechanisms[0].country");
}

TEST_F(PolicyFile, StaleRowsAreToldOf) {
  const auto loaded = read_policy(texts, noon + std::chrono::years{2}, faults);
  ASSERT_TRUE(loaded);
  EXPECT_THAT(loaded->warnings, Contains(HasSubstr("past their review date")));
}

TEST_F(PolicyFile, FindsAllFaultsOfAllFilesAtOnce) {
  texts.policy.text = replaced(texts.policy.text, "sale: deny", "sale: maybe");
  texts.policy.text = replaced(texts.policy.text, "unflagged: adult", "unflagged: old");
  texts.jurisdictions.text =
      replaced(texts.jurisdictions.text, "interception: all_party", "interception: al_party");
  texts.transfers.text = replaced(texts.transfers.text, "mechanism: dpf", "mechanism: dfp");
  EXPECT_FALSE(read_policy(texts, noon, faults));
  EXPECT_EQ(faults.in_order().size(), 4U) << to_string(faults);
  EXPECT_THAT(to_string(faults), HasSubstr("did you mean 'all_party'"));
}

TEST_F(PolicyFile, ASinkAtAnUnknownProcessorIsAFaultWithItsPlace) {
  const Fault fault = fault_after("recorder: {purpose: recording, processor: on-premises",
                                  "recorder: {purpose: recording, processor: on-premise");
  EXPECT_EQ(fault.path, "sinks.recorder.processor");
  EXPECT_THAT(fault.remedy, HasSubstr("on-premises"));
}

// Each is OUT: stated, and impossible to route media to.
class MediaFree : public PolicyFile, public testing::WithParamInterface<const char*> {};

TEST_P(MediaFree, ProcessorCanBeTheEndOfNoSink) {
  const Fault fault =
      fault_after("archive: {purpose: recording, processor: hosting, jurisdiction: NL}",
                  std::string{"archive: {purpose: recording, processor: "} + GetParam() +
                      ", jurisdiction: US}");
  EXPECT_EQ(fault.path, "sinks.archive.processor");
  EXPECT_THAT(fault.what, HasSubstr("media_path: false"));
}
INSTANTIATE_TEST_SUITE_P(Row08UserManagement, MediaFree, testing::Values("user-management"));
INSTANTIATE_TEST_SUITE_P(Row10DevelopmentPlatform, MediaFree,
                         testing::Values("development-platform"));
INSTANTIATE_TEST_SUITE_P(Row11CustomerManagement, MediaFree,
                         testing::Values("customer-management"));
INSTANTIATE_TEST_SUITE_P(Row12Telecom, MediaFree, testing::Values("telecom"));
INSTANTIATE_TEST_SUITE_P(Row13TollFree, MediaFree, testing::Values("toll-free"));
INSTANTIATE_TEST_SUITE_P(Row14Analytics, MediaFree, testing::Values("analytics-service"));
INSTANTIATE_TEST_SUITE_P(Row15CardProcessor, MediaFree, testing::Values("card-processor"));

class MediaFreeCategory : public PolicyFile, public testing::WithParamInterface<const char*> {};

TEST_P(MediaFreeCategory, CanBeTheDataOfNoPurpose) {
  texts.policy.text = replaced(texts.policy.text, "label: Recording\n    category: recordings",
                               std::string{"label: Recording\n    category: "} + GetParam());
  EXPECT_FALSE(read_policy(texts, noon, faults));
  EXPECT_EQ(faults.in_order().at(0).path, "purposes.recording.category");
  EXPECT_THAT(faults.in_order().at(0).what, HasSubstr("media_path: false"));
}
INSTANTIATE_TEST_SUITE_P(Row01SignUp, MediaFreeCategory, testing::Values("sign-up"));
INSTANTIATE_TEST_SUITE_P(Row02Leads, MediaFreeCategory, testing::Values("leads"));
INSTANTIATE_TEST_SUITE_P(Row03CallRecords, MediaFreeCategory, testing::Values("call-records"));
INSTANTIATE_TEST_SUITE_P(Row06Billing, MediaFreeCategory, testing::Values("billing"));
INSTANTIATE_TEST_SUITE_P(Row07Device, MediaFreeCategory, testing::Values("device"));

TEST_F(PolicyFile, Row09HostingMayHostRecordingsInItsCountriesOnly) {
  const Fault fault =
      fault_after("archive: {purpose: recording, processor: hosting, jurisdiction: NL}",
                  "archive: {purpose: recording, processor: hosting, jurisdiction: CH}");
  EXPECT_EQ(fault.path, "sinks.archive.jurisdiction");
  EXPECT_THAT(fault.what, HasSubstr("not among the countries"));
}

TEST_F(PolicyFile, Row18PreTickedBoxesCannotBeConfigured) {
  const Fault fault = fault_after("default_state: unticked\n", "default_state: ticked\n");
  EXPECT_EQ(fault.path, "methods.online.default_state");
  EXPECT_EQ(fault.remedy, "write 'unticked'");
}

TEST_F(PolicyFile, Row16To20NoMethodCanDropTheEvidenceThatMakesItOne) {
  const Fault fault = fault_after("evidence: [document_hash, signer]", "evidence: [signer]");
  EXPECT_THAT(fault.what, HasSubstr("document_hash"));
}

TEST_F(PolicyFile, Row30ATenantThatLoosensIsAFaultAtItsLine) {
  with_tenant(
      "    purposes:\n      recording: {least_strength: weak}\n"
      "    sale: permit\n    all_party: go_on_without_refuser\n    contested_transfers: rely\n");
  EXPECT_FALSE(read_policy(texts, noon, faults));
  std::vector<std::string> paths;
  for (const Fault& fault : faults.in_order())
    paths.push_back(fault.path);
  EXPECT_THAT(paths, testing::ElementsAre("tenants.clinic.purposes.recording.least_strength",
                                          "tenants.clinic.sale", "tenants.clinic.all_party",
                                          "tenants.clinic.contested_transfers"));
}

TEST_F(PolicyFile, Row30ATenantMayTighten) {
  with_tenant(
      "    purposes:\n      recording: {least_strength: strong, rule: all_party}\n"
      "      summary: {prohibit: true}\n    deny_sinks: [archive]\n"
      "    deny_processors: [hosting]\n    sale: deny\n    unflagged: minor\n"
      "    transfer_by_explicit_consent: false\n");
  const policy::RuleBook rules = load();
  const auto& tenant = rules.tenants.at("clinic");
  EXPECT_EQ(tenant.purposes.at("recording").least, policy::Strength::strong);
  EXPECT_EQ(tenant.purposes.at("recording").at_least, policy::Rule::all_party);
  EXPECT_TRUE(tenant.purposes.at("summary").prohibit);
  EXPECT_TRUE(tenant.deny_sinks.contains("archive"));
  EXPECT_TRUE(tenant.deny_sale);
  EXPECT_TRUE(tenant.unflagged_as_minor);
}

TEST_F(PolicyFile, Row31ATenantsNoticeMustMakeTheGeneralOneSpecific) {
  with_tenant("    purposes:\n      recording: {notice: summary}\n");
  EXPECT_FALSE(read_policy(texts, noon, faults));
  EXPECT_THAT(to_string(faults), HasSubstr("more specific"));
}

TEST_F(PolicyFile, Row31ATenantsNoticeMayMakeTheGeneralOneSpecificStepByStep) {
  const auto notice = [](const std::string& id, const std::string& general) {
    return "  - id: " + id +
           "\n    version: \"1\"\n    language: en\n    hash: sha256:0\n    general: " + general +
           "\n    contact: officer\n";
  };
  texts.policy.text =
      replaced(texts.policy.text, "notices:\n",
               "notices:\n" + notice("clinic", "recording") + notice("ward", "clinic"));
  with_tenant("    purposes:\n      recording: {notice: ward}\n");
  EXPECT_EQ(load().tenants.at("clinic").purposes.at("recording").notice, "ward");
  texts.policy.text = replaced(texts.policy.text, "general: recording", "general: ward");
  EXPECT_FALSE(read_policy(texts, noon, faults));
  EXPECT_THAT(to_string(faults), HasSubstr("makes itself specific"));
}

TEST_F(PolicyFile, Row34ANoticeWhoseTextChangedNeedsItsNewHash) {
  const Fault fault = fault_after("This call can be recorded.", "This call will be recorded.");
  EXPECT_THAT(fault.what, HasSubstr("not the hash"));
  EXPECT_THAT(fault.remedy, HasSubstr("sha256:"));
}

TEST_F(PolicyFile, Row35NoticesNameWhomToAsk) {
  for (const policy::Notice& notice : load().notices) {
    EXPECT_FALSE(notice.contact.empty());
    EXPECT_FALSE(notice.dispute.empty());
  }
}

TEST_F(PolicyFile, Row05ASummaryRequiresTranscriptionAndNothingRequiresItself) {
  EXPECT_EQ(load().purposes.at("summary").requires_purposes,
            std::vector<std::string>{"transcription"});
  texts.policy.text = replaced(texts.policy.text, "notice: transcription\n",
                               "notice: transcription\n    requires: [summary]\n");
  EXPECT_FALSE(read_policy(texts, noon, faults));
  EXPECT_THAT(to_string(faults), HasSubstr("requires itself"));
}

TEST_F(PolicyFile, LegalBasesNeedTheirOperator) {
  const Fault fault = fault_after("bases: {all: [consent]}", "bases: {}");
  EXPECT_THAT(fault.what, HasSubstr("operator"));
}

TEST_F(PolicyFile, Row26RetentionIsReadWithWhatFollowsIt) {
  const policy::RuleBook rules = load();
  EXPECT_TRUE(rules.categories.at("recordings").retention.until_contract_end);
  EXPECT_EQ(rules.categories.at("call-records").retention.then, policy::Disposal::anonymise);
  EXPECT_EQ(rules.categories.at("billing").retention.legal_minimum, std::chrono::days{2555});
}

TEST_F(PolicyFile, Row28TheDefaultDeniesSale) {
  EXPECT_FALSE(load().sale_permitted);
}

TEST_F(PolicyFile, Row29TheDefaultAsksGuardiansForEvidence) {
  EXPECT_THAT(load().minors.evidence, testing::ElementsAre("guardian", "verification"));
  fault_after("evidence: [guardian, verification]", "evidence: []");
}

TEST_F(PolicyFile, Row32DisclosureNeedsTwo) {
  fault_after("disclosure: {authorisations: 2}", "disclosure: {authorisations: 1}");
}

TEST_F(PolicyFile, Row33AggregatesHaveAThreshold) {
  EXPECT_EQ(load().aggregate_k, 10U);
  fault_after("aggregates: {at_least: 10}", "aggregates: {at_least: 1}");
}

TEST_F(PolicyFile, Row37ACertifiedProcessorNeedsItsEntityAndDates) {
  const Fault fault = fault_after(
      "    own_use: false\n    media_path: true\n    records: full\n    # Each is",
      "    own_use: false\n    media_path: true\n    records: full\n    mechanisms:\n"
      "      - {mechanism: dpf, country: US, categories: [recordings], checked_at: 2026-11-24, "
      "expires: 2027-06-30}\n    # Each is");
  EXPECT_EQ(fault.path, "processors.hosting.mechanisms[0]");
  EXPECT_THAT(fault.what, HasSubstr("'entity'"));
}

TEST_F(PolicyFile, Row42UseAsAcceptanceIsNoMechanismOfAProcessor) {
  const Fault fault = fault_after(
      "    own_use: false\n    media_path: true\n    records: full\n    # Each is",
      "    own_use: false\n    media_path: true\n    records: full\n    mechanisms:\n"
      "      - {mechanism: use_as_acceptance, categories: [recordings], checked_at: 2026-11-24, "
      "expires: 2027-06-30}\n    # Each is");
  EXPECT_THAT(fault.what, HasSubstr("matter of the person"));
}

TEST_F(PolicyFile, TheConferenceServersProcessorMustBeDeclared) {
  policy::RuleBook rules = load();
  EXPECT_EQ(rules.server.processor, "on-premises");
  Config config;
  config.conference_server = {"NL", "hosting", {}};
  bind_server(config, rules, faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(rules.server.processor, "hosting");
  EXPECT_EQ(rules.server.jurisdiction, "NL");
  config.conference_server = {"NL", "hostin", {}};
  bind_server(config, rules, faults);
  EXPECT_THAT(to_string(faults), HasSubstr("did you mean 'hosting'"));
}

TEST_F(PolicyFile, AFileThatCannotBeReadIsOneFault) {
  for (const PolicyFiles& files :
       {PolicyFiles{"/nowhere/file.yaml", {}, {}}, PolicyFiles{{}, "/nowhere/file.yaml", {}},
        PolicyFiles{{}, {}, "/nowhere/file.yaml"}}) {
    Faults of_files;
    EXPECT_FALSE(load_policy(files, noon, of_files));
    ASSERT_EQ(of_files.in_order().size(), 1U) << to_string(of_files);
    EXPECT_EQ(of_files.in_order().at(0).file, "/nowhere/file.yaml");
  }
}

TEST_F(PolicyFile, AFileThatIsNoYamlIsOneFault) {
  for (PolicyText* text : {&texts.policy, &texts.jurisdictions, &texts.transfers}) {
    const std::string sound = std::exchange(text->text, "a: [\n");
    Faults of_text;
    EXPECT_FALSE(read_policy(texts, noon, of_text));
    EXPECT_EQ(of_text.in_order().size(), 1U) << to_string(of_text);
    text->text = sound;
  }
}

}  // namespace
}  // namespace assent::gateway
