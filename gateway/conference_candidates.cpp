// Candidates that trickle in while a call is set up, or goes on.
#include <utility>

#include "gateway/conference.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

asio::awaitable<Answered<std::size_t>> Conference::trickle(ConnectionName of, media::Side from,
                                                           std::vector<media::Trickled> said) {
  const auto hold = co_await turn_.take();
  const auto found = find(of.participant);
  if (!found) co_return found.error();
  const auto connection = (*found)->connections.find(of.connection);
  if (connection == (*found)->connections.end()) {
    co_return make_problem(ProblemType::conflict,
                           "There is no description that they belong to. POST an offer first.");
  }
  auto taken = connection->second.legs.trickle(from, said);
  if (!taken) co_return taken.error();
  if (!taken->now.empty()) {
    const auto add = [now = std::move(taken->now)](MediaPath& path) {
      for (const auto& [leg, candidate] : now)
        path.relay().add_candidate(leg, candidate);
      return true;
    };
    co_await worker_.run(add);
  }
  co_return taken->count;
}

}  // namespace assent::gateway
