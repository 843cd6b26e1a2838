#include "gateway/janus_calls.hpp"

#include <algorithm>
#include <array>

#include "gateway/api_json.hpp"
#include "gateway/id.hpp"
#include "gateway/janus_message.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::size_t sessions_max = 100'000;
constexpr std::size_t calls_max = 64;     // handles of a session
constexpr std::size_t pending_max = 256;  // requests of a session without an outcome

// Codes of the Janus API.
constexpr int unknown_request = 453;
constexpr int missing_mandatory_element = 456;
constexpr int unknown_handle = 459;
constexpr int jsep_invalid_sdp = 465;
constexpr int unknown_error = 490;

json::object error_for(const json::object& message, int code, std::string_view reason) {
  json::object error{{"janus", "error"}};
  for (const std::string_view name : {"session_id", "transaction"}) {
    if (const auto* value = message.if_contains(name)) error[name] = *value;
  }
  error["error"] = json::object{{"code", code}, {"reason", reason}};
  return error;
}

json::object hangup_for(const json::object& message, std::string_view reason) {
  json::object hangup{{"janus", "hangup"}};
  for (const std::string_view name : {"session_id", "sender"}) {
    if (const auto* value = message.if_contains(name)) hangup[name] = *value;
  }
  hangup["reason"] = reason;
  return hangup;
}

media::Trickled trickled(const json::object& said) {
  media::Trickled out;
  const auto text = janus_text(said, "candidate");
  out.mid = janus_text(said, "sdpMid");
  out.section = janus_number(said, "sdpMLineIndex").value_or(0);
  out.ufrag = media::ufrag_of_browser_candidate(text);
  out.candidate = media::parse_browser_candidate(text);
  return out;
}

bool joins_room(std::string_view request) {
  return request == "join" || request == "joinandconfigure";
}

// Others need not be known here: what the gateway cannot judge does not pass.
bool is_known_kind(std::string_view kind) {
  constexpr std::string_view known[] = {"create", "attach",  "message", "trickle",   "detach",
                                        "hangup", "destroy", "ping",    "keepalive", "info"};
  return std::ranges::find(known, kind) != std::end(known);
}

const json::object* plugin_data_of(const json::object& message) {
  const auto* plugin_data = janus_object(message, "plugindata");
  return plugin_data == nullptr ? nullptr : janus_object(*plugin_data, "data");
}

bool is_refusal_by_plugin(const json::object& message) {
  const auto* data = plugin_data_of(message);
  return data != nullptr && (data->contains("error") || data->contains("error_code"));
}

}  // namespace

JanusCalls::Call* JanusCalls::find(Handle handle) {
  const auto session = sessions_.find(handle.first);
  if (session == sessions_.end()) return nullptr;
  const auto call = session->second.calls.find(handle.second);
  return call == session->second.calls.end() ? nullptr : &call->second;
}

bool JanusCalls::owns(Handle handle, const Who& who) const {
  const auto owner = owners_.find(who);
  return owner != owners_.end() && owner->second == handle;
}

// As Janus makes them: below 2^53, which JavaScript counts to.
json::value JanusCalls::new_id(bool as_text) const {
  std::array<std::byte, 6> bytes{};
  parts_.entropy(bytes);
  std::uint64_t number = 0;
  for (const auto byte : bytes)
    number = (number << 8U) | std::to_integer<std::uint64_t>(byte);
  if (as_text) return json::string(std::to_string(number));
  return number;
}

// Of the oldest, where there are too many, nobody knows what came of it: it may have been done.
void JanusCalls::remember(Session& session, std::uint64_t number, Pending pending) {
  auto& all = session.pending;
  if (all.size() >= pending_max) keep_recording(all.extract(all.begin()).mapped());
  all.emplace(number, std::move(pending));
}

asio::awaitable<JanusCalls::Judged> JanusCalls::from_client(json::object message,
                                                            std::string address) {
  const Handle handle{janus_number(message, "session_id").value_or(0),
                      janus_number(message, "handle_id").value_or(0)};
  if (!is_known_kind(janus_word(message, "janus"))) {
    co_return Judged{Next::answer,
                     error_for(message, unknown_request, "The gateway does not pass this on")};
  }
  if (!has_transaction(message)) {
    co_return Judged{Next::answer, error_for(message, missing_mandatory_element,
                                             "The message needs a transaction, which is a text")};
  }
  const auto number = ++requests_;
  auto judged = co_await judge_request(handle, number, std::move(message), std::move(address));
  if (judged.next == Next::on) number_transaction(judged.message, number);
  co_return judged;
}

