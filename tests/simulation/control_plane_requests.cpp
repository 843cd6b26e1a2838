// What may be asked of a room, and the steps of each answer.
#include <algorithm>
#include <memory>
#include <utility>

#include "tests/simulation/control_plane.hpp"

namespace assent::simulation {
namespace {

constexpr std::array<std::string_view, 4> names{"a", "b", "c", "d"};
constexpr unsigned storing_fails_of_1000 = 100;

std::string name_of(Person person) {
  return std::to_string(static_cast<std::uint32_t>(person));
}

}  // namespace

void ControlPlane::ask_something(Hall& hall) {
  const auto timeout = hall.policy.next_timeout();
  if (timeout && *timeout <= wall_of(now_) && world_.dice.chance(500)) return pass_time(hall);
  const std::string purpose{world_.dice.one_of(purposes)};
  const auto roll = world_.dice.below(100);
  if (hall.members.empty() || (roll < 10 && hall.members.size() < names.size())) {
    return join(hall);
  }
  if (roll < 18) return start(hall, purpose);
  if (roll < 22) return hall.running.contains(purpose) ? stop(hall, purpose) : start(hall, purpose);
  auto at = hall.members.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(world_.dice.below(hall.members.size())));
  ask_about_member(hall, at->second);
}

void ControlPlane::ask_about_member(Hall& hall, Member& member) {
  const std::string purpose{world_.dice.one_of(purposes)};
  const auto roll = world_.dice.below(100);
  if (roll < 45) return grant(hall, member, purpose);
  if (roll < 62) return restrict(hall, member, purpose, world_.dice.chance(400));
  if (roll < 88) return renegotiate(hall, member);
  if (roll < 94) return settle(member);
  leave(hall, member);
}

void ControlPlane::join(Hall& hall) {
  std::string id{world_.dice.one_of(names)};
  while (hall.members.contains(id))
    id = std::string(world_.dice.one_of(names));
  policy::ParticipantJoined event;
  event.participant = id;
  event.subject = "subject-" + id;
  event.evidence = {{policy::EvidenceKind::declared, jurisdiction_of(world_.law)}};
  event.minor = policy::Minor::no;

  const Person person{++persons_};
  note(hall, "join " + id + " as person " + name_of(person));
  world_.oracle.book.join_asked(hall.key, person);
  auto decisions = std::make_shared<policy::Decisions>(tell(hall, event));
  next(hall, {[this, &hall, person, id, decisions] {
         Member member;
         member.person = person;
         member.id = id;
         member.source = world_.relay.add_source(hall.key);
         auto& joined = hall.members.emplace(id, std::move(member)).first->second;
         for (const auto& [purpose, sinks] : hall.running) {
           for (const auto sink : sinks) {
             world_.relay.open_route(joined.source, sink);
             world_.oracle.route_opened(person, sink);
           }
         }
         enforce_and_answer(hall, *decisions, [this, &hall, person] {
           world_.oracle.book.join_answered(person);
           add_legs(hall, *member_of(hall, person));
         });
       }});
}

void ControlPlane::leave(Hall& hall, Member& member) {
  note(hall, "leave person " + name_of(member.person));
  world_.oracle.book.leave_asked(member.person);
  auto decisions = tell(hall, policy::ParticipantLeft{member.id});
  enforce_and_answer(hall, std::move(decisions), [this, &hall, id = member.id] {
    world_.oracle.book.leave_answered(hall.members.at(id).person);
    hall.steps.push_back([this, &hall, id] { remove_member(hall, id); });
  });
}

void ControlPlane::grant(Hall& hall, Member& member, const std::string& purpose) {
  policy::ConsentStated event{member.id, purpose, policy::test::granted()};
  if (world_.dice.chance(500)) {
    event.statement.expires =
        wall_of(now_) + std::chrono::milliseconds{world_.dice.between(1, 300)};
  }
  note(hall, "grant " + purpose + " by person " + name_of(member.person) +
                 (event.statement.expires ? " for a while" : ""));
  auto decisions = tell(hall, event);
  if (world_.fault == Fault::opens_before_durable) apply(hall, decisions, true);
  next(hall, {[this, &hall, person = member.person, event,
               shared = std::make_shared<policy::Decisions>(std::move(decisions))] {
         store_grant(hall, person, event, *shared);
       }});
}

