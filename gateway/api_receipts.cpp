#include "gateway/api_receipts.hpp"

#include <iterator>
#include <utility>

#include "gateway/api_json.hpp"

namespace assent::gateway {
namespace {

using Response = boost::asio::awaitable<HttpResponse>;

HttpResponse unreadable() {
  return problem_response(
      make_problem(ProblemType::unavailable, "The records cannot be read now. See /readyz."));
}

std::string asked(const HttpRequest& request, const char* name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string{} : found->second;
}

// Whose receipts whoever asks may have; empty: everybody's.
std::string giver_of(const HttpRequest& request) {
  if (!request.principal || !is_bound(request.principal->role)) return {};
  const bool guardian = request.principal->role == Role::guardian;
  return std::string(to_string(guardian ? policy::Giver::guardian : policy::Giver::participant));
}

// Of this holding of the room, and of this person: names may be used again by others. By its id,
// which only those know who were told, one is found after the person has left, too.
Response get_receipts(ApiBackend& backend, const HttpRequest& request) {
  ReceiptQuery query;
  query.room = request.parameter("room");
  query.participant = request.parameter("participant");
  query.giver = giver_of(request);
  query.receipt = asked(request, "receipt");
  if (query.receipt.empty()) {
    const auto room = backend.conferences.find(query.room);
    if (!room) co_return problem_response(room.error());
    const auto* known = (*room)->known_of(query.participant);
    if (known == nullptr) {
      co_return problem_response(make_problem(
          ProblemType::not_found,
          "No such participant in this room. Of who has left, ask with ?receipt=, or as a privacy "
          "officer GET /v1/receipts."));
    }
    query.session = (*room)->identity().session;
    query.subject = known->subject;
  }
  const bool one = !query.receipt.empty();
  const auto receipts = co_await all_receipts(backend.storage, std::move(query));
  if (!receipts) co_return unreadable();
  if (one && receipts->empty()) {
    co_return problem_response(
        make_problem(ProblemType::not_found, "No such receipt of this participant."));
  }
  co_return json_response(receipts_json(*receipts));
}

Response find_receipts(ApiBackend& backend, const HttpRequest& request) {
  ReceiptQuery query;
  query.subject = asked(request, "subject");
  query.session = asked(request, "session");
  query.participant = asked(request, "participant");
  if (query.subject.empty() && (query.session.empty() || query.participant.empty())) {
    co_return problem_response(
        make_problem(ProblemType::invalid_parameter,
                     "ask by ?subject=, or by ?session= and &participant= together"));
  }
  // The router has let nothing else through than numbers.
  if (const auto after = asked(request, "after"); !after.empty())
    query.after = RecordId{std::stoll(after)};
  const auto receipts = co_await backend.storage.receipts(std::move(query));
  if (!receipts) co_return unreadable();
  co_return json_response(found_receipts_json(*receipts));
}

}  // namespace

boost::asio::awaitable<Stored<std::vector<SignedReceipt>>> all_receipts(Storage& storage,
                                                                        ReceiptQuery query) {
  std::vector<SignedReceipt> all;
  for (;;) {
    auto page = co_await storage.receipts(query);
    if (!page) co_return page.error();
    const bool last = page->size() < receipts_page_max;
    all.insert(all.end(), std::make_move_iterator(page->begin()),
               std::make_move_iterator(page->end()));
    if (last) co_return all;
    query.after = all.back().record;
  }
}

void bind_receipts(Dispatcher& dispatcher, ApiBackend& backend) {
  dispatcher.bind(Operation::get_receipts, [&backend](const HttpRequest& request) {
    return get_receipts(backend, request);
  });
  dispatcher.bind(Operation::find_receipts, [&backend](const HttpRequest& request) {
    return find_receipts(backend, request);
  });
}

}  // namespace assent::gateway
