#include "gateway/policy_diff.hpp"

#include <gtest/gtest.h>

namespace assent::gateway {
namespace {

PolicyTexts texts(std::string policy, std::string transfers = "transfers: []") {
  return {{"policy.yaml", std::move(policy)},
          {"jurisdictions.yaml", "jurisdictions: {}"},
          {"transfers.yaml", std::move(transfers)}};
}

using Differences = std::vector<PolicyDifference>;

TEST(PolicyDiff, LayoutCommentsAndTheOrderOfKeysAreNoDifference) {
  const auto diff =
      diff_of(texts("a: 1\nb: {c: x, d: y}\n"), texts("# c\nb:\n  d: y\n  c: x\na: 1"));
  EXPECT_TRUE(diff.differences.empty());
  EXPECT_EQ(diff.left_out, 0u);
}

TEST(PolicyDiff, NamesWhatChangedWhatIsNewAndWhatIsGoneByItsPath) {
  const auto diff =
      diff_of(texts("purposes: {recording: {least_strength: firm, biometric: true}}"),
              texts("purposes: {recording: {least_strength: strong}, summary: {category: t}}"));
  EXPECT_EQ(diff.differences, (Differences{{"purposes/recording/biometric", "true", std::nullopt},
                                           {"purposes/recording/least_strength", "firm", "strong"},
                                           {"purposes/summary/category", std::nullopt, "t"}}));
}

TEST(PolicyDiff, AnItemOfAListIsFoundByItsNameWhereverItStands) {
  const auto diff = diff_of(
      texts(
          "notices:\n  - {id: r, language: en, version: 1}\n  - {id: r, language: nl, version: 1}"),
      texts("notices:\n  - {id: r, language: nl, version: 2}\n  - {id: r, language: en, version: "
            "1}"));
  EXPECT_EQ(diff.differences, (Differences{{"notices/r nl/version", "1", "2"}}));
}

TEST(PolicyDiff, ATransferIsNamedByWhomItLinksAndHow) {
  const std::string row = "{exporter: EU, importer: US, mechanism: dpf, instrument: x}";
  const auto diff = diff_of(texts("a: 1", "transfers: [" + row + "]"),
                            texts("a: 1",
                                  "transfers: [{exporter: EU, importer: CA, mechanism: scc},"
                                  "{exporter: EU, importer: US, mechanism: dpf,"
                                  " instrument: x, annulled: 2026-11-25}]"));
  ASSERT_EQ(diff.differences.size(), 4u);
  EXPECT_EQ(diff.differences.back(),
            (PolicyDifference{"transfers/EU US dpf/annulled", std::nullopt, "2026-11-25"}));
}

TEST(PolicyDiff, ItemsWithoutANameGoByTheirNumberAndEqualNamesAreToldApart) {
  EXPECT_EQ(diff_of(texts("l: [{x: 1}, {x: 2}]"), texts("l: [{x: 1}, {x: 3}]")).differences,
            (Differences{{"l/1/x", "2", "3"}}));
  EXPECT_EQ(diff_of(texts("l: [{id: a, x: 1}, {id: a, x: 2}]"),
                    texts("l: [{id: a, x: 1}, {id: a, x: 3}]"))
                .differences,
            (Differences{{"l/a #2/x", "2", "3"}}));
}

TEST(PolicyDiff, AListOfPlainValuesIsOneValue) {
  EXPECT_EQ(
      diff_of(texts("bases: [consent]"), texts("bases: [consent, requested_service]")).differences,
      (Differences{{"bases", "[consent]", "[consent, requested_service]"}}));
  EXPECT_EQ(diff_of(texts("sinks: {}"), texts("sinks: {a: {}}")).differences,
            (Differences{{"sinks", "{}", std::nullopt}, {"sinks/a", std::nullopt, "{}"}}));
}

TEST(PolicyDiff, ASlashInAKeyDoesNotLookLikeALevel) {
  EXPECT_EQ(diff_of(texts("a/b: 1"), texts("a/b: 2")).differences,
            (Differences{{"a~1b", "1", "2"}}));
}

TEST(PolicyDiff, OfManyDifferencesTheRestIsCounted) {
  std::string many;
  for (std::size_t i = 0; i < PolicyDiff::differences_max + 7; ++i)
    many += "k" + std::to_string(i) + ": 1\n";
  const auto diff = diff_of(texts("a: 1"), texts("a: 1\n" + many));
  EXPECT_EQ(diff.differences.size(), PolicyDiff::differences_max);
  EXPECT_EQ(diff.left_out, 7u);
}

}  // namespace
}  // namespace assent::gateway
