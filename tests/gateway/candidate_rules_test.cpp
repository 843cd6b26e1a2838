#include "gateway/candidate_rules.hpp"

#include <gtest/gtest.h>

namespace assent::gateway {
namespace {

media::Endpoint at(std::string_view address) {
  return *media::parse_endpoint(address, 5000);
}

// facts/safety.md: SSRF through candidates.
TEST(CandidateRules, AllowGlobalAddressesAndOwnKindsOnly) {
  const CandidateRules global{{at("11.0.0.7"), at("2a00::7")}, {}};
  EXPECT_TRUE(global.allows(at("11.0.0.9")));
  EXPECT_TRUE(global.allows(at("2a00::9")));
  for (const auto* closed :
       {"127.0.0.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "fd00::1",
        "169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1"})
    EXPECT_FALSE(global.allows(at(closed))) << closed;

  const CandidateRules documented{{at("192.0.2.7")}, {}};
  EXPECT_TRUE(documented.allows(at("192.0.2.7")));
  EXPECT_FALSE(documented.allows(at("192.0.2.8")));

  const CandidateRules local{{at("127.0.0.1")}, {}};
  EXPECT_TRUE(local.allows(at("127.0.0.2")));
  EXPECT_FALSE(local.allows(at("10.0.0.1")));
  EXPECT_TRUE(local.allows(at("11.0.0.9")));

  const CandidateRules inside{{at("10.1.0.7")}, {}};
  EXPECT_TRUE(inside.allows(at("10.0.0.1")));
  EXPECT_TRUE(inside.allows(at("fd00::1")));
  EXPECT_FALSE(inside.allows(at("127.0.0.1")));
  EXPECT_FALSE(inside.allows(at("169.254.169.254")));
}

TEST(CandidateRules, AllowWhatIsOpenedByNameButNoMulticast) {
  const CandidateRules rules{{at("11.0.0.7")},
                             {*parse_network("169.254.0.0/16"), *parse_network("fe80::/10"),
                              *parse_network("10.0.0.1"), *parse_network("224.0.0.0/4")}};
  EXPECT_TRUE(rules.allows(at("169.254.7.7")));
  EXPECT_TRUE(rules.allows(at("fe80::1")));
  EXPECT_TRUE(rules.allows(at("10.0.0.1")));
  EXPECT_FALSE(rules.allows(at("10.0.0.2")));
  EXPECT_FALSE(rules.allows(at("224.0.0.1")));
}

TEST(IpNetwork, IsAnAddressAndALength) {
  for (const auto* good :
       {"10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0", "10.0.0.1", "::1/128"})
    EXPECT_TRUE(parse_network(good)) << good;
  for (const auto* bad : {"", "10.0.0.0/33", "10.0.0.1/8", "::1/64", "10.0.0.0/", "10.0.0.0/-1",
                          "10.0.0.0/8 ", "host/8", "::/129"})
    EXPECT_FALSE(parse_network(bad)) << bad;
}

}  // namespace
}  // namespace assent::gateway
