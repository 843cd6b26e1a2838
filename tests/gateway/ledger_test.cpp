#include "gateway/ledger.hpp"

#include <sys/stat.h>

#include <set>

#include "gateway/ledger_audit.hpp"
#include "tests/gateway/ledger_fixture.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

TEST_F(LedgerTest, AReceiptsCheckpointCoversItsEntry) {
  Ledger ledger{options()};
  const auto receipts = append(ledger, 0, 300);
  const auto key = read_verifier_key(folder() / "vkey");
  ASSERT_TRUE(key);
  std::set<std::uint64_t> indices;
  for (const auto& receipt : receipts) {
    ASSERT_TRUE(receipt);
    indices.insert(receipt->index);
    const auto checkpoint = open_checkpoint(receipt->checkpoint, *key, "receipt");
    ASSERT_TRUE(checkpoint) << checkpoint.error().what;
    EXPECT_GT(checkpoint->head.size, receipt->index);
  }
  EXPECT_EQ(indices.size(), 300u);
  EXPECT_EQ(*indices.rbegin(), 299u);
  const auto health = ledger.health();
  EXPECT_TRUE(health.stand == LedgerStand::open && health.writable) << health.problem;
  EXPECT_EQ(health.entries, 300u);
  EXPECT_LT(health.commits, 300u) << "entries that wait together share a commit";
}

TEST_F(LedgerTest, ARestartContinuesTheSameHistory) {
  const auto first = saved(folder_.path() / "first", fill(0, 10));
  EXPECT_EQ(fault(), "");
  const auto second = saved(folder_.path() / "second", fill(10, 600));
  EXPECT_EQ(fault({first, second}), "");
  const std::vector<std::string> expected{"checkpoint",
                                          "tile/0/000",
                                          "tile/0/001",
                                          "tile/0/002.p/98",
                                          "tile/1/000.p/2",
                                          "tile/entries/000",
                                          "tile/entries/001",
                                          "tile/entries/002.p/98",
                                          "vkey"};
  std::vector<std::string> found;
  for (const auto& file : files())
    found.push_back(file.lexically_relative(folder()).string());
  EXPECT_EQ(found, expected);
}

TEST_F(LedgerTest, WhatWasAcknowledgedSurvivesAKilledProcess) {
  fill(0, 3);
  leave_in_journal(3, 20);
  EXPECT_EQ(fault(), "");
  Ledger ledger{options()};
  const auto receipt = run(ledger.append(entry(23)));
  ASSERT_TRUE(receipt) << ledger.health().problem;
  EXPECT_EQ(receipt->index, 23u);
  ledger.stop();
  EXPECT_EQ(fault(), "");
}

TEST_F(LedgerTest, ManyMoreEntriesThanASegmentHoldsAreAllThere) {
  {
    Ledger ledger{options()};
    for (std::uint64_t round = 0; round < 12; ++round)
      for (const auto& receipt : append(ledger, round * 1'000, 1'000))
        ASSERT_TRUE(receipt) << ledger.health().problem;
  }
  fill(12'000, 1);
  EXPECT_EQ(fault(), "");
}

TEST_F(LedgerTest, TogetherIsOneCommitOrNone) {
  Ledger ledger{options()};
  std::vector<LedgerEntry> together{entry(0), entry(1), entry(2)};
  const auto receipt = run(ledger.append(together));
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->index, 2u);
  together[1].purpose = "call +31 20 1234567";
  EXPECT_EQ(run(ledger.append(together)).error(), LedgerError::malformed);
  EXPECT_EQ(ledger.health().entries, 3u);
}

TEST_F(LedgerTest, ItsFilesAndKeysAreForTheirOwnerOnly) {
  fill(0, 300);
  struct stat status {};
  for (const auto& file : {options().key, options().subject_keys, folder() / "checkpoint",
                           folder() / "tile/entries/000"}) {
    ASSERT_EQ(::stat(file.c_str(), &status), 0) << file;
    EXPECT_EQ(status.st_mode & 0777U, 0600u) << file;
  }
  ::chmod(options().key.c_str(), 0640);
  Ledger ledger{options()};
  EXPECT_EQ(run(ledger.append(entry(300))).error(), LedgerError::refused);
  EXPECT_NE(ledger.health().problem.find("chmod 600"), std::string::npos);
}

