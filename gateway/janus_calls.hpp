#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/conferences.hpp"
#include "gateway/ip_database.hpp"
#include "gateway/opt_outs.hpp"
#include "gateway/turn.hpp"

namespace assent::gateway {

// The calls behind a Janus server, as its API shows them: who attaches, joins, offers, answers and
// goes. What a client of Janus calls a handle is one connection of a participant here.
//
//   room         PLUGIN-ROOM, as in "videoroom-1234"; of plugins without rooms PLUGIN-HANDLE
//   participant  the id in the room; of whoever only watches, and has none, h-HANDLE
//   subject      the handle's opaque_id, if it is one; else PLUGIN-ROOM-PARTICIPANT
//
// A room or participant that was PUT by the API before is taken as it is. Control thread only.
class JanusCalls {
 public:
  struct Parts {
    Conferences& conferences;
    const IpDatabase& addresses;
    const OptOuts& opt_outs;
    media::Entropy entropy;
    // That the server performs in every room, from its beginning.
    std::vector<std::string> server_purposes{};
  };
  explicit JanusCalls(Parts parts) : parts_{std::move(parts)} {}

  enum class Next : unsigned char {
    on,      // to whom it was for, as `message` is now
    answer,  // not on: `message` goes back to the sender
    drop,    // neither
  };
  struct Judged {
    Next next = Next::on;
    boost::json::object message{};
  };
  // `address`: of the client, for its jurisdiction; empty: not known.
  boost::asio::awaitable<Judged> from_client(boost::json::object message, std::string address);
  boost::asio::awaitable<Judged> from_server(boost::json::object message);

  // Nobody speaks for it any more: whoever joined by it leaves.
  boost::asio::awaitable<void> end_session(std::uint64_t session);

  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }

 private:
  using Handle = std::pair<std::uint64_t, std::uint64_t>;  // session, handle
  using Who = std::pair<std::string, std::string>;         // room, participant
  struct Call {
    std::string plugin;
    std::string opaque_id;
    std::string address;
    Who who;                     // empty: not in a room yet
    bool asked_to_join = false;  // a room: it has no media elsewhere
    bool joined = false;         // by this handle: the participant leaves with it
    bool connected = false;
  };
  // A request whose outcome matters: what it did here, to be undone if the server refuses it.
  struct Pending {
    std::uint64_t handle = 0;
    std::optional<Call> attaches{};
    bool joins = false;
    bool offers = false;
    std::string records{};  // the room; it has a claim there
    bool lasts = false;     // of whoever is in that room, not of the handle's own stream
  };
  struct Session {
    std::map<std::uint64_t, Call> calls;
    std::map<std::uint64_t, Pending> pending;    // by the transaction's number: the oldest first
    std::map<std::uint64_t, Who> by_private_id;  // of the video room
  };
  // A room that the server records, or may, because somebody asked it to.
  struct Recorded {
    explicit Recorded(const boost::asio::any_io_executor& executor) : turn{executor} {}
    Turn turn;               // the purpose starts and stops one thing after the other
    std::size_t claims = 0;  // of whoever waits for an outcome, or for the turn; it stays as long
    bool kept = false;       // a request was not refused
    bool lasts = false;      // nor does it end with whoever is in the room
    bool started = false;    // the purpose, by a claim
  };

  boost::asio::awaitable<Judged> judge_request(Handle handle, std::uint64_t number,
                                               boost::json::object message, std::string address);
  boost::asio::awaitable<Judged> on_message(Handle handle, std::uint64_t number,
                                            boost::json::object message);
  void on_success(std::uint64_t session, const boost::json::object& message);
  boost::asio::awaitable<void> settle(std::uint64_t session, std::uint64_t number,
                                      const boost::json::object& message);
  boost::asio::awaitable<Judged> on_event(Handle handle, boost::json::object message);
  boost::asio::awaitable<Answered<void>> on_plugin_event(Handle handle,
                                                         const boost::json::object& data);
  boost::asio::awaitable<Answered<void>> on_body(Handle handle, boost::json::object& message,
                                                 Pending& pending);
  boost::asio::awaitable<Answered<void>> negotiate(Handle handle, media::Side from,
                                                   boost::json::object& jsep);
  boost::asio::awaitable<void> take_candidates(Handle handle, const boost::json::object& message);
  // The participant whose connection the handle is; where nothing else was said, one of its own.
  boost::asio::awaitable<Answered<Who>> owner_of(Handle handle);
  boost::asio::awaitable<Answered<void>> enter(Handle handle, Who who);
  boost::asio::awaitable<Answered<std::shared_ptr<Conference>>> open_room(std::string room);
  // Whether it does not run already.
  boost::asio::awaitable<Answered<bool>> start_purpose(std::string room, std::string purpose);
  boost::asio::awaitable<void> close_if_empty(std::string room);
  boost::asio::awaitable<Answered<void>> join_room(Handle handle, boost::json::object& message,
                                                   Pending& pending);
  boost::asio::awaitable<Answered<void>> record_room(Handle handle, boost::json::object& body,
                                                     Pending& pending);
  boost::asio::awaitable<Answered<std::string>> room_to_record(Handle handle, std::string named);
  // Both for whoever has a claim in the room.
  boost::asio::awaitable<Answered<void>> perform_recording(std::string room);
  boost::asio::awaitable<void> release_recording(std::string room);
  void keep_recording(const Pending& pending);
  boost::asio::awaitable<void> end_recording_of(std::string room_nobody_is_in);
  void forget_recording(const std::string& destroyed_room);
  boost::asio::awaitable<void> close_connection(Handle handle);
  boost::asio::awaitable<void> leave(Handle handle);
  boost::asio::awaitable<void> end_handle(Handle handle);
  boost::asio::awaitable<void> undo(Handle handle, Pending pending);
  boost::asio::awaitable<void> give_up(Pending pending);

  [[nodiscard]] Call* find(Handle handle);
  [[nodiscard]] bool owns(Handle handle, const Who& who) const;
  [[nodiscard]] bool is_anybodys(const std::string& room) const;
  [[nodiscard]] boost::json::value new_id(bool as_text) const;
  [[nodiscard]] Who publisher_beside(Handle handle, const boost::json::object& body);
  void remember(Session& session, std::uint64_t number, Pending pending);

  Parts parts_;
  std::map<std::uint64_t, Session> sessions_;
  std::map<Who, Handle> owners_;
  std::set<std::string, std::less<>> opened_;  // rooms, by us
  std::map<std::string, Recorded, std::less<>> recorded_;
  std::uint64_t requests_ = 0;
};

inline constexpr std::string_view janus_recording = "recording";  // the purpose
[[nodiscard]] std::string janus_room(const std::string& plugin, const std::string& id);
[[nodiscard]] std::string janus_connection(std::uint64_t handle);

}  // namespace assent::gateway
