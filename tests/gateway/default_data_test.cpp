// The data sets that come with the program: every country and state that they are to cover, the
// rules as their sources put them, and which transfers rest on what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/policy_file.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using policy::Contested;
using policy::Mechanism;
using policy::Rule;
using testing::IsEmpty;

constexpr policy::WallTime noon = policy::Date{std::chrono::year{2026} / 11 / 24} + 12h;

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream{text};
  return {std::istream_iterator<std::string>{stream}, {}};
}

class DefaultData : public testing::Test {
 protected:
  void SetUp() override {
    Faults faults;
    auto loaded = load_policy({}, noon, faults);
    ASSERT_TRUE(loaded) << to_string(faults);
    rules = std::move(loaded->rules);
  }
  std::vector<std::string> absent(const std::string& codes, const std::string& regime) {
    std::vector<std::string> missing;
    for (const auto& code : words(codes)) {
      const auto row = rules.jurisdictions.find(code);
      if (row == rules.jurisdictions.end() || row->second.regime != regime) missing.push_back(code);
    }
    return missing;
  }

  policy::RuleBook rules;
};

TEST_F(DefaultData, CoversTheEuropeanEconomicAreaAndTheCountriesOfTheSubProcessors) {
  EXPECT_THAT(
      absent("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI "
             "SK IS LI NO",
             "EU"),
      IsEmpty());
  EXPECT_THAT(absent("GB", "GB"), IsEmpty());
  EXPECT_THAT(absent("CH", "CH"), IsEmpty());
  EXPECT_THAT(absent("US CA JP IN SG HK AU", ""), IsEmpty());
  // Whom adequacy decisions name besides.
  EXPECT_THAT(absent("AD AR BR FO GG GI IL IM JE KR NZ UY", ""), IsEmpty());
}

TEST_F(DefaultData, CoversEveryStateOfTheUnitedStatesAndOfAustralia) {
  std::string states;
  for (const auto& state :
       words("AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE "
             "NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY"))
    states += "US-" + state + " ";
  ASSERT_EQ(words(states).size(), 51U) << "50 states and the District of Columbia";
  for (const auto& state : words("ACT NSW NT QLD SA TAS VIC WA"))
    states += "AU-" + state + " ";
  EXPECT_THAT(absent(states, ""), IsEmpty());
  EXPECT_TRUE(rules.jurisdictions.at("US").by_region);
  EXPECT_TRUE(rules.jurisdictions.at("AU").by_region);
}

// code, rule of interception, its stricter reading or -, rule of data protection, contested,
// whether it has a source
constexpr const char* researched[] = {
    "US one_party - none no yes",
    "US-CA all_party - none partly yes",
    "US-CT notice all_party none yes yes",
    "US-DE all_party - none yes yes",
    "US-FL all_party - none no yes",
    "US-IL all_party - none partly yes",
    "US-MD all_party - none no yes",
    "US-MA all_party - none partly yes",
    "US-MI one_party all_party none yes yes",
    "US-MT notice all_party none yes yes",
    "US-NV all_party - none yes yes",
    "US-NH all_party - none no yes",
    "US-OR one_party all_party none partly yes",
    "US-PA all_party - none no yes",
    "US-VT none all_party none yes yes",
    "US-WA all_party - none no yes",
    "DE all_party - per_participant partly yes",
    "CH all_party - per_participant no yes",
    "CA one_party - per_participant no yes",
    "GB notice - per_participant partly no",
    "IE one_party - per_participant yes no",
    "NL one_party - per_participant partly yes",
    "DK one_party - per_participant no yes",
    "JP one_party - per_participant partly no",
    "IN none - per_participant yes yes",
    "SG none - per_participant partly yes",
    "HK none - notice no yes",
    "AU-NSW all_party - notice partly yes",
    "AU-VIC one_party - notice no yes",
    "AU-QLD one_party - notice no yes",
    "AU-NT one_party - notice no yes",
    "AU-ACT all_party - notice partly no",
    "AU-SA all_party - notice partly no",
    "AU-WA all_party - notice partly no",
    "AU-TAS all_party - notice partly no",
};

TEST_F(DefaultData, StatesTheResearchedRulesAndWhichOfThemHaveASource) {
  for (const auto* line : researched) {
    const auto expected = words(line);
    const auto& row = rules.jurisdictions.at(expected[0]);
    std::string said = row.code + " " + std::string(to_string(row.interception)) + " ";
    said += row.stricter_reading ? std::string(to_string(*row.stricter_reading)) : "-";
    said += " " + std::string(to_string(row.data_protection));
    said += " " + std::string(to_string(row.contested));
    said += row.source.empty() ? " no" : " yes";
    EXPECT_EQ(said, line);
  }
  for (const auto* state : {"AU-VIC", "AU-QLD", "AU-NT"})
    EXPECT_EQ(rules.jurisdictions.at(state).to_third_party, Rule::all_party) << "no publishing";
}

