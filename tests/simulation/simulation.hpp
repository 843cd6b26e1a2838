#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/simulation/control_plane.hpp"
#include "tests/simulation/network.hpp"

namespace assent::simulation {

// One run: rooms, participants, peers, a network, the control plane and the relay, on fake time.
class Simulation {
 public:
  struct Outcome {
    std::optional<std::string> objection;
    std::string trace;
    std::uint64_t heard = 0;  // by sinks
    std::uint64_t kept = 0;   // from sinks
  };
  [[nodiscard]] static Outcome run(std::uint64_t seed, Law law, Fault fault = Fault::none);

 private:
  Simulation(std::uint64_t seed, Law law, Fault fault);

  void play();
  void speak();
  void speak_on(Line& line);
  // Everything that is there by now, in batches.
  void relay_arrivals();
  void flush();

  static constexpr std::size_t rooms = 3;
  static constexpr unsigned rounds = 1200;
  static constexpr std::size_t outbox_datagrams = 3 * media::Relay::datagrams_per_input_max;

  Dice dice_;
  Fault fault_;
  Journal journal_;
  Lines lines_;
  media::Relay relay_;
  media::Outbox outbox_{outbox_datagrams};
  Oracle oracle_;
  ControlPlane control_;
  Network network_;
  media::TimePoint now_ = media::TimePoint{} + std::chrono::hours{1};
};

}  // namespace assent::simulation
