// Storage and ledger beside each other.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "gateway/database.hpp"
#include "gateway/ledger_audit.hpp"
#include "gateway/ledger_key.hpp"
#include "gateway/storage.hpp"
#include "tests/gateway/coroutine.hpp"
#include "tests/gateway/running_service.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

ConsentEvent consent(const std::string& participant, std::string state, std::uint64_t epoch) {
  ConsentEvent event;
  event.session = "s1";
  event.room = "room";
  event.participant = participant;
  event.subject = "subject-" + participant;
  event.purpose = "recording";
  event.giver = "participant";
  event.statement = event.state = std::move(state);
  event.epoch = epoch;
  event.rules = "sha256:00";
  event.at = WallTime{1'764'000'000'000ms};
  return event;
}

class RecordLedgerTest : public testing::Test {
 protected:
  std::filesystem::path at(const std::string& name) const { return folder_.path() / name; }

  StorageOptions options() const {
    StorageOptions made;
    made.database = at("assent.db");
    made.retry = 20ms;
    made.ledger.emplace();
    made.ledger->folder = at("ledger");
    made.ledger->key = at("ledger.key");
    made.ledger->subject_keys = at("subject-keys");
    made.ledger->origin = "assent.example/ledger";
    made.ledger->publish_every = 5ms;
    return made;
  }

  void store(std::uint64_t first, std::uint64_t count) const {
    Storage storage{options()};
    for (std::uint64_t i = first; i < first + count; ++i)
      ASSERT_TRUE(run(storage.append(consent("p", i % 2 == 0 ? "withdrawn" : "granted", i))))
          << storage.health().problem;
  }

  // What each entry of the ledger is, in order.
  std::vector<LedgerLeaf> entries() const {
    std::vector<LedgerLeaf> found;
    const auto key = read_verifier_key(at("ledger") / "vkey");
    const auto audit =
        audit_ledger(at("ledger"), *key, {},
                     [&](std::uint64_t, const LedgerLeaf& leaf) { found.push_back(leaf); });
    EXPECT_FALSE(audit.fault) << to_string(*audit.fault);
    return found;
  }
  std::vector<BoundRecord> bound() const {
    std::vector<BoundRecord> found;
    Database database{at("assent.db"), false, std::nullopt};
    for (const auto& rows : database.bound_rows())
      while (auto row = rows())
        found.push_back(*std::move(row));
    return found;
  }

  void copy(const std::string& from, const std::string& to) const {
    std::filesystem::remove_all(at(to));
    std::filesystem::copy(at(from), at(to), std::filesystem::copy_options::recursive);
  }

  TemporaryFolder folder_;
};

TEST_F(RecordLedgerTest, EveryRowHasItsEntryAndTheEntryCommitsToTheRow) {
  store(1, 5);
  const auto leaves = entries();
  const auto rows = bound();
  ASSERT_EQ(rows.size(), 5u);
  const auto keys = SubjectKeys::open(at("subject-keys"), false);
  ASSERT_TRUE(keys);
  for (const auto& row : rows) {
    ASSERT_TRUE(row.leaf);
    ASSERT_LT(*row.leaf, leaves.size());
    const auto key = keys->find("subject-p");
    ASSERT_TRUE(key);
    EXPECT_EQ(leaves[*row.leaf].open.kind, LedgerKind::consent);
    EXPECT_TRUE(commits_to(leaves[*row.leaf], *key, "subject-p", ledger_data(row.record, row.id)));
    auto other = std::get<ConsentEvent>(row.record);
    other.state = "refused";
    EXPECT_FALSE(commits_to(leaves[*row.leaf], *key, "subject-p", ledger_data(other, row.id)));
  }
}

TEST_F(RecordLedgerTest, ARecordThatTheDatabaseRefusesLeavesNoEntry) {
  {
    Storage storage{options()};
    StoredReceipt receipt;
    receipt.key = "key";
    std::vector<Record> together{consent("p", "granted", 1), receipt};
    ASSERT_TRUE(run(storage.append(together)));
    EXPECT_EQ(run(storage.append(together)).error(), StorageError::duplicate);
    ASSERT_TRUE(run(storage.append(consent("p", "withdrawn", 2))));
  }
  const auto leaves = entries();
  ASSERT_EQ(leaves.size(), 3u);
  EXPECT_EQ(leaves[0].open.kind, LedgerKind::start);
  EXPECT_EQ(leaves[1].open.state, "granted");
  EXPECT_EQ(leaves[2].open.state, "withdrawn");
}

