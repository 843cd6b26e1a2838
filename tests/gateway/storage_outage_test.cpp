// A database or ledger that cannot be read or written for a while, at the start or later: what
// waits, what is refused, and that it recovers by itself.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/file.h>

#include <boost/json/serialize.hpp>
#include <fstream>
#include <map>
#include <thread>

#include "gateway/durable_file.hpp"
#include "gateway/embedded.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/gateway/record_ledger_fixture.hpp"
#include "tests/gateway/subject_fixture.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
namespace json = boost::json;

void edit(const fs::path& file, const char* statement) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, statement, nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(database);
  sqlite3_close(database);
}

// The files of a database, somewhere else for a while. Without the one that has its name nobody
// opens the other.
class Away {
 public:
  explicit Away(const fs::path& database)
      : database_{database},
        log_{database.native() + "-wal"},
        folder_{database.native() + ".away"} {
    fs::create_directory(folder_);
    fs::rename(database_, at(database_));
    if (fs::exists(log_)) fs::rename(log_, at(log_));
  }
  ~Away() { put_back(); }
  Away(const Away&) = delete;
  Away& operator=(const Away&) = delete;

  fs::path at(const fs::path& file) const { return folder_ / file.filename(); }
  void put_back() {
    if (!fs::exists(folder_)) return;
    if (fs::exists(at(log_))) fs::rename(at(log_), log_);
    fs::rename(at(database_), database_);
    fs::remove_all(folder_);
  }

 private:
  fs::path database_;
  fs::path log_;
  fs::path folder_;
};

TEST_F(RecordLedgerTest, ADatabaseThatComesBackAsAnOlderCopyIsNotGoneOnWithTheNewestIs) {
  std::optional<Storage> running{std::in_place, options()};
  Storage& storage = *running;
  ASSERT_TRUE(opens(storage));
  ASSERT_TRUE(run(storage.append(consent_of("p", "granted", 1))));
  fs::create_directory(at("older"));
  for (const char* name : {"assent.db", "assent.db-wal"})
    fs::copy(at(name), at("older") / name);
  ASSERT_TRUE(run(storage.append(consent_of("p", "withdrawn", 2))));
  {
    const Away newest{at("assent.db")};
    EXPECT_FALSE(run(storage.append(consent_of("p", "granted", 3))));
    edit(newest.at("assent.db"), "PRAGMA wal_checkpoint(TRUNCATE)");
    for (const char* name : {"assent.db-wal", "assent.db"})
      fs::copy(at("older") / name, at(name));
    const auto says = [&](std::string_view what) {
      return comes_true([&] { return storage.health().problem.find(what) != std::string::npos; });
    };
    ASSERT_TRUE(says("older copy")) << storage.health().problem;
    EXPECT_FALSE(run(storage.append(consent_of("p", "granted", 4))));
    fs::remove(at("assent.db"));
    ASSERT_TRUE(says("cannot be opened")) << storage.health().problem;
    fs::remove(at("assent.db-wal"));
  }
  ASSERT_TRUE(opens(storage)) << storage.health().problem;
  EXPECT_TRUE(run(storage.append(consent_of("p", "granted", 5))));
  running.reset();
  std::vector<std::string> states;
  for (const auto& row : bound())
    states.push_back(std::get<ConsentEvent>(row.record).state);
  EXPECT_EQ(states, (std::vector<std::string>{"granted", "withdrawn", "granted"}));
}

TEST_F(RecordLedgerTest, ADatabaseThatIsGoneIsNotBegunAnewBesideItsLedger) {
  store(1, 2);
  Away away{at("assent.db")};
  Storage storage{options()};
  ASSERT_TRUE(comes_true([&] {
    return storage.health().problem.find("cannot be opened") != std::string::npos;
  })) << storage.health().problem;
  EXPECT_FALSE(fs::exists(at("assent.db")));
  EXPECT_FALSE(storage.health().ledger_refused);
  away.put_back();
  EXPECT_TRUE(opens(storage)) << storage.health().problem;
  EXPECT_TRUE(run(storage.append(consent_of("p", "granted", 3))));
}

TEST_F(RecordLedgerTest, NothingIsAcknowledgedOnALedgerThatWasMovedAway) {
  Storage storage{options()};
  ASSERT_TRUE(opens(storage));
  ASSERT_TRUE(run(storage.append(consent_of("p", "granted", 1))));
  fs::rename(at("ledger"), at("elsewhere"));
  EXPECT_FALSE(run(storage.append(consent_of("p", "granted", 2))));
  EXPECT_FALSE(run(storage.append(consent_of("p", "granted", 3))));
}

TEST_F(RecordLedgerTest, AKeyThatCannotBeOpenedNowIsWaitedFor) {
  store(1, 2);
  for (const char* name : {"ledger.key", "subject-keys"}) {
    fs::rename(at(name), at("kept"));
    fs::create_symlink(at(name), at(name));  // which the system follows for ever
    Storage storage{options()};
    ASSERT_TRUE(comes_true([&] {
      return storage.health().problem.find(name) != std::string::npos;
    })) << storage.health().problem;
    EXPECT_FALSE(storage.health().ledger_refused);
    fs::remove(at(name));
    fs::rename(at("kept"), at(name));
    EXPECT_TRUE(opens(storage)) << storage.health().problem;
  }
}

