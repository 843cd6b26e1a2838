// Which call detail records leave for which target.
#include "gateway/export_judge.hpp"

#include <gtest/gtest.h>

#include <random>

#include "gateway/policy_file.hpp"
#include "policy/release.hpp"
#include "tests/gateway/cdr_samples.hpp"
#include "tests/seed.hpp"

namespace assent::gateway {
namespace {

using policy::Mechanism;
using policy::RecordsView;
using test::noon;

class ExportJudge : public testing::Test {
 protected:
  ExportJudge() {
    Faults faults;
    auto loaded = read_policy(policy_texts({}, faults), noon, faults);
    EXPECT_TRUE(loaded) << to_string(faults);
    rules = std::move(loaded->rules);
    target.name = "billing";
    target.processor = "hosting";
    target.jurisdiction = "IE";
  }
  static Cdr record(const std::string& country) {
    Cdr cdr = test::sample_cdr();
    cdr.room = "sales-1";
    cdr.jurisdictions = {{country, policy::EvidenceKind::declared, country}};
    return cdr;
  }
  ExportVerdict judge(const Cdr& cdr) const {
    return judge_export(rules, places, target, cdr, noon);
  }

  // An instrument of the processor for records, as its row would have it.
  void give(Mechanism mechanism, const char* country, std::string_view expires = "2027-06-30") {
    policy::Instrument instrument;
    instrument.mechanism = mechanism;
    instrument.country = country;
    instrument.entity = "Hosting Ltd";
    instrument.categories = {"call-records"};
    instrument.module = "2";
    instrument.reference = "TIA-1";
    instrument.checked_at = std::chrono::year{2026} / 11 / 1;
    instrument.expires = std::chrono::floor<std::chrono::days>(*parse_day(expires));
    rules.processors.at(target.processor).instruments.push_back(instrument);
  }
  static std::optional<WallTime> parse_day(std::string_view day) {
    const int year = std::stoi(std::string(day.substr(0, 4)));
    const auto month = static_cast<unsigned>(std::stoi(std::string(day.substr(5, 2))));
    const auto of_month = static_cast<unsigned>(std::stoi(std::string(day.substr(8, 2))));
    return std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} /
                                 std::chrono::day{of_month}};
  }

  policy::RuleBook rules;
  TransferPlaces places{"assent", "NL", {}};
  ExportConfig target;
};

TEST_F(ExportJudge, WithinARegimeNoMechanismIsNeededAndTheWayIsRemembered) {
  const auto verdict = judge(record("NL"));
  ASSERT_TRUE(verdict.shown) << verdict.refused;
  ASSERT_EQ(verdict.ways.size(), 1U);
  EXPECT_EQ(verdict.ways[0].importer, "hosting");
  EXPECT_EQ(verdict.ways[0].exporter, "assent");
  EXPECT_EQ(verdict.ways[0].purpose, "records");
  EXPECT_EQ(verdict.ways[0].mechanism, "not_needed");
  EXPECT_TRUE(judge(record("IE")).ways.empty());  // it leaves, and crosses no border
  EXPECT_TRUE(judge(record("IE")).shown);
}

// Rows 37 to 42: what no mechanism makes lawful does not leave.
TEST_F(ExportJudge, Row37To42WithoutAValidMechanismARecordStays) {
  target.jurisdiction = "IN";
  EXPECT_EQ(judge(record("NL")).refused, "transfer_unsourced");  // as the default data has it
  EXPECT_FALSE(judge(record("NL")).shown);
  give(Mechanism::scc, "IN", "2026-11-25");  // the last day was yesterday
  EXPECT_FALSE(judge(record("NL")).shown);
  give(Mechanism::scc, "IN");
  const auto verdict = judge(record("NL"));
  ASSERT_TRUE(verdict.shown) << verdict.refused;
  EXPECT_EQ(verdict.ways.at(0).mechanism, "scc");
  // Of recordings alone, it covers no records.
  for (auto& instrument : rules.processors.at("hosting").instruments)
    instrument.categories = {"recordings"};
  EXPECT_FALSE(judge(record("NL")).shown);
}

TEST_F(ExportJudge, NobodysConsentAndNoContestedMechanismOpensIt) {
  rules.composition.rely_on_explicit_consent = true;
  rules.composition.rely_on_contested_transfers = true;
  target.jurisdiction = "IN";
  EXPECT_FALSE(judge(record("NL")).shown);
  target.jurisdiction = "US";
  for (auto& row : rules.transfers)
    row.status = policy::TransferStatus::contested;
  give(Mechanism::scc, "US");
  give(Mechanism::dpf, "US");
  EXPECT_FALSE(judge(record("NL")).shown);
}

TEST_F(ExportJudge, WhereSomebodyOrTheTargetIsUnknownNothingLeavesWithoutAMechanismForAll) {
  target.jurisdiction = "IN";
  EXPECT_FALSE(judge(record("")).shown);
  Cdr nowhere = record("NL");
  nowhere.jurisdictions.clear();
  EXPECT_FALSE(judge(nowhere).shown);
  target.jurisdiction.clear();
  EXPECT_FALSE(judge(record("NL")).shown);
}

