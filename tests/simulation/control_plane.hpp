#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "media/relay.hpp"
#include "policy/room.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/journal.hpp"
#include "tests/simulation/oracle.hpp"

namespace assent::simulation {

// How a control plane may be broken; the oracle must object to each.
enum class Fault : std::uint8_t {
  none,
  skips_denials,
  acknowledges_before_denying,
  opens_before_durable,
  opens_what_was_not_stored,
  ignores_expiry,
  applies_stale_decisions,
  opens_for_another,
  cuts_off_refusers,
  forgets_what_came_back,
  removes_legs_unsettled,
};

// The gateway's side of rooms in small: requests of each room one after another, decisions to
// the relay, with the order rules. What restricts is in effect before it is answered; what
// permits is durable before it is in effect. Storing may fail, every step may take long, rooms
// overtake each other, and commands may reach the relay again.
class ControlPlane {
 public:
  struct World {
    Law law;
    Fault fault;
    Dice& dice;
    media::Relay& relay;
    Lines& lines;
    Oracle& oracle;
    Journal& journal;
  };
  ControlPlane(World world, std::size_t rooms);

  // Between batches: what is due is done, and perhaps something new is asked.
  void run(media::TimePoint now);
  // Everybody leaves; nothing stays under way.
  void finish(media::TimePoint now);

 private:
  using Step = std::function<void()>;
  struct Member {
    Person person{};
    std::string id;
    media::SourceId source{};
    std::vector<LegSerial> clients;  // each with an opposite
    std::map<media::SinkId, policy::Epoch> told;
  };
  struct Hall {
    Hall(media::RoomKey room, const policy::RuleBook& rules) : key{room}, policy{"room", rules} {}
    media::RoomKey key;
    policy::Room policy;
    std::map<std::string, Member> members;
    std::map<std::string, std::vector<media::SinkId>> running;
    std::deque<Step> steps;  // of the request under way
    media::TimePoint ready;
  };
  struct Redelivery {
    Hall* hall;
    policy::Decision decision;
    Person person;
  };

  // control_plane_requests.cpp: what may be asked, and the steps of each answer.
  void ask_something(Hall& hall);
  void ask_about_member(Hall& hall, Member& member);
  void join(Hall& hall);
  void leave(Hall& hall, Member& member);
  void grant(Hall& hall, Member& member, const std::string& purpose);
  void store_grant(Hall& hall, Person person, const policy::ConsentStated& grant,
                   policy::Decisions decisions);
  void restrict(Hall& hall, Member& member, const std::string& purpose, bool refuse);
  void start(Hall& hall, const std::string& purpose);
  void stop(Hall& hall, const std::string& purpose);
  void pass_time(Hall& hall);
  void renegotiate(Hall& hall, Member& member);

  // control_plane.cpp: from decisions to the relay.
  policy::Decisions tell(Hall& hall, const policy::Event& event);
  // Closing before opening, each a step of its own.
  [[nodiscard]] std::vector<Step> enforcement(Hall& hall, policy::Decisions decisions);
  // Puts steps next; `answer` is the moment at which it is acknowledged.
  void enforce_and_answer(Hall& hall, policy::Decisions decisions, Step answer);
  void apply(Hall& hall, const policy::Decisions& decisions, bool permitted);
  void apply(Hall& hall, const policy::Decision& decision, Person person);
  void redeliver();
  void change_routes(Hall& hall, const std::vector<media::SinkId>& sinks, bool open);
  void settle(const Member& member);

  // control_plane_legs.cpp
  void add_legs(Hall& hall, Member& member);
  void change_legs(Member& member, LegSerial client);
  void remove_legs(Member& member, LegSerial client);
  void remove_member(Hall& hall, const std::string& id);
  Line& add_line(Hall& hall, Member& member, media::Side side, bool secure);
  [[nodiscard]] std::vector<media::Ssrc> signalled(const Line& line);

  void next(Hall& hall, std::vector<Step> steps);
  void note(const Hall& hall, const std::string& what);
  [[nodiscard]] Member* member_of(Hall& hall, Person person);
  [[nodiscard]] media::Duration any_delay();

  World world_;
  policy::RuleBook rules_;
  media::TimePoint now_;
  std::deque<Hall> halls_;
  std::multimap<media::TimePoint, Redelivery> redeliveries_;
  std::uint32_t persons_ = 0;
  std::uint32_t serials_ = 0;
  bool finishing_ = false;
};

// The simulation's wall clock: exactly as monotonic as its steady one.
[[nodiscard]] policy::WallTime wall_of(media::TimePoint time);
[[nodiscard]] media::TimePoint steady_of(policy::WallTime time);

}  // namespace assent::simulation
