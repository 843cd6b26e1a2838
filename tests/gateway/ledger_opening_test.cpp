// A start does not wait for its ledger; and what becomes of what comes before that is open.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/file.h>

#include <atomic>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <future>
#include <sstream>

#include "gateway/durable_file.hpp"
#include "gateway/verify.hpp"
#include "tests/gateway/file_size_limit.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/gateway/record_ledger_fixture.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// The lock that whoever writes a ledger holds.
FileHandle locked(const std::filesystem::path& folder) {
  FileHandle handle{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  EXPECT_EQ(::flock(handle.get(), LOCK_EX | LOCK_NB), 0);
  return handle;
}

void edit(const std::filesystem::path& file, const char* statement) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, statement, nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(database);
  sqlite3_close(database);
}

// As the first line of the key's file names it.
std::string origin_of(const std::filesystem::path& key) {
  std::ifstream in{key.parent_path() / "ledger" / "vkey"};
  std::string line;
  std::getline(in, line);
  return line.substr(0, line.find('+'));
}

CdrEntry open_chain(const std::string& session) {
  Cdr cdr;
  cdr.session = session;
  cdr.room = "room";
  cdr.participant = "p";
  cdr.record_seq = 1;
  return to_entry(cdr);
}

// Holds the verification at its fifth entry.
struct Barrier {
  std::promise<void> promise;
  std::shared_future<void> lifted{promise.get_future().share()};

  EntryVisitor visitor() const {
    return [until = lifted](std::uint64_t index, const LedgerLeaf&) {
      if (index == 4) until.wait();
    };
  }
};

TEST_F(RecordLedgerTest, WhileItIsVerifiedRecordsAreReadGrantsRefusedAndWhatMayWaitIsStoredAfter) {
  {
    Storage storage{options()};
    ASSERT_TRUE(opens(storage));
    for (std::uint64_t i = 1; i <= 10; ++i)
      ASSERT_TRUE(run(storage.append(consent_of("p", "granted", i))));
    ASSERT_TRUE(run(storage.append(open_chain("before"))));
  }
  Barrier barrier;
  auto held = options();
  held.ledger->on_entry = barrier.visitor();
  Storage storage{held};
  ASSERT_TRUE(comes_true([&] { return storage.health().verified == 5; }));
  const auto health = storage.health();
  EXPECT_TRUE(health.ledger_opening);
  EXPECT_FALSE(health.writable);
  EXPECT_EQ(health.to_verify, 13u);  // start, 10, 1, stop
  EXPECT_EQ(run(storage.append(consent_of("p", "granted", 11))).error(), StorageError::verifying);
  EXPECT_EQ(run(storage.latest_consents("room"))->size(), 1u);
  auto closed =
      std::async(std::launch::async, [&] { return run(storage.begin_run(WallTime{9s})); });
  ASSERT_TRUE(comes_true([&] { return storage.health().queued == 1; }));
  auto later = std::async(std::launch::async, [&] {
    std::vector<Record> together(1, Record{open_chain("meanwhile")});
    return run(storage.append_patiently(std::move(together)));
  });
  ASSERT_TRUE(comes_true([&] { return storage.health().queued == 2; }));
  barrier.promise.set_value();
  const auto stops = closed.get();
  ASSERT_TRUE(stops);
  ASSERT_EQ(stops->size(), 1u);  // and not that of a room of this run
  EXPECT_EQ(stops->front().session, "before");
  EXPECT_TRUE(later.get());
  EXPECT_TRUE(run(storage.append(consent_of("p", "granted", 11))));
  EXPECT_FALSE(storage.health().ledger_opening);
}

TEST_F(RecordLedgerTest, TheEndOfAServiceDoesNotWaitForTheVerification) {
  store(1, 10);
  std::atomic<std::uint64_t> seen = 0;
  auto slow = options();
  slow.ledger->on_entry = [&](std::uint64_t, const LedgerLeaf&) {
    ++seen;
    std::this_thread::sleep_for(200ms);
  };
  {
    Storage storage{slow};
    ASSERT_TRUE(comes_true([&] { return seen != 0; }));
  }
  EXPECT_LT(seen, 5u);
  EXPECT_EQ(count(LedgerKind::start), 1u);  // a start that came to nothing is none
}

