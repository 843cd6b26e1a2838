#include "gateway/consent_receipts.hpp"

#include <utility>

#include "gateway/idempotency.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

bool is_superseded(const HttpRequest& request, const StoredReceipt& receipt,
                   const std::vector<ConsentEvent>& latest) {
  for (const auto& event : latest) {
    const bool same = event.participant == request.parameter("participant") &&
                      event.purpose == request.parameter("purpose");
    if (!same || event.id <= receipt.id) continue;  // whoever spoke: participant or guardian
    if (request.method != HttpMethod::delete_ || event.state == "granted") return true;
  }
  return false;
}

HttpResponse repeated(const HttpRequest& request, const StoredReceipt& receipt,
                      const std::vector<ConsentEvent>& latest) {
  if (receipt.digest != to_hex(request.body_hash)) {
    return problem_response(make_problem(ProblemType::key_reused,
                                         "use a new key for a new request, the same body for a "
                                         "repetition"));
  }
  if (is_superseded(request, receipt, latest)) {
    return problem_response(
        make_problem(ProblemType::superseded,
                     "the request was carried out, and something was stated since; look, then "
                     "decide"));
  }
  auto response = json_response(receipt.body, static_cast<unsigned>(receipt.status));
  response.headers.emplace_back("Idempotency-Replayed", "true");
  return response;
}

}  // namespace

bool is_about_consent(const HttpRequest& request) {
  return request.method != HttpMethod::get && request.parameters.contains("participant") &&
         request.parameters.contains("purpose");
}

StoredReceipt consent_receipt(const HttpRequest& request, std::string body, WallTime at) {
  StoredReceipt receipt;
  receipt.key = idempotency_scope(request);
  receipt.digest = to_hex(request.body_hash);
  receipt.status = 200;
  receipt.body = std::move(body);
  receipt.at = at;
  return receipt;
}

// Where storage cannot be asked, nothing is known of a repetition. What restricts is then carried
// out all the same, and a grant is refused by the storage that could not store it either.
asio::awaitable<std::optional<HttpResponse>> repeat_consent_receipt(Storage& storage,
                                                                    const HttpRequest& request) {
  if (!is_about_consent(request)) co_return std::nullopt;
  const auto receipt = co_await storage.find_receipt(idempotency_scope(request));
  if (!receipt || !*receipt) co_return std::nullopt;
  const auto latest = co_await storage.latest_consents(request.parameter("room"));
  if (!latest) co_return std::nullopt;
  co_return repeated(request, **receipt, *latest);
}

}  // namespace assent::gateway
