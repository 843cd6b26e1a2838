#include "gateway/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "gateway/embedded.hpp"
#include "gateway/http_message.hpp"
#include "gateway/startup.hpp"
#include "tests/gateway/mmdb_file.hpp"

namespace assent::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

class Check : public testing::Test {
 protected:
  Check() {
    std::string pattern = (fs::path{testing::TempDir()} / "check_XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~Check() override { fs::remove_all(folder); }

  fs::path write(const std::string& name, const std::string& text) {
    std::ofstream{folder / name} << text;
    return folder / name;
  }
  // The tests' day, on which the embedded rows are as they were when this was written.
  static policy::WallTime today() {
    return std::chrono::sys_days{std::chrono::year{2026} / std::chrono::November / 24};
  }
  Surroundings here() const { return {folder / "state", 2, LogFormat::json, true}; }

  fs::path folder;
  std::ostringstream out;
  std::ostringstream err;
};

TEST_F(Check, OfASoundFileSumsUpWhatItComesTo) {
  const auto file = write("assent.yaml",
                          "media: {addresses: [{bind: 0.0.0.0, announce: 203.0.113.7}]}\n"
                          "sinks: {transcriber: {kind: rtp, address: 127.0.0.1:5004}}\n");
  EXPECT_TRUE(check_files({file}, here(), today(), out, err));
  EXPECT_EQ(err.str(), "");
  EXPECT_THAT(out.str(), HasSubstr("assent.yaml: sound"));
  EXPECT_THAT(out.str(), HasSubstr("0.0.0.0 announced as 203.0.113.7, ports 40000-49999"));
  EXPECT_THAT(out.str(), HasSubstr("transcriber (rtp to 127.0.0.1:5004)"));
}

TEST_F(Check, ShowsTheFaultsOfAllFilesWithPlaceAndRemedy) {
  const auto first = write("a.yaml", "media: {wokers: 2}\nlog: {level: loud}\n");
  const auto second = write("b.yaml", "api: {listen: 0.0.0.0:80}\n");
  EXPECT_FALSE(check_files({first, second}, here(), today(), out, err));
  EXPECT_THAT(err.str(), HasSubstr(first.string() + ":1:9: media.wokers: this key is not known "
                                                    "here\n  remedy: did you mean 'workers'?"));
  EXPECT_THAT(err.str(), HasSubstr(first.string() + ":2:14: log.level"));
  EXPECT_THAT(err.str(), HasSubstr(second.string() + ":1:15: api.listen"));
}

TEST_F(Check, OfASoundAndAWrongFileFails) {
  const auto sound = write("a.yaml", "");
  const auto wrong = write("b.yaml", "x: 1\n");
  EXPECT_FALSE(check_files({sound, wrong}, here(), today(), out, err));
  EXPECT_FALSE(check_files({wrong, sound}, here(), today(), out, err));
  EXPECT_THAT(out.str(), HasSubstr("a.yaml: sound"));
}

TEST_F(Check, WithoutAFileChecksTheBuiltInOne) {
  EXPECT_TRUE(check_files({}, here(), today(), out, err)) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("embedded assent.yaml: sound"));
}

TEST_F(Check, MakesNothing) {
  EXPECT_TRUE(check_files({}, here(), today(), out, err)) << err.str();
  EXPECT_FALSE(fs::exists(folder / "state"));
}

TEST_F(Check, WarnsOfWhatIsLeftOutAndWillDeny) {
  const auto without = write("a.yaml", "");
  EXPECT_TRUE(check_files({without}, here(), today(), out, err)) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("warning: gateway.jurisdiction is not set"));
  EXPECT_THAT(out.str(), HasSubstr("the policy declares the sink 'recorder', and no place"));
  std::ostringstream placed;
  const auto with = write("b.yaml",
                          "gateway: {jurisdiction: DE}\nconference_server: {jurisdiction: DE}\n"
                          "sinks: {recorder: {kind: ogg}}\n");
  EXPECT_TRUE(check_files({with}, here(), today(), placed, err)) << err.str();
  EXPECT_THAT(placed.str(), Not(HasSubstr("jurisdiction is not set")));
  EXPECT_THAT(placed.str(), Not(HasSubstr("'recorder'")));
}

TEST_F(Check, HoldsTheConfigurationAgainstThePolicyThatItNames) {
  const auto file = write("assent.yaml",
                          "gateway: {jurisdiction: QQ}\n"
                          "conference_server: {processor: nobody, jurisdiction: ZZ}\n"
                          "sinks:\n  recordr: {kind: ogg}\n");
  EXPECT_FALSE(check_files({file}, here(), today(), out, err));
  EXPECT_THAT(err.str(),
              HasSubstr(file.string() + ":1:25: gateway.jurisdiction: nothing is known about the "
                                        "jurisdiction 'QQ'\n  remedy: write one"));
  EXPECT_THAT(err.str(), HasSubstr(file.string() +
                                   ":2:32: conference_server.processor: the policy declares no "
                                   "processor 'nobody'\n  remedy: one of: "));
  EXPECT_THAT(err.str(), HasSubstr(file.string() +
                                   ":2:54: conference_server.jurisdiction: nothing is known about "
                                   "the jurisdiction 'ZZ'"));
  EXPECT_THAT(err.str(), HasSubstr("assent.yaml:4:12: sinks.recordr: the policy declares no sink"));
}

