#include "media/ice.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "media/byte_order.hpp"
#include "media/ice_directory.hpp"

namespace assent::media {
namespace {

using namespace std::chrono_literals;

const TimePoint start = TimePoint{} + 1h;
const IceCredentials ours{"gateway1", "gateway-password-24chars"};
const std::string theirs = "peer";
const Endpoint here = *parse_endpoint("192.0.2.1", 4000);
const Endpoint elsewhere = *parse_endpoint("192.0.2.2", 4000);

struct Check {
  std::string username = "gateway1:peer";
  std::string password = ours.password;
  bool nominates = false;
  bool thinks_it_is_controlled = false;
};

std::vector<std::byte> check(const Check& parts) {
  StunWriter writer{StunClass::request, StunTransaction{std::byte{1}}};
  writer.username(parts.username).priority(1);
  if (parts.thinks_it_is_controlled) {
    writer.ice_controlled(5);
  } else {
    writer.ice_controlling(5);
  }
  if (parts.nominates) writer.use_candidate();
  const auto bytes = writer.seal(parts.password);
  return {bytes.begin(), bytes.end()};
}

std::optional<StunMessage> read(const IceAnswer& answer) {
  return answer.size == 0 ? std::nullopt : parse_stun(answer.view());
}

TEST(IceLite, AnswersAnAuthenticCheckWithTheAddressItCameFrom) {
  IceLite agent{ours, theirs};
  const auto answer = agent.handle(start, here, check({}));
  const auto message = read(answer);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, StunClass::success);
  EXPECT_EQ(message->mapped, here);
  EXPECT_TRUE(is_authentic(*message, ours.password));
  EXPECT_TRUE(agent.is_valid(here));
  EXPECT_FALSE(agent.selected());  // nothing was nominated
}

// facts/safety.md, ICE: MESSAGE-INTEGRITY before any state; no amplification.
TEST(IceLite, SaysNothingToAndLearnsNothingFromWhatIsNotAuthentic) {
  IceLite agent{ours, theirs};
  for (const Check& forged :
       {Check{.password = "", .nominates = true}, Check{.password = "another", .nominates = true},
        Check{.username = "gateway1:other", .nominates = true},
        Check{.username = "gateway2:peer", .nominates = true},
        Check{.username = "gateway1", .nominates = true}, Check{.username = ":", .nominates = true},
        Check{.username = "", .nominates = true}}) {
    EXPECT_EQ(agent.handle(start, here, check(forged)).size, 0U) << forged.username;
  }
  EXPECT_FALSE(agent.is_valid(here));
  EXPECT_FALSE(agent.selected());
  EXPECT_EQ(agent.consent_until(), TimePoint{});
}

TEST(IceLite, NeverAnswersMoreThanItWasAsked) {
  IceLite agent{ours, theirs};
  for (const auto& asked :
       {check({}), check({.nominates = true}), check({.thinks_it_is_controlled = true})}) {
    EXPECT_LE(agent.handle(start, here, asked).size, asked.size());
  }
}

TEST(IceLite, SelectsWhatThePeerNominatesLast) {
  IceLite agent{ours, theirs};
  (void)agent.handle(start, here, check({.nominates = true}));
  EXPECT_EQ(agent.selected(), here);
  (void)agent.handle(start, elsewhere, check({}));
  EXPECT_EQ(agent.selected(), here);
  (void)agent.handle(start, elsewhere, check({.nominates = true}));
  EXPECT_EQ(agent.selected(), elsewhere);
}

// RFC 7675 §5.1
TEST(IceLite, HasConsentForThirtySecondsAfterTheLastCheckOfTheSelectedAddress) {
  IceLite agent{ours, theirs};
  (void)agent.handle(start, here, check({.nominates = true}));
  EXPECT_EQ(agent.consent_until(), start + 30s);
  (void)agent.handle(start + 5s, elsewhere, check({}));
  EXPECT_EQ(agent.consent_until(), start + 30s);
  (void)agent.handle(start + 6s, here, check({}));
  EXPECT_EQ(agent.consent_until(), start + 36s);
}

// RFC 8445 §7.3.1.1
TEST(IceLite, TellsAPeerThatThinksItIsControlledToControl) {
  IceLite agent{ours, theirs};
  const auto answer =
      agent.handle(start, here, check({.nominates = true, .thinks_it_is_controlled = true}));
  const auto message = read(answer);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->error_code, 487);
  EXPECT_FALSE(agent.selected());
}

