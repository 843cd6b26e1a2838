// What holds on a PostgreSQL server besides all that storage_test.cpp says of both databases.
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "gateway/database.hpp"
#include "gateway/database_snapshot.hpp"
#include "gateway/hindsight.hpp"
#include "gateway/storage.hpp"
#include "gateway/transfers_report.hpp"
#include "gateway/verify.hpp"
#include "tests/gateway/comes_true.hpp"
#include "tests/gateway/coroutine.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/gateway/postgresql_server.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;

ConsentEvent consent(std::string participant, std::string state) {
  ConsentEvent event;
  event.session = "s1";
  event.room = "room";
  event.participant = std::move(participant);
  event.subject = "subject-" + event.participant;
  event.purpose = "recording";
  event.giver = "participant";
  event.statement = event.state = std::move(state);
  event.at = WallTime{1'764'000'000'000ms};
  return event;
}

// With a server of the test's own, which it may kill.
class OnPostgresql : public testing::Test {
 protected:
  StorageOptions options() const {
    StorageOptions made;
    made.database = place_;
    made.retry = 20ms;
    return made;
  }
  static std::vector<std::string> participants(Storage& storage) {
    std::vector<std::string> found;
    if (const auto events = run(storage.latest_consents("room")))
      for (const auto& event : *events)
        found.push_back(event.participant);
    return found;
  }
  // What is wrong with it now, for whoever operates it.
  std::string problem() const {
    Storage storage{options()};
    EXPECT_EQ(run(storage.append(consent("a", "granted"))).error(), StorageError::unavailable);
    return storage.health().problem;
  }
  // Of the service's settings.
  void set_for_all(const std::string& setting) {
    server_.run(place_, "ALTER SYSTEM SET " + setting);
    server_.stop(true);
    server_.start();
  }

  PostgresqlServer server_;
  PostgresqlPlace place_ = server_.new_database();
};

TEST_F(OnPostgresql,
       AServerThatIsKilledAndComesBackLosesNothingAcknowledgedAndKeepsNoRefusedGrant) {
  Storage storage{options()};
  std::vector<std::string> acknowledged;
  for (int cycle = 0; cycle < 5; ++cycle) {
    const auto before = "before-" + std::to_string(cycle);
    ASSERT_TRUE(comes_true(
        [&] { return run(storage.append(consent(before, "granted"))).has_value(); }, 15s));
    acknowledged.push_back(before);
    std::thread killer{[&] {
      std::this_thread::sleep_for(std::chrono::milliseconds{3 * cycle});
      server_.stop();
    }};
    bool refused = false;
    for (int i = 0; !refused; ++i) {
      const auto name = std::to_string(cycle) + "-" + std::to_string(i);
      refused = !run(storage.append(consent(name, "granted")));
      if (!refused) acknowledged.push_back(name);
    }
    killer.join();
    EXPECT_EQ(run(storage.append(consent("while-away", "granted"))).error(),
              StorageError::unavailable);
    EXPECT_FALSE(storage.health().writable);
    EXPECT_NE(storage.health().problem, "");
    server_.start();
    ASSERT_TRUE(comes_true([&] { return storage.health().writable; }, 15s));
    EXPECT_EQ(participants(storage), acknowledged);
  }
}

TEST_F(OnPostgresql, AConnectionThatIsCutIsMadeAgain) {
  Storage storage{options()};
  ASSERT_TRUE(run(storage.append(consent("before", "granted"))));
  server_.run(place_,
              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
              " WHERE datname = current_database() AND pid <> pg_backend_pid()");
  EXPECT_FALSE(run(storage.append(consent("lost", "granted"))));
  ASSERT_TRUE(comes_true([&] { return storage.health().writable; }, 15s));
  ASSERT_TRUE(run(storage.append(consent("after", "granted"))));
  EXPECT_EQ(participants(storage), (std::vector<std::string>{"before", "after"}));
}

