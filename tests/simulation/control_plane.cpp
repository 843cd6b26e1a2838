// From decisions to the relay, in the order that the rules ask for.
#include "tests/simulation/control_plane.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace assent::simulation {

using namespace std::chrono_literals;

policy::WallTime wall_of(media::TimePoint time) {
  return policy::test::noon +
         std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
}

media::TimePoint steady_of(policy::WallTime time) {
  return media::TimePoint{} + (time - policy::test::noon);
}

ControlPlane::ControlPlane(World world, std::size_t rooms)
    : world_{world}, rules_{rules_under(world.law)} {
  for (const auto& place : sink_places)
    world_.relay.set_sink(place.id, place.config);
  for (std::size_t i = 0; i < rooms; ++i)
    halls_.emplace_back(media::RoomKey{static_cast<std::uint32_t>(i + 1)}, rules_);
}

void ControlPlane::run(media::TimePoint now) {
  now_ = now;
  redeliver();
  for (auto& hall : halls_) {
    if (hall.steps.empty() && !finishing_ && hall.ready <= now) {
      if (world_.dice.chance(120)) ask_something(hall);
    }
    while (!hall.steps.empty() && hall.ready <= now) {
      const Step step = std::move(hall.steps.front());
      hall.steps.pop_front();
      step();
      hall.ready = now + (finishing_ ? media::Duration{0} : any_delay());
      if (hall.steps.empty()) world_.oracle.book.set_busy(hall.key, false);
    }
  }
}

media::Duration ControlPlane::any_delay() {
  const auto roll = world_.dice.below(100);
  if (roll < 60) return 0ms;
  if (roll < 92) return std::chrono::microseconds{world_.dice.below(6'000)};
  if (roll < 98) return std::chrono::milliseconds{world_.dice.below(60)};
  return std::chrono::milliseconds{world_.dice.between(100, 700)};  // it stands still
}

void ControlPlane::finish(media::TimePoint now) {
  finishing_ = true;
  for (auto& hall : halls_)
    hall.ready = now;
  run(now);
  for (auto& hall : halls_) {
    while (!hall.members.empty()) {
      leave(hall, hall.members.begin()->second);
      run(now);
    }
  }
}

void ControlPlane::next(Hall& hall, std::vector<Step> steps) {
  hall.steps.insert(hall.steps.begin(), std::make_move_iterator(steps.begin()),
                    std::make_move_iterator(steps.end()));
  world_.oracle.book.set_busy(hall.key, true);
}

policy::Decisions ControlPlane::tell(Hall& hall, const policy::Event& event) {
  policy::Decisions decisions;
  const auto taken = hall.policy.handle(wall_of(now_), event, decisions);
  if (!taken) {
    world_.journal.object(
        now_, "a request was refused: " + std::string(policy::to_string(taken.error().code)));
  }
  return decisions;
}

std::vector<ControlPlane::Step> ControlPlane::enforcement(Hall& hall, policy::Decisions decisions) {
  const auto shared = std::make_shared<policy::Decisions>(std::move(decisions));
  return {[this, &hall, shared] { apply(hall, *shared, false); },
          [this, &hall, shared] { apply(hall, *shared, true); }};
}

void ControlPlane::enforce_and_answer(Hall& hall, policy::Decisions decisions, Step answer) {
  auto steps = enforcement(hall, std::move(decisions));
  const bool early = world_.fault == Fault::acknowledges_before_denying;
  steps.insert(early ? steps.begin() : steps.end(), std::move(answer));
  next(hall, std::move(steps));
}

void ControlPlane::apply(Hall& hall, const policy::Decisions& decisions, bool permitted) {
  for (const auto& decision : decisions.changed) {
    if (decision.permitted != permitted) continue;
    const auto member = hall.members.find(decision.participant);
    if (member == hall.members.end()) continue;
    const Person person = member->second.person;
    apply(hall, decision, person);
    if (!world_.dice.chance(150)) continue;
    const auto again = now_ + std::chrono::milliseconds{world_.dice.below(300)};
    redeliveries_.insert({again, {&hall, decision, person}});
  }
}

// A command that comes again must not undo a later one: the epoch tells.
void ControlPlane::apply(Hall& hall, const policy::Decision& decision, Person person) {
  Member* member = member_of(hall, person);
  if (member == nullptr) return;
  const auto sink = place_named(decision.sink).id;
  auto& told = member->told[sink];
  if (decision.epoch < told && world_.fault != Fault::applies_stale_decisions) return;
  told = std::max(told, decision.epoch);
  if (!decision.permitted && world_.fault == Fault::skips_denials) return;

  media::Permit permit = media::Permit::denied(decision.epoch);
  if (decision.permitted) {
    permit.open_until = decision.deadline && world_.fault != Fault::ignores_expiry
                            ? steady_of(*decision.deadline)
                            : media::TimePoint::max();
  }
  if (decision.permitted && world_.fault == Fault::opens_for_another) {
    for (auto& [id, other] : hall.members)
      if (other.person != person) member = &other;
  }
  const auto cut = world_.relay.set_permit(now_, member->source, sink, permit);
  world_.oracle.permit_set(now_, member->person, sink, permit, cut);
  settle(*member);
}

void ControlPlane::redeliver() {
  while (!redeliveries_.empty() && redeliveries_.begin()->first <= now_) {
    const auto [hall, decision, person] = redeliveries_.extract(redeliveries_.begin()).mapped();
    apply(*hall, decision, person);
  }
}

void ControlPlane::change_routes(Hall& hall, const std::vector<media::SinkId>& sinks, bool open) {
  for (auto& [id, member] : hall.members) {
    if (open) settle(member);
    for (const auto sink : sinks) {
      if (open) {
        world_.relay.open_route(member.source, sink);
        world_.oracle.route_opened(member.person, sink);
      } else {
        world_.relay.close_route(now_, member.source, sink);
      }
    }
    if (open) continue;
    for (const auto sink : sinks)
      world_.oracle.route_closed(now_, member.person, sink);
    settle(member);
  }
}

void ControlPlane::settle(const Member& member) {
  world_.oracle.settled(now_, member.person, world_.relay.settle(member.source));
}

ControlPlane::Member* ControlPlane::member_of(Hall& hall, Person person) {
  for (auto& [id, member] : hall.members)
    if (member.person == person) return &member;
  return nullptr;
}

void ControlPlane::note(const Hall& hall, const std::string& what) {
  world_.journal.note(now_,
                      "room " + std::to_string(static_cast<std::uint32_t>(hall.key)) + " " + what);
}

}  // namespace assent::simulation