asio::awaitable<JanusCalls::Judged> JanusCalls::judge_request(Handle handle, std::uint64_t number,
                                                              json::object message,
                                                              std::string address) {
  const std::string kind = janus_word(message, "janus");
  const auto session = sessions_.find(handle.first);
  if (kind == "attach" && session != sessions_.end()) {
    Call call;
    call.plugin = janus_plugin(janus_text(message, "plugin"));
    const auto opaque_id = janus_text(message, "opaque_id");
    if (is_id(opaque_id)) call.opaque_id = opaque_id;
    call.address = std::move(address);
    Pending pending;
    pending.attaches = std::move(call);
    remember(session->second, number, std::move(pending));
  } else if (kind == "message") {
    co_return co_await on_message(handle, number, std::move(message));
  } else if (kind == "trickle") {
    // The server talks to the gateway, whose candidates it has: those of the client are not for it.
    message.erase("candidates");
    message["candidate"] = json::object{{"completed", true}};
  } else if (kind == "detach") {
    co_await end_handle(handle);
  } else if (kind == "hangup") {
    co_await close_connection(handle);
  } else if (kind == "destroy") {
    co_await end_session(handle.first);
  }
  co_return Judged{Next::on, std::move(message)};
}

asio::awaitable<JanusCalls::Judged> JanusCalls::on_message(Handle handle, std::uint64_t number,
                                                           json::object message) {
  if (find(handle) == nullptr) {
    co_return Judged{Next::answer,
                     error_for(message, unknown_handle, "The gateway does not know this handle")};
  }
  Pending pending;
  pending.handle = handle.second;
  const auto understood = co_await on_body(handle, message, pending);
  if (!understood) {
    co_await undo(handle, std::move(pending));
    co_return Judged{Next::answer, error_for(message, unknown_error, understood.error().detail)};
  }
  auto* const jsep = message.if_contains("jsep");
  if (jsep != nullptr && jsep->is_object()) {
    const auto agreed = co_await negotiate(handle, media::Side::client, jsep->get_object());
    if (!agreed) {
      co_await undo(handle, std::move(pending));
      co_return Judged{Next::answer, error_for(message, jsep_invalid_sdp, agreed.error().detail)};
    }
    pending.offers = janus_word(jsep->get_object(), "type") == "offer";
  }
  if (find(handle) == nullptr) {  // it went meanwhile
    co_await undo(handle, std::move(pending));
    co_return Judged{Next::answer, error_for(message, unknown_handle, "The handle is gone")};
  }
  if (pending.joins || pending.offers || !pending.records.empty()) {
    remember(sessions_.at(handle.first), number, std::move(pending));
  }
  co_return Judged{Next::on, std::move(message)};
}

// What the request asks of the plugin: to come in, to record, to go elsewhere.
asio::awaitable<Answered<void>> JanusCalls::on_body(Handle handle, json::object& message,
                                                    Pending& pending) {
  auto* const found = message.if_contains("body");
  if (found == nullptr || !found->is_object()) co_return Answered<void>{};
  json::object& body = found->get_object();
  const std::string request = janus_word(body, "request");
  if (request == "changeroom") {
    co_return make_problem(ProblemType::conflict,
                           "The gateway keeps a participant in its room: detach, and join the "
                           "other one anew.");
  }
  if (joins_room(request)) {
    const auto joined = co_await join_room(handle, message, pending);
    if (!joined) co_return joined.error();
  }
  co_return co_await record_room(handle, body, pending);
}

asio::awaitable<Answered<void>> JanusCalls::join_room(Handle handle, json::object& message,
                                                      Pending& pending) {
  json::object& body = message.at("body").get_object();
  Call& call = *find(handle);
  const std::string room = janus_id(body, "room");
  if (!call.who.first.empty()) {
    co_return make_problem(ProblemType::conflict,
                           "This handle is in a room already: leave it, or attach another.");
  }
  if (janus_text(body, "id") == "ok") {
    co_return make_problem(ProblemType::invalid_value,
                           "The id \"ok\" cannot be told from an answer.");
  }
  pending.joins = call.asked_to_join = true;
  if (janus_word(body, "ptype") == "subscriber") {
    call.who = publisher_beside(handle, body);
    if (call.who.first.empty() && !room.empty()) {
      call.who = {janus_room(call.plugin, room), janus_connection(handle.second)};
    }
  } else if (message.contains("jsep") && !room.empty()) {
    // Who offers while joining needs a name at once: Janus takes the one that it is given.
    if (!body.contains("id")) body["id"] = new_id(body.at("room").is_string());
    Who who{janus_room(call.plugin, room), janus_id(body, "id")};
    const auto entered = co_await enter(handle, std::move(who));
    if (!entered) co_return entered.error();
  }
  co_return Answered<void>{};
}