TEST_F(LedgerTest, NoTwoProcessesWriteOneLedger) {
  Ledger ledger{options()};
  ASSERT_TRUE(run(ledger.append(entry(0))));
  Ledger second{options()};
  EXPECT_EQ(run(second.append(entry(1))).error(), LedgerError::refused);
  std::filesystem::copy_file(folder() / "vkey", verifier_key());
  EXPECT_NE(fault().find("a service has the ledger open"), std::string::npos);
}

TEST_F(LedgerTest, AKeyWithoutItsLedgerBeginsNoNewOne) {
  fill(0, 3);
  std::filesystem::remove_all(folder());
  Ledger ledger{options()};
  EXPECT_EQ(run(ledger.append(entry(3))).error(), LedgerError::refused);
  EXPECT_NE(ledger.health().problem.find("is gone"), std::string::npos);
}

TEST_F(LedgerTest, AFirstStartThatWasKilledBehindItsKeysIsMadeAgain) {
  std::filesystem::create_directories(folder() / "journal");
  const auto first = options();
  ASSERT_TRUE(LedgerKey::open(first.key, first.origin, true));
  ASSERT_TRUE(SubjectKeys::open(first.subject_keys, true));
  Ledger ledger{first};
  EXPECT_TRUE(run(ledger.append(entry(1)))) << ledger.health().problem;
}

TEST_F(LedgerTest, AfterStopNothingIsTaken) {
  Ledger ledger{options()};
  ledger.stop();
  EXPECT_EQ(run(ledger.append(entry(0))).error(), LedgerError::closed);
}

TEST_F(LedgerTest, CheckpointsArePushedToOtherPlaces) {
  auto pushing = options();
  const auto copy = folder_.path() / "copy";
  std::string told;
  pushing.checkpoint_copies = {copy};
  pushing.on_checkpoint = [&](const std::string& note) { told = note; };
  Ledger ledger{pushing};
  ASSERT_TRUE(run(ledger.append(entry(0))));
  ledger.stop();
  EXPECT_EQ(bytes_of(copy), ledger.checkpoint());
  EXPECT_EQ(told, ledger.checkpoint());
}

TEST_F(LedgerTest, WhatIsInItDoesNotSayWho) {
  fill(0, 5);
  for (const auto& file : files()) {
    EXPECT_EQ(bytes_of(file).find("subject-3"), std::string::npos) << file;
    EXPECT_EQ(bytes_of(file).find("annabella"), std::string::npos) << file;
  }
}

TEST_F(LedgerTest, AnErasedSubjectsEntriesCanNoLongerBeOpenedAndTheLedgerIsWhole) {
  fill(0, 8);  // number 3 is about subject-3
  const auto leaf_of = [&](std::uint64_t index) {
    const auto bundle = bytes_of(folder() / "tile/entries/000.p/8");
    return *parse_ledger_entry(parse_bundle(bundle)->at(index));
  };
  const auto leaf = leaf_of(3);
  {
    const auto keys = SubjectKeys::open(options().subject_keys, false);
    ASSERT_TRUE(keys);
    const auto key = keys->find("subject-3");
    ASSERT_TRUE(key);
    EXPECT_TRUE(commits_to(leaf, *key, "subject-3", entry(3).data));
    EXPECT_FALSE(commits_to(leaf, *key, "subject-3", "{}"));
    EXPECT_FALSE(commits_to(leaf, *key, "subject-4", entry(3).data));
  }
  {
    Ledger ledger{options()};
    ASSERT_TRUE(run(ledger.erase("subject-3", entry(8).at)));
  }
  EXPECT_EQ(fault(), "");
  auto keys = SubjectKeys::open(options().subject_keys, false);
  ASSERT_TRUE(keys);
  EXPECT_FALSE(keys->find("subject-3"));
  const auto another = keys->find_or_make("subject-3");
  ASSERT_TRUE(another);
  EXPECT_FALSE(commits_to(leaf, *another, "subject-3", entry(3).data));
}

