#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "gateway/cdr.hpp"
#include "gateway/embedded.hpp"
#include "gateway/policy_of_config.hpp"
#include "gateway/serve.hpp"
#include "gateway/sha256.hpp"
#include "tests/gateway/http_client.hpp"
#include "tests/gateway/media_peer.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

std::string built_in(std::string_view name) {
  return std::string(embedded(name).value());
}

std::string with(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("not there: " + std::string(from));
  return text.replace(at, from.size(), to);
}

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream{file, std::ios::binary} << text;
}

// The built-in policy, and one whose archive is in the United Kingdom.
std::string archive_in(std::string_view country) {
  return with(built_in("policy.yaml"), "processor: hosting, jurisdiction: NL",
              "processor: hosting, jurisdiction: " + std::string(country));
}

std::string firmer() {
  return with(built_in("policy.yaml"), "least_strength: ", "least_strength: strong #");
}

// Other words of the English notice of recordings.
std::string with_new_notice(bool material) {
  const auto policy = built_in("policy.yaml");
  const auto text = policy.find("    text: \"This call can be recorded.");
  const auto end = policy.find("    contact:", text);
  const std::string words = "New words.";
  std::string changed = policy.substr(0, text) + "    text: \"" + words +
                        "\"\n    hash: sha256:" + to_hex(sha256(words)) +
                        "\n    material: " + (material ? "true" : "false") + "\n" +
                        policy.substr(end);
  return with(changed, "version: \"1\"\n    language: en", "version: \"2\"\n    language: en");
}

std::string without_transfer_to_britain() {
  const auto transfers = built_in("transfers.yaml");
  const auto row = transfers.find("    importer: GB\n");
  return transfers.substr(0, row) + with(with(transfers.substr(row), "    expires: 2031-12-27",
                                              "    annulled: 2026-01-01\n    expires: 2031-12-27"),
                                         "status: in_force", "status: annulled");
}

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

class PolicyChange : public ::testing::Test {
 protected:
  // Records `recording` of one caller who agreed, and speaks once.
  void begin_call() {
    service().ask("PUT", "/v1/rooms/standup", "{}");
    service().ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
    caller.emplace(service(), "standup", "caller", 0xabc);
    caller->connect(service());
    service().ask("PUT", caller->path + "/consents/recording", grant());
    caller->speak();
    EXPECT_TRUE(archive.receive());
  }
  RunningService& service() {
    if (!running) running.emplace(options);
    return *running;
  }
  std::string hash() { return text_of(service().ask("GET", "/v1/policy").at("hash")); }
  std::string reason() {
    const auto answer = service().ask("GET", caller->path + "/decisions/recording");
    return text_of(answer.at("decisions").at(0).at("reason"));
  }
  json::value put(const json::object& body, std::string_view query = {}) {
    return service().ask("PUT", "/v1/policy" + std::string(query), json::serialize(body));
  }

  Socket archive;
  TemporaryFolder files;
  RunningService::Options options{.archive_port = archive.port()};
  std::optional<RunningService> running;
  std::optional<Caller> caller;
};

TEST_F(PolicyChange, ADryRunSaysWhatWouldHappenAndChangesNothing) {
  begin_call();
  const auto before = hash();
  const json::object change{{"policy", firmer()}};
  const auto preview = put(change, "?dry_run=true");
  EXPECT_EQ(text_of(preview.at("from")), before);
  EXPECT_NE(text_of(preview.at("to")), before);
  EXPECT_EQ(preview.at("effect").at("permits_closed"), 2);
  EXPECT_EQ(preview.at("effect").at("by_sink").at("archive").at("permits_closed"), 1);
  EXPECT_EQ(hash(), before);
  EXPECT_EQ(reason(), "permitted");
  caller->speak();
  EXPECT_TRUE(archive.receive());

  const auto done = put(change);
  EXPECT_EQ(done.at("effect"), preview.at("effect"));
  EXPECT_EQ(done.at("changes"), preview.at("changes"));
  EXPECT_EQ(hash(), text_of(preview.at("to")));
}