asio::awaitable<JanusCalls::Judged> JanusCalls::from_server(json::object message) {
  const std::uint64_t number = take_transaction_number(message);
  const std::uint64_t session = janus_number(message, "session_id").value_or(0);
  const Handle handle{session, janus_number(message, "sender").value_or(0)};
  const std::string kind = janus_word(message, "janus");
  if (kind == "trickle") {
    co_await take_candidates(handle, message);
    co_return Judged{Next::drop, {}};  // the client talks to the gateway, whose candidates it has
  }
  if (kind == "hangup") co_await close_connection(handle);
  if (kind == "detached") co_await end_handle(handle);
  if (kind == "timeout") co_await end_session(session);
  if (kind == "success") on_success(session, message);
  if (kind == "success" || kind == "error" || kind == "event") {
    co_await settle(session, number, message);
  }
  if (kind == "event") co_return co_await on_event(handle, std::move(message));
  if (message.contains("jsep")) co_return Judged{Next::drop, {}};  // only events have one
  co_return Judged{Next::on, std::move(message)};
}

// Of a session's creation, or of a room's end.
void JanusCalls::on_success(std::uint64_t session, const json::object& message) {
  const auto* created = janus_object(message, "data");
  const auto id = created == nullptr ? std::nullopt : janus_number(*created, "id");
  if (session == 0 && id && sessions_.size() < sessions_max) sessions_.try_emplace(*id);
  const auto* answer = plugin_data_of(message);
  if (answer == nullptr || !sessions_.contains(session)) return;
  const auto plugin = janus_plugin(janus_text(*janus_object(message, "plugindata"), "plugin"));
  if (janus_text(*answer, plugin) == "destroyed") {
    forget_recording(janus_room(plugin, janus_id(*answer, "room")));
  }
}

// What came of a request. A plugin looks at a description last: where it refuses one, whatever was
// asked beside it may have been done.
asio::awaitable<void> JanusCalls::settle(std::uint64_t session, std::uint64_t number,
                                         const json::object& message) {
  const auto known = sessions_.find(session);
  if (known == sessions_.end()) co_return;
  auto found = known->second.pending.extract(number);
  if (found.empty()) co_return;
  Pending pending = std::move(found.mapped());
  const bool refused_by_plugin = is_refusal_by_plugin(message);
  const bool refused = refused_by_plugin || janus_word(message, "janus") == "error";
  if (!refused || (refused_by_plugin && pending.offers && !pending.joins)) {
    keep_recording(pending);
    pending.records.clear();
  }
  if (refused) {
    const Handle handle{session, pending.handle};
    co_return co_await undo(handle, std::move(pending));
  }
  const auto* created = janus_object(message, "data");
  const auto id = created == nullptr ? std::nullopt : janus_number(*created, "id");
  if (pending.attaches && id && known->second.calls.size() < calls_max) {
    known->second.calls.insert_or_assign(*id, std::move(*pending.attaches));
  }
}

asio::awaitable<JanusCalls::Judged> JanusCalls::on_event(Handle handle, json::object message) {
  if (find(handle) == nullptr) {
    // A session that is not followed here, such as one of too many: no media around the gateway.
    if (!message.contains("jsep")) co_return Judged{Next::on, std::move(message)};
    co_return Judged{Next::on, hangup_for(message, "The gateway does not know this handle")};
  }
  const auto* data = plugin_data_of(message);
  if (data != nullptr && !is_refusal_by_plugin(message)) {
    const auto taken = co_await on_plugin_event(handle, *data);
    if (!taken) co_return Judged{Next::on, hangup_for(message, taken.error().detail)};
  }
  auto* const jsep = message.if_contains("jsep");
  if (jsep == nullptr || !jsep->is_object()) co_return Judged{Next::on, std::move(message)};
  const auto agreed = co_await negotiate(handle, media::Side::server, jsep->get_object());
  if (!agreed) co_return Judged{Next::on, hangup_for(message, agreed.error().detail)};
  co_return Judged{Next::on, std::move(message)};
}