// Durable, then in effect; where it cannot be stored, it must not stand.
void ControlPlane::store_grant(Hall& hall, Person person, const policy::ConsentStated& grant,
                               policy::Decisions decisions) {
  const std::string purpose = grant.purpose;
  if (world_.dice.chance(storing_fails_of_1000)) {
    note(hall, "the grant of person " + name_of(person) + " could not be stored");
    const bool anyway = world_.fault == Fault::opens_what_was_not_stored;
    auto undone =
        tell(hall, policy::ConsentInvalidated{grant.participant, purpose, grant.statement.giver});
    return enforce_and_answer(
        hall, anyway ? std::move(decisions) : std::move(undone),
        [this, person, purpose] { world_.oracle.book.consent_closed(person, purpose); });
  }
  const auto until =
      grant.statement.expires ? steady_of(*grant.statement.expires) : media::TimePoint::max();
  world_.oracle.book.grant_stored(person, purpose, until);
  enforce_and_answer(hall, std::move(decisions), [this, &hall, person, purpose] {
    note(hall, "the grant of person " + name_of(person) + " is answered");
    world_.oracle.book.grant_answered(person, purpose);
  });
}

// In effect, then stored; should storing fail, it is in effect all the same.
void ControlPlane::restrict(Hall& hall, Member& member, const std::string& purpose, bool refuse) {
  note(hall, (refuse ? "refuse " : "withdraw ") + purpose + " by person " + name_of(member.person));
  auto decisions =
      refuse ? tell(hall, policy::ConsentStated{member.id, purpose, {}})
             : tell(hall, policy::ConsentWithdrawn{member.id, purpose, policy::Giver::participant});
  enforce_and_answer(hall, std::move(decisions), [this, &hall, person = member.person, purpose] {
    note(hall, purpose + " of person " + name_of(person) + " is closed");
    world_.oracle.book.consent_closed(person, purpose);
    if (world_.fault != Fault::cuts_off_refusers) return;
    for (const auto serial : member_of(hall, person)->clients) {
      auto config = world_.lines.at(world_.lines.at(serial)->opposite)->config;
      config.peer_listens = false;
      world_.relay.reconfigure_leg(world_.lines.at(world_.lines.at(serial)->opposite)->leg, config);
    }
  });
}

void ControlPlane::start(Hall& hall, const std::string& purpose) {
  policy::PurposeStarted event{purpose, policy::By::sinks, {}, true};
  if (world_.dice.chance(350)) event.by = policy::By::server;
  std::vector<media::SinkId> wanted;
  for (const auto& place : sink_places) {
    if (place.purpose != purpose) continue;
    const bool by_server = event.by == policy::By::server;
    if (place.config.is_server != by_server) continue;
    if (!by_server && !wanted.empty() && world_.dice.chance(500)) continue;
    wanted.push_back(place.id);
    if (!by_server) event.sinks.emplace_back(place.name);
  }
  note(hall, "start " + purpose + " by " + (event.sinks.empty() ? "server" : event.sinks.back()));
  world_.oracle.book.start_asked(hall.key, purpose, {wanted.begin(), wanted.end()});
  auto decisions = std::make_shared<policy::Decisions>(tell(hall, event));
  const auto before = std::exchange(hall.running[purpose], wanted);
  std::vector<media::SinkId> opened;
  std::vector<media::SinkId> gone;
  std::ranges::set_difference(wanted, before, std::back_inserter(opened));
  std::ranges::set_difference(before, wanted, std::back_inserter(gone));
  next(hall, {[this, &hall, opened, gone, purpose, decisions] {
         change_routes(hall, opened, true);
         enforce_and_answer(hall, *decisions, [this, &hall, gone, purpose] {
           change_routes(hall, gone, false);
           world_.oracle.book.change_answered(hall.key, purpose);
         });
       }});
}

void ControlPlane::stop(Hall& hall, const std::string& purpose) {
  note(hall, "stop " + purpose);
  world_.oracle.book.stop_asked(hall.key, purpose);
  auto decisions = tell(hall, policy::PurposeStopped{purpose});
  enforce_and_answer(hall, std::move(decisions), [this, &hall, purpose] {
    change_routes(hall, hall.running.at(purpose), false);
    hall.running.erase(purpose);
    world_.oracle.book.change_answered(hall.key, purpose);
  });
}

void ControlPlane::pass_time(Hall& hall) {
  note(hall, "time passes");
  enforce_and_answer(hall, tell(hall, policy::TimePassed{}), [] {});
}

void ControlPlane::renegotiate(Hall& hall, Member& member) {
  note(hall, "renegotiate person " + name_of(member.person));
  next(hall, {[this, &hall, person = member.person] {
         Member& who = *member_of(hall, person);
         if (who.clients.empty() || (who.clients.size() < 2 && world_.dice.chance(300))) {
           return add_legs(hall, who);
         }
         const LegSerial client = world_.dice.one_of(who.clients);
         if (world_.dice.chance(250)) return remove_legs(who, client);
         change_legs(who, client);
         change_legs(who, world_.lines.at(client)->opposite);
       }});
}

}  // namespace assent::simulation
