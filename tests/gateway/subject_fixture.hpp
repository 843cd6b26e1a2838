#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>
#include <sstream>

#include "gateway/verify.hpp"
#include "tests/gateway/media_peer.hpp"

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
    asked.database = state() / "assent.db";
    asked.subject_keys = state() / "subject-keys";
    asked.cdr_lines = state() / "cdr";
    asked.recordings = {state() / "ogg"};
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_TRUE(verify(asked, out, err)) << err.str();
    EXPECT_NE(out.str().find(words), std::string::npos) << out.str();
  }
  void expect_forgotten() const {
    for (const std::string_view text : {zelda, evidence})
      EXPECT_EQ(files_with(state(), text), std::vector<std::string>{}) << text;
  }

  Socket recorder_elsewhere;
  TemporaryFolder folder_;
};

}  // namespace assent::gateway::test