TEST_F(OnPostgresql, WhatIsAcknowledgedIsOnDiskWhateverTheDatabasesDefaultIs) {
  server_.run(place_,
              "ALTER DATABASE " + place_.parameters.at("dbname") + " SET synchronous_commit = off");
  Storage storage{options()};
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(run(storage.append(consent(std::to_string(i), "granted"))));
    server_.stop();
    server_.start();
    ASSERT_TRUE(
        comes_true([&] { return participants(storage).size() == std::size_t(i) + 1; }, 15s));
    ASSERT_TRUE(comes_true([&] { return storage.health().writable; }, 15s));
  }
}

TEST_F(OnPostgresql, AServerThatDoesNotSyncIsRefused) {
  set_for_all("fsync = off");
  EXPECT_NE(problem().find("does not sync what it commits; set fsync"), std::string::npos);
}

TEST_F(OnPostgresql, ASecondServiceIsToldThatAnotherHasIt) {
  const Storage storage{options()};
  ASSERT_TRUE(comes_true([&] { return storage.health().writable; }, 15s));
  EXPECT_EQ(problem(), "another service has the database");
}

TEST_F(OnPostgresql, ADatabaseOfANewerVersionIsNotTouched) {
  { Database database{place_, true, std::nullopt}; }
  server_.run(place_, "INSERT INTO assent_schema VALUES (999)");
  EXPECT_NE(problem().find("newer version of this program (schema 999)"), std::string::npos);
}

