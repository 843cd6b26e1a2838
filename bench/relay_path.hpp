#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/bare_srtp.hpp"
#include "media/outbox.hpp"
#include "media/relay.hpp"

namespace assent::bench {

enum class Gate : unsigned char {
  off,     // no purpose is active
  denied,  // one is, and nobody agreed: each packet is asked about and withheld
  forked,  // everybody agreed: each packet is copied to one sink
};

struct PathScenario {
  std::string_view name;
  Suite client;
  Suite server;
  Gate gate;
};

[[nodiscard]] std::vector<PathScenario> path_scenarios();

// The relay core alone, without sockets: participants whose packets come from the client and go
// to the server, one SSRC each.
class RelayPath {
 public:
  RelayPath(const PathScenario& scenario, std::size_t participants,
            std::size_t packets_per_participant);

  // Writes (and encrypts) the next turn of packets; run() consumes it.
  void prepare();

  // Through the relay, emptying the outbox every 32 packets as a worker does between batches.
  void run();

  [[nodiscard]] std::size_t packets() const { return arrivals_.size(); }
  [[nodiscard]] std::size_t emitted() const { return emitted_; }  // so far, forks included
  // What run() must have emitted for a turn, or the path does not do what its name says.
  [[nodiscard]] std::size_t expected_per_turn() const;

 private:
  struct Arrival {
    std::array<std::byte, 256> bytes{};
    std::size_t size = 0;
  };
  struct Participant {
    media::LegId client_leg{};
    media::Endpoint client_address;
    std::vector<BareSrtp> sender;  // one, or none on plain legs
  };

  void add_participant(const PathScenario& scenario, std::uint16_t number);

  media::Relay relay_;
  media::Outbox outbox_;
  media::TimePoint now_;
  Gate gate_;
  std::vector<Participant> participants_;
  std::vector<Arrival> arrivals_;
  std::uint64_t next_index_ = 1000;
  std::size_t emitted_ = 0;
};

}  // namespace assent::bench