TEST_F(DefaultData, WhatIsNotResearchedSaysSoAndActsStrictest) {
  std::set<std::string> known;
  for (const auto* line : researched)
    known.insert(words(line)[0]);
  const policy::RuleQuestion question{.third_party = false, .biometric = false};
  for (const auto& [code, row] : rules.jurisdictions) {
    // The states that no list names stand under the federal floor, which has a source.
    const bool of_floor = code.starts_with("US-") || code == "AU";
    if (known.contains(code) || of_floor) continue;
    EXPECT_TRUE(row.source.empty()) << code;
    EXPECT_EQ(policy::rule_of_row(row, question, noon).rule, Rule::prohibit) << code;
  }
}

// exporter, importer, mechanism, status, whether it has a source
constexpr const char* transfers[] = {
    "EU AD adequacy in_force yes",
    "EU AR adequacy in_force yes",
    "EU BR adequacy in_force yes",
    "EU CA adequacy in_force yes",
    "EU FO adequacy in_force yes",
    "EU GG adequacy in_force yes",
    "EU IL adequacy in_force yes",
    "EU IM adequacy in_force yes",
    "EU JP adequacy in_force yes",
    "EU JE adequacy in_force yes",
    "EU NZ adequacy in_force yes",
    "EU KR adequacy in_force yes",
    "EU CH adequacy in_force yes",
    "EU GB adequacy in_force yes",
    "EU US dpf contested yes",
    "EU UY adequacy in_force yes",
    "EU EPO adequacy in_force yes",
    "EU * scc in_force yes",
    "GB US uk_extension contested yes",
    "GB KR adequacy in_force yes",
    "GB EU adequacy in_force yes",
    "GB GI adequacy in_force yes",
    "GB CH adequacy in_force yes",
    "GB CA adequacy in_force yes",
    "GB AR adequacy in_force yes",
    "GB GG adequacy in_force yes",
    "GB IM adequacy in_force yes",
    "GB JE adequacy in_force yes",
    "GB AD adequacy in_force yes",
    "GB IL adequacy in_force yes",
    "GB UY adequacy in_force yes",
    "GB NZ adequacy in_force yes",
    "GB JP adequacy in_force yes",
    "GB * idta in_force yes",
    "CH US swiss_dpf in_force yes",
    "CH EU adequacy in_force no",
    "CH * scc in_force no",
    "EU * intra_group in_force no",
    "GB * intra_group in_force no",
    "CH * intra_group in_force no",
    "EU * explicit_consent in_force no",
    "GB * explicit_consent in_force no",
    "CH * explicit_consent in_force no",
    "EU * use_as_acceptance in_force no",
    "GB * use_as_acceptance in_force no",
    "CH * use_as_acceptance in_force no",
};

TEST_F(DefaultData, StatesEveryTransferOnceAndNoOther) {
  std::vector<std::string> said;
  for (const auto& row : rules.transfers) {
    said.push_back(row.exporter + " " + row.importer + " " + std::string(to_string(row.mechanism)) +
                   " " + std::string(to_string(row.status)) +
                   (row.source.empty() ? " no" : " yes"));
    EXPECT_TRUE(row.review_by && row.effective) << said.back();
  }
  EXPECT_THAT(said, testing::UnorderedElementsAreArray(transfers));
}

TEST_F(DefaultData, Row37To42HaveARowForEveryMechanism) {
  std::set<Mechanism> known;
  for (const auto& row : rules.transfers)
    known.insert(row.mechanism);
  EXPECT_EQ(known.size(), policy::mechanisms - 1) << "all but none";
}

// A person under the law of `from`, and a sink of a processor without any instrument of its own.
TEST_F(DefaultData, CarriesATransferOnAdequacyAloneOnlyWhereThereIsSuchARow) {
  const auto judged = [&](const std::string& from, const std::string& to) {
    const policy::JurisdictionEvidence place{policy::EvidenceKind::declared, from};
    const auto binding = policy::binding_rows(rules.jurisdictions, {&place, 1});
    return std::string(
        to_string(policy::judge_transfer(rules.jurisdictions, rules.transfers, binding, {},
                                         {.category = "recordings", .importer = to}, noon)
                      .reason));
  };
  EXPECT_EQ(judged("NL", "DE"), "permitted");
  EXPECT_EQ(judged("NL", "GB"), "permitted");
  EXPECT_EQ(judged("GB", "NL"), "permitted");
  EXPECT_EQ(judged("GB", "EE"), "permitted");
  EXPECT_EQ(judged("NL", "BR"), "permitted");
  EXPECT_EQ(judged("NO", "BR"), "transfer_unsourced") << "not incorporated in the EEA yet";
  EXPECT_EQ(judged("NL", "US"), "transfer_contested");
  EXPECT_EQ(judged("NL", "JP"), "transfer_unsourced") << "for who confirms the condition";
  EXPECT_EQ(judged("CH", "NL"), "transfer_unsourced");
  EXPECT_EQ(judged("US-NY", "NL"), "permitted") << "no law on transfers binds an exporter there";
}

}  // namespace
}  // namespace assent::gateway