TEST_F(ExportJudge, AProcessorGetsNothingWhereItMayNotWorkOrWhereALayerDeniesIt) {
  target.jurisdiction = "CH";
  EXPECT_EQ(judge(record("NL")).refused, "country_not_bound");
  target.jurisdiction = "IE";
  Cdr denied = record("NL");
  denied.denied_processors = {"hosting"};
  EXPECT_EQ(judge(denied).refused, "policy_denies");
  rules.tenants["clinic"].deny_processors.insert("hosting");
  denied.denied_processors.clear();
  denied.tenant = "clinic";
  EXPECT_EQ(judge(denied).refused, "policy_denies");
}

// Rows 8 to 15: each processor by its row.
TEST_F(ExportJudge, Row08To15WhatTheRowDoesNotShowStays) {
  for (const auto& [name, row] : rules.processors) {
    target.processor = name;
    target.rooms = {"sales-*"};
    const auto verdict = judge(record("NL"));
    if (policy::records_view(rules, name) < RecordsView::conference) {
      EXPECT_FALSE(verdict.shown) << name;
      EXPECT_FALSE(verdict.refused.empty()) << name;
    }
  }
}

TEST_F(ExportJudge, Row11SupportGetsTheRoomsOfItsCasesOnly) {
  target.processor = "customer-management";
  target.jurisdiction = "GB";
  give(Mechanism::adequacy, "GB");
  EXPECT_EQ(judge(record("GB")).refused, export_outside_view);  // of no room that was named
  target.rooms = {"support-*"};
  EXPECT_FALSE(judge(record("GB")).shown);
  EXPECT_TRUE(judge(record("GB")).refused.empty());  // it was not asked for
  target.rooms = {"sales-*"};
  const auto verdict = judge(record("GB"));
  ASSERT_TRUE(verdict.shown) << verdict.refused;
  EXPECT_EQ(verdict.shown->view, "support");
  EXPECT_TRUE(verdict.shown->subject.empty());
}

TEST_F(ExportJudge, OnlyTheRecordsThatWereAskedForAreJudged) {
  Cdr interim = record("NL");
  interim.kind = CdrKind::interim;
  EXPECT_FALSE(judge(interim).shown);
  EXPECT_TRUE(judge(interim).refused.empty());
  target.interim = true;
  EXPECT_TRUE(judge(interim).shown);
  target.rooms = {"sales-1"};
  EXPECT_TRUE(judge(interim).shown);
  target.rooms = {"sales"};
  EXPECT_FALSE(judge(interim).shown);
}

TEST_F(ExportJudge, ARoomsOwnRecordComesFromWhereTheGatewayIs) {
  Cdr room = record("NL");
  room.participant.clear();
  room.jurisdictions.clear();
  EXPECT_TRUE(judge(room).shown);
  places.jurisdiction.clear();
  EXPECT_FALSE(judge(room).shown);
}

// Whatever the policy, the target and the person are: what leaves is what the view shows, to where
// the processor may work, by lawful ways alone.
TEST_F(ExportJudge, WhatLeavesIsAlwaysWithinTheRow) {
  const auto seed = tests::Seed::from_environment_or(1126);
  SCOPED_TRACE(seed.text());
  std::mt19937_64 dice{seed.value()};
  const auto one_of = [&](const auto& list) {
    return *std::next(list.begin(), static_cast<std::ptrdiff_t>(dice() % list.size()));
  };
  const std::vector<std::string> countries{"NL", "IE", "US", "GB", "IN", "CH", "JP", ""};
  const std::vector<RecordsView> views{RecordsView::none, RecordsView::aggregates,
                                       RecordsView::conference, RecordsView::support,
                                       RecordsView::full};
  std::size_t left = 0;
  for (int round = 0; round < 2'000; ++round) {
    const auto [name, row] = one_of(rules.processors);
    rules.processors.at(name).records = one_of(views);
    rules.processors.at(name).own_use = dice() % 4 == 0;
    target.processor = dice() % 8 == 0 ? "" : name;
    target.jurisdiction = one_of(countries);
    target.interim = dice() % 2 == 0;
    target.rooms.clear();
    if (dice() % 2 == 0) target.rooms = {"sales-*"};
    Cdr cdr = record(one_of(countries));
    cdr.kind = static_cast<CdrKind>(dice() % 3);
    if (dice() % 3 == 0) cdr.legs[0].carrier.clear();
    const auto verdict = judge(cdr);
    if (!verdict.shown) continue;
    ++left;
    const auto view = policy::records_view(rules, target.processor);
    EXPECT_GE(view, RecordsView::conference);
    EXPECT_EQ(verdict.shown->view, view == RecordsView::full ? "" : to_string(view));
    if (view != RecordsView::full) {
      EXPECT_TRUE(verdict.shown->subject.empty());
      EXPECT_NE(verdict.shown->participant, cdr.participant);
    }
    if (!target.processor.empty()) {
      EXPECT_FALSE(rules.processors.at(target.processor).own_use);
      EXPECT_TRUE(
          covers_country(rules, rules.processors.at(target.processor), target.jurisdiction));
    }
    for (const auto& way : verdict.ways)
      EXPECT_TRUE(way.reason.empty()) << way.reason;
  }
  EXPECT_GT(left, 20U);
}

}  // namespace
}  // namespace assent::gateway
