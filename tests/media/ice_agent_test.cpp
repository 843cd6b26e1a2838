#include "media/ice_agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "media/byte_order.hpp"
#include "tests/media/webrtc_peer.hpp"

namespace assent::media {
namespace {

using namespace std::chrono_literals;
using tests::test_entropy;

const TimePoint start = TimePoint{} + 1h;
const IceCredentials ours{"gateway1", "gateway-password-24chars"};
const IceCredentials theirs{"server", "server-password-24-chars"};
const Endpoint here = *parse_endpoint("198.51.100.1", 40'000);
const Endpoint there = *parse_endpoint("192.0.2.1", 5000);
const Endpoint elsewhere = *parse_endpoint("192.0.2.2", 5000);

FullIce full(std::vector<IceCandidate> candidates = {{there, 2'130'706'431}}) {
  return {.remote_password = theirs.password,
          .remote_is_lite = false,
          .role = IceRole::controlling,
          .bases = {here},
          .candidates = std::move(candidates),
          .entropy = test_entropy()};
}

// One agent, and what the test has its peer say.
class Agent : public testing::Test {
 protected:
  explicit Agent(FullIce config = full()) : agent{ours, theirs.ufrag, std::move(config)} {}

  // What is sent at that time.
  std::vector<IceDatagram> at(TimePoint now) {
    std::vector<IceDatagram> out;
    while (true) {
      const auto due = agent.next_timeout();
      if (!due || *due > now) return out;
      agent.handle_timeout(now, out);
    }
  }
  // The one check that is sent then.
  StunMessage check_at(TimePoint now) {
    sent = at(now);
    EXPECT_EQ(sent.size(), 1U);
    if (sent.empty()) return {};
    const auto message = parse_stun(sent.back().bytes);
    EXPECT_TRUE(message);
    return message.value_or(StunMessage{});
  }
  bool hear(TimePoint now, std::span<const std::byte> bytes, const Endpoint& from = there) {
    answers.clear();
    return agent.handle(now, from, bytes, answers);
  }
  static std::vector<std::byte> success(const StunMessage& check,
                                        std::string_view password = theirs.password) {
    StunWriter writer{StunClass::success, check.transaction};
    const auto bytes = writer.mapped(here).seal(password);
    return {bytes.begin(), bytes.end()};
  }
  struct Asked {
    bool nominates = false;
    std::optional<std::uint64_t> controlling{};
    std::optional<std::uint64_t> controlled{};
    std::string password = ours.password;
  };
  static std::vector<std::byte> request(const Asked& parts) {
    StunWriter writer{StunClass::request, StunTransaction{std::byte{9}}};
    writer.username(ours.ufrag + ":" + theirs.ufrag).priority(77);
    if (parts.controlling) writer.ice_controlling(*parts.controlling);
    if (parts.controlled) writer.ice_controlled(*parts.controlled);
    if (parts.nominates) writer.use_candidate();
    const auto bytes = writer.seal(parts.password);
    return {bytes.begin(), bytes.end()};
  }
  void connect() {
    ASSERT_TRUE(hear(start, success(check_at(start))));
    ASSERT_TRUE(hear(start + 50ms, success(check_at(start + 50ms))));
  }

  IceAgent agent;
  std::vector<IceDatagram> sent;
  std::vector<IceDatagram> answers;
};

// RFC 8445 §7.1: USERNAME, PRIORITY, the role, and the peer's password.
TEST_F(Agent, ChecksAtOnceInThePeersTerms) {
  const auto check = check_at(start);
  EXPECT_EQ(sent[0].to, there);
  EXPECT_EQ(check.username, "server:gateway1");
  EXPECT_TRUE(is_authentic(check, theirs.password));
  EXPECT_EQ(check.priority, (110U << 24) + (65'535U << 8) + 255U);
  EXPECT_TRUE(check.ice_controlling);
  EXPECT_FALSE(check.use_candidate);  // §8.1.1: first it must prove valid
}

// RFC 8445 §12.1: data may go over any valid pair before one is nominated.
TEST_F(Agent, SendsAfterOneRoundTripAndNominatesWhatIsValid) {
  ASSERT_TRUE(hear(start + 20ms, success(check_at(start))));
  EXPECT_EQ(agent.selected(), there);
  EXPECT_EQ(agent.consent_until(), start + 20ms + 30s);
  EXPECT_TRUE(check_at(start + 50ms).use_candidate);
}

// RFC 8445 §7.2.5.2.1, §7.3: MESSAGE-INTEGRITY before any state.
TEST_F(Agent, BelievesNoAnswerThatIsNotAuthenticOrNotToItsQuestion) {
  auto check = check_at(start);
  EXPECT_FALSE(hear(start, success(check, ours.password)));
  EXPECT_FALSE(hear(start, success(check, "")));
  StunWriter forged{StunClass::error, check.transaction};
  EXPECT_FALSE(hear(start, forged.error(StunError::unauthenticated).seal("")));
  check.transaction[0] ^= std::byte{1};
  EXPECT_FALSE(hear(start, success(check)));
  EXPECT_FALSE(agent.selected());
  EXPECT_FALSE(agent.is_valid(there));
  EXPECT_TRUE(answers.empty());
}

// RFC 8445 §7.2.5.2.1: the answer must come from whither the check went.
TEST_F(Agent, TakesNoAnswerFromAnotherAddress) {
  (void)hear(start, success(check_at(start)), elsewhere);
  EXPECT_FALSE(agent.selected());
  EXPECT_FALSE(agent.is_valid(elsewhere));
}

// RFC 8489 §6.2.1, RFC 8445 §14.3
TEST_F(Agent, RepeatsACheckSevenTimesMoreAndMoreSeldom) {
  std::vector<Duration> when;
  std::optional<StunTransaction> transaction;
  while (const auto due = agent.next_timeout()) {
    const auto now = std::max(*due, start);
    if (now > start + 60s) break;
    for (const auto& datagram : at(now)) {
      const auto check = parse_stun(datagram.bytes);
      EXPECT_EQ(transaction.value_or(check->transaction), check->transaction);
      transaction = check->transaction;
      when.push_back(now - start);
    }
  }
  EXPECT_THAT(when, testing::ElementsAre(0ms, 500ms, 1500ms, 3500ms, 7500ms, 15'500ms, 31'500ms));
  EXPECT_TRUE(agent.has_failed());
  EXPECT_EQ(agent.next_timeout(), std::nullopt);
}

class ManyCandidates : public Agent {
 protected:
  ManyCandidates() : Agent{full(many())} {}
  static std::vector<IceCandidate> many() {
    std::vector<IceCandidate> all;
    for (std::uint16_t i = 0; i < 1000; ++i)
      all.push_back(
          {*parse_endpoint("192.0.2.9", static_cast<std::uint16_t>(1000 + i)), 1000U + i});
    return all;
  }
};

// RFC 8445 §6.1.4.2, §14.2: one each 50 ms, the highest first; §6.1.2.5: a limit on them.
TEST_F(ManyCandidates, AreCheckedByRankAndAtAPace) {
  EXPECT_EQ(agent.pairs(), ice_candidates_max);
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < 8; ++i) {
    for (const auto& datagram : at(start + i * 50ms))
      ports.push_back(datagram.to.port);
  }
  EXPECT_THAT(ports, testing::ElementsAre(1031, 1030, 1029, 1028, 1027, 1026, 1025, 1024));
}

// RFC 8445 §8.1.2
TEST_F(ManyCandidates, AreLeftOnceOneIsNominated) {
  const auto first = check_at(start);
  ASSERT_TRUE(hear(start, success(first), sent[0].to));
  const auto nomination = check_at(start + 50ms);
  EXPECT_EQ(sent[0].to.port, 1031);
  ASSERT_TRUE(hear(start + 50ms, success(nomination), sent[0].to));
  EXPECT_EQ(agent.pairs(), 1U);
  EXPECT_TRUE(at(start + 3s).empty());
}

// RFC 8445 §7.3.1.3, §7.3.1.4: the peer's check shows an address nobody signalled.
TEST_F(Agent, ChecksBackWhereAnAuthenticCheckCameFrom) {
  (void)at(start);
  EXPECT_TRUE(hear(start, request({.controlled = 1}), elsewhere));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(parse_stun(answers[0].bytes)->mapped, elsewhere);
  const auto check = check_at(start + 50ms);
  EXPECT_EQ(sent[0].to, elsewhere);
  ASSERT_TRUE(hear(start + 60ms, success(check), elsewhere));
  EXPECT_EQ(agent.selected(), elsewhere);
}

TEST_F(Agent, SaysNothingToAndChecksNothingForWhatIsNotAuthentic) {
  EXPECT_FALSE(hear(start, request({.controlled = 1, .password = "another"}), elsewhere));
  EXPECT_FALSE(hear(start, request({.controlled = 1, .password = ""}), elsewhere));
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(agent.pairs(), 1U);
  EXPECT_FALSE(agent.is_valid(elsewhere));
}

TEST_F(Agent, NeverAnswersMoreThanItWasAsked) {
  for (const auto& asked : {request({}), request({.nominates = true, .controlling = 1}),
                            request({.controlled = UINT64_MAX})}) {
    EXPECT_TRUE(hear(start, asked));
    EXPECT_LE(answers.at(0).bytes.size(), asked.size());
  }
}

// RFC 8445 §7.3.1.1
TEST_F(Agent, KeepsItsRoleWhereItsTieBreakerIsTheLargerAndGivesWayWhereItIsNot) {
  EXPECT_TRUE(hear(start, request({.nominates = true, .controlling = 0})));
  EXPECT_EQ(parse_stun(answers.at(0).bytes)->error_code, 487);
  EXPECT_EQ(agent.role(), IceRole::controlling);
  EXPECT_TRUE(hear(start, request({.nominates = true, .controlling = UINT64_MAX})));
  EXPECT_EQ(parse_stun(answers.at(0).bytes)->kind, StunClass::success);
  EXPECT_EQ(agent.role(), IceRole::controlled);
  EXPECT_TRUE(hear(start, request({.controlled = UINT64_MAX})));
  EXPECT_EQ(parse_stun(answers.at(0).bytes)->error_code, 487);
}

// RFC 8445 §7.2.5.1
TEST_F(Agent, ChangesItsRoleWhenItIsToldToAndAsksAgain) {
  const auto check = check_at(start);
  StunWriter error{StunClass::error, check.transaction};
  ASSERT_TRUE(hear(start, error.error(StunError::role_conflict).seal(theirs.password)));
  EXPECT_EQ(agent.role(), IceRole::controlled);
  const auto again = check_at(start + 50ms);
  EXPECT_TRUE(again.ice_controlled);
  EXPECT_NE(again.ice_controlled, check.ice_controlling);
}

// RFC 8445 §7.3.1.5
TEST_F(Agent, TakesTheNominationOfAPeerThatControls) {
  (void)hear(start, request({.controlling = UINT64_MAX}));
  ASSERT_TRUE(hear(start, success(check_at(start))));
  EXPECT_FALSE(agent.selected());
  (void)hear(start + 10ms, request({.nominates = true, .controlling = UINT64_MAX}));
  EXPECT_EQ(agent.selected(), there);
}

class BesideALiteAgent : public Agent {
 protected:
  BesideALiteAgent() : Agent{lite()} {}
  static FullIce lite() {
    auto config = full();
    config.remote_is_lite = true;
    config.role = IceRole::controlled;
    return config;
  }
};

// RFC 8445 §6.1.1: the full agent controls, whoever has offered; the lite one only answers.
TEST_F(BesideALiteAgent, ControlsAndNeedsNothingButAnswers) {
  connect();
  EXPECT_EQ(agent.selected(), there);
  EXPECT_EQ(agent.role(), IceRole::controlling);
}

// RFC 7675 §5.1: about every 5 s a new transaction, and each answer renews.
TEST_F(Agent, AsksForConsentAndHasItForThirtySecondsAfterAnAnswer) {
  connect();
  TimePoint now = start + 50ms;
  std::vector<StunTransaction> seen;
  for (int i = 0; i < 20; ++i) {
    const auto due = *agent.next_timeout();
    EXPECT_GE(due - now, 4s);
    EXPECT_LE(due - now, 6s);
    now = due;
    const auto check = check_at(now);
    EXPECT_THAT(seen, testing::Not(testing::Contains(check.transaction)));
    seen.push_back(check.transaction);
    EXPECT_FALSE(hear(now, success(check, "forged")));
    ASSERT_TRUE(hear(now, success(check)));
    EXPECT_EQ(agent.consent_until(), now + 30s);
  }
}

// RFC 7675 §5.1: consent that was lost does not come back to that address under these credentials.
TEST_F(Agent, IsSilentForeverWhereConsentHasExpired) {
  connect();
  const auto until = agent.consent_until();
  std::vector<IceDatagram> asked;
  while (const auto due = agent.next_timeout()) {
    if (*due > until) break;
    for (auto& datagram : at(*due))
      asked.push_back(std::move(datagram));
  }
  EXPECT_GE(asked.size(), 4U);
  EXPECT_LE(asked.size(), 8U);
  EXPECT_FALSE(agent.selected());
  EXPECT_TRUE(agent.has_failed());
  EXPECT_FALSE(hear(until + 1s, success(*parse_stun(asked.back().bytes))));
  EXPECT_TRUE(hear(until + 1s, request({.controlled = 1})));
  EXPECT_TRUE(at(until + 60s).empty());
  EXPECT_FALSE(agent.selected());
}

// A network change: what the peer's authentic check came from answers ours, and media follows.
TEST_F(Agent, FollowsAPeerThatFellSilentToWhereItsChecksComeFromNow) {
  connect();
  const auto later = start + 15s;
  (void)at(later);
  EXPECT_FALSE(hear(later, request({.controlled = 1, .password = "forged"}), elsewhere));
  EXPECT_TRUE(hear(later, request({.controlled = 1}), elsewhere));
  EXPECT_EQ(agent.selected(), there);  // not before it has answered
  ASSERT_TRUE(hear(later + 10ms, success(check_at(later)), elsewhere));
  EXPECT_EQ(agent.selected(), elsewhere);
  EXPECT_EQ(agent.consent_until(), later + 10ms + 30s);
}

// RFC 8445 §8.1.1: nothing else is nominated while what was chosen answers.
TEST_F(Agent, StaysWhereThePeerAnswers) {
  connect();
  EXPECT_TRUE(hear(start + 1s, request({.controlled = 1}), elsewhere));
  ASSERT_TRUE(hear(start + 1s, success(check_at(start + 1s)), elsewhere));
  EXPECT_EQ(agent.selected(), there);
  EXPECT_TRUE(agent.is_valid(elsewhere));
}

// RFC 8445 §9
TEST_F(Agent, SendsWhereItSentUntilARestartHasFoundAnew) {
  connect();
  auto anew = full({{elsewhere, 5}});
  anew.remote_password = "another-password-24chars";
  agent.restart({"gateway2", "gateway-password-two-24c"}, "server2", std::move(anew));
  EXPECT_EQ(agent.selected(), there);
  EXPECT_TRUE(agent.is_valid(there));
  EXPECT_FALSE(hear(start + 1s, request({.controlled = 1})));  // of the generation before
  const auto check = check_at(start + 1s);
  EXPECT_EQ(check.username, "server2:gateway2");
  ASSERT_TRUE(hear(start + 1s, success(check, "another-password-24chars"), elsewhere));
  EXPECT_EQ(agent.selected(), elsewhere);
}

class WithoutCandidates : public Agent {
 protected:
  WithoutCandidates() : Agent{full({})} {}
};

// RFC 8838 §11
TEST_F(WithoutCandidates, ChecksThemAsTheyTrickleIn) {
  EXPECT_TRUE(at(start).empty());
  agent.add_candidate({there, 5});
  agent.add_candidate({there, 5});
  EXPECT_EQ(agent.pairs(), 1U);
  (void)check_at(start + 1s);
  EXPECT_EQ(sent[0].to, there);
}

// RFC 8863 §4: no sooner than an agent without candidates may still be checked by the peer.
TEST_F(WithoutCandidates, HavePatienceForAWhileAndNoLonger) {
  (void)at(start);
  EXPECT_EQ(agent.next_timeout(), start + ice_patience);
  (void)at(start + 39s);
  EXPECT_FALSE(agent.has_failed());
  (void)at(start + 40s);
  EXPECT_TRUE(agent.has_failed());
  agent.add_candidate({there, 5});
  (void)check_at(start + 50s);
  EXPECT_FALSE(agent.has_failed());
}

TEST_F(Agent, HasABoundedNumberOfPairsAndKeepsTheSelected) {
  connect();
  for (std::uint16_t port = 1000; port < 3000; ++port)
    (void)hear(start + 1s, request({.controlled = 1}), *parse_endpoint("192.0.2.9", port));
  EXPECT_LE(agent.pairs(), ice_pairs_max);
  EXPECT_EQ(agent.selected(), there);
  EXPECT_TRUE(agent.is_valid(there));
}

TEST(IceCandidate, IsReadAsFarAsItCanBeChecked) {
  const auto candidate = parse_candidate("1 1 udp 2130706431 192.0.2.1 5000 typ host");
  ASSERT_TRUE(candidate);
  EXPECT_EQ(*candidate, (IceCandidate{there, 2'130'706'431}));
  EXPECT_TRUE(parse_candidate(
      "842163049 1 UDP 1677729535 2001:db8::1 5000 typ srflx raddr 0.0.0.0 rport 0 generation 0"));
  for (const auto* no :
       {"", "1", "1 2 udp 1 192.0.2.1 5000 typ host",
        "1 1 tcp 1 192.0.2.1 9 typ host tcptype active", "1 1 udp 0 192.0.2.1 5000 typ host",
        "1 1 udp 4294967295 192.0.2.1 5000 typ host", "1 1 udp 1 192.0.2.1 0 typ host",
        "1 1 udp 1 192.0.2.1 65536 typ host", "1 1 udp 1 a2b4.local 5000 typ host",
        "1 1 udp 1 192.0.2.1 5000 host typ", "1 1 udp 1 192.0.2.1 5000 typ",
        "1  1 udp 1 192.0.2.1 5000 typ host"})
    EXPECT_FALSE(parse_candidate(no)) << no;
  EXPECT_TRUE(parse_candidate(candidate_text(there, 1)));
}

}  // namespace
}  // namespace assent::media
