// That the server records in a room because somebody asked it to. The purpose runs before the
// server hears of the request, and ends only with the last request when all of them were refused:
// whatever may be recorded counts as recorded.
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "gateway/janus_calls.hpp"
#include "gateway/janus_message.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

// In the words of the plugins that can: a copy is written, or sent elsewhere.
bool records(const json::object& body) {
  const auto request = janus_word(body, "request");
  const bool starts = request == "recording" && janus_word(body, "action") == "start";
  return starts || janus_flag(body, "record") || janus_flag(body, "mjrs") || request == "record" ||
         request == "rtp_forward" || request == "publish_remotely";
}

// Of a room that it names, whoever asks and wherever the handle is. All else records the handle's
// own stream, whatever room stands beside it.
bool is_of_a_room(std::string_view request) {
  return request == "create" || request == "edit" || request == "enable_recording" ||
         request == "enable_mjrs" || request == "rtp_forward" || request == "publish_remotely";
}

}  // namespace

asio::awaitable<Answered<void>> JanusCalls::record_room(Handle handle, json::object& body,
                                                        Pending& pending) {
  if (!records(body)) co_return Answered<void>{};
  const auto request = janus_word(body, "request");
  const bool creates = request == "create";
  if (creates && !body.contains("room")) body["room"] = new_id(false);
  pending.lasts = is_of_a_room(request);
  const bool names_room = pending.lasts || (pending.joins && find(handle)->who.first.empty());
  std::string named;
  if (names_room) named = janus_id(body, "room");
  const auto room = co_await room_to_record(handle, std::move(named));
  if (!room) co_return room.error();
  if (!recorded_.contains(*room) && recorded_.size() >= Conferences::rooms_max) {
    co_return make_problem(ProblemType::exhausted, "Too many rooms are recorded.");
  }
  const auto executor = co_await asio::this_coro::executor;
  ++recorded_.try_emplace(*room, executor).first->second.claims;
  pending.records = *room;
  if (creates) co_return Answered<void>{};  // nobody is in it yet, and there may be another already
  co_return co_await perform_recording(*room);
}

// The one that is named, or the one where the handle is.
asio::awaitable<Answered<std::string>> JanusCalls::room_to_record(Handle handle,
                                                                  std::string named) {
  if (!named.empty()) co_return janus_room(find(handle)->plugin, named);
  const auto owner = co_await owner_of(handle);
  if (!owner) co_return owner.error();
  co_return owner->first;
}

// A room that nobody is in yet is begun by whoever comes in first.
asio::awaitable<Answered<void>> JanusCalls::perform_recording(std::string room) {
  Recorded& recorded = recorded_.at(room);
  const auto hold = co_await recorded.turn.take();
  if (!parts_.conferences.find(room)) co_return Answered<void>{};
  std::string purpose{janus_recording};
  const auto started = co_await start_purpose(std::move(room), std::move(purpose));
  if (!started) co_return started.error();
  recorded.started = recorded.started || *started;
  co_return Answered<void>{};
}

// Of whoever was refused, or needs it no more.
asio::awaitable<void> JanusCalls::release_recording(std::string room) {
  Recorded& recorded = recorded_.at(room);
  {
    const auto hold = co_await recorded.turn.take();
    const bool is_last = recorded.claims == 1 && !recorded.kept;
    const auto conference = parts_.conferences.find(room);
    if (is_last && conference && std::exchange(recorded.started, false)) {
      std::string purpose{janus_recording};
      const auto stopped = co_await (*conference)->stop_purpose(std::move(purpose));
      (void)stopped;  // it goes on, then: nobody is recorded without consent
    }
  }
  if (--recorded.claims == 0 && !recorded.kept) recorded_.erase(room);
}

// Of a request that the server took, or may have taken.
void JanusCalls::keep_recording(const Pending& pending) {
  if (pending.records.empty()) return;
  Recorded& recorded = recorded_.at(pending.records);
  --recorded.claims;
  recorded.kept = true;
  recorded.lasts = recorded.lasts || pending.lasts;
}

// Nobody's stream is recorded any more. The room may still be: the next who come in are.
asio::awaitable<void> JanusCalls::end_recording_of(std::string room) {
  const auto recorded = recorded_.find(room);
  if (recorded == recorded_.end() || recorded->second.lasts) co_return;
  recorded->second.kept = false;
  ++recorded->second.claims;
  co_await release_recording(std::move(room));
}

void JanusCalls::forget_recording(const std::string& room) {
  const auto recorded = recorded_.find(room);
  if (recorded == recorded_.end()) return;
  recorded->second.kept = recorded->second.lasts = false;
  if (recorded->second.claims == 0) recorded_.erase(recorded);
}

// Its session ended before there was an outcome. The handle's stream has ended with it; of the room
// nobody knows.
asio::awaitable<void> JanusCalls::give_up(Pending pending) {
  if (pending.lasts) {
    keep_recording(pending);
  } else if (!pending.records.empty()) {
    co_await release_recording(std::move(pending.records));
  }
}

}  // namespace assent::gateway