TEST_F(LedgerTest, ADestroyedKeyIsNowhereInItsFile) {
  const auto file = folder_.path() / "keys";
  auto keys = SubjectKeys::open(file, true);
  ASSERT_TRUE(keys);
  const auto key = keys->find_or_make("s-1");
  ASSERT_TRUE(key);
  ASSERT_FALSE(keys->sync());
  const std::string_view secret{reinterpret_cast<const char*>(key->data()), key->size()};
  EXPECT_NE(bytes_of(file).find(secret), std::string::npos);
  ASSERT_FALSE(keys->destroy("s-1"));
  EXPECT_EQ(bytes_of(file).find_first_not_of('\0'), std::string::npos);
}

TEST_F(LedgerTest, ADamagedKeyOfASubjectIsFoundAtStart) {
  fill(0, 8);
  auto bytes = bytes_of(options().subject_keys);
  bytes[bytes.find_first_not_of('\0') + 40] ^= 1;
  write(options().subject_keys, bytes);
  Ledger ledger{options()};
  EXPECT_EQ(run(ledger.append(entry(8))).error(), LedgerError::refused);
  EXPECT_NE(ledger.health().problem.find("is damaged"), std::string::npos);
}

TEST(LedgerEntries, OnlyTheirOwnSpellingIsTaken) {
  LedgerEntry plain;
  plain.kind = LedgerKind::policy;
  plain.rules = "sha256:ab";
  const auto leaf = to_leaf(plain, nullptr, {});
  ASSERT_TRUE(leaf);
  EXPECT_EQ(*leaf,
            R"({"v":1,"kind":"policy","at":"1970-01-01T00:00:00.000Z","rules":"sha256:ab"})");
  EXPECT_TRUE(parse_ledger_entry(*leaf));
  for (const char* text :
       {"", "{}", "[]", R"({"v":1})", R"({"v":1, "kind":"policy","at":"1970-01-01T00:00:00.000Z"})",
        R"({"v":2,"kind":"policy","at":"1970-01-01T00:00:00.000Z"})",
        R"({"v":1,"kind":"policy","at":"1970-01-01T00:00:00.000Z","name":"ann"})"})
    EXPECT_FALSE(parse_ledger_entry(text)) << text;
  plain.data = "unprotected";
  EXPECT_FALSE(to_leaf(plain, nullptr, {}));
}

TEST(LedgerTiles, PathsAreThoseOfTheSpecification) {
  EXPECT_EQ(tile_path({0, 1'234'067}), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path({{}, 0, 17}), "tile/entries/000.p/17");
  EXPECT_EQ(tile_path({5, 999, 1}), "tile/5/999.p/1");
  for (const auto& address : {TileAddress{0, 1'234'067}, TileAddress{{}, 0, 17},
                              TileAddress{5, 1'000, 255}, TileAddress{1, 999}})
    EXPECT_EQ(parse_tile_path(tile_path(address)), address);
  for (const char* text :
       {"", "tile", "tile/0/0", "tile/0/0000", "tile/0/x000/001", "tile/00/001", "tile/9/000",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/x001", "tile/0/001/002",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999", "tile/entries/abc", "tile/0/x1/000"})
    EXPECT_FALSE(parse_tile_path(text)) << text;
}

TEST(LedgerTiles, ABundleIsItsEntriesAndNothingElse) {
  std::string bundle;
  append_to_bundle(bundle, "one");
  append_to_bundle(bundle, std::string(300, 'x'));
  const auto entries = parse_bundle(bundle);
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->at(0), "one");
  EXPECT_EQ(entries->at(1).size(), 300u);
  for (std::size_t length = 1; length < bundle.size(); ++length)
    EXPECT_EQ(parse_bundle(bundle.substr(0, length)).has_value(), length == 5) << length;
}

}  // namespace
}  // namespace assent::gateway