TEST_F(RecordLedgerTest, AnotherProcessWithTheLedgerIsWaitedFor) {
  store(1, 2);
  {
    auto other = locked(at("ledger"));
    Storage storage{options()};
    ASSERT_TRUE(comes_true(
        [&] { return storage.health().problem.find("another process") != std::string::npos; }));
    std::this_thread::sleep_for(100ms);
    EXPECT_FALSE(storage.health().ledger_refused);
    EXPECT_TRUE(storage.health().ledger_opening);
    other = FileHandle{};
    ASSERT_TRUE(opens(storage));
    EXPECT_TRUE(run(storage.append(consent_of("p", "granted", 3))));
  }
  EXPECT_EQ(count(LedgerKind::start), 2u);
}

TEST_F(RecordLedgerTest, ADiskThatIsFullAtTheStartIsWaitedFor) {
  store(1, 2);
  std::optional<FileSizeLimit> no_segment{std::in_place, 1U << 20U};
  Storage storage{options()};
  ASSERT_TRUE(comes_true([&] {
    return storage.health().problem.find("too large") != std::string::npos;
  })) << storage.health().problem;
  EXPECT_FALSE(storage.health().ledger_refused);
  no_segment.reset();
  ASSERT_TRUE(opens(storage));
  EXPECT_TRUE(run(storage.append(consent_of("p", "granted", 3))));
}

TEST_F(RecordLedgerTest, ARefusedStartIsNotEntered) {
  store(1, 2);
  copy("assent.db", "older.db");
  store(3, 3);
  copy("older.db", "assent.db");
  const auto before = entries().size();
  for (int i = 0; i < 3; ++i) {
    Storage storage{options()};
    ASSERT_TRUE(comes_true([&] { return storage.health().ledger_refused; }));
  }
  EXPECT_EQ(entries().size(), before);
}

TEST_F(RecordLedgerTest, AnOrderlyEndIsTheLastEntryAndSaysHowFarTheRecordsCame) {
  store(1, 3);
  const auto leaves = entries();
  ASSERT_EQ(leaves.back().open.kind, LedgerKind::stop);
  const auto last = static_cast<std::int64_t>(bound().back().id);
  EXPECT_EQ(leaves.back().open.state, "0-" + std::to_string(last + 1));  // no daily files here
}

TEST_F(RecordLedgerTest, ADatabaseThatWasGoneIsTakenUpAgainWithoutReadingTheLedger) {
  store(1, 5);
  std::atomic<std::uint64_t> read = 0;
  auto counting = options();
  counting.ledger->on_entry = [&](std::uint64_t, const LedgerLeaf&) { ++read; };
  {
    Storage storage{counting};
    ASSERT_TRUE(opens(storage));
    const auto once = read.load();
    EXPECT_GE(once, 7u);
    std::filesystem::create_directory(at("away"));
    for (const char* name : {"assent.db", "assent.db-wal"})
      std::filesystem::rename(at(name), at("away") / name);
    EXPECT_FALSE(run(storage.append(consent_of("lost", "granted", 6))));
    for (const auto& file : std::filesystem::directory_iterator{at("away")})
      std::filesystem::rename(file.path(), at(file.path().filename().string()));
    ASSERT_TRUE(opens(storage));
    EXPECT_TRUE(run(storage.append(consent_of("after", "granted", 7))));
    EXPECT_EQ(read, once);
  }
  const auto leaves = entries();
  EXPECT_EQ(count(LedgerKind::resume), 1u);
  ASSERT_EQ(count(LedgerKind::abandoned), 1u);
  // start, 5, stop, start, the lost one, resume, abandoned, ...
  EXPECT_EQ(leaves.at(10).open.state, "8-8");
  Verification asked;
  asked.ledger = at("ledger");
  asked.database = at("assent.db");
  asked.subject_keys = at("subject-keys");
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_TRUE(verify(asked, out, err)) << err.str();
}