TEST(IceLite, KeepsSendingWhereItSentUntilARestartHasNominatedAnew) {
  IceLite agent{ours, theirs};
  (void)agent.handle(start, here, check({.nominates = true}));
  agent.restart({"gateway2", "another-password-24chars"}, "peer2");
  EXPECT_EQ(agent.selected(), here);
  EXPECT_EQ(agent.handle(start, elsewhere, check({.nominates = true})).size, 0U);
  EXPECT_NE(agent
                .handle(start, elsewhere,
                        check({.username = "gateway2:peer2",
                               .password = "another-password-24chars",
                               .nominates = true}))
                .size,
            0U);
  EXPECT_EQ(agent.selected(), elsewhere);
}

TEST(IceLite, RemembersAFewAddressesAndNeverForgetsTheSelectedOne) {
  IceLite agent{ours, theirs};
  (void)agent.handle(start, here, check({.nominates = true}));
  for (std::uint16_t port = 5000; port < 5100; ++port)
    (void)agent.handle(start, *parse_endpoint("192.0.2.9", port), check({}));
  EXPECT_TRUE(agent.is_valid(here));
  EXPECT_TRUE(agent.is_valid(*parse_endpoint("192.0.2.9", 5099)));
  EXPECT_FALSE(agent.is_valid(*parse_endpoint("192.0.2.9", 5000)));
}

TEST(IceCredentials, AreIceCharsThatDiffer) {
  std::mt19937_64 random{7};
  const Entropy entropy = [&random](std::span<std::byte> bytes) {
    for (auto& byte : bytes)
      byte = static_cast<std::byte>(random());
  };
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto credentials = make_ice_credentials(entropy);
    EXPECT_TRUE(is_ice_ufrag(credentials.ufrag));
    EXPECT_TRUE(is_ice_password(credentials.password));
    EXPECT_TRUE(seen.insert(credentials.ufrag).second);
  }
  EXPECT_FALSE(is_ice_ufrag("abc"));
  EXPECT_FALSE(is_ice_ufrag("ab:cd"));
  EXPECT_FALSE(is_ice_password("0123456789"));
}

TEST(IceDirectory, FindsALegByTheNameAskedForAndByTheAddressesLearned) {
  IceDirectory directory;
  const auto nobody_holds = [](LegId) { return false; };
  directory.listen(LegId{3}, "abcd");
  EXPECT_EQ(directory.named("abcd"), LegId{3});
  EXPECT_FALSE(directory.at(here));
  directory.learn(LegId{3}, here, nobody_holds);
  EXPECT_EQ(directory.at(here), LegId{3});
  directory.listen(LegId{3}, "efgh");
  EXPECT_FALSE(directory.named("abcd"));
  EXPECT_EQ(directory.named("efgh"), LegId{3});
  directory.remove(LegId{3});
  EXPECT_FALSE(directory.named("efgh"));
  EXPECT_FALSE(directory.at(here));
}

TEST(IceDirectory, LeavesAnAddressToWhoLivesOnIt) {
  IceDirectory directory;
  directory.listen(LegId{1}, "first");
  directory.listen(LegId{2}, "second");
  directory.learn(LegId{1}, here, [](LegId) { return true; });
  directory.learn(LegId{2}, here, [](LegId) { return true; });
  EXPECT_EQ(directory.at(here), LegId{1});
  directory.learn(LegId{2}, here, [](LegId) { return false; });
  EXPECT_EQ(directory.at(here), LegId{2});
  directory.remove(LegId{1});
  EXPECT_EQ(directory.at(here), LegId{2});
}

TEST(IceDirectory, KeepsABoundedNumberOfAddressesALeg) {
  IceDirectory directory;
  directory.listen(LegId{1}, "first");
  for (std::uint16_t port = 1000; port < 2000; ++port)
    directory.learn(LegId{1}, *parse_endpoint("192.0.2.9", port), [](LegId) { return false; });
  EXPECT_LE(directory.addresses(), 16U);
  EXPECT_EQ(directory.at(*parse_endpoint("192.0.2.9", 1999)), LegId{1});
}

}  // namespace
}  // namespace assent::media
