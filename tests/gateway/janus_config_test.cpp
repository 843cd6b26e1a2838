// `janus:` of assent.yaml.
#include "gateway/janus_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config.hpp"
#include "gateway/policy_of_config.hpp"
#include "tests/gateway/cdr_samples.hpp"

namespace assent::gateway {
namespace {

using testing::HasSubstr;

class JanusSection : public testing::Test {
 protected:
  const JanusConfig& read(const std::string& flow) {
    const Surroundings elsewhere{"/var/lib/assent", 2, LogFormat::json, false};
    config = load_config("assent.yaml", "janus: " + flow + "\n", elsewhere, faults);
    return config.janus;
  }
  std::string only_fault() const {
    EXPECT_EQ(faults.in_order().size(), 1U) << to_string(faults);
    return to_string(faults);
  }
  Config config;
  Faults faults;
};

TEST_F(JanusSection, ReadsBothTransports) {
  const auto& janus = read(
      "{listen: \"127.0.0.1:8989\", websocket: \"ws://127.0.0.1:8188\", "
      "http: \"http://[::1]:8088/janus\", performs: [recording], forwarded_for: true}");
  ASSERT_TRUE(faults.empty()) << to_string(faults);
  EXPECT_EQ(janus.listen->port, 8989);
  EXPECT_EQ(janus.websocket->port, 8188);
  EXPECT_EQ(janus.http->target, "/janus");
  EXPECT_EQ(janus.performs, std::vector<std::string>{"recording"});
  EXPECT_TRUE(janus.forwarded_for);
}

TEST_F(JanusSection, IsNotThereUnlessItListens) {
  EXPECT_FALSE(read("{}").listen);
  EXPECT_TRUE(faults.empty());
  read("{websocket: \"ws://127.0.0.1:8188\"}");
  EXPECT_THAT(only_fault(), HasSubstr("listen"));
}

TEST_F(JanusSection, LeadsToAServer) {
  read("{listen: \"127.0.0.1:8989\"}");
  EXPECT_THAT(only_fault(), HasSubstr("leads to no server"));
}

TEST_F(JanusSection, SpeaksTlsWhereOthersCanListen) {
  read("{listen: \"0.0.0.0:8989\", websocket: \"ws://127.0.0.1:8188\"}");
  EXPECT_THAT(only_fault(), HasSubstr("unencrypted"));
}

TEST_F(JanusSection, NamesASchemeOfItsTransport) {
  for (const std::string url : {"http://127.0.0.1:8188", "ws://", "ws://a b", "ws://h:99999",
                                "wss://127.0.0.1:8188", "ws://h/x?y=z"}) {
    faults = {};
    read("{listen: \"127.0.0.1:8989\", websocket: \"" + url + "\"}");
    EXPECT_FALSE(faults.empty()) << url;
  }
}

TEST_F(JanusSection, PerformsPurposesOfThePolicy) {
  read("{listen: \"127.0.0.1:8989\", websocket: \"ws://127.0.0.1:8188\", performs: [recordin]}");
  ASSERT_TRUE(faults.empty()) << to_string(faults);
  (void)policy_of_config(config, test::noon, faults);
  EXPECT_THAT(only_fault(), HasSubstr("recording"));
}

}  // namespace
}  // namespace assent::gateway