// As after a commit whose fate is unknown, and a crash before the ledger was told.
TEST_F(RecordLedgerTest, EntriesOfRowsThatWereTakenBackAreNotForgottenByASecondAttempt) {
  store(1, 3);
  const auto rows = bound();
  {
    Database database{at("assent.db"), false, rows[1].id};
    EXPECT_EQ(database.removed_leaves(), std::vector<std::uint64_t>{*rows[2].leaf});
  }
  {
    Database database{at("assent.db"), false, std::nullopt};
    EXPECT_EQ(database.removed_leaves(), std::vector<std::uint64_t>{*rows[2].leaf});
  }
  {
    Storage storage{options()};
    ASSERT_TRUE(opens(storage));
  }
  const std::string leaf = std::to_string(*rows[2].leaf);
  const auto leaves = entries();
  EXPECT_EQ(leaves[leaves.size() - 2].open.kind, LedgerKind::abandoned);
  EXPECT_EQ(leaves[leaves.size() - 2].open.state, leaf + '-' + leaf);
  Database database{at("assent.db"), false, std::nullopt};
  EXPECT_TRUE(database.removed_leaves().empty());
}

// Else whoever can write to the database could have the service itself disown what it recorded.
TEST_F(RecordLedgerTest, WhatWasAcknowledgedIsNotDeclaredAbandonedBecauseTheDatabaseListsIt) {
  store(1, 3);
  edit(at("assent.db"),
       "INSERT INTO removed_leaves VALUES (1); DELETE FROM consents WHERE leaf = 1");
  Storage storage{options()};
  ASSERT_TRUE(comes_true([&] { return storage.health().ledger_refused; }));
  EXPECT_NE(storage.health().problem.find("were acknowledged"), std::string::npos);
}

// What a WAL that was cut off comes to: the database knows the state of before, as after a crash.
TEST_F(RecordLedgerTest, AnAcknowledgedEntryThatWasDisownedIsFoundByTheReceiptOfIt) {
  store(1, 2);
  copy("assent.db", "cut.db");
  {
    Storage storage{options()};
    ASSERT_TRUE(opens(storage));
    auto stated = consent_of("p", "granted", 3);
    stated.receipt = R"({"receipt_id":"r-3","event":{"event_state":"consent given"}})";
    ASSERT_TRUE(run(storage.append(std::move(stated))));
    ReceiptQuery of_p;
    of_p.session = "s1";
    of_p.participant = "p";
    const auto receipts = run(storage.receipts(of_p));
    ASSERT_TRUE(receipts);
    ASSERT_EQ(receipts->size(), 1u);
    std::ofstream{at("held.jws")} << receipts->front().jws << '\n';
    std::this_thread::sleep_for(100ms);  // its static files are written
    copy("ledger", "killed");
  }
  copy("killed", "ledger");
  copy("cut.db", "assent.db");
  {
    Storage storage{options()};
    ASSERT_TRUE(opens(storage)) << storage.health().problem;
  }
  Verification asked;
  asked.ledger = at("ledger");
  asked.database = at("assent.db");
  asked.subject_keys = at("subject-keys");
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_TRUE(verify(asked, out, err)) << err.str();  // the ledger cannot tell it from a crash
  EXPECT_NE(out.str().find("earlier runs that did not end in order"), std::string::npos)
      << out.str();
  asked.receipts = {at("held.jws")};
  EXPECT_FALSE(verify(asked, out, err));
  EXPECT_NE(err.str().find("declares it abandoned"), std::string::npos) << err.str();
}

// --- the whole service ---

class OpeningService : public testing::Test {
 protected:
  static test::RunningService::Options options(const std::filesystem::path& state,
                                               std::uint16_t archive = 0) {
    test::RunningService::Options made;
    made.state = state;
    made.archive_port = archive;
    made.while_opening = true;
    return made;
  }

  TemporaryFolder folder_;
};