TEST_F(RecordLedgerTest, WhatACrashLeavesInTheLedgerAloneIsDeclaredAbandoned) {
  store(1, 2);
  {
    // As if the database's transaction had never been committed.
    auto ledger = *options().ledger;
    Ledger beyond{ledger};
    LedgerEntry entry;
    entry.kind = LedgerKind::consent;
    entry.batch = 3;
    entry.state = "granted";
    std::vector<LedgerEntry> together(2, entry);
    ASSERT_TRUE(run(beyond.append(together)));
  }
  store(3, 1);
  const auto leaves = entries();
  ASSERT_EQ(leaves.size(), 8u);  // start, 2, 2 of the crash, start, abandoned, 1
  EXPECT_EQ(leaves[5].open.kind, LedgerKind::start);
  EXPECT_EQ(leaves[6].open.kind, LedgerKind::abandoned);
  EXPECT_EQ(leaves[6].open.state, "3-4");
  EXPECT_EQ(bound().back().leaf, 7u);
}

TEST_F(RecordLedgerTest, AnOlderCopyOfTheDatabaseIsFoundAndNothingIsStored) {
  store(1, 2);
  copy("assent.db", "older.db");
  store(3, 3);
  std::filesystem::remove(at("assent.db-wal"));
  copy("older.db", "assent.db");
  Storage storage{options()};
  EXPECT_FALSE(run(storage.append(consent("p", "granted", 9))));
  EXPECT_TRUE(storage.health().ledger_refused);
  EXPECT_NE(storage.health().problem.find("older copy"), std::string::npos)
      << storage.health().problem;
}

TEST_F(RecordLedgerTest, AnOlderCopyOfTheLedgerIsFoundAndNothingIsStored) {
  store(1, 2);
  copy("ledger", "older");
  store(3, 3);
  copy("older", "ledger");
  Storage storage{options()};
  EXPECT_FALSE(run(storage.append(consent("p", "granted", 9))));
  EXPECT_TRUE(storage.health().ledger_refused);
  // What is there can still be read.
  const auto latest = run(storage.latest_consents("room"));
  ASSERT_TRUE(latest);
  EXPECT_EQ(latest->size(), 1u);
}

TEST_F(RecordLedgerTest, RowsFromBeforeTheLedgerAreMarkedByItsFirstEntry) {
  {
    auto without = options();
    without.ledger.reset();
    Storage storage{without};
    ASSERT_TRUE(run(storage.append(consent("p", "granted", 1))));
  }
  store(2, 1);
  EXPECT_EQ(entries().front().open.state, "1");
  const auto rows = bound();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_FALSE(rows[0].leaf);
  EXPECT_EQ(rows[1].leaf, 1u);
}

// --- the service over a damaged ledger ---

std::string join(test::RunningService& service) {
  service.ask("PUT", "/v1/rooms/standup", "{}");
  service.ask("PUT", "/v1/rooms/standup/participants/caller",
              R"({"subject": "s-1", "jurisdictions": {"declared": ["NL"]}})");
  return "/v1/rooms/standup/participants/caller";
}

void damage(const std::filesystem::path& file) {
  std::fstream stream{file, std::ios::in | std::ios::out | std::ios::binary};
  ASSERT_TRUE(stream);
  stream.seekg(40);
  const char changed = static_cast<char>(stream.get() ^ 1);
  stream.seekp(40);
  stream.put(changed);
}

