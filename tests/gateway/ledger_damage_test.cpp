#include <random>

#include "gateway/ledger_audit.hpp"
#include "gateway/ledger_journal.hpp"
#include "tests/gateway/ledger_fixture.hpp"
#include "tests/seed.hpp"

namespace assent::gateway {
namespace {

class LedgerDamage : public LedgerTest {
 protected:
  // Two full bundles and one that grows, and a journal that is ahead of them.
  void make_ledger() const {
    fill(0, 530);
    leave_in_journal(530, 3);
    ASSERT_EQ(fault(), "");
  }
  std::filesystem::path segment() const {
    std::filesystem::path last;
    for (const auto& file : files())
      if (file.parent_path().filename() == "journal" && !bytes_of(file).starts_with('\0'))
        last = file;
    return last;
  }
  // Where the frames of a segment end.
  static std::vector<std::size_t> ends_in(std::string_view segment) {
    std::vector<std::size_t> ends;
    for (auto frame = read_frame(segment, 0); frame; frame = read_frame(segment, frame->end))
      ends.push_back(frame->end);
    return ends;
  }
  LedgerAudit audit() const {
    return audit_ledger(folder(), *read_verifier_key(verifier_key()), {});
  }
};

TEST_F(LedgerDamage, EveryChangedByteIsFound) {
  make_ledger();
  const auto seed = tests::Seed::from_environment_or(9162);
  SCOPED_TRACE(seed.text());
  std::mt19937_64 random{seed.value()};
  const auto all = files();
  constexpr int edits = 2'000;
  for (int i = 0; i < edits; ++i) {
    const auto& file = all[random() % all.size()];
    const auto whole = bytes_of(file);
    // Of a segment mostly what was written, and sometimes the zeros after it.
    const std::size_t used = whole.find_last_not_of('\0') + 1;
    const std::size_t range = random() % 8 == 0 || used == 0 ? whole.size() : used;
    const std::size_t at = random() % range;
    auto edited = whole;
    edited[at] = static_cast<char>(edited[at] ^ (1 << random() % 8));
    write(file, edited);
    ASSERT_NE(fault(), "") << file << " byte " << at;
    write(file, whole);
  }
  EXPECT_EQ(fault(), "");
}

TEST_F(LedgerDamage, EveryTruncationOfTheLastBundleIsFound) {
  fill(0, 260);
  const auto bundle = folder() / "tile/entries/001.p/4";
  const auto whole = bytes_of(bundle);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write(bundle, whole.substr(0, length));
    ASSERT_NE(fault().find("001.p/4"), std::string::npos) << length;
  }
  write(bundle, whole);
  EXPECT_EQ(fault(), "");
}

TEST_F(LedgerDamage, EveryTruncatedOrMissingFileIsFoundAndNamed) {
  make_ledger();
  for (const auto& file : files()) {
    const auto whole = bytes_of(file);
    write(file, whole.substr(0, whole.size() / 2));
    EXPECT_NE(fault(), "") << file;
    std::filesystem::remove(file);
    const bool is_needed =
        file.filename() != "vkey" && whole.find_first_not_of('\0') != std::string::npos;
    const bool is_journal = file.parent_path().filename() == "journal";
    // A journal that is gone takes its entries with it: what was kept elsewhere shows that.
    EXPECT_EQ(fault() != "", is_needed && !is_journal) << file << ' ' << fault();
    write(file, whole);
  }
}

TEST_F(LedgerDamage, SwappedTilesAndBundlesAreFound) {
  fill(0, 520);
  for (const char* kind : {"tile/0", "tile/entries"}) {
    const auto one = folder() / kind / "000";
    const auto other = folder() / kind / "001";
    const auto spare = folder_.path() / "spare";
    std::filesystem::rename(one, spare);
    std::filesystem::rename(other, one);
    std::filesystem::rename(spare, other);
    EXPECT_NE(fault(), "") << kind;
    std::filesystem::rename(one, spare);
    std::filesystem::rename(other, one);
    std::filesystem::rename(spare, other);
  }
  EXPECT_EQ(fault(), "");
}

TEST_F(LedgerDamage, AnOlderCopyIsSoundInItselfAndContradictsWhatIsRemembered) {
  fill(0, 20);
  const auto older = folder_.path() / "older";
  std::filesystem::copy(folder(), older, std::filesystem::copy_options::recursive);
  const auto note = fill(20, 20);
  const auto kept = saved(folder_.path() / "kept", note);
  std::filesystem::remove_all(folder());
  std::filesystem::rename(older, folder());
  EXPECT_EQ(fault(), "");
  EXPECT_NE(fault({kept}).find("rolled back"), std::string::npos);

  auto remembering = options();
  remembering.remembered = note;
  Ledger ledger{remembering};
  EXPECT_EQ(run(ledger.append(entry(20))).error(), LedgerError::refused);
  const auto health = ledger.health();
  EXPECT_EQ(health.stand, LedgerStand::contradicted);
  EXPECT_NE(health.problem.find("rolled back"), std::string::npos) << health.problem;
  EXPECT_NE(health.problem.find("remedy"), std::string::npos) << health.problem;
}

TEST_F(LedgerDamage, AnotherHistoryUnderTheSameKeyContradictsWhatWasKept) {
  const auto kept = saved(folder_.path() / "kept", fill(0, 20));
  std::filesystem::remove_all(folder());
  std::filesystem::create_directory(folder());
  const auto key = LedgerKey::open(options().key, options().origin, false);
  ASSERT_TRUE(key);
  write(folder() / "vkey", to_text(key->verifier()) + '\n');
  write(folder() / "checkpoint", key->sign({0, ledger_hash().of_nothing()}));
  // Who has the key can write what he likes: the folder alone cannot tell.
  fill(100, 30);
  EXPECT_EQ(fault(), "");
  EXPECT_NE(fault({kept}).find("rewritten"), std::string::npos);
}

TEST_F(LedgerDamage, WhatACrashTearsOffIsDroppedAndNothingElse) {
  fill(0, 3);
  leave_in_journal(3, 3);
  const auto file = segment();
  const auto whole = bytes_of(file);
  const auto ends = ends_in(whole);
  ASSERT_EQ(ends.size(), 3u);
  // Sectors reach the disk or do not; inside of one, nothing is torn. The last frame's checkpoint
  // is its last sector.
  for (std::size_t at = ends[1]; at < ends[2]; at += 8) {
    auto torn = whole;
    const std::size_t from = std::min(at, ends[2] - journal_sector);
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(from), torn.end(), '\0');
    write(file, torn);
    const auto found = audit();
    ASSERT_FALSE(found.fault) << found.fault->what << " at " << at;
    ASSERT_EQ(found.tree.size(), 5u) << at;
    ASSERT_EQ(found.left_over.size(), from == ends[1] ? 0u : 1u) << at;
  }
  Ledger ledger{options()};
  const auto receipt = run(ledger.append(entry(5)));
  ASSERT_TRUE(receipt) << ledger.health().problem;
  EXPECT_EQ(receipt->index, 5u);
  ledger.stop();
  EXPECT_EQ(fault(), "");
}