TEST_F(PolicyChange, ThatAnnulsATransferStopsTheSinkBeforeItIsAnswered) {
  options.policy = files.path() / "policy.yaml";
  write(options.policy, archive_in("GB"));
  begin_call();
  const auto before = hash();
  const auto done = put({{"transfers", without_transfer_to_britain()}, {"expected", before}});
  for (int i = 0; i < 5; ++i)
    caller->speak();
  EXPECT_EQ(archive.receive(100ms), std::nullopt);
  EXPECT_EQ(done.at("effect").at("by_sink").at("archive").at("permits_closed"), 1);
  EXPECT_EQ(text_of(done.at("changes").at(0).at("path")), "transfers/EU GB adequacy/annulled");
  EXPECT_EQ(done.at("effect").at("grants_suspended"), 0);

  // Every record and decision from now on names the policy that it was made under.
  const auto after = text_of(done.at("to"));
  const auto decisions = service().ask("GET", caller->path + "/decisions/recording");
  for (const auto& decision : decisions.at("decisions").as_array())
    EXPECT_EQ(text_of(decision.at("rules")), after);
  const auto records = service().ask("GET", "/v1/cdrs?room=standup");
  std::size_t changed = 0;
  for (const auto& record : records.at("cdrs").as_array()) {
    const auto cdr = parse_cdr(json::serialize(record)).value();
    EXPECT_TRUE(imbalances(cdr).empty()) << to_json(cdr);
    if (cdr.cause != CauseForClosing::policy_change) continue;
    ++changed;
    EXPECT_EQ(cdr.policy_hash, after);
  }
  EXPECT_EQ(changed, 2U);  // the room's and the caller's
  for (const auto& known : {before, after}) {
    const auto shown = service().ask("GET", "/v1/policies/" + known.substr(sizeof "sha256:" - 1));
    EXPECT_EQ(text_of(shown.at("hash")), known);
  }
}

TEST_F(PolicyChange, OfWhatANoticeSaysSuspendsTheGrantsGivenToIt) {
  begin_call();
  const auto done = put({{"policy", with_new_notice(true)}});
  EXPECT_EQ(done.at("effect").at("grants_suspended"), 1);
  EXPECT_EQ(text_of(done.at("material").at("notices").at(0)), "recording en");
  EXPECT_EQ(reason(), "consent_invalidated");
  caller->speak();
  EXPECT_EQ(archive.receive(100ms), std::nullopt);
}

TEST_F(PolicyChange, OfANoticesFormSuspendsNothing) {
  begin_call();
  const auto done = put({{"policy", with_new_notice(false)}});
  EXPECT_EQ(done.at("effect").at("grants_suspended"), 0);
  EXPECT_TRUE(done.at("material").at("notices").as_array().empty());
  EXPECT_EQ(reason(), "permitted");
  caller->speak();
  EXPECT_TRUE(archive.receive());
}

TEST_F(PolicyChange, ThatTakesASinkAwayStopsIt) {
  begin_call();
  const auto done = put({{"policy", with(built_in("policy.yaml"),
                                         "  archive: {purpose: recording, processor: hosting, "
                                         "jurisdiction: NL}\n",
                                         "")}});
  EXPECT_EQ(done.at("effect").at("by_sink").at("archive").at("permits_closed"), 1);
  caller->speak();
  EXPECT_EQ(archive.receive(100ms), std::nullopt);
  const auto room = service().ask("GET", "/v1/rooms/standup");
  EXPECT_EQ(room.at("purposes").at("recording").at("sinks").as_array().size(), 1U);
  service().ask("DELETE", caller->path);
}

TEST_F(PolicyChange, WithFaultsIsRefusedWholeAndAllOfThemAreNamed) {
  const auto before = hash();
  const json::object body{
      {"policy", with(with(built_in("policy.yaml"), "version: 1\n", "version: 1\nforeign: 1\n"),
                      "jurisdiction: NL", "jurisdiction: XX")}};
  const auto refused = service().call("PUT", "/v1/policy", json::serialize(body));
  EXPECT_EQ(refused.status, 422U);
  EXPECT_EQ(text_of(refused.body.at("type")), "urn:assent:problem:faulty-policy");
  const auto& faults = refused.body.at("faults").as_array();
  ASSERT_GE(faults.size(), 2U);
  EXPECT_EQ(text_of(faults[0].at("file")), "policy");
  EXPECT_GT(faults[0].at("line").as_int64(), 0);
  EXPECT_FALSE(text_of(faults[0].at("remedy")).empty());
  EXPECT_EQ(hash(), before);
}

TEST_F(PolicyChange, OfAnotherPolicyThanTheOneInForceIsRefused) {
  const auto first = hash();
  put({{"policy", firmer()}, {"expected", first}});
  const json::object lost{{"policy", with_new_notice(true)}, {"expected", first}};
  const auto refused = service().call("PUT", "/v1/policy", json::serialize(lost));
  EXPECT_EQ(refused.status, 409U);
  EXPECT_EQ(text_of(refused.body.at("pointer")), "/expected");
  EXPECT_NE(hash(), first);
}

