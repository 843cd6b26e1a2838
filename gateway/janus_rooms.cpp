// Who is in which room, as it comes of what the server was asked and answered.
#include <algorithm>

#include "gateway/api_json.hpp"
#include "gateway/id.hpp"
#include "gateway/janus_calls.hpp"
#include "gateway/sha256.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace {

std::string subject_of(const std::string& opaque_id,
                       const std::pair<std::string, std::string>& who) {
  if (is_id(opaque_id)) return opaque_id;
  std::string subject = who.first + "-" + who.second;
  if (subject.size() <= id_bytes_max) return subject;
  return "x" + to_hex(sha256(subject)).substr(0, id_bytes_max - 1);
}

}  // namespace

std::string janus_room(const std::string& plugin, const std::string& id) {
  return plugin + "-" + id;
}

std::string janus_connection(std::uint64_t handle) {
  return "h-" + std::to_string(handle);
}

asio::awaitable<Answered<JanusCalls::Who>> JanusCalls::owner_of(Handle handle) {
  const Call* const call = find(handle);
  if (call == nullptr) co_return make_problem(ProblemType::not_found, "No such handle.");
  Who who = call->who;
  if (who.first.empty() && call->asked_to_join) {
    // The server may see it differently, where what it refused was only part of a request.
    co_return make_problem(ProblemType::conflict,
                           "This handle is in no room: join one, or attach another.");
  }
  if (who.first.empty()) {
    who = {janus_room(call->plugin, std::to_string(handle.second)),
           janus_connection(handle.second)};
  }
  const auto room = parts_.conferences.find(who.first);
  if (room && (*room)->has(who.second)) co_return who;
  if (!owns(handle, who)) who.second = janus_connection(handle.second);  // whoever it was has left
  owners_.erase(who);
  const auto entered = co_await enter(handle, who);
  if (!entered) co_return entered.error();
  co_return who;
}

// Whoever comes in finds what the server performs there running, or does not come in.
asio::awaitable<Answered<std::shared_ptr<Conference>>> JanusCalls::open_room(std::string room) {
  auto found = parts_.conferences.find(room);
  if (!found || (*found)->is_closed()) {
    std::string no_tenant;
    PolicyLayer no_layer;
    found = co_await parts_.conferences.put(room, std::move(no_tenant), std::move(no_layer));
    if (!found) co_return found;
    opened_.insert(room);
  }
  for (const auto& purpose : parts_.server_purposes) {
    const auto started = co_await start_purpose(room, purpose);
    if (!started) co_return started.error();
  }
  const auto recorded = recorded_.find(room);
  if (recorded == recorded_.end()) co_return found;
  ++recorded->second.claims;
  const auto performs = co_await perform_recording(room);
  co_await release_recording(room);
  if (!performs) co_return performs.error();
  co_return found;
}

asio::awaitable<Answered<bool>> JanusCalls::start_purpose(std::string room, std::string purpose) {
  const auto conference = parts_.conferences.find(room);
  if (!conference) co_return conference.error();
  if ((*conference)->server_performs(purpose)) co_return false;
  const auto running = (*conference)->purposes();
  if (std::ranges::find(running, purpose) != running.end()) {
    co_return make_problem(ProblemType::conflict,
                           "The gateway's own sinks perform " + purpose + ": stop that first.");
  }
  policy::PurposeStarted start;
  start.purpose = std::move(purpose);
  start.by = policy::By::server;
  const auto started = co_await (*conference)->start_purpose(std::move(start));
  if (!started) co_return started.error();
  co_return true;
}

asio::awaitable<Answered<void>> JanusCalls::enter(Handle handle, Who who) {
  const auto owner = owners_.find(who);
  if (owner != owners_.end()) {
    if (owner->second == handle) co_return Answered<void>{};
    co_return make_problem(ProblemType::conflict, "Somebody else has this id in the room.");
  }
  owners_[who] = handle;
  auto room = co_await open_room(who.first);
  Answered<void> joined;
  bool by_us = false;
  if (!room) {
    joined = room.error();
  } else if (!(*room)->has(who.second)) {
    PutParticipant body;
    const Call* const call = find(handle);
    if (call != nullptr) {
      body.subject = subject_of(call->opaque_id, who);
      if (!call->address.empty()) body.jurisdictions.ip = call->address;
    }
    auto request = join_request(who.second, std::move(body), parts_.addresses);
    parts_.opt_outs.apply(request, (*room)->rules().rules());
    joined = co_await (*room)->join(std::move(request));
    by_us = joined.has_value();
  }
  Call* const call = find(handle);
  if (joined && call != nullptr) {
    call->who = std::move(who);
    call->joined = by_us;
    co_return joined;
  }
  owners_.erase(who);
  if (by_us) co_await (*room)->leave(who.second, CauseForClosing::participant_left);
  co_await close_if_empty(who.first);
  if (joined) joined = make_problem(ProblemType::not_found, "The handle is gone.");
  co_return joined;
}

