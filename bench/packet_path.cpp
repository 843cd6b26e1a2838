// The relay core in a tight loop, for counting instructions: bench/instructions runs it under
// callgrind and counts only what happens inside bench_counted_turn.
//   bench_packet_path            lists the scenarios
//   bench_packet_path SCENARIO   relays one counted turn of it
#include <iostream>

#include "bench/relay_path.hpp"

// Its name is the border of what is counted.
extern "C" [[gnu::noinline]] void bench_counted_turn(assent::bench::RelayPath* path) {
  path->run();
}

namespace assent::bench {
namespace {

constexpr std::size_t participants = 100;
constexpr std::size_t packets_each = 20;

int relay(const PathScenario& scenario) {
  RelayPath path{scenario, participants, packets_each};
  // A stream's first packets allocate it; that is not what a packet costs.
  path.prepare();
  path.run();
  path.prepare();
  bench_counted_turn(&path);
  if (path.emitted() != 2 * path.expected_per_turn()) {
    std::cerr << "bench_packet_path: " << path.emitted() << " packets left instead of "
              << 2 * path.expected_per_turn() << '\n';
    return 1;
  }
  std::cout << path.packets() << '\n';
  return 0;
}

int run(int argc, char** argv) {
  const std::string_view wanted = argc == 2 ? argv[1] : "";
  for (const PathScenario& scenario : path_scenarios()) {
    if (wanted.empty()) std::cout << scenario.name << '\n';
    if (wanted == scenario.name) return relay(scenario);
  }
  return wanted.empty() ? 0 : 2;
}

}  // namespace
}  // namespace assent::bench

int main(int argc, char** argv) {
  return assent::bench::run(argc, argv);
}
