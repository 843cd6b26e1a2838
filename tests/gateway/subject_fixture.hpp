#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>
#include <sstream>

#include "gateway/verify.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/gateway/postgresql_server.hpp"

namespace assent::gateway::test {

namespace fs = std::filesystem;
namespace json = boost::json;

inline constexpr std::string_view zelda = "zelda-device-77";  // no other text has it in it
inline constexpr std::string_view evidence = "form-that-zelda-signed";

inline std::string bytes_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// The files below that have this text in them, as bytes.
inline std::vector<std::string> files_with(const fs::path& folder, std::string_view text) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator{folder})
    if (entry.is_regular_file() && bytes_of(entry.path()).find(text) != std::string::npos)
      found.push_back(fs::relative(entry.path(), folder));
  return found;
}

inline std::string grant_with_evidence() {
  auto body = json::parse(grant());
  body.as_object()["evidence"] = {{"form", evidence}};
  return json::serialize(body);
}

// A service with a call of two behind it, one of whom asks for something.
class AfterACall : public testing::Test {
 protected:
  AfterACall() { fs::create_directory(state()); }
  fs::path state() const { return folder_.path() / "state"; }
  fs::path outside() const { return folder_.path(); }

  RunningService::Options options() {
    RunningService::Options made;
    made.archive_port = recorder_elsewhere.port();
    made.state = state();
    if (const auto* const server = std::get_if<PostgresqlPlace>(&place_))
      made.postgresql = PostgresqlServer::shared().words(*server);
    return made;
  }
  // Both are recorded; zelda left evidence, a stored answer, and a withdrawal.
  void hold_a_call(RunningService& service, bool leaves = true) {
    service.ask("PUT", "/v1/rooms/standup", "{}");
    service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
    Caller one{service, "standup", std::string(zelda), 0xabc};
    Caller other{service, "standup", "other", 0xdef};
    one.connect(service);
    other.connect(service);
    EXPECT_EQ(service.call("PUT", one.path + "/consents/recording", grant_with_evidence(), "key-1")
                  .status,
              200u);
    service.ask("PUT", other.path + "/consents/recording", grant());
    for (int i = 0; i < 20; ++i) {
      one.speak();
      other.speak();
      EXPECT_TRUE(one.server.receive());
      EXPECT_TRUE(other.server.receive());
    }
    if (leaves) {
      service.ask("DELETE", one.path + "/consents/recording");
      service.ask("DELETE", one.path);
      service.ask("DELETE", "/v1/rooms/standup");
    }
  }
  static ApiAnswer officer(RunningService& service, std::string_view method,
                           std::string_view subject, std::string_view body = {}) {
    return service.call_as(Role::privacy_officer, method, "/v1/subjects/" + std::string(subject),
                           body);
  }
  static ApiAnswer of_zelda(RunningService& service, std::string_view method,
                            std::string_view body = {}) {
    return officer(service, method, "s-" + std::string(zelda), body);
  }
  void expect_sound(std::string_view words = {}) const {
    Verification asked;
    asked.ledger = state() / "ledger";
    asked.database = place_;
    asked.subject_keys = state() / "subject-keys";
    asked.cdr_lines = state() / "cdr";
    asked.recordings = {state() / "ogg"};
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_TRUE(verify(asked, out, err)) << err.str();
    EXPECT_NE(out.str().find(words), std::string::npos) << out.str();
  }
  void expect_forgotten() const {
    for (const std::string_view text : {zelda, evidence}) {
      EXPECT_EQ(files_with(state(), text), std::vector<std::string>{}) << text;
      EXPECT_EQ(tables_with(text), std::vector<std::string>{}) << text;
    }
  }
  // Runs a statement on the database; the first column of its rows.
  std::vector<std::string> column(const std::string& statement) const {
    if (const auto* const server = std::get_if<PostgresqlPlace>(&place_))
      return PostgresqlServer::shared().column(*server, statement);
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open(std::get<fs::path>(place_).c_str(), &database), SQLITE_OK);
    std::vector<std::string> found;
    EXPECT_EQ(sqlite3_exec(
                  database, statement.c_str(),
                  [](void* to, int, char** values, char**) {
                    static_cast<std::vector<std::string>*>(to)->emplace_back(values[0]);
                    return 0;
                  },
                  &found, nullptr),
              SQLITE_OK);
    sqlite3_close(database);
    return found;
  }
  // Of a server, whose files are elsewhere.
  std::vector<std::string> tables_with(std::string_view text) const {
    std::vector<std::string> found;
    if (std::holds_alternative<fs::path>(place_)) return found;
    for (const auto& table :
         column("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")) {
      std::string rows = "SELECT 1 FROM " + table + " AS row WHERE row::text LIKE '%";
      rows.append(text).append("%'");
      if (!column(rows).empty()) found.push_back(table);
    }
    return found;
  }

  Socket recorder_elsewhere;
  TemporaryFolder folder_;
  DatabasePlace place_ = state() / "assent.db";
};

// What must hold wherever the records are.
class AfterACallOnEither : public AfterACall, public testing::WithParamInterface<Server> {
 protected:
  void SetUp() override {
    if (GetParam() == Server::postgresql) place_ = PostgresqlServer::shared().new_database();
  }
};

}  // namespace assent::gateway::test
