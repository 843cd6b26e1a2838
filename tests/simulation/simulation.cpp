#include "tests/simulation/simulation.hpp"

namespace assent::simulation {

using namespace std::chrono_literals;

Simulation::Simulation(std::uint64_t seed, Law law, Fault fault)
    : dice_{seed},
      fault_{fault},
      oracle_{law, lines_, journal_},
      control_{{law, fault, dice_, relay_, lines_, oracle_, journal_}, rooms},
      network_{dice_} {}

Simulation::Outcome Simulation::run(std::uint64_t seed, Law law, Fault fault) {
  Simulation simulation{seed, law, fault};
  simulation.play();
  Outcome outcome;
  outcome.objection = simulation.journal_.objection();
  outcome.trace = simulation.journal_.text();
  outcome.heard = simulation.oracle_.heard_by_sinks();
  outcome.kept = simulation.oracle_.kept_from_sinks();
  return outcome;
}

void Simulation::play() {
  for (unsigned round = 0; round < rounds && !journal_.objection(); ++round) {
    now_ += std::chrono::microseconds{dice_.below(dice_.chance(20) ? 60'000 : 3'000)};
    speak();
    control_.run(now_);
    relay_arrivals();
  }
  if (!journal_.objection()) control_.finish(now_);
  const auto legs = relay_.leg_count();
  if (!journal_.objection() && legs[0] + legs[1] != 0) journal_.object(now_, "a leg was left");
}

void Simulation::speak() {
  for (auto& [serial, line] : lines_)
    speak_on(*line);
}

void Simulation::speak_on(Line& line) {
  if (dice_.chance(150)) network_.carry(now_, next_rtp(dice_, line));
  if (dice_.chance(10)) network_.carry(now_, any_rtcp(dice_, line));
  if (dice_.chance(10)) network_.carry(now_, any_bad(dice_, line));
  if (line.talks.size() > 20) return;
  if (dice_.chance(2)) begin_talk(dice_, line);  // another SSRC from here on
  if (dice_.chance(2) && line.is_client()) {     // somebody else's, perhaps of another room
    auto victim = lines_.begin();
    std::advance(victim, static_cast<std::ptrdiff_t>(dice_.below(lines_.size())));
    const auto taken = victim->second->talks.back().ssrc;
    for (const auto& talk : line.talks)
      if (talk.ssrc == taken) return;
    begin_talk(dice_, line, taken);
  }
  if (dice_.chance(2) && line.is_secure()) line.sends_from.port ^= 0x100;  // a network change
}

void Simulation::relay_arrivals() {
  while (auto datagram = network_.arrival(now_)) {
    const auto at = lines_.find(datagram->leg);
    if (at == lines_.end()) continue;  // its port was closed
    if (!outbox_.has_room_for(media::Relay::datagrams_per_input_max) || dice_.chance(100)) flush();
    const auto from = outbox_.outgoing().size();
    auto bytes = datagram->wire;
    relay_.handle_datagram(now_, at->second->leg, datagram->component, datagram->from, bytes,
                           outbox_);
    oracle_.arrived(now_, *at->second, *datagram, outbox_, from);
  }
  flush();
}

// What leaves is sent; some of it the system or the sink does not take.
void Simulation::flush() {
  const auto outgoing = outbox_.outgoing();
  for (std::size_t i = 0; i < outgoing.size(); ++i) {
    if (!dice_.chance(15)) continue;
    if (fault_ != Fault::forgets_what_came_back) {
      relay_.give_back(outgoing[i], outbox_.bytes(outgoing[i]));
    }
    oracle_.given_back(i);
  }
  outbox_.clear();
  oracle_.flushed();
  relay_.events().clear();
}

}  // namespace assent::simulation