TEST_F(OnPostgresql, TablesOfAnotherProgramAreNotTouched) {
  server_.run(place_, "CREATE TABLE consents (theirs integer)");
  EXPECT_NE(problem().find("cannot be migrated"), std::string::npos);
  EXPECT_EQ(server_.run(place_, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
}

TEST_F(OnPostgresql, ADatabaseThatIsEmptyWhenItComesBackIsNotBegunAnew) {
  Storage storage{options()};
  ASSERT_TRUE(run(storage.append(consent("before", "granted"))));
  const auto admin = server_.new_database();
  const auto& name = place_.parameters.at("dbname");
  server_.run(admin, "ALTER DATABASE " + name + " ALLOW_CONNECTIONS false");
  server_.run(admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" +
                         name + "'");
  server_.run(admin, "ALTER DATABASE " + name + " RENAME TO away");
  server_.run(admin, "CREATE DATABASE " + name + " TEMPLATE template0");
  EXPECT_FALSE(run(storage.append(consent("lost", "granted"))));
  ASSERT_TRUE(comes_true(
      [&] { return storage.health().problem == "the database has no records of this program"; },
      15s));
  EXPECT_EQ(server_.run(place_, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
  server_.run(admin, "ALTER DATABASE " + name + " RENAME TO other");
  server_.run(admin, "ALTER DATABASE away RENAME TO " + name);
  server_.run(admin, "ALTER DATABASE " + name + " ALLOW_CONNECTIONS true");
  ASSERT_TRUE(comes_true([&] { return storage.health().writable; }, 15s));
  EXPECT_EQ(participants(storage), std::vector<std::string>{"before"});
}

TEST_F(OnPostgresql, ASnapshotIsOfOneInstantAndChangesNothing) {
  Storage storage{options()};
  ASSERT_TRUE(run(storage.append(consent("before", "granted"))));
  const auto records = open_snapshot(place_);
  ASSERT_TRUE(run(storage.append(consent("after", "granted"))));
  EXPECT_EQ(records->latest_consents("room", "").size(), 1u);
  EXPECT_THROW(records->remember_exported(RecordId{7}), std::exception);
  EXPECT_TRUE(run(storage.append(consent("later", "granted"))));
}

TEST_F(OnPostgresql, ProblemsDoNotRepeatWhatPeopleSaid) {
  Database database{place_, true, std::nullopt};
  server_.run(place_, "ALTER TABLE consents ADD CHECK (evidence = '')");
  auto event = consent("zoe", "granted");
  event.evidence = "what-zoe-said";
  const Record record{event};
  database.begin();
  std::string said;
  try {
    EXPECT_FALSE(database.store({&record, 1}));
    database.commit();
    server_.run(place_, "DROP TABLE consents");
    static_cast<void>(database.latest_consents("what-zoe-said", ""));
  } catch (const std::exception& error) {
    said = problem_of(error);
  }
  EXPECT_NE(said, "");
  EXPECT_EQ(said.find("zoe"), std::string::npos) << said;
}

TEST_F(OnPostgresql, TextIsOrderedByItsBytesAsInAFile) {
  { Database database{place_, true, std::nullopt}; }
  EXPECT_EQ(server_.run(place_,
                        "SELECT string_agg(collation_name, ',') FROM"
                        " (SELECT DISTINCT collation_name FROM information_schema.columns"
                        " WHERE table_schema = 'public' AND data_type = 'text') AS used"),
            "C");
}

// The whole gateway, whose server goes in the middle of a call and comes back.
TEST_F(OnPostgresql, WhileItsServerIsAwayAServiceRefusesGrantsHonoursWithdrawalsAndCarriesTheCall) {
  Socket archive;
  RunningService::Options how;
  how.archive_port = archive.port();
  how.postgresql = server_.words(place_);
  RunningService service{how};
  service.ask("PUT", "/v1/rooms/away", "{}");
  service.ask("PUT", "/v1/rooms/away/purposes/recording", R"({"by": "sinks"})");
  Caller granted{service, "away", "granted", 1};
  Caller asking{service, "away", "asking", 2};
  granted.connect(service);
  asking.connect(service);
  service.ask("PUT", granted.path + "/consents/recording", grant());
  granted.speak();
  ASSERT_TRUE(archive.receive());

  server_.stop();
  EXPECT_EQ(service.call("PUT", asking.path + "/consents/recording", grant()).status, 503U);
  asking.speak();
  EXPECT_TRUE(asking.server.receive());
  EXPECT_EQ(archive.receive(50ms), std::nullopt);
  EXPECT_EQ(service.call("DELETE", granted.path + "/consents/recording").status, 503U);
  granted.speak();
  EXPECT_TRUE(granted.server.receive());
  EXPECT_EQ(archive.receive(50ms), std::nullopt);
  EXPECT_EQ(service.call("GET", "/readyz").status, 503U);

  server_.start();
  ASSERT_TRUE(comes_true(
      [&] {
        return service.call("PUT", asking.path + "/consents/recording", grant()).status == 200;
      },
      15s));
  EXPECT_TRUE(comes_true(
      [&] {  // permits open a moment later
        asking.speak();
        return archive.receive(50ms).has_value();
      },
      15s));
  EXPECT_EQ(service.call("GET", "/readyz").status, 200U);
}

// The commands that look at the records while the service runs, or when it has ended.
TEST_F(OnPostgresql, TheCommandsReachIt) {
  TemporaryFolder folder;
  RunningService::Options how;
  how.state = folder.path();
  how.postgresql = server_.words(place_);
  Socket archive;
  how.archive_port = archive.port();
  RunningService service{how};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  service.ask("PUT", caller.path + "/consents/recording", grant());
  caller.speak();
  ASSERT_TRUE(archive.receive());
  std::ostringstream out;
  std::ostringstream err;
  ExplainQuestion question;
  question.room = "standup";
  question.participant = "caller";
  question.purpose = "recording";
  question.at = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  explain(place_, question, out);
  EXPECT_NE(out.str().find("caller"), std::string::npos);
  replay(place_, {}, out, err);
  EXPECT_EQ(service.call_as(Role::privacy_officer, "DELETE", "/v1/subjects/s-caller").status, 200U);
  service.ask("DELETE", caller.path);
  service.ask("DELETE", "/v1/rooms/standup");
  service.stop();
  report_transfers(place_, {}, out, err);
  EXPECT_EQ(server_.run(place_, "SELECT count(*) FROM consents WHERE subject = 's-caller'"), "0");
  Verification asked;
  asked.ledger = folder.path() / "ledger";
  asked.database = place_;
  asked.subject_keys = folder.path() / "subject-keys";
  asked.cdr_lines = folder.path() / "cdr";
  asked.recordings = {folder.path() / "ogg"};
  EXPECT_TRUE(verify(asked, out, err)) << err.str();
  server_.run(place_, "UPDATE cdrs SET at = at + 1 WHERE participant = '' AND kind = 'stop'");
  EXPECT_FALSE(verify(asked, out, err));
}

}  // namespace
}  // namespace assent::gateway::test