TEST_F(Check, ShowsTheFaultsOfAConfigurationAndOfItsPolicyAtOnce) {
  write("rules.yaml", "purposes: [recording]\n");
  const auto file = write("assent.yaml", "policy: {policy: rules.yaml}\nmedia: {workers: none}\n");
  EXPECT_FALSE(check_files({file}, here(), today(), out, err));
  EXPECT_THAT(err.str(), HasSubstr("assent.yaml:2:18: media.workers"));
  EXPECT_THAT(err.str(), HasSubstr((folder / "rules.yaml").string() + ":1:11: purposes"));
}

TEST_F(Check, TellsTheFilesOfThePolicyByTheirKeysAndChecksThemTogether) {
  const auto rules = write("a.yaml", std::string{embedded("policy.yaml").value_or("")});
  const auto law = write("b.yaml", std::string{embedded("jurisdictions.yaml").value_or("")});
  const auto transfers = write("c.yaml", std::string{embedded("transfers.yaml").value_or("")});
  EXPECT_EQ(kind_of(rules), CheckedFile::policy);
  EXPECT_EQ(kind_of(law), CheckedFile::jurisdictions);
  EXPECT_EQ(kind_of(transfers), CheckedFile::transfers);
  EXPECT_EQ(kind_of(write("d.yaml", "sinks: {}\n")), CheckedFile::config);
  EXPECT_EQ(kind_of(write("e.yaml", "version: 1\nmethods: {}\n")), CheckedFile::policy);
  EXPECT_TRUE(check_files({transfers, rules, law}, here(), today(), out, err)) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("policy " + rules.string() + ", jurisdictions " + law.string() +
                                   ", transfers " + transfers.string() + ": sound"));
}

TEST_F(Check, OfAFileForElsewhereDoesNotMissItsPolicy) {
  Surroundings elsewhere = here();
  elsewhere.is_here = false;
  const auto file = write("a.yaml", "policy: {policy: /nonexistent/policy.yaml}\n");
  EXPECT_TRUE(check_files({file}, elsewhere, today(), out, err)) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("was not looked at"));
  EXPECT_FALSE(check_files({file}, here(), today(), out, err));
}

TEST_F(Check, OfAnIpDatabaseWarnsWhenItIsOldOrMissing) {
  test::MmdbFile database;
  database.add("8.8.8.0", 24, boost::json::parse(R"({"country": {"iso_code": "US"}})"));
  constexpr std::uint64_t november_27_of_2025 = 1'764'201'600;
  std::ofstream{folder / "places.mmdb", std::ios::binary} << database.bytes(november_27_of_2025);
  const auto file = write("a.yaml", "gateway: {ip_database: places.mmdb}\n");
  EXPECT_TRUE(check_files({file}, here(), today(), out, err)) << err.str();
  EXPECT_THAT(out.str(), Not(HasSubstr("ip_database")));
  EXPECT_TRUE(check_files({file}, here(), today() + std::chrono::days{7}, out, err)) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("places.mmdb was built on 2025-11-27"));
  EXPECT_TRUE(check_files({write("b.yaml", "")}, here(), today(), out, err)) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("warning: gateway.ip_database is not set"));
}

TEST_F(Check, PreparesToServeOnDefaultsWithATokenForEachStaffRole) {
  Faults faults;
  const auto prepared = prepare_to_serve({}, here(), today(), faults);
  ASSERT_TRUE(prepared.has_value()) << to_string(faults);
  std::set<Role> roles_served;
  for (const TokenConfig& token : prepared->config.api.tokens)
    roles_served.insert(token.role);
  EXPECT_EQ(roles_served.size(), 3U);
  EXPECT_FALSE(roles_served.contains(Role::participant));
  EXPECT_TRUE(fs::exists(folder / "state" / "tokens" / "operator"));
  EXPECT_FALSE(prepared->policy.rules.purposes.empty());
  std::vector<std::string> lines;
  Log log{{LogLevel::info, LogFormat::json,
           [&lines](std::string_view line) { lines.emplace_back(line); }}};
  log_preparation(*prepared, log);
  EXPECT_THAT(lines, testing::Contains(HasSubstr((folder / "state" / "tokens").string())));
}

TEST_F(Check, AWrongFileIsNotServedAndNothingIsMadeForIt) {
  Faults faults;
  const auto file = write("a.yaml", "x: 1\n");
  EXPECT_FALSE(prepare_to_serve(file, here(), today(), faults).has_value());
  EXPECT_FALSE(faults.empty());
  EXPECT_FALSE(fs::exists(folder / "state"));
}

}  // namespace
}  // namespace assent::gateway
