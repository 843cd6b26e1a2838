#include "gateway/disclosures.hpp"

#include <boost/json/serialize.hpp>
#include <utility>
#include <vector>

#include "gateway/pseudonym.hpp"
#include "gateway/request_reader.hpp"
#include "gateway/rfc3339.hpp"
#include "policy/release.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

std::string about(const DisclosureRequest& request, const std::string& id) {
  return json::serialize(json::object{
      {"disclosure", id}, {"authority", request.authority}, {"reference", request.reference}});
}

// Whose action it is recorded as.
std::string subject_of(const DisclosureRequest& request) {
  return request.confidential ? std::string{} : request.subject;
}

Problem unknown_request() {
  return make_problem(ProblemType::not_found,
                      "No such request waits: it was released, ran out after a day, or the service "
                      "was started since. Request it anew.");
}

// 24 digits that nobody guesses, without the word that pseudonyms begin with.
std::string new_id() {
  return new_pseudonym().substr(sizeof "erased-" - 1) +
         new_pseudonym().substr(sizeof "erased-" - 1);
}

}  // namespace

Answered<DisclosureRequest> parse_disclosure_request(const json::value& body) {
  ObjectReader reader{body};
  DisclosureRequest request;
  request.subject = reader.id("subject");
  request.authority = reader.text("authority");
  request.reference = reader.text("reference");
  request.confidential = reader.optional_flag("confidential").value_or(false);
  if (const auto problem = reader.finish()) return *problem;
  return request;
}

asio::awaitable<Answered<json::object>> Disclosures::request(DisclosureRequest request,
                                                             std::string actor) {
  forget_old();
  if (waiting_.size() >= requests_max)
    co_return make_problem(ProblemType::exhausted, "Too many requests wait for an approval.");
  const std::string id = new_id();
  const auto noted =
      co_await rights_.note("disclosure_requested", subject_of(request), actor, about(request, id));
  if (!noted) co_return noted.error();
  Waiting& waiting = waiting_[id];
  waiting.request = std::move(request);
  waiting.authorised_by.insert(std::move(actor));
  waiting.until = std::chrono::steady_clock::now() + request_lifetime;
  json::object answer{{"disclosure", id}};
  answer["until"] = to_rfc3339(read_clocks().wall + request_lifetime);
  answer["approve"] = "/v1/disclosures/" + id + "/approvals";
  co_return answer;
}

asio::awaitable<Answered<json::object>> Disclosures::approve(std::string id, std::string actor) {
  forget_old();
  auto found = waiting_.find(id);
  if (found == waiting_.end() || found->second.being_released) co_return unknown_request();
  if (found->second.authorised_by.contains(actor)) {
    co_return make_problem(ProblemType::forbidden,
                           "Somebody else has to approve it: this token has said so already.");
  }
  const DisclosureRequest request = found->second.request;
  found->second.authorised_by.insert(actor);
  if (!is_enough(found->second)) {
    const auto noted = co_await rights_.note("disclosure_approved", subject_of(request), actor,
                                             about(request, id));
    found = waiting_.find(id);
    if (!noted) {  // who was not recorded has not approved, and may again
      if (found != waiting_.end()) found->second.authorised_by.erase(actor);
      co_return noted.error();
    }
    json::object waits{{"disclosure", id}, {"released", false}};
    co_return waits;
  }
  // Once: whoever approves meanwhile finds nothing. What could not be read may be asked for again.
  found->second.being_released = true;
  auto archive = co_await rights_.archive(request.subject);
  if (archive) {
    const auto noted = co_await rights_.note("disclosure_released", subject_of(request), actor,
                                             about(request, id));
    if (!noted) archive = noted.error();
  }
  found = waiting_.find(id);
  if (!archive) {
    if (found != waiting_.end()) {
      found->second.being_released = false;
      found->second.authorised_by.erase(actor);
    }
    co_return archive.error();
  }
  if (found != waiting_.end()) waiting_.erase(found);
  json::object answer{{"disclosure", id}, {"released", true}};
  answer["archive"] = *std::move(archive);
  co_return answer;
}

void Disclosures::forget_old() {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(waiting_, [&](const auto& of) {
    return of.second.until <= now && !of.second.being_released;
  });
}

// Never one person alone, whatever the policy says.
bool Disclosures::is_enough(const Waiting& waiting) const {
  const std::vector<std::string> names(waiting.authorised_by.begin(), waiting.authorised_by.end());
  return names.size() >= 2 && policy::may_disclose(*policy_.rules(), names);
}

}  // namespace assent::gateway
