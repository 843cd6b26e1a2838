// How a conference goes on under other rules.
#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/conference.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

policy::Effect Conference::preview(const policy::RuleBook& rules) const {
  policy::Decisions decisions;
  const auto taken = policy_.preview(read_clocks().wall, policy::RulesChanged{&rules}, decisions);
  return taken ? policy::effect_of(policy_.decisions(), decisions) : policy::Effect{};
}

asio::awaitable<AdoptedRules> Conference::adopt(std::shared_ptr<const policy::RuleBook> rules) {
  const auto hold = co_await turn_.take();
  AdoptedRules adopted;
  if (closed_ || rules == rules_) co_return adopted;
  co_await settle(everybody());  // what passed until now, passed under the rules before
  for (Participant* participant : everybody())
    count_transfers(*participant);
  const auto before = policy_.decisions();
  auto decisions = take(read_clocks().wall, policy::RulesChanged{rules.get()});
  if (!decisions) {
    // Under no rules nothing may go on.
    co_await close_in_turn(CauseForClosing::policy_change);
    co_return adopted;
  }
  rules_ = std::move(rules);
  paths_ = paths_under(*rules_, services_.places);
  for (Participant* participant : everybody())
    report_unlawful(*participant, unlawful_ways(*participant));
  adopted.rooms = 1;
  adopted.on = policy::effect_of(before, *decisions);
  const bool suspends = !decisions->consents.empty();
  auto records = journal(*decisions);
  co_await enforce(std::move(*decisions), CauseForClosing::policy_change, drop_closed_sinks());
  record_later(room_entry(CdrKind::interim, CauseForClosing::policy_change));
  const auto stored = co_await store(std::move(records));
  if (!stored && suspends) adopted.unrecorded = 1;
  co_return adopted;
}

// Sinks that the rules took away, or gave to another purpose.
Conference::RouteChange Conference::drop_closed_sinks() {
  RouteChange routes;
  routes.who = everybody();
  for (auto& [purpose, sinks] : running_) {
    const auto active = policy_.active_sinks(purpose);
    const auto is_closed = [&](media::SinkId sink) {
      return std::find(active.begin(), active.end(), services_.sinks.name(sink)) == active.end();
    };
    std::copy_if(sinks.begin(), sinks.end(), std::back_inserter(routes.gone), is_closed);
    std::erase_if(sinks, is_closed);
  }
  std::erase_if(running_, [&](const auto& running) {
    if (running.second.empty()) routes.stopped.push_back(running.first);
    return running.second.empty();
  });
  return routes;
}

}  // namespace assent::gateway