TEST_F(PolicyChange, IsToldToWhoeverListensWithEveryDecisionThatFollowsFromIt) {
  begin_call();
  auto listener = gateway::testing::RawClient::tcp(service().api_port());
  listener.send("GET /v1/events HTTP/1.1\r\nHost: g\r\nAuthorization: " +
                RunningService::bearer(Role::operator_) + "\r\n\r\n");
  listener.read_until("200 OK");
  const auto done = put({{"policy", with_new_notice(true)}});
  const auto named = "\"rules\":\"" + text_of(done.at("to")) + "\"";
  const auto told = listener.read_until("event: policy");
  const auto consent = told.find("event: consent");
  ASSERT_NE(consent, std::string::npos) << told;
  EXPECT_NE(told.find(named, consent), std::string::npos) << told;
  const auto decision = told.find("event: decision");
  ASSERT_NE(decision, std::string::npos) << told;
  EXPECT_NE(told.find(named, decision), std::string::npos) << told;
  const auto policy = listener.read_until("\n\n");
  EXPECT_NE(policy.find("\"to\":\"" + text_of(done.at("to"))), std::string::npos) << policy;
  EXPECT_NE(policy.find("\"grants_suspended\":1"), std::string::npos) << policy;
}

TEST_F(PolicyChange, IsReadStrictlyAndMayBeLargerThanOtherBodies) {
  EXPECT_EQ(service().call("PUT", "/v1/policy?dry_run=perhaps", "{}").status, 400U);
  EXPECT_EQ(service().call("PUT", "/v1/policy", "{}").status, 422U);
  EXPECT_EQ(service().call("GET", "/v1/policies/" + std::string(64, '0')).status, 404U);
  const std::string unknown_length(300'000, '#');  // more than other operations take
  put({{"policy", built_in("policy.yaml") + unknown_length + "\n"}});
}

TEST_F(PolicyChange, MayBringAsManyPurposesAsThereAreIdsAndNotOneMore) {
  const auto renamed = [](int round) {
    std::string more = "purposes:\n";
    for (int i = 0; i < 10; ++i) {
      more += "  p" + std::to_string(round * 10 + i) +
              ":\n    label: x\n    category: recordings\n    bases: {all: [consent]}\n"
              "    least_strength: firm\n";
    }
    return with(built_in("policy.yaml"), "purposes:\n", more);
  };
  put({{"policy", renamed(0)}});
  const auto before = hash();
  const auto refused =
      service().call("PUT", "/v1/policy", json::serialize(json::object{{"policy", renamed(1)}}));
  EXPECT_EQ(refused.status, 503U) << refused.body;
  EXPECT_EQ(hash(), before);
}

// --- what holds after a restart ---

class PolicyAfterRestart : public PolicyChange {
 protected:
  PolicyAfterRestart() {
    options.state = state.path();
    options.policy = files.path() / "policy.yaml";
    write(options.policy, built_in("policy.yaml"));
  }
  void restart() {
    running->stop();
    running.reset();
  }
  TemporaryFolder state;
};

TEST_F(PolicyAfterRestart, TheFilesHoldAsBefore) {
  const auto before = hash();
  const auto since = text_of(service().ask("GET", "/v1/policy").at("since"));
  restart();
  EXPECT_EQ(hash(), before);
  const auto held = service().ask("GET", "/v1/policy");
  EXPECT_EQ(text_of(held.at("since")), since);
  EXPECT_EQ(text_of(held.at("source")), "file");
}

TEST_F(PolicyAfterRestart, APolicyThatWasPutHoldsWhileTheFilesAreWhatTheyWere) {
  put({{"policy", firmer()}});
  const auto before = hash();
  restart();
  EXPECT_EQ(hash(), before);
  const auto held = service().ask("GET", "/v1/policy");
  EXPECT_EQ(text_of(held.at("source")), "api");
  EXPECT_EQ(text_of(held.at("by")), "operator");
  EXPECT_NE(service().log().find("start.policy_was_put"), std::string::npos);
  restart();
  EXPECT_EQ(hash(), before);
}

TEST_F(PolicyAfterRestart, FilesThatWereChangedSinceHold) {
  const auto first = hash();
  put({{"policy", firmer()}});
  const auto second = hash();
  restart();
  write(options.policy, with_new_notice(true));
  const auto third = hash();
  EXPECT_NE(third, first);
  EXPECT_NE(third, second);
  restart();
  EXPECT_EQ(hash(), third);
}

// --- SIGHUP ---

TEST_F(PolicyAfterRestart, AReloadTakesTheFilesWholeOrNotAtAll) {
  begin_call();
  const auto first = hash();
  running->reload();
  EXPECT_EQ(hash(), first);

  write(options.policy, firmer());
  running->reload();
  const auto second = hash();
  EXPECT_NE(second, first);
  EXPECT_NE(reason(), "permitted");
  caller->speak();
  EXPECT_EQ(archive.receive(100ms), std::nullopt);

  write(options.policy, "version: 1\nforeign: 1\n");
  running->reload();
  EXPECT_EQ(hash(), second);
  EXPECT_NE(running->log().find("policy.yaml:2:1"), std::string::npos) << running->log();
  EXPECT_EQ(service().ask("GET", "/readyz").at("policy").at("reload_failed"), true);
  const auto metrics = text_of(service().ask("GET", "/metrics"));
  EXPECT_NE(metrics.find("assent_policy_reload_failed 1"), std::string::npos);

  write(options.policy, firmer());
  running->reload();
  EXPECT_EQ(service().ask("GET", "/readyz").at("policy").at("reload_failed"), false);
}

TEST_F(PolicyAfterRestart, AReloadOfUnchangedFilesLeavesWhatWasPut) {
  put({{"policy", firmer()}});
  const auto put_one = hash();
  running->reload();
  EXPECT_EQ(hash(), put_one);
}

// The program itself, in a process of its own.
class ServingProcess {
 public:
  ServingProcess(const std::filesystem::path& state, const std::filesystem::path& policy,
                 const std::string& jurisdiction = "NL")
      : log_file_{state / "log"} {
    child_ = ::fork();
    if (child_ == 0) ::_exit(run(state, policy, jurisdiction));
  }
  ~ServingProcess() {
    if (child_ > 0) ::kill(child_, SIGKILL);
  }
  void send(int signal) const { ::kill(child_, signal); }
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(child_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] bool says(std::string_view words) const {
    for (int i = 0; i < 500; ++i) {
      std::ostringstream text;
      text << std::ifstream{log_file_}.rdbuf();
      if (text.str().find(words) != std::string::npos) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }

 private:
  int run(const std::filesystem::path& state, const std::filesystem::path& policy,
          const std::string& jurisdiction) const {
    Faults faults;
    const Surroundings surroundings{state, 2, LogFormat::json, true};
    auto config = load_config("test.yaml",
                              "gateway: {jurisdiction: " + jurisdiction +
                                  "}\n"
                                  "media: {addresses: [{bind: 127.0.0.1}], workers: 1}\n"
                                  "policy: {policy: " +
                                  policy.string() + "}\n",
                              surroundings, faults);
    auto loaded = policy_of_config(config, read_clocks().wall, faults);
    make_directories(config, faults);
    if (!loaded || !faults.empty()) return -1;
    config.api.listen = *media::parse_endpoint("127.0.0.1", 0);
    std::ofstream out{log_file_};
    Log log{{LogLevel::info, LogFormat::json,
             [&out](std::string_view line) { out << line << std::endl; }}};
    return serve(config, std::move(*loaded), log);
  }

  std::filesystem::path log_file_;
  pid_t child_ = 0;
};

TEST(Hangup, ReloadsThePolicyOfTheRunningProgram) {
  const TemporaryFolder folder;
  const auto policy = folder.path() / "policy.yaml";
  write(policy, built_in("policy.yaml"));
  ServingProcess program{folder.path(), policy};
  ASSERT_TRUE(program.says("service.started"));
  program.send(SIGHUP);
  EXPECT_TRUE(program.says("policy.reload_unchanged"));
  write(policy, "version: 1\n");
  program.send(SIGHUP);
  EXPECT_TRUE(program.says("policy.reload_refused"));
  write(policy, firmer());
  program.send(SIGHUP);
  EXPECT_TRUE(program.says("\"before\":\"sha256:"));
  program.send(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
}

// So that systemd does not start it again and again: config/assent.service.
TEST_F(PolicyAfterRestart, APolicyThatWasPutAndDoesNotFitAssentYamlAnyMoreEndsTheStartAs78) {
  const auto jurisdictions = built_in("jurisdictions.yaml");
  put({{"jurisdictions", jurisdictions.substr(0, jurisdictions.find("  UY:\n"))}});
  restart();
  ServingProcess program{state.path(), options.policy, "UY"};
  EXPECT_EQ(program.wait(), 78);
  EXPECT_TRUE(program.says("gateway.jurisdiction"));
  EXPECT_TRUE(program.says("does not fit assent.yaml any more"));
}

}  // namespace
}  // namespace assent::gateway::test
