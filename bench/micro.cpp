// What each step of a packet costs by itself, next to the least it can cost. Cryptography goes
// over many sessions in turn, as calls do, so that key schedules come from the cache's far end.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "bench/bare_srtp.hpp"
#include "bench/relay_path.hpp"
#include "media/rtp.hpp"
#include "media/srtp.hpp"

namespace assent::bench {
namespace {

constexpr std::size_t sessions = 400;
constexpr std::size_t packets_per_session = 16;
constexpr std::size_t payload_bytes = 160;
constexpr std::size_t plain_bytes = rtp_header_bytes + payload_bytes;

struct Packet {
  std::array<std::byte, plain_bytes + tag_bytes_max + media::srtp_trailer_bytes_max> bytes{};
  std::size_t size = plain_bytes;
};

std::vector<std::byte> random_bytes(std::size_t count, std::mt19937& random) {
  std::vector<std::byte> bytes(count);
  for (std::byte& octet : bytes)
    octet = static_cast<std::byte>(random());
  return bytes;
}

void write_header(Packet& packet, std::uint32_t ssrc, std::uint64_t index) {
  packet.size = plain_bytes;
  packet.bytes[0] = std::byte{0x80};
  packet.bytes[1] = std::byte{0};
  packet.bytes[2] = static_cast<std::byte>(index >> 8);
  packet.bytes[3] = static_cast<std::byte>(index);
  for (std::size_t i = 0; i < 4; ++i)
    packet.bytes[8 + i] = static_cast<std::byte>(ssrc >> (8 * (3 - i)));
}

// One turn of all sessions' packets, with the session and index of each.
class Turn {
 public:
  Turn() : packets_(sessions * packets_per_session) {}

  void begin() {
    for (std::size_t i = 0; i < packets_.size(); ++i)
      write_header(packets_[i], static_cast<std::uint32_t>(session(i)), index(i));
  }
  void end() { next_index_ += packets_per_session; }

  [[nodiscard]] std::size_t session(std::size_t i) const { return i % sessions; }
  [[nodiscard]] std::uint64_t index(std::size_t i) const { return next_index_ + i / sessions; }
  [[nodiscard]] std::vector<Packet>& packets() { return packets_; }