asio::awaitable<void> JanusCalls::close_connection(Handle handle) {
  Call* const call = find(handle);
  if (call == nullptr || !call->connected) co_return;
  call->connected = false;
  Who who = call->who;
  const auto room = parts_.conferences.find(who.first);
  if (!room) co_return;
  ConnectionName connection{who.second, janus_connection(handle.second)};
  const auto closed = co_await (*room)->close_connection(std::move(connection));
  (void)closed;  // it may be gone with its participant
}

asio::awaitable<void> JanusCalls::leave(Handle handle) {
  co_await close_connection(handle);
  Call* const call = find(handle);
  if (call == nullptr) co_return;
  const Who who = std::exchange(call->who, {});
  const bool by_us = std::exchange(call->joined, false);
  const auto owner = owners_.find(who);
  if (owner != owners_.end() && owner->second == handle) owners_.erase(owner);
  auto& private_ids = sessions_[handle.first].by_private_id;
  std::erase_if(private_ids, [&](const auto& known) { return known.second == who; });
  const auto room = parts_.conferences.find(who.first);
  if (!room) co_return;
  if (by_us) {
    const auto left = co_await (*room)->leave(who.second, CauseForClosing::participant_left);
    (void)left;  // it may have been told by the API
  }
  co_await close_if_empty(who.first);
}

// Whether some handle is in the room, although its participant may have been removed by the API.
bool JanusCalls::is_anybodys(const std::string& room) const {
  const auto first = owners_.lower_bound({room, {}});
  return first != owners_.end() && first->first.first == room;
}

// Rooms that were opened here.
asio::awaitable<void> JanusCalls::close_if_empty(std::string name) {
  const auto is_empty = [&] {
    const auto room = parts_.conferences.find(name);
    return !room || (*room)->participants().empty();
  };
  if (is_empty() && !is_anybodys(name)) co_await end_recording_of(name);
  if (!opened_.contains(name) || !is_empty()) co_return;
  opened_.erase(name);
  const auto closed = co_await parts_.conferences.close(name, CauseForClosing::room_closed);
  (void)closed;
}

asio::awaitable<void> JanusCalls::end_handle(Handle handle) {
  co_await leave(handle);
  const auto session = sessions_.find(handle.first);
  if (session == sessions_.end()) co_return;
  session->second.calls.erase(handle.second);
}

asio::awaitable<void> JanusCalls::end_session(std::uint64_t session) {
  for (;;) {
    const auto known = sessions_.find(session);
    if (known == sessions_.end()) co_return;
    auto& [calls, pending, private_ids] = known->second;
    if (!calls.empty()) {
      const Handle handle{session, calls.begin()->first};
      co_await end_handle(handle);
    } else if (!pending.empty()) {
      Pending oldest = std::move(pending.extract(pending.begin()).mapped());
      co_await give_up(std::move(oldest));
    } else {
      sessions_.erase(known);
      co_return;
    }
  }
}

// The server, or the gateway itself, refused what was done here already.
asio::awaitable<void> JanusCalls::undo(Handle handle, Pending pending) {
  if (!pending.records.empty()) co_await release_recording(std::move(pending.records));
  const Call* const call = find(handle);
  if (call == nullptr) co_return;
  if (pending.joins) co_return co_await leave(handle);
  if (!pending.offers) co_return;
  const auto room = parts_.conferences.find(call->who.first);
  if (!room) co_return;
  ConnectionName connection{call->who.second, janus_connection(handle.second)};
  const auto undone = co_await (*room)->roll_back_offer(std::move(connection));
  (void)undone;  // an answer may have overtaken it
}

}  // namespace assent::gateway
