#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/conferences.hpp"
#include "gateway/ip_database.hpp"
#include "gateway/opt_outs.hpp"
#include "gateway/turn.hpp"

namespace assent::gateway {

// Who is in which room by sessions of WHIP and WHEP. Several sessions may be one participant's, and
// end one after the other; a room that was opened here closes with the last of them. A room or
// participant that was PUT by the API before is taken as it is. Control thread only.
class WhipRooms {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    Conferences& conferences;
    const IpDatabase& addresses;
    const OptOuts& opt_outs;
    // That the server performs in every room, from its beginning.
    std::vector<std::string> server_purposes{};
  };
  explicit WhipRooms(Parts parts) : parts_{std::move(parts)} {}

  using Who = std::pair<std::string, std::string>;  // room, participant
  struct Guest {
    Who who;
    std::string subject;
    std::string address;  // of the client, for its jurisdiction; empty: not known
  };
  // Each that succeeds is followed by one leave().
  boost::asio::awaitable<Answered<void>> enter(Guest guest);
  boost::asio::awaitable<void> leave(Who who, CauseForClosing cause);

 private:
  struct Member {
    explicit Member(const boost::asio::any_io_executor& executor) : turn{executor} {}
    Turn turn;                 // it comes and goes one after the other
    std::size_t sessions = 0;  // also of whoever waits for the turn
    bool joined = false;       // by us
    std::string subject;
  };

  boost::asio::awaitable<Answered<void>> join(Member& member, Guest guest);
  boost::asio::awaitable<Answered<std::shared_ptr<Conference>>> open_room(std::string room);
  boost::asio::awaitable<Answered<void>> start_purposes(std::string room);
  boost::asio::awaitable<void> close_if_empty(std::string room);
  [[nodiscard]] bool is_anybodys(const std::string& room) const;

  Parts parts_;
  std::map<Who, Member> members_;
  std::set<std::string, std::less<>> opened_;  // rooms, by us
};

}  // namespace assent::gateway
