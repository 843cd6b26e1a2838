// Whether anybody is still at the ends of a connection.
#include <algorithm>

#include "gateway/conference.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

// Where a leg has ICE, its peer is there as long as it consents to be sent to (RFC 7675).
bool is_there(const media::Leg& leg, media::TimePoint now) {
  return leg.webrtc() == nullptr || (leg.webrtc()->remote() && now < leg.webrtc()->consent_until());
}

SignsOfLife look_at(const media::Relay& relay, const std::vector<media::LegId>& legs,
                    media::TimePoint now) {
  SignsOfLife signs;
  signs.everybody_there = !legs.empty();
  for (const auto id : legs) {
    const auto& leg = relay.leg(id);
    signs.everybody_there = signs.everybody_there && is_there(leg, now);
    for (const auto& stream : leg.streams())
      signs.media_heard = std::max(signs.media_heard, stream.last_heard);
  }
  return signs;
}

}  // namespace

asio::awaitable<Answered<SignsOfLife>> Conference::signs_of_life(ConnectionName of) {
  const auto hold = co_await turn_.take();
  const auto found = find(of.participant);
  if (!found) co_return found.error();
  const auto connection = (*found)->connections.find(of.connection);
  if (connection == (*found)->connections.end()) {
    co_return make_problem(ProblemType::not_found, "The participant has no such connection.");
  }
  const auto look = [legs = connection->second.legs.standing_legs()](MediaPath& path) {
    return look_at(path.relay(), legs, std::chrono::steady_clock::now());
  };
  co_return co_await worker_.run(look);
}

}  // namespace assent::gateway
