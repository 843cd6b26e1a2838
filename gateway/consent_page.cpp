#include "gateway/consent_page.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <set>
#include <utility>

#include "gateway/api_json.hpp"
#include "gateway/api_receipts.hpp"
#include "gateway/request_reader.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

// The answer of a form: exactly one thing is wanted.
struct PageAnswer {
  enum class What : unsigned char { agree, refuse_all, withdraw };
  What what = What::agree;
  std::vector<std::string> purposes;  // ticked, or the one to withdraw
  std::string seen;                   // as the form had it
};

std::optional<PageAnswer> read_answer(std::string_view body) {
  const auto fields = parse_form(body);
  if (!fields) return std::nullopt;
  PageAnswer answer;
  std::set<std::string> once;
  bool decided = false;
  for (const auto& [name, value] : *fields) {
    if (!once.insert(name == "agree" ? name + value : name).second) return std::nullopt;
    if (name == "seen") {
      answer.seen = value;
    } else if (name == "agree" && is_id(value)) {
      answer.purposes.push_back(value);
    } else if (name == "answer" && !decided && (value == "agree" || value == "refuse")) {
      decided = true;
      if (value == "refuse") answer.what = PageAnswer::What::refuse_all;
    } else if (name == "withdraw" && !decided && is_id(value)) {
      decided = true;
      answer = {PageAnswer::What::withdraw, {value}, {}};
    } else {
      return std::nullopt;
    }
  }
  const bool alone = answer.what != PageAnswer::What::withdraw || fields->size() == 1;
  return decided && alone ? std::optional{answer} : std::nullopt;
}

// "17-0123..." of the page that the answer was given to; nothing: not of this page.
std::optional<policy::Epoch> epoch_seen(std::string_view seen, const ConsentView& view) {
  const auto dash = seen.find('-');
  if (dash == std::string_view::npos || seen.substr(dash + 1) != view.shown) return std::nullopt;
  policy::Epoch epoch = 0;
  const auto read = std::from_chars(seen.data(), seen.data() + dash, epoch);
  if (read.ec != std::errc{} || read.ptr != seen.data() + dash) return std::nullopt;
  return epoch;
}

policy::ConsentStated grant_of(const ShownPurpose& purpose, policy::Epoch seen) {
  policy::ConsentStated stated;
  stated.purpose = purpose.id;
  auto& statement = stated.statement;
  statement.answer = policy::Answer::granted;
  statement.method = policy::Method::online;
  statement.default_state = policy::DefaultState::unticked;
  const auto& notice = purpose.notice;
  statement.notice = {notice.id, notice.version, notice.language, notice.hash};
  statement.seen_epoch = seen;
  return stated;
}

policy::ConsentStated refusal_of(const ShownPurpose& purpose) {
  auto stated = grant_of(purpose, 0);
  stated.statement.answer = policy::Answer::refused;
  stated.statement.seen_epoch.reset();
  return stated;
}

// After a POST the browser gets the page anew: reloading it answers nothing again (RFC 9110
// §15.4.4). Relative, so that it holds behind any proxy.
HttpResponse see(const PageWords& words, std::string_view result) {
  auto response = empty_response(303);
  response.headers.emplace_back(
      "Location", "?language=" + std::string(words.language) + "&result=" + std::string(result));
  return response;
}

PageMessage message_of(const HttpRequest& request) {
  const auto result = request.query.find("result");
  if (result == request.query.end()) return PageMessage::none;
  return result->second == "saved" ? PageMessage::saved : PageMessage::nothing_ticked;
}

// Beside the language of the link, which whoever made it chose.
const PageWords& words_of(const HttpRequest& request, std::string_view of_link,
                          std::string_view of_participant) {
  const auto asked = request.query.find("language");
  const std::string_view wishes[] = {
      asked == request.query.end() ? std::string_view{} : std::string_view{asked->second}, of_link,
      of_participant, request.browser.accept_language};
  return words_for(wishes);
}

std::string_view after_scheme(std::string_view url) {
  const auto slashes = url.find("://");
  return slashes == std::string_view::npos ? std::string_view{} : url.substr(slashes + 3);
}

}  // namespace

void ConsentPage::bind(Dispatcher& dispatcher) {
  dispatcher.bind(Operation::post_consent_link,
                  [this](const HttpRequest& request) { return post_link(request); });
  dispatcher.bind(Operation::get_consent_page,
                  [this](const HttpRequest& request) { return get(request); });
  dispatcher.bind(Operation::post_consent_page,
                  [this](const HttpRequest& request) { return post(request); });
}

