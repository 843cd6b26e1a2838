// What the policy lets processors see of call detail records, and where these may go.
#include <gtest/gtest.h>

#include "policy/release.hpp"
#include "tests/policy/rulebook.hpp"

namespace assent::policy {
namespace {

RuleBook rules_with(RecordsView view) {
  RuleBook rules;
  rules.jurisdictions["NL"].code = "NL";
  rules.jurisdictions["US"].code = "US";
  auto& vendor = rules.processors["vendor"];
  vendor.categories = {"call-records"};
  vendor.countries = {"US"};
  vendor.own_use = false;
  vendor.records = view;
  return rules;
}

constexpr RecordsView views[] = {RecordsView::none, RecordsView::aggregates,
                                 RecordsView::conference, RecordsView::support, RecordsView::full};

TEST(Records, OfEachProcessorWhatItsRowSaysAndOfNobodyElse) {
  for (const auto view : views) {
    const auto rules = rules_with(view);
    EXPECT_EQ(records_view(rules, "vendor"), view);
    EXPECT_EQ(records_view(rules, "other"), RecordsView::none);
    EXPECT_EQ(records_view(rules, ""), RecordsView::full);
  }
  EXPECT_EQ(Processor{}.records, RecordsView::none);
}

TEST(Records, NeedTheirCategoryAndNobodyWithOwnEndsSeesMoreThanAggregates) {
  for (const auto view : views) {
    auto rules = rules_with(view);
    rules.processors["vendor"].own_use = true;
    EXPECT_EQ(records_view(rules, "vendor"), std::min(view, RecordsView::aggregates));
    rules = rules_with(view);
    rules.processors["vendor"].categories = {"recordings"};
    EXPECT_EQ(records_view(rules, "vendor"), RecordsView::none);
  }
}

TEST(Records, GoWhereTheProcessorMayWorkAndWhereNoTenantDenies) {
  auto rules = rules_with(RecordsView::full);
  EXPECT_EQ(judge_records_export(rules, "vendor", "US", ""), Reason::permitted);
  EXPECT_EQ(judge_records_export(rules, "vendor", "NL", ""), Reason::country_not_bound);
  EXPECT_EQ(judge_records_export(rules, "vendor", "", ""), Reason::country_not_bound);
  EXPECT_EQ(judge_records_export(rules, "other", "US", ""), Reason::category_not_bound);
  EXPECT_EQ(judge_records_export(rules, "", "", ""), Reason::permitted);  // the operator itself
  rules.tenants["clinic"].deny_processors.insert("vendor");
  EXPECT_EQ(judge_records_export(rules, "vendor", "US", "clinic"), Reason::policy_denies);
  EXPECT_EQ(judge_records_export(rules, "vendor", "US", "school"), Reason::permitted);
}

// Row 14, row 28: aggregates only, and nothing for its own ends.
TEST(Records, Row28NoRecordGoesToOneThatUsesItForItsOwnEnds) {
  for (const auto view : views) {
    auto rules = rules_with(view);
    const bool shown = view >= RecordsView::conference;
    EXPECT_EQ(judge_records_export(rules, "vendor", "US", ""),
              shown ? Reason::permitted : Reason::category_not_bound);
    rules.processors["vendor"].own_use = true;
    EXPECT_EQ(judge_records_export(rules, "vendor", "US", ""), Reason::sale_denied);
  }
}

TEST(Records, EveryViewHasItsWord) {
  std::string words;
  for (const auto view : views)
    words += std::string(to_string(view)) + " ";
  EXPECT_EQ(words, "none aggregates conference support full ");
}

}  // namespace
}  // namespace assent::policy
