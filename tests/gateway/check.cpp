#include "gateway/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

#include "gateway/http_message.hpp"
#include "gateway/startup.hpp"

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
  Surroundings here() const { return {folder / "state", 2, LogFormat::json, true}; }

  fs::path folder;
  std::ostringstream out;
  std::ostringstream err;
};

TEST_F(Check, OfASoundFileSumsUpWhatItComesTo) {
  const auto file = write("assent.yaml",
                          "media: {addresses: [{bind: 0.0.0.0, announce: 203.0.113.7}]}\n"
                          "sinks: {transcriber: {kind: rtp, address: 127.0.0.1:5004}}\n");
  EXPECT_TRUE(check_files({file}, here(), out, err));
  EXPECT_EQ(err.str(), "");
  EXPECT_THAT(out.str(), HasSubstr("assent.yaml: sound"));
  EXPECT_THAT(out.str(), HasSubstr("0.0.0.0 announced as 203.0.113.7, ports 40000-49999"));
  EXPECT_THAT(out.str(), HasSubstr("transcriber (rtp to 127.0.0.1:5004)"));
}

TEST_F(Check, ShowsTheFaultsOfAllFilesWithPlaceAndRemedy) {
  const auto first = write("a.yaml", "media: {wokers: 2}\nlog: {level: loud}\n");
  const auto second = write("b.yaml", "api: {listen: 0.0.0.0:80}\n");
  EXPECT_FALSE(check_files({first, second}, here(), out, err));
  EXPECT_THAT(err.str(), HasSubstr(first.string() + ":1:9: media.wokers: this key is not known "
                                                    "here\n  remedy: did you mean 'workers'?"));
  EXPECT_THAT(err.str(), HasSubstr(first.string() + ":2:14: log.level"));
  EXPECT_THAT(err.str(), HasSubstr(second.string() + ":1:15: api.listen"));
}

TEST_F(Check, OfASoundAndAWrongFileFails) {
  const auto sound = write("a.yaml", "");
  const auto wrong = write("b.yaml", "x: 1\n");
  EXPECT_FALSE(check_files({sound, wrong}, here(), out, err));
  EXPECT_FALSE(check_files({wrong, sound}, here(), out, err));
  EXPECT_THAT(out.str(), HasSubstr("a.yaml: sound"));
}

TEST_F(Check, WithoutAFileChecksTheBuiltInOne) {
  EXPECT_TRUE(check_files({}, here(), out, err)) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("embedded assent.yaml: sound"));
}

TEST_F(Check, MakesNothing) {
  EXPECT_TRUE(check_files({}, here(), out, err)) << err.str();
  EXPECT_FALSE(fs::exists(folder / "state"));
}

TEST_F(Check, WarnsThatWithoutAJurisdictionSinksGetNothing) {
  const auto without = write("a.yaml", "");
  EXPECT_TRUE(check_files({without}, here(), out, err));
  EXPECT_THAT(out.str(), HasSubstr("warning: gateway.jurisdiction is not set"));
  std::ostringstream placed;
  const auto with =
      write("b.yaml", "gateway: {jurisdiction: DE}\nconference_server: {jurisdiction: DE}\n");
  EXPECT_TRUE(check_files({with}, here(), placed, err));
  EXPECT_THAT(placed.str(), Not(HasSubstr("warning")));
}

TEST_F(Check, PreparesToServeOnDefaultsWithATokenForEachStaffRole) {
  Faults faults;
  const auto config = prepare_to_serve({}, here(), faults);
  ASSERT_TRUE(config.has_value()) << to_string(faults);
  std::set<Role> roles_served;
  for (const TokenConfig& token : config->api.tokens)
    roles_served.insert(token.role);
  EXPECT_EQ(roles_served.size(), 3U);
  EXPECT_FALSE(roles_served.contains(Role::participant));
  EXPECT_TRUE(fs::exists(folder / "state" / "tokens" / "operator"));
}

TEST_F(Check, AWrongFileIsNotServedAndNothingIsMadeForIt) {
  Faults faults;
  const auto file = write("a.yaml", "x: 1\n");
  EXPECT_FALSE(prepare_to_serve(file, here(), faults).has_value());
  EXPECT_FALSE(faults.empty());
  EXPECT_FALSE(fs::exists(folder / "state"));
}

}  // namespace
}  // namespace assent::gateway
