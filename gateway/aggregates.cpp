#include "gateway/aggregates.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "gateway/pseudonym.hpp"
#include "gateway/rfc3339.hpp"
#include "policy/release.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::size_t rows_a_page = 2'000;
constexpr std::size_t month_length = 7;

// The first instant of the month after.
WallTime end_of(WallTime begin) {
  const std::chrono::year_month_day first{std::chrono::floor<std::chrono::days>(begin)};
  const auto next = first.year() / first.month() + std::chrono::months{1};
  return std::chrono::sys_days{next / 1};
}

}  // namespace

bool is_month(std::string_view text) {
  std::string first_instant{text};
  first_instant += "-01T00:00:00Z";
  return text.size() == month_length && parse_rfc3339(first_instant);
}

asio::awaitable<Answered<json::object>> aggregates_of(Storage& storage, const PolicyInForce& policy,
                                                      std::string month, WallTime now) {
  const auto begin = parse_rfc3339(month + "-01T00:00:00Z").value();
  const auto end = end_of(begin);
  if (end > now)
    co_return make_problem(ProblemType::invalid_parameter,
                           "The month is not over: ask when it is, " + to_rfc3339(end));
  std::map<std::pair<std::string, std::string>, std::set<std::string>> people;
  for (RecordId after{};;) {
    const auto page = co_await storage.statements_between(begin, end, after, rows_a_page);
    if (!page)
      co_return make_problem(ProblemType::unavailable,
                             "The records cannot be read now. See /readyz.");
    // Who was erased has another name in each call: nobody can tell how many people those are.
    for (const auto& of : *page)
      if (of.subject != erased_subject) people[{of.purpose, of.statement}].insert(of.subject);
    if (page->size() < rows_a_page) break;
    after = page->back().id;
  }
  const auto rules = policy.rules();
  json::array cells;
  std::size_t withheld = 0;
  for (const auto& [what, who] : people) {
    if (!policy::may_release_aggregate(*rules, who.size())) {
      ++withheld;
      continue;
    }
    cells.push_back(
        json::object{{"purpose", what.first}, {"statement", what.second}, {"people", who.size()}});
  }
  json::object out{{"month", month}, {"at_least", std::max<std::size_t>(rules->aggregate_k, 2)}};
  out["aggregates"] = std::move(cells);
  out["withheld"] = withheld;
  co_return out;
}

}  // namespace assent::gateway
