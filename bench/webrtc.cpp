// What a WebRTC leg costs to set up: the gateway's part of a DTLS handshake, in either role, an ICE
// check answered, and the memory of a transport that is connected.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <chrono>
#include <memory>
#include <random>
#include <vector>

#include "media/webrtc_transport.hpp"

namespace assent::bench {
namespace {

using media::DtlsIdentity;
using media::DtlsRole;
using media::DtlsSession;

media::Entropy entropy() {
  return [random = std::make_shared<std::mt19937_64>(1)](std::span<std::byte> bytes) {
    for (auto& byte : bytes)
      byte = static_cast<std::byte>((*random)());
  };
}

DtlsIdentity identity() {
  return *DtlsIdentity::make(std::chrono::seconds{1'800'000'000}, entropy());
}

const media::Endpoint peer_address = *media::parse_endpoint("192.0.2.1", 4000);
const media::IceCredentials credentials{"gateway1", "gateway-password-24chars"};

std::vector<std::byte> check() {
  media::StunWriter writer{media::StunClass::request, {}};
  const auto bytes = writer.username("gateway1:peer")
                         .priority(1)
                         .ice_controlling(1)
                         .use_candidate()
                         .seal(credentials.password);
  return {bytes.begin(), bytes.end()};
}

// A handshake to its end; gives the time that `ours` took.
std::chrono::nanoseconds shake(DtlsSession& ours, DtlsSession& theirs) {
  std::chrono::nanoseconds spent{0};
  const auto timed = [&spent](auto&& work) {
    const auto begun = std::chrono::steady_clock::now();
    work();
    spent += std::chrono::steady_clock::now() - begun;
  };
  timed([&] { ours.begin(); });
  theirs.begin();
  for (bool busy = true; busy;) {
    busy = false;
    for (const auto& datagram : ours.take_outgoing()) {
      theirs.handle(datagram);
      busy = true;
    }
    for (const auto& datagram : theirs.take_outgoing()) {
      timed([&] { ours.handle(datagram); });
      busy = true;
    }
  }
  return spent;
}

void dtls_handshake(benchmark::State& state) {
  const auto role = static_cast<DtlsRole>(state.range(0));
  const auto gateway = identity();
  const auto browser = identity();
  for (auto _ : state) {
    DtlsSession ours{gateway, role, {browser.fingerprint()}};
    DtlsSession theirs{browser, media::other(role), {gateway.fingerprint()}};
    state.SetIterationTime(std::chrono::duration<double>(shake(ours, theirs)).count());
    if (!ours.keys() || !theirs.keys()) state.SkipWithError("no keys");
  }
}
BENCHMARK(dtls_handshake)
    ->ArgName("as_server")
    ->Arg(0)
    ->Arg(1)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

void ice_check(benchmark::State& state) {
  media::IceLite agent{credentials, "peer"};
  const auto bytes = check();
  for (auto _ : state)
    benchmark::DoNotOptimize(agent.handle(media::TimePoint{}, peer_address, bytes));
}
BENCHMARK(ice_check);

// As it stays for the length of a call, without the SRTP contexts of its streams.
void memory_of_a_transport(benchmark::State& state) {
  const auto gateway = identity();
  const auto browser = identity();
  constexpr std::size_t count = 500;
  for (auto _ : state) {
    std::vector<std::unique_ptr<DtlsSession>> theirs;
    std::vector<std::unique_ptr<DtlsSession>> ours;
    theirs.reserve(count);
    ours.reserve(count);
    const auto before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < count; ++i)
      ours.push_back(std::make_unique<DtlsSession>(gateway, DtlsRole::client,
                                                   std::vector{browser.fingerprint()}));
    const auto made = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < count; ++i) {
      theirs.push_back(std::make_unique<DtlsSession>(browser, DtlsRole::server,
                                                     std::vector{gateway.fingerprint()}));
      shake(*ours[i], *theirs[i]);
    }
    theirs.clear();
    const auto after = ::mallinfo2().uordblks;
    state.counters["idle_bytes"] = static_cast<double>(made - before) / count;
    state.counters["connected_bytes"] = static_cast<double>(after - before) / count;
  }
}
BENCHMARK(memory_of_a_transport)->Iterations(1);

}  // namespace
}  // namespace assent::bench

BENCHMARK_MAIN();
