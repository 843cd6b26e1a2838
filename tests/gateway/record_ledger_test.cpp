// Storage and ledger beside each other.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/gateway/record_ledger_fixture.hpp"
#include "tests/gateway/running_service.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

const auto consent = consent_of;

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
    ASSERT_TRUE(opens(storage));
    StoredReceipt receipt;
    receipt.key = "key";
    std::vector<Record> together{consent("p", "granted", 1), receipt};
    ASSERT_TRUE(run(storage.append(together)));
    EXPECT_EQ(run(storage.append(together)).error(), StorageError::duplicate);
    ASSERT_TRUE(run(storage.append(consent("p", "withdrawn", 2))));
  }
  const auto leaves = entries();
  ASSERT_EQ(leaves.size(), 4u);
  EXPECT_EQ(leaves[0].open.kind, LedgerKind::start);
  EXPECT_EQ(leaves[1].open.state, "granted");
  EXPECT_EQ(leaves[2].open.state, "withdrawn");
  EXPECT_EQ(leaves[3].open.kind, LedgerKind::stop);
}

TEST_F(RecordLedgerTest, WhatACrashLeavesInTheLedgerAloneIsDeclaredAbandoned) {
  store(1, 2);
  {
    // As if the database's transaction had never been committed.
    auto ledger = *options().ledger;
    Ledger beyond{ledger};
    LedgerEntry entry;
    entry.kind = LedgerKind::consent;
    entry.batch = 4;
    entry.state = "granted";
    std::vector<LedgerEntry> together(2, entry);
    ASSERT_TRUE(run(beyond.append(together)));
  }
  store(3, 1);
  const auto leaves = entries();
  ASSERT_EQ(leaves.size(), 10u);  // start, 2, stop, 2 of the crash, start, abandoned, 1, stop
  EXPECT_EQ(leaves[6].open.kind, LedgerKind::start);
  EXPECT_EQ(leaves[7].open.kind, LedgerKind::abandoned);
  EXPECT_EQ(leaves[7].open.state, "4-5");
  EXPECT_EQ(bound().back().leaf, 8u);
}

TEST_F(RecordLedgerTest, AnOlderCopyOfTheDatabaseIsFoundAndNothingIsStored) {
  store(1, 2);
  copy("assent.db", "older.db");
  store(3, 3);
  std::filesystem::remove(at("assent.db-wal"));
  copy("older.db", "assent.db");
  Storage storage{options()};
  EXPECT_TRUE(comes_true([&] { return storage.health().ledger_refused; }));
  EXPECT_FALSE(run(storage.append(consent("p", "granted", 9))));
  EXPECT_NE(storage.health().problem.find("older copy"), std::string::npos)
      << storage.health().problem;
}

TEST_F(RecordLedgerTest, AnOlderCopyOfTheLedgerIsFoundAndNothingIsStored) {
  store(1, 2);
  copy("ledger", "older");
  store(3, 3);
  copy("older", "ledger");
  Storage storage{options()};
  EXPECT_TRUE(comes_true([&] { return storage.health().ledger_refused; }));
  EXPECT_FALSE(run(storage.append(consent("p", "granted", 9))));
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
  ASSERT_TRUE(comes_true([&] { return storage.health().writable; }));
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
