#include "gateway/storage.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <fstream>
#include <set>
#include <thread>

#include "gateway/cdr.hpp"
#include "gateway/database.hpp"
#include "tests/gateway/comes_true.hpp"
#include "tests/gateway/coroutine.hpp"
#include "tests/gateway/file_size_limit.hpp"
#include "tests/gateway/postgresql_server.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

WallTime at(std::int64_t ms) {
  return WallTime{std::chrono::milliseconds{1'764'000'000'000 + ms}};
}

ConsentEvent consent(std::string participant, std::string state, std::uint64_t epoch = 1) {
  ConsentEvent event;
  event.session = "s1";
  event.room = "room";
  event.participant = std::move(participant);
  event.subject = "subject-" + event.participant;
  event.purpose = "recording";
  event.giver = "participant";
  event.statement = event.state = std::move(state);
  event.method = "online";
  event.strength = "firm";
  event.evidence = R"({"notice":"n"})";
  event.epoch = epoch;
  event.rules = "sha256:00";
  event.at = at(static_cast<std::int64_t>(epoch));
  return event;
}

Cdr cdr(std::string participant, CdrKind kind, std::uint32_t seq, std::string session = "s1") {
  Cdr record;
  record.kind = kind;
  record.record_seq = seq;
  record.session = std::move(session);
  record.room = "room";
  record.participant = std::move(participant);
  record.subject = "subject-" + record.participant;
  record.opened = at(0);
  record.at = record.counted_until = at(seq);
  return record;
}

AcceptedPolicy accepted(std::string hash, std::string by, std::int64_t ms) {
  AcceptedPolicy policy;
  policy.texts = {{"p.yaml", "policy of " + hash}, {"j.yaml", "law"}, {"t.yaml", "transfers"}};
  policy.hash = std::move(hash);
  policy.source = by.empty() ? "file" : "api";
  policy.by = std::move(by);
  policy.files = "sha256:files";
  policy.server_processor = "ourselves";
  policy.server_jurisdiction = "NL";
  policy.at = at(ms);
  return policy;
}

class StorageFixture : public testing::Test {
 protected:
  StorageOptions options() const {
    StorageOptions made;
    made.database = place_;
    made.cdr_lines = folder_.path() / "cdr";
    made.retry = 20ms;
    return made;
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> found;
    for (const auto& file : std::filesystem::directory_iterator{folder_.path() / "cdr"}) {
      std::ifstream in{file.path()};
      for (std::string line; std::getline(in, line);)
        found.push_back(line);
    }
    return found;
  }
  std::filesystem::path file() const { return folder_.path() / "assent.sqlite"; }

  TemporaryFolder folder_;
  DatabasePlace place_ = file();
};

class SqliteStorageTest : public StorageFixture {};

// What must hold wherever the records are.
class StorageTest : public StorageFixture, public testing::WithParamInterface<Server> {
 protected:
  void SetUp() override {
    if (GetParam() == Server::postgresql) place_ = PostgresqlServer::shared().new_database();
  }
};
INSTANTIATE_TEST_SUITE_P(Sqlite, StorageTest, testing::Values(Server::sqlite));
INSTANTIATE_TEST_SUITE_P(Postgresql, StorageTest, testing::Values(Server::postgresql));

TEST_P(StorageTest, WhatWasAcknowledgedIsThereAfterARestart) {
  {
    Storage storage{options()};
    ASSERT_TRUE(run(storage.append(consent("alpha", "granted"))));
  }
  Storage storage{options()};
  const auto found = run(storage.latest_consents("room"));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  const ConsentEvent& event = found->front();
  EXPECT_EQ(event.participant, "alpha");
  EXPECT_EQ(event.state, "granted");
  EXPECT_EQ(event.evidence, R"({"notice":"n"})");
  EXPECT_EQ(event.at, at(1));
  EXPECT_FALSE(event.expires);
}

TEST_P(StorageTest, TheNewestStatementOfEachParticipantAndPurposeIsFound) {
  Storage storage{options()};
  for (const auto& event :
       {consent("a", "granted", 1), consent("b", "refused", 2), consent("a", "withdrawn", 3)}) {
    ASSERT_TRUE(run(storage.append(event)));
  }
  auto other_holding = consent("a", "granted", 9);
  other_holding.session = "s2";
  ASSERT_TRUE(run(storage.append(other_holding)));
  const auto found = run(storage.latest_consents("room", "s1"));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].state, "refused");
  EXPECT_EQ((*found)[1].state, "withdrawn");
}