TEST_F(OpeningService, UntilItsLedgerIsOpenCallsGoOnNothingIsPermittedAndThenItAllIsRecorded) {
  test::Socket archive;
  { test::RunningService once{{.archive_port = archive.port(), .state = folder_.path()}}; }
  auto other = locked(folder_.path() / "ledger");
  test::RunningService service{options(folder_.path(), archive.port())};
  const auto ready = service.call_as(Role::operator_, "GET", "/readyz");
  EXPECT_EQ(ready.status, 503u);
  EXPECT_NE(boost::json::serialize(ready.body).find("another process"), std::string::npos)
      << boost::json::serialize(ready.body);
  EXPECT_TRUE(service.log_says("start.ledger_opening"));

  service.ask("PUT", "/v1/rooms/standup", "{}");
  test::Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  const auto consent = test::grant();
  EXPECT_EQ(service.call("PUT", caller.path + "/consents/recording", consent).status, 503u);
  const auto started =
      service.call("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  EXPECT_EQ(started.status, 503u);
  EXPECT_NE(boost::json::serialize(started.body).find("nothing is permitted"), std::string::npos);
  EXPECT_EQ(service.call("DELETE", caller.path + "/consents/recording").status, 503u);
  caller.speak();
  EXPECT_TRUE(caller.server.receive());
  EXPECT_EQ(archive.receive(50ms), std::nullopt);

  other = FileHandle{};
  ASSERT_TRUE(comes_true([&] { return service.log_says("\"ledger.open\""); }));
  EXPECT_EQ(service.call("GET", "/readyz").status, 200u);
  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  service.ask("PUT", caller.path + "/consents/recording", consent);
  caller.speak();
  EXPECT_TRUE(archive.receive());
  service.stop();

  Verification asked;
  asked.ledger = folder_.path() / "ledger";
  asked.database = folder_.path() / "assent.db";
  asked.subject_keys = folder_.path() / "subject-keys";
  asked.cdr_lines = folder_.path() / "cdr";
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_TRUE(verify(asked, out, err)) << err.str();
  EXPECT_EQ(out.str().find("could not be stored"), std::string::npos) << out.str();
  EXPECT_EQ(out.str().find("has a gap"), std::string::npos) << out.str();
}

TEST_F(OpeningService, WhoIsNotAuthenticatedLearnsOfNoFile) {
  { test::RunningService once{{.state = folder_.path()}}; }
  const auto other = locked(folder_.path() / "ledger");
  test::RunningService service{options(folder_.path())};
  for (const Role role : {Role::participant, Role::guardian}) {
    const auto answer = boost::json::serialize(service.call_as(role, "GET", "/readyz").body);
    EXPECT_EQ(answer.find(folder_.path().string()), std::string::npos) << answer;
    EXPECT_NE(answer.find("nothing is permitted"), std::string::npos) << answer;
  }
}

TEST_F(OpeningService, ServesWithinASecondHoweverLongItsLedgerIs) {
  test::RunningService::Options ordinary;
  ordinary.state = folder_.path();
  { test::RunningService once{ordinary}; }
  std::uint64_t entries = 0;
  {
    StorageOptions filling;
    filling.database = folder_.path() / "assent.db";
    filling.ledger.emplace();
    filling.ledger->folder = folder_.path() / "ledger";
    filling.ledger->key = folder_.path() / "ledger.key";
    filling.ledger->subject_keys = folder_.path() / "subject-keys";
    filling.ledger->origin = origin_of(filling.ledger->key);
    Storage storage{filling};
    ASSERT_TRUE(comes_true([&] { return storage.health().writable; })) << storage.health().problem;
    for (std::uint64_t i = 0; i < 40; ++i) {
      std::vector<Record> together;
      for (std::uint64_t k = 1; k <= 1'000; ++k)
        together.emplace_back(consent_of("p", "granted", 1'000 * i + k));
      ASSERT_TRUE(run(storage.append(std::move(together))));
    }
    entries = storage.health().ledger_entries;
  }
  const auto began = Clock::now();
  test::RunningService service{options(folder_.path())};
  EXPECT_EQ(service.call("GET", "/healthz").status, 200u);
  service.ask("PUT", "/v1/rooms/standup", "{}");
  EXPECT_LT(Clock::now() - began, 1s);
  ASSERT_TRUE(comes_true([&] { return service.log_says("\"ledger.open\""); }));
  EXPECT_GT(entries, 40'000u);
}

}  // namespace
}  // namespace assent::gateway
