// `whip:` of assent.yaml.
#include "gateway/whip_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/policy_of_config.hpp"
#include "tests/gateway/cdr_samples.hpp"

namespace assent::gateway {
namespace {

using testing::HasSubstr;

class WhipSection : public testing::Test {
 protected:
  const WhipConfig& read(const std::string& flow) {
    const Surroundings elsewhere{"/var/lib/assent", 2, LogFormat::json, false};
    config = load_config("assent.yaml", "whip: " + flow + "\n", elsewhere, faults);
    return config.whip;
  }
  std::string with(const std::string& more,
                   const std::string& paths = "{path: \"/{room}/whip\", endpoint: whip}") {
    std::string text = "{listen: \"127.0.0.1:8990\", server: \"http://127.0.0.1:8889\", paths: [";
    text += paths;
    text += "]";
    text += more;
    text += "}";
    return text;
  }
  std::string only_fault() const {
    EXPECT_EQ(faults.in_order().size(), 1U) << to_string(faults);
    return to_string(faults);
  }
  Config config;
  Faults faults;
};

TEST_F(WhipSection, ReadsPathsInTheirOrder) {
  const auto& whip = read(with("",
                               "{path: \"/{room}/whip\", endpoint: whip, subject: token}, "
                               "{path: /stage, endpoint: whep, room: stage}"));
  ASSERT_TRUE(faults.empty()) << to_string(faults);
  EXPECT_EQ(whip.listen->port, 8990);
  EXPECT_EQ(whip.server->port, 8889);
  ASSERT_EQ(whip.paths.size(), 2U);
  EXPECT_EQ(whip.paths[0].endpoint, WhipEndpoint::whip);
  EXPECT_TRUE(whip.paths[0].subject_of_token);
  EXPECT_EQ(whip.paths[1].endpoint, WhipEndpoint::whep);
  EXPECT_EQ(whip.paths[1].room, "stage");
}

TEST_F(WhipSection, ReadsItsLimits) {
  const auto& whip =
      read(with(", sessions_max: 5, answer_within: 2s, lost_after: 3s, silent_after: 4s, "
                "public_url: \"https://media.example.org/in/\", forwarded_for: true"));
  ASSERT_TRUE(faults.empty()) << to_string(faults);
  EXPECT_EQ(whip.sessions_max, 5U);
  EXPECT_EQ(whip.answer_within, std::chrono::seconds{2});
  EXPECT_EQ(whip.lost_after, std::chrono::seconds{3});
  EXPECT_EQ(whip.silent_after, std::chrono::seconds{4});
  EXPECT_EQ(whip.public_url, "https://media.example.org/in");
  EXPECT_TRUE(whip.forwarded_for);
}

TEST_F(WhipSection, IsNotThereUnlessItListens) {
  EXPECT_FALSE(read("{}").listen);
  EXPECT_TRUE(faults.empty());
  read("{server: \"http://127.0.0.1:8889\"}");
  EXPECT_THAT(only_fault(), HasSubstr("listen"));
}

TEST_F(WhipSection, LeadsToAServerByPaths) {
  read("{listen: \"127.0.0.1:8990\"}");
  EXPECT_EQ(faults.in_order().size(), 2U) << to_string(faults);
}

TEST_F(WhipSection, SpeaksTlsWhereOthersCanListen) {
  read(
      "{listen: \"0.0.0.0:8990\", server: \"http://127.0.0.1:8889\", "
      "paths: [{path: \"/{room}\", endpoint: whip}]}");
  EXPECT_THAT(only_fault(), HasSubstr("unencrypted"));
}

TEST_F(WhipSection, SaysTheRoomOfEachPathOnce) {
  read(with("", "{path: /whip, endpoint: whip}"));
  EXPECT_THAT(only_fault(), HasSubstr("says no room"));
  faults = {};
  read(with("", "{path: \"/{room}\", endpoint: whip, room: stage}"));
  EXPECT_THAT(only_fault(), HasSubstr("in the path already"));
}

TEST_F(WhipSection, KeepsTheSessionsPathsToTheGateway) {
  read(with("", "{path: \"/session/{room}\", endpoint: whip}"));
  EXPECT_THAT(only_fault(), HasSubstr("sessions"));
}

TEST_F(WhipSection, NamesAServerByAUrlWithoutAQuery) {
  for (const std::string url :
       {"127.0.0.1:8889", "ws://h", "http://", "http://h/?a=b", "http://u@h/", "https://h:99999"}) {
    faults = {};
    read("{listen: \"127.0.0.1:8990\", server: \"" + url +
         "\", paths: [{path: \"/{room}\", endpoint: whip}]}");
    EXPECT_FALSE(faults.empty()) << url;
  }
}

TEST_F(WhipSection, PerformsPurposesOfThePolicy) {
  read(with(", performs: [recordin]"));
  ASSERT_TRUE(faults.empty()) << to_string(faults);
  (void)policy_of_config(config, test::noon, faults);
  EXPECT_THAT(only_fault(), HasSubstr("recording"));
}

}  // namespace
}  // namespace assent::gateway