TEST_F(RecordLedgerTest, ADatabaseThatFailsAgainAndAgainDoesNotMakeTheLedgerGrow) {
  store(1, 2);
  const auto before = entries().size();
  edit(at("assent.db"),
       "CREATE TRIGGER fails BEFORE INSERT ON ledger_checkpoint"
       " BEGIN INSERT INTO nowhere VALUES (1); END");
  {
    Storage storage{options()};
    ASSERT_TRUE(
        comes_true([&] { return storage.health().problem.find("nowhere") != std::string::npos; }));
    std::this_thread::sleep_for(500ms);  // some twenty attempts
  }
  EXPECT_LE(entries().size(), before + 1);
  edit(at("assent.db"), "DROP TRIGGER fails");
  store(3, 1);
}

TEST_F(RecordLedgerTest, WhatWaitsForALedgerDoesNotKeepFromReading) {
  store(1, 2);
  FileHandle other{::open(at("ledger").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ASSERT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
  auto small = options();
  small.queue_max = 8;
  Storage storage{small};
  std::vector<std::thread> waiting;
  for (std::uint64_t i = 0; i < 10; ++i)
    waiting.emplace_back([&, i] {
      CdrEntry entry;
      entry.session = "s" + std::to_string(i);
      entry.kind = "start";
      entry.json = "{}";
      std::vector<Record> alone(1, Record{std::move(entry)});
      static_cast<void>(run(storage.append_patiently(std::move(alone))));
    });
  EXPECT_TRUE(comes_true([&] { return storage.health().queued == 6; }));
  EXPECT_TRUE(run(storage.latest_consents("room")));
  other = FileHandle{};
  for (auto& thread : waiting)
    thread.join();
}

// --- the whole service ---

class Outage : public test::AfterACall {
 protected:
  static std::string ready(test::RunningService& service) {
    const auto answer = service.call_as(Role::operator_, "GET", "/readyz");
    return std::to_string(answer.status) + ' ' + json::serialize(answer.body);
  }
  static bool recovers(test::RunningService& service) {
    return comes_true(
        [&] { return service.call_as(Role::operator_, "GET", "/readyz").status == 200; });
  }
  test::RunningService::Options opening() {
    auto made = options();
    made.while_opening = true;
    return made;
  }
};

TEST_F(Outage, WhereARecordingCannotBeRecordedNobodyWaitsForItForEver) {
  {
    test::RunningService service{options()};
    hold_a_call(service);
  }
  FileHandle other{::open((state() / "ledger").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ASSERT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
  test::RunningService service{opening()};  // and offers what the recordings' manifests have
  EXPECT_EQ(of_zelda(service, "GET").status, 503u);
  EXPECT_EQ(of_zelda(service, "DELETE").status, 503u);
  service.stop();
}

TEST_F(Outage, Failure24WhatIsPermittedLapsesWhileNothingCanBeRecordedAndOpensAgainByItself) {
  test::RunningService service{options()};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  test::Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  service.ask("PUT", caller.path + "/consents/recording", test::grant());
  caller.speak();
  ASSERT_TRUE(recorder_elsewhere.receive());
  ASSERT_TRUE(caller.server.receive());
  {
    const Away away{state() / "assent.db"};
    ASSERT_TRUE(comes_true([&] { return service.log_says("storage.permits_lapsed"); }));
    EXPECT_TRUE(service.log_says("storage.failed"));
    const auto closed = [&] {
      caller.speak();
      EXPECT_TRUE(caller.server.receive()) << "the call flows on";
      return !recorder_elsewhere.receive(50ms);
    };
    ASSERT_TRUE(comes_true(closed));
    EXPECT_TRUE(closed());
    EXPECT_NE(ready(service).find("503"), std::string::npos);
    const test::Caller other{service, "standup", "other", 0xdef};
    EXPECT_EQ(service.call("PUT", other.path + "/consents/recording", test::grant()).status, 503u);
  }
  ASSERT_TRUE(recovers(service)) << ready(service);
  ASSERT_TRUE(comes_true([&] { return service.log_says("storage.recovered"); }));
  EXPECT_TRUE(comes_true([&] {
    caller.speak();
    return recorder_elsewhere.receive(50ms).has_value();
  }));
  const auto text = service.call("GET", "/metrics").body;
  EXPECT_NE(std::string(text.as_string()).find("reason=\"storage_failed\""), std::string::npos);
  service.stop();
  expect_sound();
}

TEST_F(Outage, TheLastRecordsOfACallThatEndsMeanwhileAreStoredAfterwards) {
  test::RunningService service{options()};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  test::Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  for (int i = 0; i < 7; ++i) {
    caller.speak();
    EXPECT_TRUE(caller.server.receive());
  }
  {
    const Away away{state() / "assent.db"};
    service.ask("DELETE", "/v1/rooms/standup");
  }
  ASSERT_TRUE(recovers(service)) << ready(service);
  const auto records = [&] {
    const auto page = service.ask("GET", "/v1/cdrs?room=standup");
    std::map<std::string, json::object> last;
    for (const auto& record : page.at("cdrs").as_array()) {
      const auto* name = record.as_object().if_contains("participant");
      last[name == nullptr ? "" : std::string(name->as_string())] = record.as_object();
    }
    return last;
  };
  ASSERT_TRUE(comes_true([&] {
    const auto last = records();
    return last.size() == 2 && last.at("caller").at("kind") == "stop" &&
           last.at("").at("kind") == "stop";
  }));
  const auto last = records();
  EXPECT_EQ(last.at("caller").at("cause_for_closing"), "room_closed");
  EXPECT_EQ(last.at("caller").at("legs").at(0).at("packets"), 7);
  service.stop();
  expect_sound();
}

TEST_F(Outage, ADatabaseThatCannotBeOpenedAtTheStartCostsNoCallAndPermitsNothingUntilItCan) {
  {
    test::RunningService service{options()};
    hold_a_call(service);
  }
  const fs::path database = state() / "assent.db";
  Away away{database};
  test::RunningService service{opening()};
  EXPECT_NE(ready(service).find("503"), std::string::npos);
  EXPECT_NE(ready(service).find("cannot be opened"), std::string::npos) << ready(service);
  EXPECT_TRUE(service.log_says("start.storage_failed"));
  EXPECT_EQ(service.call("GET", "/healthz").status, 200u);

  service.ask("PUT", "/v1/rooms/standup", "{}");
  test::Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  EXPECT_EQ(service.call("PUT", caller.path + "/consents/recording", test::grant()).status, 503u);
  EXPECT_EQ(
      service.call("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})").status,
      503u);
  while (recorder_elsewhere.receive(0ms)) {  // of the call before
  }
  caller.speak();
  EXPECT_TRUE(caller.server.receive());
  EXPECT_EQ(recorder_elsewhere.receive(50ms), std::nullopt);

  away.put_back();
  ASSERT_TRUE(recovers(service)) << ready(service);
  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  service.ask("PUT", caller.path + "/consents/recording", test::grant());
  caller.speak();
  EXPECT_TRUE(recorder_elsewhere.receive());
}

TEST_F(Outage, WhatWasDecidedBeforeHoldsForTheCallsThatBeganBeforeItCouldBeRead) {
  std::string changed{embedded("policy.yaml").value()};
  const std::string_view label = "label: Recording\n";
  changed.replace(changed.find(label), label.size(), "label: Recorded\n");
  std::string hash;
  {
    test::RunningService service{options()};
    hold_a_call(service);
    ASSERT_EQ(of_zelda(service, "PATCH", R"({"opt_out_of_sale": true})").status, 200u);
    const auto put =
        service.call("PUT", "/v1/policy", json::serialize(json::object{{"policy", changed}}));
    ASSERT_EQ(put.status, 200u) << put.body;
    hash = put.body.at("to").as_string();
  }
  const fs::path database = state() / "assent.db";
  Away away{database};
  test::RunningService service{opening()};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  const test::Caller caller{service, "standup", std::string(test::zelda), 0xabc};
  away.put_back();
  ASSERT_TRUE(recovers(service)) << ready(service);
  EXPECT_EQ(service.call("GET", "/v1/policy").body.at("hash").as_string(), hash);
  const auto known = service.ask("GET", caller.path);
  EXPECT_TRUE(known.at("sale_opt_out").as_bool()) << known;
}

TEST_F(Outage, Row24AnErasureThatACrashInterruptedIsFinishedByTheNextStart) {
  {
    test::RunningService service{options()};
    hold_a_call(service);
  }
  {
    StorageOptions after_the_crash;
    after_the_crash.database = state() / "assent.db";
    after_the_crash.ledger.emplace();
    after_the_crash.ledger->folder = state() / "ledger";
    after_the_crash.ledger->key = state() / "ledger.key";
    after_the_crash.ledger->subject_keys = state() / "subject-keys";
    const std::string key = test::bytes_of(state() / "ledger" / "vkey");
    after_the_crash.ledger->origin = key.substr(0, key.find('+'));
    Storage storage{after_the_crash};
    ASSERT_TRUE(comes_true([&] { return storage.health().writable; })) << storage.health().problem;
    PrivacyAction asked;
    asked.action = "erasure_asked";
    asked.subject = "s-" + std::string(test::zelda);
    asked.actor = "officer";
    asked.json = "{}";
    ASSERT_TRUE(run(storage.append(asked)));
  }
  test::RunningService service{options()};
  ASSERT_TRUE(comes_true([&] { return service.log_says("erasure.finished"); }));
  service.stop();
  EXPECT_EQ(test::files_with(state(), test::zelda), std::vector<std::string>{});
  expect_sound();
}

TEST_F(Outage, AnotherProgramsFileIsAMistakeOfTheConfigurationAndEndsTheStart) {
  edit(state() / "assent.db", "PRAGMA application_id = 7; PRAGMA user_version = 3");
  try {
    test::RunningService service{opening()};
    FAIL() << "it starts";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "it is misconfigured");
  }
}

}  // namespace
}  // namespace assent::gateway