TEST_P(StorageTest, AGuardiansWordStandsBesideTheParticipants) {
  Storage storage{options()};
  auto guardian = consent("a", "granted", 2);
  guardian.giver = "guardian";
  for (const auto& event : {consent("a", "granted", 1), guardian, consent("a", "withdrawn", 3)}) {
    ASSERT_TRUE(run(storage.append(event)));
  }
  const auto found = run(storage.latest_consents("room"));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].giver, "guardian");
  EXPECT_EQ((*found)[0].state, "granted");
  EXPECT_EQ((*found)[1].giver, "participant");
  EXPECT_EQ((*found)[1].state, "withdrawn");
}

TEST_F(SqliteStorageTest, TheDatabaseIsPrivate) {
  Storage storage{options()};
  ASSERT_TRUE(run(storage.append(consent("a", "granted"))));
  struct stat status {};
  for (const char* suffix : {"", "-wal"}) {
    ASSERT_EQ(::stat((file().string() + suffix).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
  }
}

// Two writers may corrupt a WAL, and would each permit what the other has seen withdrawn.
TEST_P(StorageTest, ASecondGatewayOnTheSameDatabaseDoesNotServe) {
  Storage storage{options()};
  ASSERT_TRUE(run(storage.append(consent("a", "granted"))));
  Storage second{options()};
  EXPECT_EQ(run(second.append(consent("b", "granted"))).error(), StorageError::unavailable);
  EXPECT_FALSE(second.health().writable);
  EXPECT_NE(second.health().problem, "");
}

TEST_P(StorageTest, TheLongestCheckpointOfTheLedgerIsRememberedInWhateverOrderTheyCome) {
  {
    Storage storage{options()};
    for (const std::uint64_t size : {7u, 9u, 8u}) {
      const LedgerCheckpoint checkpoint{size, "note of " + std::to_string(size)};
      ASSERT_TRUE(run(storage.append(checkpoint)));
    }
  }
  EXPECT_EQ((Database{options().database, false, std::nullopt}.ledger_checkpoint()), "note of 9");
  Storage storage{options()};
  ASSERT_TRUE(run(storage.append(consent("a", "granted"))));
}

TEST_P(StorageTest, ManyRecordsShareOneSync) {
  Storage storage{options()};
  constexpr int records = 2'000;
  int durable = 0;
  boost::asio::io_context loop;
  for (int i = 0; i < records; ++i) {
    boost::asio::co_spawn(
        loop,
        [&, i]() -> boost::asio::awaitable<void> {
          const auto id = co_await storage.append(consent(std::to_string(i), "granted"));
          if (id) ++durable;
        },
        boost::asio::detached);
  }
  loop.run();
  EXPECT_EQ(durable, records);
  EXPECT_LT(storage.health().commits, records / 10u);
  EXPECT_EQ(storage.health().records, static_cast<std::uint64_t>(records));
}

TEST_P(StorageTest, Failure24AFullQueueRefusesAtOnceAndCdrsDoNotCrowdOutConsents) {
  auto few = options();
  few.queue_max = 40;
  Storage storage{few};
  int consents = 0;
  int cdrs = 0;
  int full = 0;
  boost::asio::io_context loop;
  const auto count = [&](Record record, int& stored) -> boost::asio::awaitable<void> {
    const auto id = co_await storage.append(std::move(record));
    if (id) ++stored;
    if (!id && id.error() == StorageError::queue_full) ++full;
  };
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    boost::asio::co_spawn(loop, count(to_entry(cdr("p", CdrKind::interim, i + 1)), cdrs),
                          boost::asio::detached);
  }
  for (int i = 0; i < 10; ++i) {
    boost::asio::co_spawn(loop, count(consent(std::to_string(i), "withdrawn"), consents),
                          boost::asio::detached);
  }
  loop.run();
  EXPECT_EQ(consents, 10);
  EXPECT_GT(full, 0);
  EXPECT_EQ(cdrs + full, 5'000);
  EXPECT_TRUE(run(storage.append(consent("later", "granted"))));
}

TEST_P(StorageTest, TheSameIdempotencyKeyIsStoredOnceAndItsCompanionsNot) {
  Storage storage{options()};
  const StoredReceipt receipt{"token/key", "digest", 200, R"({"state":"granted"})", at(1)};
  ASSERT_TRUE(run(storage.append(std::vector<Record>{consent("a", "granted"), receipt})));
  EXPECT_EQ(run(storage.append(std::vector<Record>{consent("b", "granted"), receipt})).error(),
            StorageError::duplicate);
  EXPECT_EQ(run(storage.latest_consents("room"))->size(), 1u);
  const auto found = run(storage.find_receipt("token/key"));
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->body, receipt.body);
  EXPECT_EQ((*found)->digest, "digest");
  EXPECT_EQ((*found)->status, 200);
  EXPECT_FALSE(run(storage.find_receipt("token/other"))->has_value());
}

TEST_P(StorageTest, CdrsAreFoundByRoomPersonAndTimePageByPage) {
  Storage storage{options()};
  for (std::uint32_t i = 1; i <= 30; ++i) {
    auto record = cdr(i % 2 == 0 ? "even" : "odd", CdrKind::interim, i);
    record.at = at(i * 1'000);
    if (i == 30) record.room = "elsewhere";
    ASSERT_TRUE(run(storage.append(to_entry(record))));
  }
  CdrQuery query;
  query.room = "room";
  EXPECT_EQ(run(storage.cdrs(query))->size(), 29u);
  query.participant = "even";
  EXPECT_EQ(run(storage.cdrs(query))->size(), 14u);
  query.from = at(4'000);
  query.until = at(10'000);
  EXPECT_EQ(run(storage.cdrs(query))->size(), 3u);

  CdrQuery page;
  page.limit = 7;
  std::set<RecordId> seen;
  for (;;) {
    const auto entries = *run(storage.cdrs(page));
    if (entries.empty()) break;
    for (const auto& entry : entries)
      EXPECT_TRUE(seen.insert(entry.id).second);
    page.after = entries.back().id;
  }
  EXPECT_EQ(seen.size(), 30u);
  CdrQuery person;
  person.subject = "subject-odd";
  EXPECT_EQ(run(storage.cdrs(person))->size(), 15u);
}

TEST_P(StorageTest, APageOfCdrsEndsWhereItIsToldAndBeforeItIsHuge) {
  Storage storage{options()};
  EXPECT_EQ(run(storage.newest_cdr()).value(), RecordId{});
  std::vector<RecordId> ids;
  for (std::uint32_t i = 1; i <= 6; ++i) {
    auto entry = to_entry(cdr("ann", i == 6 ? CdrKind::stop : CdrKind::interim, i));
    if (i > 2) entry.json.resize(cdr_page_bytes_max / 2, ' ');
    ids.push_back(run(storage.append(entry)).value());
  }
  ASSERT_TRUE(run(storage.append(consent("ann", "granted"))));
  EXPECT_EQ(run(storage.newest_cdr()).value(), ids.back());
  CdrQuery query;
  EXPECT_EQ(run(storage.cdrs(query))->size(), 4u);  // the last of them is over the limit
  query.upto = ids[1];
  EXPECT_EQ(run(storage.cdrs(query))->size(), 2u);
  CdrQuery stops;
  stops.only_stops = true;
  const auto found = run(storage.cdrs(stops));
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().id, ids.back());
}

TEST_P(StorageTest, WhatLeftIsRememberedOfWhomTheRecordIsNow) {
  Database database{place_, true, std::nullopt};
  const auto stored = [&](const std::string& subject, std::uint32_t seq) {
    Cdr record = cdr("ann", CdrKind::stop, seq);
    record.subject = subject;
    database.begin();
    const std::vector<Record> together{to_entry(record)};
    const auto id = database.store(together);
    database.commit();
    return *id;
  };
  ExportChange change;
  change.target = "billing";
  change.at = at(1);
  change.left = {{stored("subject-ann", 1), {}, 10}, {stored("another", 2), {}, 10}};
  database.begin();
  PersonInSession ann{"s1", "room", "ann"};
  database.pseudonymise("subject-ann", ann, "erased-1", {});
  database.commit();
  change.left.push_back({RecordId{1'000}, {}, 10});  // gone
  database.exports(change);
  EXPECT_TRUE(database.exports_of("s1", "ann", "subject-ann").empty());
  EXPECT_EQ(database.exports_of("s1", "erased-1", "(erased)").size(), 1u);
  EXPECT_EQ(database.exports_of("s1", "ann", "another").size(), 1u);
}

TEST_P(StorageTest, EveryAcceptedPolicyIsFoundByItsHashAfterARestart) {
  {
    Storage storage{options()};
    EXPECT_FALSE(run(storage.newest_policy())->has_value());
    ASSERT_TRUE(run(storage.append(accepted("sha256:aa", "", 1))));
    ASSERT_TRUE(run(storage.append(accepted("sha256:bb", "officer-1", 2))));
  }
  Storage storage{options()};
  const auto newest = run(storage.newest_policy());
  ASSERT_TRUE(newest && *newest);
  EXPECT_EQ((*newest)->hash, "sha256:bb");
  EXPECT_EQ((*newest)->source, "api");
  EXPECT_EQ((*newest)->by, "officer-1");
  EXPECT_EQ((*newest)->at, at(2));
  const auto first = run(storage.find_policy("sha256:aa"));
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->texts, accepted("sha256:aa", "", 1).texts);
  EXPECT_EQ((*first)->files, "sha256:files");
  EXPECT_EQ((*first)->server_processor, "ourselves");
  EXPECT_EQ((*first)->server_jurisdiction, "NL");
  EXPECT_FALSE(run(storage.find_policy("sha256:cc"))->has_value());
}

TEST_P(StorageTest, APolicyThatComesBackIsTheNewestAgain) {
  Storage storage{options()};
  ASSERT_TRUE(run(storage.append(accepted("sha256:aa", "", 1))));
  ASSERT_TRUE(run(storage.append(accepted("sha256:bb", "officer-1", 2))));
  ASSERT_TRUE(run(storage.append(accepted("sha256:aa", "operator-1", 3))));
  EXPECT_EQ((*run(storage.newest_policy()))->by, "operator-1");
  EXPECT_EQ((*run(storage.find_policy("sha256:aa")))->at, at(3));
}

TEST_P(StorageTest, AfterARestartOpenCdrsAreClosedOnceWithTheirCounters) {
  {
    Storage storage{options()};
    auto open = cdr("open", CdrKind::start, 1);
    ASSERT_TRUE(run(storage.append(to_entry(open))));
    open = cdr("open", CdrKind::interim, 2);
    open.legs.emplace_back().packets = 77;
    ASSERT_TRUE(run(storage.append(to_entry(open))));
    ASSERT_TRUE(run(storage.append(to_entry(cdr("done", CdrKind::start, 1)))));
    ASSERT_TRUE(run(storage.append(to_entry(cdr("done", CdrKind::stop, 2)))));
    ASSERT_TRUE(run(storage.append(to_entry(cdr("", CdrKind::start, 1)))));
  }
  Storage storage{options()};
  const auto closed = run(storage.begin_run(at(5'000)));
  ASSERT_TRUE(closed);
  ASSERT_EQ(closed->size(), 2u);
  const auto stop = parse_cdr((*closed)[0].json);
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->kind, CdrKind::stop);
  EXPECT_EQ(stop->cause, CauseForClosing::restart);
  EXPECT_EQ(stop->record_seq, 3u);
  EXPECT_EQ(stop->at, at(5'000));
  EXPECT_EQ(stop->counted_until, at(2));
  ASSERT_EQ(stop->legs.size(), 1u);
  EXPECT_EQ(stop->legs[0].packets, 77u);
  EXPECT_EQ(run(storage.begin_run(at(6'000)))->size(), 0u);
  EXPECT_EQ(run(storage.cdrs({}))->size(), 7u);
}

TEST_P(StorageTest, JsonLinesHoldEveryCdrOnceInOrderAndSurviveATornLine) {
  {
    Storage storage{options()};
    for (std::uint32_t i = 1; i <= 20; ++i) {
      ASSERT_TRUE(run(storage.append(to_entry(cdr("p", CdrKind::interim, i)))));
    }
  }
  ASSERT_EQ(lines().size(), 20u);
  const auto file = std::filesystem::directory_iterator {
    folder_.path() / "cdr"
    } -> path();
  // Killed while it wrote the next lines: half of one, and space that the disk never filled.
  std::ofstream{file, std::ios::app} << R"({"id":21,"version":1,"ki)" << '\n'
                                     << std::string(99, '\0');
  {
    Storage storage{options()};
    ASSERT_TRUE(run(storage.append(to_entry(cdr("p", CdrKind::stop, 21)))));
  }
  const auto all = lines();
  ASSERT_EQ(all.size(), 21u);
  std::uint32_t expected = 0;
  std::uint64_t last_id = 0;
  for (const auto& line : all) {
    const auto record = parse_cdr(line);
    ASSERT_TRUE(record) << line;
    EXPECT_EQ(record->record_seq, ++expected);
    EXPECT_GT(record->id.value_or(0), last_id);
    last_id = record->id.value_or(0);
  }
}

TEST_P(StorageTest, JsonLinesCatchUpAfterTheirFolderWasUnusable) {
  std::ofstream{folder_.path() / "cdr"} << "no folder";
  Storage storage{options()};
  ASSERT_TRUE(run(storage.append(to_entry(cdr("p", CdrKind::start, 1)))));
  ASSERT_TRUE(comes_true([&] { return !storage.health().cdr_lines_written; }, 5s));
  EXPECT_TRUE(storage.health().writable);
  std::filesystem::remove(folder_.path() / "cdr");
  ASSERT_TRUE(comes_true([&] { return storage.health().cdr_lines_written; }, 5s));
  ASSERT_TRUE(comes_true([&] { return lines().size() == 1; }, 5s));
}

TEST_F(SqliteStorageTest, AFullDiskRefusesRecordsAndRecoversByItself) {
  Storage storage{options()};
  ASSERT_TRUE(run(storage.append(consent("before", "granted"))));
  std::vector<std::string> stored{"before"};
  {
    const FileSizeLimit full{200'000};
    bool refused = false;
    for (int i = 0; i < 3'000 && !refused; ++i) {
      auto event = consent("p" + std::to_string(i), "granted");
      event.evidence = "{\"text\":\"" + std::string(2'000, 'x') + "\"}";
      const auto id = run(storage.append(event));
      refused = !id;
      if (id) stored.push_back(event.participant);
      EXPECT_TRUE(id || id.error() == StorageError::unavailable);
    }
    EXPECT_TRUE(refused);
    EXPECT_FALSE(storage.health().writable);
    EXPECT_NE(storage.health().problem, "");
  }
  ASSERT_TRUE(comes_true([&] { return storage.health().writable; }, 5s));
  EXPECT_EQ(storage.health().problem, "");
  ASSERT_TRUE(run(storage.append(consent("after", "granted"))));
  stored.push_back("after");
  std::vector<std::string> found;
  const auto events = run(storage.latest_consents("room"));
  for (const auto& event : *events)
    found.push_back(event.participant);
  EXPECT_EQ(found, stored);  // nothing lost, and no refused grant kept
}

TEST_F(SqliteStorageTest, ADatabaseThatIsRemovedRefusesRecordsUntilItIsBack) {
  Storage storage{options()};
  ASSERT_TRUE(run(storage.append(consent("before", "granted"))));
  const auto away = folder_.path() / "away";
  std::filesystem::create_directory(away);
  for (const char* name : {"assent.sqlite", "assent.sqlite-wal"}) {
    std::filesystem::rename(folder_.path() / name, away / name);
  }
  EXPECT_EQ(run(storage.append(consent("lost", "granted"))).error(), StorageError::unavailable);
  EXPECT_FALSE(storage.health().writable);
  EXPECT_FALSE(std::filesystem::exists(file()));  // and it was not made anew
  for (const auto& file : std::filesystem::directory_iterator{away}) {
    std::filesystem::rename(file.path(), folder_.path() / file.path().filename());
  }
  ASSERT_TRUE(comes_true([&] { return storage.health().writable; }, 5s));
  ASSERT_TRUE(run(storage.append(consent("after", "granted"))));
  const auto found = run(storage.latest_consents("room"));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[1].participant, "after");
}

TEST_F(SqliteStorageTest, AReadOnlyDatabaseRefusesRecords) {
  {
    Storage storage{options()};
    ASSERT_TRUE(run(storage.append(consent("before", "granted"))));
  }
  // Permissions do not bind the superuser: be somebody else for a while.
  constexpr uid_t nobody = 65534;
  const bool root = ::geteuid() == 0;
  std::filesystem::permissions(folder_.path(), std::filesystem::perms{0555});
  std::filesystem::permissions(file(), std::filesystem::perms{0444});
  ASSERT_TRUE(!root || ::seteuid(nobody) == 0);
  {
    Storage storage{options()};
    EXPECT_EQ(run(storage.append(consent("lost", "granted"))).error(), StorageError::unavailable);
    EXPECT_FALSE(storage.health().writable);
    EXPECT_NE(storage.health().problem.find("ermission"), std::string::npos);
  }
  ASSERT_TRUE(!root || ::seteuid(0) == 0);
  std::filesystem::permissions(folder_.path(), std::filesystem::perms{0755});
  std::filesystem::permissions(file(), std::filesystem::perms{0600});
  Storage storage{options()};
  EXPECT_TRUE(run(storage.append(consent("after", "granted"))));
}

TEST_F(SqliteStorageTest, AFileOfAnotherProgramOrANewerVersionIsNotTouched) {
  std::ofstream{file()} << std::string(4'096, 'x');
  Storage storage{options()};
  EXPECT_EQ(run(storage.append(consent("a", "granted"))).error(), StorageError::unavailable);
  std::ifstream in{file()};
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>{in}, {}), std::string(4'096, 'x'));
}

TEST_P(StorageTest, OfACommitWhoseFateIsUnknownRestrictionsStayAndGrantsGo) {
  RecordId acknowledged{};
  {
    Database database{place_, true, std::nullopt};
    const auto store = [&](Record record) {
      database.begin();
      EXPECT_TRUE(database.store({&record, 1}));
      database.commit();
    };
    store(to_entry(cdr("p", CdrKind::start, 1)));
    acknowledged = database.last_id();
    store(consent("granting", "granted"));
    store(consent("withdrawing", "withdrawn"));
    store(StoredReceipt{"key", "d", 200, "{}", at(1)});
    store(to_entry(cdr("p", CdrKind::stop, 2)));
    store(accepted("sha256:aa", "operator-1", 1));
  }
  Database database{place_, false, acknowledged};
  const auto consents = database.latest_consents("room", "");
  ASSERT_EQ(consents.size(), 1u);
  EXPECT_EQ(consents[0].state, "withdrawn");
  EXPECT_FALSE(database.find_receipt("key"));
  EXPECT_FALSE(database.find_policy("sha256:aa"));
  EXPECT_EQ(database.cdrs({}).size(), 1u);
  EXPECT_EQ(database.last_of_open_chains(database.last_id()).size(), 1u);  // its stop was refused
}

TEST_P(StorageTest, AfterStopRecordsAreRefusedAndEverythingQueuedWasAnswered) {
  Storage storage{options()};
  boost::asio::io_context loop;
  int answered = 0;
  for (int i = 0; i < 100; ++i) {
    boost::asio::co_spawn(
        loop,
        [&, i]() -> boost::asio::awaitable<void> {
          static_cast<void>(co_await storage.append(consent(std::to_string(i), "granted")));
          ++answered;
        },
        boost::asio::detached);
  }
  loop.poll();
  storage.stop();
  loop.run();
  EXPECT_EQ(answered, 100);
  EXPECT_EQ(run(storage.append(consent("late", "granted"))).error(), StorageError::closed);
}

// Writes until it is killed; tells each acknowledged number through the pipe.
[[noreturn]] void write_until_killed(const StorageOptions& options, int pipe) {
  Storage storage{options};
  for (std::uint32_t seq = 1;; ++seq) {
    const auto id = run(storage.append(std::vector<Record>{
        consent("p" + std::to_string(seq), "withdrawn", seq),
        to_entry(cdr("p", CdrKind::interim, seq, "s" + std::to_string(::getpid())))}));
    if (!id || ::write(pipe, &seq, sizeof seq) != sizeof seq) std::_Exit(1);
  }
}

TEST_P(StorageTest, KilledAtAnyInstantNothingAcknowledgedIsLostOrDoubled) {
  constexpr int cycles = 20;
  std::uint64_t told = 0;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) write_until_killed(options(), ends[1]);
    ::close(ends[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds{20 + 7 * cycle});
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    std::uint32_t last = 0;
    for (std::uint32_t seq = 0; ::read(ends[0], &seq, sizeof seq) == sizeof seq;)
      last = seq;
    ::close(ends[0]);
    told += last;

    Storage storage{options()};
    std::set<std::uint32_t> found;
    CdrQuery query;
    query.limit = cdr_page_max;
    const std::string session = "s" + std::to_string(child);
    for (;;) {
      const auto entries = run(storage.cdrs(query));
      ASSERT_TRUE(entries);
      if (entries->empty()) break;
      for (const auto& entry : *entries) {
        EXPECT_TRUE(entry.session != session || found.insert(entry.record_seq).second);
      }
      query.after = entries->back().id;
    }
    EXPECT_GE(found.size(), last);
    EXPECT_LE(found.size(), last + 1);  // the one that was under way
    EXPECT_TRUE(found.empty() || *found.rbegin() == found.size());
  }
  EXPECT_GT(told, 0u);
  std::set<std::uint64_t> ids;
  for (const auto& line : lines()) {
    const auto record = parse_cdr(line);
    ASSERT_TRUE(record) << line;
    EXPECT_TRUE(ids.insert(record->id.value_or(0)).second) << "doubled in the lines";
  }
  EXPECT_GE(ids.size(), told);
}

}  // namespace
}  // namespace assent::gateway
