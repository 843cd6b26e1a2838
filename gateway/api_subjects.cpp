#include "gateway/api_subjects.hpp"

#include <boost/json/serialize.hpp>
#include <utility>

#include "gateway/aggregates.hpp"
#include "gateway/request_reader.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

std::string actor_of(const HttpRequest& request) {
  return request.principal ? request.principal->token_name : std::string{};
}

HttpResponse answer_of(const Answered<json::object>& answer) {
  if (!answer) return problem_response(answer.error());
  auto response = json_response(json::serialize(*answer));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

void bind_subjects(Dispatcher& dispatcher, SubjectRights& rights, Retention& retention) {
  using Response = asio::awaitable<HttpResponse>;
  dispatcher.bind(Operation::get_subject, [&rights](const HttpRequest& request) -> Response {
    const auto archive = co_await rights.access(request.parameter("subject"), actor_of(request));
    co_return answer_of(archive);
  });
  dispatcher.bind(Operation::patch_subject, [&rights](const HttpRequest& request) -> Response {
    const auto body = parse_json(request.body);
    if (!body) co_return problem_response(body.error());
    auto change = parse_subject_change(*body);
    if (!change) co_return problem_response(change.error());
    const auto state =
        co_await rights.change(request.parameter("subject"), *std::move(change), actor_of(request));
    co_return answer_of(state);
  });
  dispatcher.bind(Operation::delete_subject, [&rights](const HttpRequest& request) -> Response {
    const auto report = co_await rights.erase(request.parameter("subject"), actor_of(request));
    co_return answer_of(report);
  });
  dispatcher.bind(Operation::post_retention, [&retention](const HttpRequest& request) -> Response {
    const auto dry_run = request.query.find("dry_run");
    const bool only_show = dry_run != request.query.end() && dry_run->second == "true";
    const auto report = co_await retention.run(only_show, actor_of(request));
    co_return answer_of(report);
  });
}

void bind_disclosures(Dispatcher& dispatcher, Disclosures& disclosures) {
  using Response = asio::awaitable<HttpResponse>;
  dispatcher.bind(
      Operation::post_disclosure, [&disclosures](const HttpRequest& request) -> Response {
        const auto body = parse_json(request.body);
        if (!body) co_return problem_response(body.error());
        auto asked = parse_disclosure_request(*body);
        if (!asked) co_return problem_response(asked.error());
        const auto waiting = co_await disclosures.request(*std::move(asked), actor_of(request));
        if (!waiting) co_return problem_response(waiting.error());
        co_return json_response(json::serialize(*waiting));
      });
  dispatcher.bind(
      Operation::approve_disclosure, [&disclosures](const HttpRequest& request) -> Response {
        const auto answer =
            co_await disclosures.approve(request.parameter("disclosure"), actor_of(request));
        co_return answer_of(answer);
      });
}

void bind_aggregates(Dispatcher& dispatcher, Storage& storage, const PolicyInForce& policy) {
  using Response = asio::awaitable<HttpResponse>;
  dispatcher.bind(
      Operation::get_aggregates, [&storage, &policy](const HttpRequest& request) -> Response {
        if (!is_month(request.parameter("month"))) {
          co_return problem_response(
              make_problem(ProblemType::invalid_parameter,
                           "{month} in the path must be a month such as 2026-11"));
        }
        const auto numbers =
            co_await aggregates_of(storage, policy, request.parameter("month"), read_clocks().wall);
        co_return answer_of(numbers);
      });
}

}  // namespace assent::gateway
