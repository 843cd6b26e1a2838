#include "gateway/api_candidates.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "gateway/request_reader.hpp"
#include "gateway/requests.hpp"

namespace assent::gateway {
namespace {

// As they stand in the fragment, or the browser's one.
Answered<std::vector<media::Trickled>> trickled_in(const PostCandidates& body) {
  if (body.candidate) {
    const auto& said = *body.candidate;
    std::vector<media::Trickled> one;
    if (said.text.empty()) return one;
    auto& trickled = one.emplace_back();
    trickled.mid = said.mid.value_or("");
    trickled.section = said.section.value_or(0);
    trickled.ufrag = said.ufrag.value_or(std::string(media::ufrag_of_browser_candidate(said.text)));
    trickled.candidate = media::parse_browser_candidate(said.text);
    return one;
  }
  auto fragment = media::parse_sdp_fragment(body.sdpfrag.value_or(""));
  if (!fragment)
    return make_problem(ProblemType::invalid_value, media::to_string(fragment.error()), "/sdpfrag");
  return std::move(fragment->candidates);
}

boost::asio::awaitable<HttpResponse> post_candidates(ApiBackend& backend,
                                                     const HttpRequest& request) {
  const auto room = backend.conferences.find(request.parameter("room"));
  if (!room) co_return problem_response(room.error());
  const auto value = parse_json(request.body);
  if (!value) co_return problem_response(value.error());
  const auto body = parse_post_candidates(*value);
  if (!body) co_return problem_response(body.error());
  auto trickled = trickled_in(*body);
  if (!trickled) co_return problem_response(trickled.error());
  const auto from = body->from == Side::client ? media::Side::client : media::Side::server;
  const std::size_t said = trickled->size();
  ConnectionName of{request.parameter("participant"), body->connection};
  const auto taken = co_await (*room)->trickle(std::move(of), from, std::move(*trickled));
  if (!taken) co_return problem_response(taken.error());
  boost::json::object answer;
  answer["taken"] = *taken;
  answer["passed_over"] = said - *taken;
  co_return json_response(boost::json::serialize(answer));
}

}  // namespace

void bind_candidates(Dispatcher& dispatcher, ApiBackend& backend) {
  dispatcher.bind(Operation::post_candidates, [&backend](const HttpRequest& request) {
    return post_candidates(backend, request);
  });
}

}  // namespace assent::gateway
