// Two full agents on a network that loses, delays and overtakes, from a seed.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "media/ice_agent.hpp"
#include "tests/media/webrtc_peer.hpp"
#include "tests/seed.hpp"

namespace assent::media {
namespace {

using namespace std::chrono_literals;
using assent::tests::Seed;

const IceCredentials credentials[2] = {{"gateway1", "gateway-password-24chars"},
                                       {"server11", "server-password-24-chars"}};

struct Path {
  double lost = 0;       // of all datagrams
  Duration least = 1ms;  // of the delay
  Duration most = 1ms;
};

class Network {
 public:
  Network(std::uint64_t seed, Path path) : random_{seed}, path_{path} {}

  // `addresses`: of each, those after the first are unknown to the other at the beginning.
  void add(std::size_t who, IceRole role, bool knows_other) {
    addresses_[who] = *parse_endpoint("192.0.2.1", static_cast<std::uint16_t>(5000 + who));
    const auto other = *parse_endpoint("192.0.2.1", static_cast<std::uint16_t>(5001 - who));
    FullIce full{credentials[1 - who].password, false, role, {addresses_[who]}, {}, entropy()};
    if (knows_other) {
      full.candidates.push_back({*parse_endpoint("203.0.113.1", 1), 200});  // nobody there
      full.candidates.push_back({other, 100});
    }
    agents_[who].emplace(credentials[who], credentials[1 - who].ufrag, std::move(full));
  }

  IceAgent& agent(std::size_t who) { return *agents_[who]; }
  const Endpoint& address(std::size_t who) { return addresses_[who]; }
  void move(std::size_t who, const Endpoint& to) { addresses_[who] = to; }
  void cut(bool is_cut) { cut_ = is_cut; }
  TimePoint now() const { return now_; }
  std::size_t sent() const { return sent_; }

  void run_for(Duration time) {
    const auto end = now_ + time;
    while (true) {
      TimePoint next = end;
      for (auto& agent : agents_)
        next = std::min(next, agent->next_timeout().value_or(end));
      if (!flying_.empty()) next = std::min(next, flying_.begin()->first);
      now_ = std::max(now_, next);
      if (now_ >= end) return;
      step();
    }
  }

 private:
  struct Flying {
    std::size_t from;
    Endpoint source;
    IceDatagram datagram;
  };

  void step() {
    while (!flying_.empty() && flying_.begin()->first <= now_) {
      auto flying = flying_.extract(flying_.begin()).mapped();
      const auto to = 1 - flying.from;
      if (flying.datagram.to != addresses_[to]) continue;
      std::vector<IceDatagram> out;
      agents_[to]->handle(now_, flying.source, flying.datagram.bytes, out);
      send(to, out);
    }
    for (std::size_t who = 0; who < 2; ++who) {
      std::vector<IceDatagram> out;
      const auto due = agents_[who]->next_timeout();
      if (due && *due <= now_) agents_[who]->handle_timeout(now_, out);
      send(who, out);
    }
  }

  void send(std::size_t from, std::vector<IceDatagram>& out) {
    for (auto& datagram : out) {
      ++sent_;
      if (cut_ || std::uniform_real_distribution{}(random_) < path_.lost) continue;
      std::uniform_int_distribution<Duration::rep> delay{path_.least.count(), path_.most.count()};
      flying_.emplace(now_ + Duration{delay(random_)},
                      Flying{from, addresses_[from], std::move(datagram)});
    }
  }

  Entropy entropy() {
    return [this](std::span<std::byte> bytes) {
      for (auto& byte : bytes)
        byte = static_cast<std::byte>(random_());
    };
  }

  std::mt19937_64 random_;
  Path path_;
  bool cut_ = false;
  TimePoint now_ = TimePoint{} + 1h;
  std::optional<IceAgent> agents_[2];
  Endpoint addresses_[2];
  std::multimap<TimePoint, Flying> flying_;
  std::size_t sent_ = 0;
};

constexpr int runs = 200;

// RFC 8445 §6.1.1, §7.3.1.1: whatever both believe at first, one controls in the end.
TEST(IceNetwork, TwoAgentsMeetThroughLossAndReorderingWhicheverRolesTheyBeginWith) {
  const auto seed = Seed::from_environment_or(1);
  for (int run = 0; run < runs; ++run) {
    SCOPED_TRACE(seed.text() + ", run " + std::to_string(run));
    Network network{seed.value() * 1000 + static_cast<unsigned>(run), {0.15, 5ms, 200ms}};
    network.add(0, (run & 1) != 0 ? IceRole::controlling : IceRole::controlled, true);
    network.add(1, (run & 2) != 0 ? IceRole::controlling : IceRole::controlled, (run & 4) != 0);
    network.run_for(35s);
    ASSERT_EQ(network.agent(0).selected(), network.address(1));
    ASSERT_EQ(network.agent(1).selected(), network.address(0));
    ASSERT_NE(network.agent(0).role(), network.agent(1).role());
  }
}

// RFC 7675: datagrams lost here and there are no loss of consent; a cut line is.
TEST(IceNetwork, ConsentOutlivesLossAndNotAnOutage) {
  const auto seed = Seed::from_environment_or(2);
  for (int run = 0; run < runs / 4; ++run) {
    SCOPED_TRACE(seed.text() + ", run " + std::to_string(run));
    Network network{seed.value() * 1000 + static_cast<unsigned>(run), {0.03, 5ms, 50ms}};
    network.add(0, IceRole::controlling, true);
    network.add(1, IceRole::controlled, false);
    network.run_for(10min);
    ASSERT_EQ(network.agent(0).selected(), network.address(1));
    ASSERT_LT(network.now(), network.agent(0).consent_until());
    const auto before = network.sent();
    network.cut(true);
    network.run_for(31s);
    ASSERT_FALSE(network.agent(0).selected());
    ASSERT_FALSE(network.agent(1).selected());
    ASSERT_LE(network.sent() - before, 20U);
    network.cut(false);
    network.run_for(10min);
    ASSERT_FALSE(network.agent(0).selected());
  }
}

TEST(IceNetwork, MediaFollowsAnAgentThatMovedWhileItAsksForConsent) {
  const auto seed = Seed::from_environment_or(3);
  for (int run = 0; run < runs / 4; ++run) {
    SCOPED_TRACE(seed.text() + ", run " + std::to_string(run));
    Network network{seed.value() * 1000 + static_cast<unsigned>(run), {0.05, 5ms, 50ms}};
    network.add(0, IceRole::controlling, true);
    network.add(1, IceRole::controlled, true);
    network.run_for(20s);
    network.move(1, *parse_endpoint("192.0.2.77", 7777));
    network.run_for(40s);
    ASSERT_EQ(network.agent(0).selected(), network.address(1));
    ASSERT_LT(network.now(), network.agent(0).consent_until());
  }
}

}  // namespace
}  // namespace assent::media
