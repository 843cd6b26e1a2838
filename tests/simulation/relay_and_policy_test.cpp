// The policy's rooms and the media relay together, judged by an oracle that keeps its own books.
//   ASSENT_SEED=7       that seed alone
//   ASSENT_SEEDS=10000  a campaign of so many, from ASSENT_SEED or 1 on
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/seed.hpp"
#include "tests/simulation/simulation.hpp"

namespace assent::simulation {
namespace {

constexpr std::uint64_t seeds_by_default = 200;
constexpr std::uint64_t seeds_to_notice_a_fault = 100;
constexpr std::uint64_t seeds_a_line = 1'000;

std::uint64_t seeds_to_run() {
  const char* text = std::getenv("ASSENT_SEEDS");
  if (text != nullptr) return std::strtoull(text, nullptr, 10);
  return std::getenv("ASSENT_SEED") != nullptr ? 1 : seeds_by_default;
}

// What it was, and the command that repeats it.
std::string named(std::uint64_t seed, const Simulation::Outcome& outcome) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  return outcome.trace + "\nto repeat: ASSENT_SEED=" + std::to_string(seed) +
         " ASSENT_SEEDS=1 build/tests/test_simulation --gtest_filter=" + test->test_suite_name() +
         "." + test->name();
}

void show_progress(std::uint64_t done, std::uint64_t heard, std::uint64_t kept) {
  std::printf("  %llu of %llu seeds: sinks heard %llu packets, %llu were kept from them\n",
              static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(seeds_to_run()),
              static_cast<unsigned long long>(heard), static_cast<unsigned long long>(kept));
  std::fflush(stdout);
}

void expect_no_objection(Law law) {
  const auto first = tests::Seed::from_environment_or(1).value();
  std::printf("%s: seeds %llu to %llu\n", law == Law::all_party ? "all-party" : "per participant",
              static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(first + seeds_to_run() - 1));
  std::uint64_t heard = 0;
  std::uint64_t kept = 0;
  for (auto seed = first; seed < first + seeds_to_run(); ++seed) {
    const auto outcome = Simulation::run(seed, law);
    ASSERT_FALSE(outcome.objection) << named(seed, outcome);
    heard += outcome.heard;
    kept += outcome.kept;
    const auto done = seed + 1 - first;
    if (done % seeds_a_line == 0 && done < seeds_to_run()) show_progress(done, heard, kept);
  }
  show_progress(seeds_to_run(), heard, kept);
  if (seeds_to_run() == 1) return;
  EXPECT_GT(heard, 10 * seeds_to_run()) << "an idle simulation proves nothing";
  EXPECT_GT(kept, heard);
}

TEST(RelayAndPolicy, NothingReachesASinkAgainstTheWordOfItsSpeaker) {
  expect_no_objection(Law::per_participant);
}

TEST(RelayAndPolicy, NothingReachesASinkAgainstTheWordOfAnybodyInAnAllPartyRoom) {
  expect_no_objection(Law::all_party);
}

TEST(RelayAndPolicy, OneSeedIsOneRun) {
  const auto once = Simulation::run(42, Law::per_participant);
  const auto again = Simulation::run(42, Law::per_participant);
  EXPECT_EQ(once.trace, again.trace);
  EXPECT_EQ(once.heard, again.heard);
}

// The oracle's own test: a control plane that is broken on purpose must not pass.
void expect_objection(Fault fault, Law law) {
  const auto first = tests::Seed::from_environment_or(1).value();
  for (auto seed = first; seed < first + seeds_to_notice_a_fault; ++seed) {
    const auto outcome = Simulation::run(seed, law, fault);
    if (!outcome.objection) continue;
    std::printf("noticed with ASSENT_SEED=%llu: %s\n", static_cast<unsigned long long>(seed),
                outcome.objection->c_str());
    return;
  }
  ADD_FAILURE() << "nobody noticed, from ASSENT_SEED=" << first << " on";
}

class BrokenControlPlane : public testing::TestWithParam<Law> {};

TEST_P(BrokenControlPlane, ThatSkipsDenialsIsNoticed) {
  expect_objection(Fault::skips_denials, GetParam());
}
TEST_P(BrokenControlPlane, ThatAcknowledgesBeforeItDeniesIsNoticed) {
  expect_objection(Fault::acknowledges_before_denying, GetParam());
}
TEST_P(BrokenControlPlane, ThatOpensBeforeTheGrantIsDurableIsNoticed) {
  expect_objection(Fault::opens_before_durable, GetParam());
}
TEST_P(BrokenControlPlane, ThatOpensWhatCouldNotBeStoredIsNoticed) {
  expect_objection(Fault::opens_what_was_not_stored, GetParam());
}
TEST_P(BrokenControlPlane, ThatIgnoresExpiryIsNoticed) {
  expect_objection(Fault::ignores_expiry, GetParam());
}
TEST_P(BrokenControlPlane, ThatAppliesStaleDecisionsIsNoticed) {
  expect_objection(Fault::applies_stale_decisions, GetParam());
}
TEST_P(BrokenControlPlane, ThatOpensForAnotherIsNoticed) {
  expect_objection(Fault::opens_for_another, GetParam());
}
TEST_P(BrokenControlPlane, ThatCutsOffWhoRefusesIsNoticed) {
  expect_objection(Fault::cuts_off_refusers, GetParam());
}
TEST_P(BrokenControlPlane, ThatForgetsWhatCameBackIsNoticed) {
  expect_objection(Fault::forgets_what_came_back, GetParam());
}
TEST_P(BrokenControlPlane, ThatRemovesLegsBeforeTheirRecordIsTakenIsNoticed) {
  expect_objection(Fault::removes_legs_unsettled, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Under, BrokenControlPlane,
                         testing::Values(Law::per_participant, Law::all_party),
                         [](const auto& instance) {
                           return instance.param == Law::all_party ? "AllParty" : "PerParticipant";
                         });

}  // namespace
}  // namespace assent::simulation