TEST_F(LedgerDamage, AFrameThatWasSignedIsNeverTakenForATornOne) {
  fill(0, 3);
  leave_in_journal(3, 3);
  const auto file = segment();
  const auto whole = bytes_of(file);
  const auto ends = ends_in(whole);
  ASSERT_EQ(ends.size(), 3u);
  for (std::size_t at = 0; at < ends.back(); at += 7) {
    auto edited = whole;
    edited[at] = static_cast<char>(edited[at] ^ 0x10);
    write(file, edited);
    ASSERT_TRUE(audit().fault) << "byte " << at;
  }
  // A frame in the midst that is gone altogether.
  auto edited = whole;
  std::fill(edited.begin() + static_cast<std::ptrdiff_t>(ends[0]),
            edited.begin() + static_cast<std::ptrdiff_t>(ends[1]), '\0');
  write(file, edited);
  EXPECT_TRUE(audit().fault);
}

TEST_F(LedgerDamage, ACrashDuringPublicationLosesNothing) {
  fill(0, 250);
  const auto before = folder_.path() / "before";
  std::filesystem::copy(folder(), before, std::filesystem::copy_options::recursive);
  const auto old_checkpoint = bytes_of(folder() / "checkpoint");
  leave_in_journal(250, 10);
  const auto file = segment();
  const auto journal = bytes_of(file);
  fill(260, 0);  // publishes the journal
  // The checkpoint had not been replaced yet, the journal is still there: every file beyond.
  write(folder() / "checkpoint", old_checkpoint);
  std::filesystem::create_directories(file.parent_path());
  write(file, journal);
  std::filesystem::copy(
      before / "tile", folder() / "tile",
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  Ledger ledger{options()};
  const auto receipt = run(ledger.append(entry(260)));
  ASSERT_TRUE(receipt) << ledger.health().problem;
  EXPECT_EQ(receipt->index, 260u);
  ledger.stop();
  EXPECT_EQ(fault(), "");
}

// A disk that keeps what was synced, and shows what was asked of it.
class VolatileFile final : public JournalFile {
 public:
  struct Disk {
    std::string cached = std::string(journal_segment_bytes, '\0');
    std::string durable = cached;
    std::vector<std::string> durable_after;  // each sync
    int syncs_left = 1'000;
  };
  explicit VolatileFile(Disk& disk) : disk_{disk} {}

  std::error_code write(std::size_t offset, std::span<const std::byte> bytes) override {
    disk_.cached.replace(offset, bytes.size(), reinterpret_cast<const char*>(bytes.data()),
                         bytes.size());
    return {};
  }
  std::error_code sync() override {
    if (disk_.syncs_left-- == 0) return std::make_error_code(std::errc::io_error);
    disk_.durable = disk_.cached;
    disk_.durable_after.push_back(disk_.durable.substr(0, 4'096));
    return {};
  }
  std::error_code read(std::size_t offset, std::span<std::byte> bytes) override {
    disk_.cached.copy(reinterpret_cast<char*>(bytes.data()), bytes.size(), offset);
    return {};
  }

 private:
  Disk& disk_;
};

TEST_F(LedgerDamage, EntriesAreDurableBeforeHashesAndHashesBeforeTheCheckpoint) {
  const auto key = LedgerKey::open(options().key, options().origin, true);
  ASSERT_TRUE(key);
  VolatileFile::Disk disk;
  JournalSegment segment{std::make_unique<VolatileFile>(disk)};
  policy::MerkleTree tree{ledger_hash()};
  const std::vector<std::string> entries{"first entry", "second entry"};
  const auto note = segment.commit(entries, tree, *key);
  ASSERT_TRUE(note);
  const auto leaf = ledger_hash().of_leaf(std::as_bytes(std::span{entries[1]}));
  const std::string_view hash{reinterpret_cast<const char*>(leaf.data()), leaf.size()};
  ASSERT_EQ(disk.durable_after.size(), 3u);
  const auto has = [&](std::size_t sync, std::string_view what) {
    return disk.durable_after[sync].find(what) != std::string::npos;
  };
  EXPECT_TRUE(has(0, entries[1]) && !has(0, hash) && !has(0, *note));
  EXPECT_TRUE(has(1, entries[1]) && has(1, hash) && !has(1, *note));
  EXPECT_TRUE(has(2, *note));
  for (std::size_t sync = 0; sync < 2; ++sync)
    EXPECT_FALSE(read_frame(disk.durable_after[sync], 0)) << "nothing is acknowledged by it";
  ASSERT_TRUE(read_frame(disk.durable, 0));
}

TEST_F(LedgerDamage, ADiskThatFailsAnywhereInACommitGivesNoReceipt) {
  const auto key = LedgerKey::open(options().key, options().origin, true);
  ASSERT_TRUE(key);
  for (int syncs = 0; syncs < 3; ++syncs) {
    VolatileFile::Disk disk;
    disk.syncs_left = syncs;
    JournalSegment segment{std::make_unique<VolatileFile>(disk)};
    policy::MerkleTree tree{ledger_hash()};
    const std::vector<std::string> entries{"entry"};
    EXPECT_FALSE(segment.commit(entries, tree, *key));
    EXPECT_FALSE(read_frame(disk.durable, 0)) << "what was not synced is not there";
  }
}

}  // namespace
}  // namespace assent::gateway
