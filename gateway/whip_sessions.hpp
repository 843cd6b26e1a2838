#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config.hpp"
#include "gateway/turn.hpp"
#include "gateway/whip_path.hpp"
#include "gateway/whip_rooms.hpp"
#include "gateway/whip_sdp.hpp"
#include "gateway/whip_server.hpp"

namespace assent::gateway {

// The sessions of WHIP and WHEP: what a client asks for is done to the legs of its participant, and
// asked of the server with the gateway's own descriptions. A session is a participant's connection;
// it ends here and at the server together, whichever side ends it, or nobody is left at one of its
// ends. Control thread only.
class WhipSessions {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    Conferences& conferences;
    WhipRooms& rooms;
    WhipServer& server;
    const WhipConfig& config;
    media::Entropy entropy;
    Log& log;
  };
  explicit WhipSessions(Parts parts) : parts_{std::move(parts)} {}

  struct Asked {
    const WhipRule* rule = nullptr;
    WhipPlace place;
    std::string target;         // as the client wrote it
    std::string authorization;  // the field's value; empty: there is none
    std::string address;        // of the client
    std::string sdp;
  };
  // The answer to a POST: 201, or what stood in the way.
  boost::asio::awaitable<WhipResponse> begin(Asked asked);

  struct Patch {
    std::string if_match;  // empty: there is none
    std::string authorization;
    std::string fragment;
  };
  // Candidates, or an ICE restart.
  boost::asio::awaitable<WhipResponse> patch(std::string id, Patch patch);
  // Because the client says so.
  boost::asio::awaitable<WhipResponse> end(std::string id, std::string authorization);

  // Ends those at one of whose ends nobody is, or that carry no media, for too long.
  boost::asio::awaitable<void> sweep();
  // Nothing else is under way any more.
  boost::asio::awaitable<void> end_all();

  [[nodiscard]] bool has(std::string_view id) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Session {
    explicit Session(const boost::asio::any_io_executor& executor) : turn{executor} {}
    Turn turn;              // requests may overlap (RFC 9725 §4.3.1)
    std::size_t users = 0;  // coroutines that hold a reference
    bool ended = false;     // and is gone with the last of them
    WhipRooms::Who who;     // empty: in no room
    std::string connection;
    std::string authorization;  // for what the gateway itself asks of the server
    std::string at_server;      // its target there; empty: the server has none
    std::string etag;           // of the ICE session
    std::string offer;          // of the client, as agreed
    std::string answer;         // of the server
    Clock::time_point there{};  // everybody was
    Clock::time_point began{};
  };
  using Sessions = std::map<std::string, Session, std::less<>>;
  // Keeps the session at its place.
  class Use;

  boost::asio::awaitable<Answered<void>> enter(Session& session, const Asked& asked);
  boost::asio::awaitable<WhipResponse> connect(Session& session, Asked asked);
  boost::asio::awaitable<WhipResponse> restart_ice(Session& session, const IceWords& ice,
                                                   Patch patch);
  boost::asio::awaitable<void> roll_back(const Session& session);
  // It goes here; at the server, too, where `at_server` is not empty.
  boost::asio::awaitable<void> tear_down(Session& session, CauseForClosing cause);
  boost::asio::awaitable<std::optional<WhipResponse>> delete_at_server(const Session& session,
                                                                       std::string authorization);
  boost::asio::awaitable<void> end_these(std::vector<std::string> ids, CauseForClosing cause);
  boost::asio::awaitable<void> end_one(std::string id, CauseForClosing cause);
  boost::asio::awaitable<bool> is_over(std::string id);

  [[nodiscard]] Answered<std::string> subject_of(const Asked& asked,
                                                 const WhipRooms::Who& who) const;
  [[nodiscard]] WhipRequest request(boost::beast::http::verb method, const std::string& target,
                                    const std::string& authorization) const;
  [[nodiscard]] std::string location_of(const std::string& id) const;
  [[nodiscard]] std::string new_name() const;
  WhipResponse unreachable();

  Parts parts_;
  Sessions sessions_;
  std::uint64_t unreachable_ = 0;  // times
};

}  // namespace assent::gateway
