#include "gateway/transfers_query.hpp"

#include <utility>

#include "gateway/call_record.hpp"
#include "gateway/chain_walk.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/transfers_picture.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

constexpr std::size_t page = 100;  // what one answer of storage holds up others by
class Query {
 public:
  explicit Query(const HttpRequest& request) : request_{request} {}

  [[nodiscard]] std::string word(const char* name) const {
    const auto found = request_.query.find(name);
    return found == request_.query.end() ? std::string{} : found->second;
  }
  [[nodiscard]] std::optional<WallTime> time(const char* name) const {
    const auto text = word(name);
    return text.empty() ? std::nullopt : parse_day_or_time(text);
  }
  [[nodiscard]] TransferFilter filter() const {
    return {word("subject"), word("room"), word("processor"), word("mechanism"),
            word("from"),    word("to"),   time("since"),     time("until")};
  }

 private:
  const HttpRequest& request_;
};

HttpResponse file_response(std::string body, std::string type, std::string_view name) {
  HttpResponse response;
  response.content_type = std::move(type);
  response.body = std::move(body);
  response.headers.emplace_back("Content-Disposition",
                                "inline; filename=\"" + std::string(name) + "\"");
  response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; sandbox");
  return response;
}

HttpResponse response_of(const TransferReport& report, std::string_view format,
                         const policy::RuleBook& rules) {
  if (format == "csv")
    return file_response(transfers_csv(report), "text/csv; charset=utf-8; header=present",
                         "transfers.csv");
  if (format == "svg")
    return file_response(transfers_picture(report, names_in(rules), read_clocks().wall),
                         "image/svg+xml", "transfers.svg");
  return json_response(transfers_json(report));
}

asio::awaitable<HttpResponse> get_transfers(Storage& storage, const PolicyInForce& policy,
                                            const HttpRequest& request) {
  const Query query{request};
  const std::string format = query.word("format");
  auto grouping = parse_grouping(query.word("by")).value_or(TransferGrouping::paths);
  if (format == "svg") grouping = TransferGrouping::paths;
  TransferTotals totals{query.filter(), grouping};
  ChainQuery first;
  first.room = query.word("room");
  first.subject = query.word("subject");
  first.since = query.time("since");
  first.limit = page;
  ChainWalk walk{std::move(first)};
  std::size_t calls = 0;
  while (walk.next()) {
    auto asked = *walk.next();
    auto found = co_await storage.last_of_chains(std::move(asked));
    if (!found) {
      co_return problem_response(
          make_problem(ProblemType::unavailable, "The records cannot be read now. See /readyz."));
    }
    const auto news = walk.take(std::move(*found));
    calls += news.size();
    if (calls > transfer_calls_max) {
      co_return problem_response(make_problem(
          ProblemType::invalid_parameter,
          "More than " + std::to_string(transfer_calls_max) +
              " calls match: ask for less with ?since, ?room or ?subject, or run `assent "
              "transfers` on a copy of the database."));
    }
    for (const auto& entry : news)
      totals.add(entry);
  }
  co_return response_of(totals.finish(), format, policy.now().rules);
}

}  // namespace

void bind_transfers(Dispatcher& dispatcher, Storage& storage, const PolicyInForce& policy) {
  dispatcher.bind(Operation::get_transfers, [&storage, &policy](const HttpRequest& request) {
    return get_transfers(storage, policy, request);
  });
}

}  // namespace assent::gateway