 private:
  std::vector<Packet> packets_;
  std::uint64_t next_index_ = 1000;
};

// Shows the time of one packet.
void count_packets(benchmark::State& state, std::size_t packets_per_iteration) {
  state.counters["packet"] = benchmark::Counter(
      static_cast<double>(packets_per_iteration),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// Times `step` over whole turns; `prepare` makes each turn's packets outside the time.
template <class Prepare, class Step>
void time_turns(benchmark::State& state, Prepare prepare, Step step) {
  Turn turn;
  std::size_t failures = 0;
  for (auto _ : state) {
    turn.begin();
    for (std::size_t i = 0; i < turn.packets().size(); ++i)
      prepare(turn, i);
    const auto began = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < turn.packets().size(); ++i)
      failures += !step(turn, i);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;
    state.SetIterationTime(elapsed.count());
    turn.end();
  }
  count_packets(state, turn.packets().size());
  if (failures != 0) state.SkipWithError("a step failed");
}

struct Keys {
  explicit Keys(media::SrtpSuite suite) {
    std::mt19937 random{7};
    const auto sizes = media::sizes_of(suite);
    for (std::size_t i = 0; i < sessions; ++i)
      of_session.push_back(random_bytes(sizes.key_bytes + sizes.salt_bytes, random));
  }
  std::vector<std::vector<std::byte>> of_session;
};

std::vector<BareSrtp> bare_sessions(media::SrtpSuite suite, const Keys& keys) {
  std::vector<BareSrtp> bare;
  for (const auto& key : keys.of_session)
    bare.emplace_back(*suite_named(media::to_string(suite)), key);
  return bare;
}

template <class Session>
std::vector<Session> srtp_sessions(media::SrtpSuite suite, const Keys& keys) {
  std::vector<Session> made;
  for (const auto& key : keys.of_session)
    made.emplace_back(*media::SrtpKey::from_bytes(suite, key));
  return made;
}

const auto nothing = [](Turn&, std::size_t) {};

void protect(benchmark::State& state, media::SrtpSuite suite) {
  auto outbound = srtp_sessions<media::SrtpOutbound>(suite, Keys{suite});
  time_turns(state, nothing, [&](Turn& turn, std::size_t i) {
    Packet& packet = turn.packets()[i];
    return outbound[turn.session(i)].protect_rtp(packet.bytes, packet.size).has_value();
  });
}

void protect_bare(benchmark::State& state, media::SrtpSuite suite) {
  auto bare = bare_sessions(suite, Keys{suite});
  time_turns(state, nothing, [&](Turn& turn, std::size_t i) {
    Packet& packet = turn.packets()[i];
    return bare[turn.session(i)].protect(packet.bytes, packet.size, turn.index(i)) != 0;
  });
}

auto protecting(std::vector<BareSrtp>& bare) {
  return [&bare](Turn& turn, std::size_t i) {
    Packet& packet = turn.packets()[i];
    packet.size = bare[turn.session(i)].protect(packet.bytes, packet.size, turn.index(i));
  };
}

void unprotect(benchmark::State& state, media::SrtpSuite suite) {
  const Keys keys{suite};
  auto senders = bare_sessions(suite, keys);
  auto inbound = srtp_sessions<media::SrtpInbound>(suite, keys);
  time_turns(state, protecting(senders), [&](Turn& turn, std::size_t i) {
    Packet& packet = turn.packets()[i];
    return inbound[turn.session(i)]
        .unprotect_rtp(std::span{packet.bytes}.first(packet.size))
        .has_value();
  });
}

void unprotect_bare(benchmark::State& state, media::SrtpSuite suite) {
  const Keys keys{suite};
  auto senders = bare_sessions(suite, keys);
  auto receivers = bare_sessions(suite, keys);
  time_turns(state, protecting(senders), [&](Turn& turn, std::size_t i) {
    Packet& packet = turn.packets()[i];
    return receivers[turn.session(i)].unprotect(std::span{packet.bytes}.first(packet.size),
                                                turn.index(i)) != 0;
  });
}

void parse(benchmark::State& state) {
  time_turns(state, nothing, [](Turn& turn, std::size_t i) {
    const auto view = media::parse_rtp(std::span{turn.packets()[i].bytes}.first(plain_bytes));
    benchmark::DoNotOptimize(view);
    return view.has_value();
  });
}

void ask_permit(benchmark::State& state) {
  media::PermitTable permits;
  permits.resize(sessions);
  const media::TimePoint now{std::chrono::hours{1}};
  for (std::uint32_t source = 0; source < sessions; source += 2)
    permits.set(media::SourceId{source}, media::SinkId{3}, {media::TimePoint::max(), 1});
  time_turns(state, nothing, [&](Turn& turn, std::size_t i) {
    benchmark::DoNotOptimize(permits.admits(
        now, media::SourceId{static_cast<std::uint32_t>(turn.session(i))}, media::SinkId{3}));
    return true;
  });
}

void relay_core(benchmark::State& state, PathScenario scenario) {
  RelayPath path{scenario, sessions, packets_per_session};
  for (auto _ : state) {
    path.prepare();
    const auto began = std::chrono::steady_clock::now();
    path.run();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;
    state.SetIterationTime(elapsed.count());
  }
  count_packets(state, path.packets());
  if (path.emitted() != path.expected_per_turn() * static_cast<std::size_t>(state.iterations()))
    state.SkipWithError("the relay lost packets");
}

void register_all() {
  const auto add = [](const std::string& name, auto function, auto... arguments) {
    benchmark::RegisterBenchmark(name.c_str(), function, arguments...)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  };
  add("parse_rtp", parse);
  add("permit", ask_permit);
  for (const media::SrtpSuite suite : media::srtp_suites) {
    const std::string name{media::to_string(suite)};
    add("protect/" + name, protect, suite);
    add("protect/" + name + "/bare", protect_bare, suite);
    add("unprotect/" + name, unprotect, suite);
    add("unprotect/" + name + "/bare", unprotect_bare, suite);
  }
  for (const PathScenario& scenario : path_scenarios())
    add("relay/" + std::string{scenario.name}, relay_core, scenario);
}

}  // namespace
}  // namespace assent::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  assent::bench::register_all();
  benchmark::RunSpecifiedBenchmarks();
}