// The video room and the audio bridge name what happened under their own names.
asio::awaitable<Answered<void>> JanusCalls::on_plugin_event(Handle handle,
                                                            const json::object& data) {
  const std::string plugin = find(handle)->plugin;
  const std::string_view happened = janus_text(data, plugin);
  if (happened == "joined" && data.contains("id")) {
    const std::string room = janus_id(data, "room");
    Who who{janus_room(plugin, room), janus_id(data, "id")};
    const Call& call = *find(handle);
    if (room.empty()) co_return Answered<void>{};
    if (!call.who.first.empty() && call.who != who) {
      co_return make_problem(ProblemType::conflict,
                             "The server put this handle into another room than the gateway.");
    }
    const auto private_id = janus_number(data, "private_id");
    const auto entered = co_await enter(handle, who);
    const auto session = sessions_.find(handle.first);
    if (entered && private_id && session != sessions_.end()) {
      session->second.by_private_id[*private_id] = who;
    }
    co_return entered;
  }
  const bool left = happened == "left" || janus_text(data, "left") == "ok";
  if (left || janus_text(data, "leaving") == "ok") co_await leave(handle);
  if (janus_text(data, "unpublished") == "ok") co_await close_connection(handle);
  co_return Answered<void>{};
}

asio::awaitable<Answered<void>> JanusCalls::negotiate(Handle handle, media::Side from,
                                                      json::object& jsep) {
  const auto owner = co_await owner_of(handle);
  if (!owner) co_return owner.error();
  const auto room = parts_.conferences.find(owner->first);
  if (!room) co_return room.error();
  if (janus_flag(jsep, "e2ee") && !(*room)->known_of(owner->second)->ciphertext_only) {
    ParticipantChange sealed;
    sealed.ciphertext_only = true;
    const auto told = co_await (*room)->change(owner->second, std::move(sealed));
    if (!told) co_return told.error();
  }
  const std::string type = janus_word(jsep, "type");
  ConnectionName connection{owner->second, janus_connection(handle.second)};
  std::string sdp{janus_text(jsep, "sdp")};
  Answered<std::string> written;
  if (type == "offer") {
    written = co_await (*room)->offer(std::move(connection), from, std::move(sdp), std::nullopt);
  } else {
    written = co_await (*room)->answer(std::move(connection), std::move(sdp));
  }
  if (!written) co_return written.error();
  jsep["sdp"] = *written;
  if (Call* const call = find(handle)) {
    call->connected = true;
    co_return Answered<void>{};
  }
  ConnectionName gone{owner->second, janus_connection(handle.second)};
  const auto closed = co_await (*room)->close_connection(std::move(gone));
  (void)closed;  // it may be gone with its participant
  co_return make_problem(ProblemType::not_found, "The handle is gone.");
}

// The server's, where it trickles: "candidate", or a list of them.
asio::awaitable<void> JanusCalls::take_candidates(Handle handle, const json::object& message) {
  const Call* const call = find(handle);
  if (call == nullptr || !call->connected) co_return;
  std::vector<media::Trickled> said;
  if (const auto* one = janus_object(message, "candidate")) said.push_back(trickled(*one));
  const auto* all = message.if_contains("candidates");
  if (all != nullptr && all->is_array()) {
    for (const auto& one : all->get_array())
      if (one.is_object()) said.push_back(trickled(one.get_object()));
  }
  const auto room = parts_.conferences.find(call->who.first);
  if (!room) co_return;
  ConnectionName connection{call->who.second, janus_connection(handle.second)};
  const auto taken =
      co_await (*room)->trickle(std::move(connection), media::Side::server, std::move(said));
  (void)taken;  // what does not fit is passed over, as of a browser
}

JanusCalls::Who JanusCalls::publisher_beside(Handle handle, const json::object& body) {
  const auto& session = sessions_[handle.first];
  if (const auto id = janus_number(body, "private_id")) {
    const auto known = session.by_private_id.find(*id);
    if (known != session.by_private_id.end()) return known->second;
  }
  const auto room = janus_room(find(handle)->plugin, janus_id(body, "room"));
  for (const auto& [id, call] : session.calls) {
    if (call.who.first == room && owns({handle.first, id}, call.who)) return call.who;
  }
  return {};
}

}  // namespace assent::gateway