ConsentPage::Response ConsentPage::post_link(const HttpRequest& request) {
  const auto body = parse_json(request.body);
  if (!body) co_return problem_response(body.error());
  const auto asked = parse_post_consent_link(*body);
  if (!asked) co_return problem_response(asked.error());
  const auto room = conferences_.find(request.parameter("room"));
  if (!room) co_return problem_response(room.error());
  const auto* known = (*room)->known_of(request.parameter("participant"));
  if (known == nullptr) {
    co_return problem_response(
        make_problem(ProblemType::not_found, "No such participant in this room."));
  }
  ConsentLink link;
  link.room = request.parameter("room");
  link.participant = known->participant;
  link.subject = sha256(known->subject);
  link.language = asked->language.value_or("");
  link.expires = read_clocks().wall + asked->lifetime.value_or(options_.lifetime);
  const std::string token = links_.seal(link);
  if (token.empty()) {
    co_return problem_response(
        make_problem(ProblemType::unavailable, "No link can be sealed: OpenSSL failed."));
  }
  const std::string path = "/consent/" + token;
  json::object made{{"path", path}, {"expires", to_rfc3339(link.expires)}};
  if (!options_.public_url.empty()) made["url"] = options_.public_url + path;
  co_return json_response(json::serialize(made), 201);
}

std::variant<ConsentLink, HttpResponse> ConsentPage::open(const HttpRequest& request) const {
  auto link = links_.open(request.parameter("token"), read_clocks().wall);
  if (link) return *std::move(link);
  const auto& words = words_of(request, "", "");
  if (link.error() == LinkFault::forged)
    return plain_page_response(words, words.forged_title, words.forged, 403);
  return plain_page_response(words, words.over_title, words.over, 410);
}

std::variant<ConsentPage::Visit, HttpResponse> ConsentPage::visit(
    const HttpRequest& request) const {
  auto opened = open(request);
  if (auto* refusal = std::get_if<HttpResponse>(&opened)) return std::move(*refusal);
  auto& link = std::get<ConsentLink>(opened);
  const auto room = conferences_.find(link.room);
  const auto* known = room ? (*room)->known_of(link.participant) : nullptr;
  if (known == nullptr || sha256(known->subject) != link.subject) {
    const auto& words = words_of(request, link.language, "");
    return plain_page_response(words, words.over_title, words.over, 410, OffersReceipts::yes);
  }
  const auto& words = words_of(request, link.language, (*room)->language(link.participant));
  return Visit{std::move(link), *room, known->subject, words};
}

HttpResponse ConsentPage::show(const Visit& visit, PageMessage message, unsigned status) {
  const auto view =
      consent_view(*visit.room, visit.link.participant, visit.words, read_clocks().wall);
  return consent_page_response(view, visit.link.expires, message, status);
}

ConsentPage::Response ConsentPage::get(const HttpRequest& request) {
  if (request.query.contains("receipts")) co_return co_await download_receipts(request);
  auto visited = visit(request);
  if (auto* refusal = std::get_if<HttpResponse>(&visited)) co_return std::move(*refusal);
  co_return show(std::get<Visit>(visited), message_of(request), 200);
}

// One signed receipt a line, for `assent receipt` or any program that verifies JSON Web Signatures.
// Of what this person stated itself in this room; see bind_receipts() for the guardian's.
ConsentPage::Response ConsentPage::download_receipts(const HttpRequest& request) {
  auto opened = open(request);
  if (auto* refusal = std::get_if<HttpResponse>(&opened)) co_return std::move(*refusal);
  const auto& link = std::get<ConsentLink>(opened);
  ReceiptQuery query;
  query.room = link.room;
  query.participant = link.participant;
  query.giver = to_string(policy::Giver::participant);
  const auto receipts = co_await all_receipts(storage_, std::move(query));
  const auto& words = words_of(request, link.language, "");
  if (!receipts) {
    co_return plain_page_response(words, words.not_understood_title, words.not_understood, 503,
                                  OffersReceipts::yes);
  }
  HttpResponse response;
  response.content_type = "application/jose";
  for (const auto& receipt : *receipts)
    if (sha256(receipt.subject) == link.subject) response.body += receipt.jws + '\n';
  response.headers.emplace_back("Content-Disposition",
                                "attachment; filename=\"consent-receipts.jws\"");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  co_return response;
}

