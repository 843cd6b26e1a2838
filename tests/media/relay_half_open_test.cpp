// facts/safety.md, ICE: thousands of sessions that never come about are bounded in what they cost
// and send, and the others' calls know nothing of them.
#include <gtest/gtest.h>

#include <map>

#include "tests/media/relay_fixture.hpp"
#include "tests/media/webrtc_peer.hpp"

namespace assent::media {
namespace {

using namespace tests;

class HalfOpen : public RelayTest {
 protected:
  static constexpr std::size_t sessions = 2000;
  static constexpr std::size_t candidates = 4;

  void SetUp() override {
    ann = join(1000);
    const auto source = relay.add_source(RoomKey{2});
    for (std::size_t i = 0; i < sessions; ++i) {
      LegConfig config;
      config.source = source;
      config.side = Side::server;
      config.webrtc = WebRtcConfig{{"gw" + std::to_string(100'000 + i), "gateway-password-24chars"},
                                   "server",
                                   DtlsRole::client,
                                   {identity.fingerprint()},
                                   identity,
                                   unreachable()};
      legs.push_back(relay.add_leg(std::move(config)));
    }
  }
  static FullIce unreachable() {
    FullIce full{
        "server-password-24-chars", false, IceRole::controlling, {at(4000)}, {}, test_entropy()};
    for (std::uint16_t i = 0; i < candidates; ++i)
      full.candidates.push_back(
          {*parse_endpoint("192.0.2.9", static_cast<std::uint16_t>(1 + i)), 9});
    return full;
  }

  DtlsIdentity identity = make_identity();
  Participant ann{};
  std::vector<LegId> legs;
};

TEST_F(HalfOpen, SessionsAskABoundedNumberOfTimesAndThenNoMore) {
  std::map<std::uint32_t, std::size_t> sent;
  std::uint16_t spoken = 0;
  for (const auto end = now + 2min; now < end;) {
    const auto due = relay.next_timeout();
    if (!due) break;
    now = std::max(now, *due);
    outbox.clear();
    relay.handle_timeout(now, outbox);
    for (const auto& outgoing : outbox.outgoing())
      ++sent[outgoing.lane.index];
    outbox.clear();
    if (spoken == 1000) continue;
    speak(ann, ++spoken);
    ASSERT_EQ(sent_to(ann.server).size(), 1U);
  }
  EXPECT_EQ(relay.next_timeout(), std::nullopt);
  ASSERT_EQ(sent.size(), sessions);
  for (const auto& [leg, count] : sent) {
    EXPECT_EQ(count, candidates * 7);                            // RFC 8489 §6.2.1
    EXPECT_EQ(relay.leg(LegId{leg}).webrtc()->dtls(), nullptr);  // who never answers costs none
  }
}

TEST_F(HalfOpen, SessionsAreTimedByWhoIsDueAlone) {
  outbox.clear();
  relay.handle_timeout(now, outbox);
  std::size_t due = 0;
  while (relay.next_timeout() && *relay.next_timeout() <= now) {
    outbox.clear();
    relay.handle_timeout(now, outbox);
    due += outbox.outgoing().size();
    ASSERT_LE(due, sessions);
  }
  for (const LegId leg : legs)
    relay.remove_leg(leg);
  EXPECT_EQ(relay.next_timeout(), std::nullopt);
}

}  // namespace
}  // namespace assent::media