TEST(ServiceWithLedger, OverADamagedLedgerItStartsDeniesEverythingAndSaysWhy) {
  TemporaryFolder folder;
  const auto options = [&] {
    test::RunningService::Options made;
    made.state = folder.path();
    return made;
  };
  {
    test::RunningService service{options()};
    const auto caller = join(service);
    service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
    EXPECT_EQ(service.call("PUT", caller + "/consents/recording", test::grant()).status, 200u);
  }
  damage(folder.path() / "ledger" / "tile" / "entries" / "000.p" /
         std::filesystem::directory_iterator {
           folder.path() / "ledger" / "tile" / "entries" / "000.p"
         } -> path()
             .filename());
  test::RunningService service{options()};
  EXPECT_EQ(service.call("GET", "/readyz").status, 503u);
  EXPECT_NE(
      boost::json::serialize(service.call("GET", "/readyz").body).find("everything is denied"),
      std::string::npos);
  EXPECT_NE(service.log().find("start.ledger_refused"), std::string::npos);
  const auto caller = join(service);  // the call goes on
  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  EXPECT_GE(service.call("PUT", caller + "/consents/recording", test::grant()).status, 400u);
  const auto decision = boost::json::serialize(service.ask("GET", caller + "/decisions/recording"));
  EXPECT_EQ(decision.find("\"permitted\":true"), std::string::npos) << decision;
  EXPECT_NE(decision.find("\"permitted\":false"), std::string::npos) << decision;
}

TEST(ServiceWithLedger, ACopyOfTheCheckpointThatCannotBeWrittenIsTold) {
  TemporaryFolder folder;
  StorageOptions options;
  options.database = folder.path() / "assent.db";
  options.ledger.emplace();
  options.ledger->folder = folder.path() / "ledger";
  options.ledger->key = folder.path() / "ledger.key";
  options.ledger->subject_keys = folder.path() / "subject-keys";
  options.ledger->origin = "assent.example/ledger";
  options.ledger->publish_every = 1ms;
  options.ledger->checkpoint_copies = {folder.path() / "not mounted" / "checkpoint"};
  Storage storage{options};
  std::string problem;
  for (std::uint64_t i = 1; problem.empty() && i < 500; ++i) {
    ASSERT_TRUE(run(storage.append(consent("p", "granted", i))));
    problem = storage.health().ledger_problem;
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_NE(problem.find("not mounted"), std::string::npos) << problem;
  EXPECT_TRUE(storage.health().writable);
}

TEST(ServiceWithLedger, WhoComesUnderAnIdThatSomebodyHadBeforeHasRecordsOfTheirOwn) {
  test::RunningService service{{}};
  const auto caller = join(service);
  service.ask("DELETE", caller);
  service.ask("PUT", caller, R"({"subject": "s-2"})");
  service.ask("PATCH", caller, R"({"jurisdictions": {"declared": ["DE"]}})");
  service.ask("DELETE", caller);
  const auto cdrs = service.ask("GET", "/v1/cdrs?room=standup").at("cdrs").as_array();
  std::size_t of_second = 0;
  for (const auto& cdr : cdrs)
    of_second += boost::json::serialize(cdr).find("\"s-2\"") != std::string::npos ? 1 : 0;
  EXPECT_GE(of_second, 3u);
}

TEST(ServiceWithLedger, AgainstARefusedLedgerARoomThatIsPutAgainIsTheSame) {
  TemporaryFolder folder;
  test::RunningService::Options options;
  options.state = folder.path();
  { test::RunningService service{options}; }
  std::filesystem::resize_file(folder.path() / "ledger" / "checkpoint", 10);
  test::RunningService service{options};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  EXPECT_LT(service.call("PUT", "/v1/rooms/standup", "{}").status, 300u);
}

TEST(ServiceWithLedger, EverythingThatIsStoredIsInTheLedgerAfterAnOrderlyEnd) {
  TemporaryFolder folder;
  test::RunningService::Options options;
  options.state = folder.path();
  test::RunningService service{options};
  const auto caller = join(service);
  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  EXPECT_EQ(service.call("PUT", caller + "/consents/recording", test::grant()).status, 200u);
  service.stop();
  std::size_t rows = 0;
  Database database{folder.path() / "assent.db", false, std::nullopt};
  for (const auto& table : database.bound_rows())
    while (const auto row = table()) {
      EXPECT_TRUE(row->leaf);
      ++rows;
    }
  EXPECT_GT(rows, 5u);
}

}  // namespace
}  // namespace assent::gateway