// The link is what authenticates. Besides, a browser that says so is believed when it says that
// another site sent the form. "null" says nothing: a page without referrer sends it, as ours does.
bool ConsentPage::comes_from_here(const HttpRequest& request) const {
  const auto& browser = request.browser;
  if (!browser.fetch_site.empty())
    return browser.fetch_site == "same-origin" || browser.fetch_site == "none";
  if (browser.origin.empty() || browser.origin == "null") return true;
  const auto from = after_scheme(browser.origin);
  const auto here = after_scheme(options_.public_url);
  return !from.empty() && (from == browser.host || from == here.substr(0, here.find('/')));
}

ConsentPage::Response ConsentPage::post(const HttpRequest& request) {
  if (!comes_from_here(request)) {
    const auto& words = words_of(request, "", "");
    co_return plain_page_response(words, words.not_understood_title, words.not_understood, 403);
  }
  auto visited = visit(request);
  if (auto* refusal = std::get_if<HttpResponse>(&visited)) co_return std::move(*refusal);
  const Visit& visitor = std::get<Visit>(visited);
  const auto answer = read_answer(request.body);
  if (!answer) {
    const auto& words = visitor.words;
    co_return plain_page_response(words, words.not_understood_title, words.not_understood, 400);
  }
  switch (answer->what) {
    case PageAnswer::What::withdraw:
      co_return co_await withdraw(visitor, answer->purposes.front());
    case PageAnswer::What::refuse_all:
      co_return co_await refuse_all(visitor);
    case PageAnswer::What::agree:
      break;
  }
  if (answer->purposes.empty()) co_return see(visitor.words, "nothing");
  co_return co_await agree(visitor, answer->purposes, answer->seen);
}

ConsentPage::Response ConsentPage::withdraw(const Visit& visit, std::string purpose) {
  policy::ConsentWithdrawn withdrawal;
  withdrawal.participant = visit.link.participant;
  withdrawal.purpose = std::move(purpose);
  const auto outcome = co_await visit.room->withdraw(withdrawal);
  if (outcome) co_return see(visit.words, "saved");
  const auto status = status_of(outcome.error().type);
  if (status >= 500) co_return show(visit, PageMessage::not_saved, status);
  const auto& words = visit.words;
  co_return plain_page_response(words, words.not_understood_title, words.not_understood, 400);
}

// What stands granted is withdrawn, what is open is refused; what was closed stays as it is.
ConsentPage::Response ConsentPage::refuse_all(const Visit& visit) {
  const auto view =
      consent_view(*visit.room, visit.link.participant, visit.words, read_clocks().wall);
  bool saved = true;
  for (const ShownPurpose& purpose : view.purposes) {
    if (purpose.state == policy::ConsentState::granted) {
      policy::ConsentWithdrawn withdrawal{visit.link.participant, purpose.id};
      const auto outcome = co_await visit.room->withdraw(withdrawal);
      saved = saved && outcome.has_value();
    } else if (purpose.state != policy::ConsentState::refused &&
               purpose.state != policy::ConsentState::withdrawn) {
      auto refusal = refusal_of(purpose);
      refusal.participant = visit.link.participant;
      refusal.subject = visit.subject;
      const auto outcome = co_await visit.room->state_consent(std::move(refusal));
      saved = saved && outcome.has_value();
    }
  }
  if (!saved) co_return show(visit, PageMessage::not_saved, 503);
  co_return see(visit.words, "saved");
}

ConsentPage::Response ConsentPage::agree(const Visit& visit,
                                         const std::vector<std::string>& purposes,
                                         std::string_view seen) {
  const auto view =
      consent_view(*visit.room, visit.link.participant, visit.words, read_clocks().wall);
  const auto epoch = epoch_seen(seen, view);
  if (!epoch) co_return show(visit, PageMessage::changed, 409);
  for (const std::string& id : purposes) {
    const ShownPurpose* purpose = view.find(id);
    if (purpose == nullptr) co_return show(visit, PageMessage::changed, 409);
    if (purpose->state == policy::ConsentState::granted) continue;
    auto stated = grant_of(*purpose, *epoch);
    stated.participant = visit.link.participant;
    stated.subject = visit.subject;
    const auto outcome = co_await visit.room->state_consent(std::move(stated));
    if (outcome) continue;
    const auto status = status_of(outcome.error().type);
    const bool failed = status >= 500;
    co_return show(visit, failed ? PageMessage::not_saved : PageMessage::changed,
                   failed ? status : 409);
  }
  co_return see(visit.words, "saved");
}

}  // namespace assent::gateway
