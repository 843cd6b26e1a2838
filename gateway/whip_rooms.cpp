#include "gateway/whip_rooms.hpp"

#include <algorithm>

#include "gateway/api_json.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

asio::awaitable<Answered<void>> WhipRooms::enter(Guest guest) {
  const Who who = guest.who;
  Member& member = members_.try_emplace(who, parts_.executor).first->second;
  ++member.sessions;
  Answered<void> joined;
  {
    const auto hold = co_await member.turn.take();
    joined = co_await join(member, std::move(guest));
  }
  if (!joined) co_await leave(who, CauseForClosing::participant_left);
  co_return joined;
}

asio::awaitable<Answered<void>> WhipRooms::join(Member& member, Guest guest) {
  const auto room = co_await open_room(guest.who.first);
  if (!room) co_return room.error();
  if ((*room)->has(guest.who.second)) {
    // Whose name is in a path may be used by anybody who guesses it; a token is somebody's.
    if (!member.joined || member.subject == guest.subject) co_return Answered<void>{};
    co_return make_problem(ProblemType::conflict, "Somebody else has this id in the room.");
  }
  PutParticipant body;
  body.subject = guest.subject;
  if (!guest.address.empty()) body.jurisdictions.ip = guest.address;
  auto request = join_request(guest.who.second, std::move(body), parts_.addresses);
  parts_.opt_outs.apply(request, (*room)->rules().rules());
  const auto joined = co_await (*room)->join(std::move(request));
  member.joined = joined.has_value();
  member.subject = std::move(guest.subject);
  co_return joined;
}

// Whoever comes in finds what the server performs there running, or does not come in.
asio::awaitable<Answered<std::shared_ptr<Conference>>> WhipRooms::open_room(std::string room) {
  auto found = parts_.conferences.find(room);
  if (!found || (*found)->is_closed()) {
    std::string no_tenant;
    PolicyLayer no_layer;
    found = co_await parts_.conferences.put(room, std::move(no_tenant), std::move(no_layer));
    if (!found) co_return found;
    opened_.insert(room);
  }
  const auto started = co_await start_purposes(std::move(room));
  if (!started) co_return started.error();
  co_return found;
}

asio::awaitable<Answered<void>> WhipRooms::start_purposes(std::string room) {
  for (const auto& purpose : parts_.server_purposes) {
    const auto conference = parts_.conferences.find(room);
    if (!conference) co_return conference.error();
    if ((*conference)->server_performs(purpose)) continue;
    const auto running = (*conference)->purposes();
    if (std::ranges::find(running, purpose) != running.end()) {
      co_return make_problem(ProblemType::conflict, "The gateway's own sinks perform " + purpose +
                                                        " in this room: stop that first.");
    }
    policy::PurposeStarted start;
    start.purpose = purpose;
    start.by = policy::By::server;
    const auto started = co_await (*conference)->start_purpose(std::move(start));
    if (!started) co_return started.error();
  }
  co_return Answered<void>{};
}

asio::awaitable<void> WhipRooms::leave(Who who, CauseForClosing cause) {
  const auto known = members_.find(who);
  if (known == members_.end()) co_return;
  Member& member = known->second;
  {
    const auto hold = co_await member.turn.take();
    if (member.sessions == 1 && std::exchange(member.joined, false)) {
      const auto room = parts_.conferences.find(who.first);
      if (room) {
        const auto left = co_await (*room)->leave(who.second, cause);
        (void)left;  // it may have been told by the API
      }
    }
  }
  if (--member.sessions == 0) members_.erase(known);
  co_await close_if_empty(std::move(who.first));
}

bool WhipRooms::is_anybodys(const std::string& room) const {
  const auto first = members_.lower_bound({room, {}});
  return first != members_.end() && first->first.first == room;
}

asio::awaitable<void> WhipRooms::close_if_empty(std::string name) {
  const auto room = parts_.conferences.find(name);
  const bool is_empty = !room || (*room)->participants().empty();
  if (!is_empty || is_anybodys(name) || opened_.erase(name) == 0) co_return;
  const auto closed = co_await parts_.conferences.close(name, CauseForClosing::room_closed);
  (void)closed;
}

}  // namespace assent::gateway
