#include "gateway/cdrs_query.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <utility>
#include <vector>

#include "gateway/cdr_form.hpp"
#include "gateway/cdr_view.hpp"
#include "gateway/cdrs_parameters.hpp"
#include "gateway/rfc3339.hpp"
#include "policy/release.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// What one answer of storage holds up others by: records found, and ids looked at.
constexpr std::size_t page = 100;
constexpr std::int64_t ids_at_once = 5'000;

Problem unreadable() {
  return make_problem(ProblemType::unavailable, "The records cannot be read now. See /readyz.");
}

class Query {
 public:
  explicit Query(const HttpRequest& request) : request_{request} {}

  [[nodiscard]] bool has(const char* name) const { return request_.query.contains(name); }
  [[nodiscard]] std::string word(const char* name) const {
    const auto found = request_.query.find(name);
    return found == request_.query.end() ? std::string{} : found->second;
  }
  // The router has let nothing else through than ids, numbers and times.
  [[nodiscard]] CdrQuery records() const {
    CdrQuery query;
    query.limit = cdr_page_max;
    query.room = word("room");
    query.participant = word("participant");
    query.subject = word("subject");
    if (has("since")) query.from = parse_day_or_time(word("since"));
    if (has("until")) query.until = parse_day_or_time(word("until"));
    if (has("after")) query.after = RecordId{std::stoll(word("after"))};
    if (has("limit")) query.limit = std::stoul(word("limit"));
    return query;
  }
  // None: a page of JSON.
  [[nodiscard]] std::optional<CdrForm> form() const {
    if (has("format")) return parse_cdr_form(word("format"));
    const auto accepted = cdr_form_accepted(request_.accept);
    return accepted ? parse_cdr_form(*accepted) : std::nullopt;
  }

 private:
  const HttpRequest& request_;
};

Answered<CdrView> view_for(const Query& query, const policy::RuleBook& rules) {
  const std::string processor = query.word("processor");
  const CdrView view{policy::records_view(rules, processor), processor};
  if (view.kind() == policy::RecordsView::none)
    return make_problem(ProblemType::refused_by_policy,
                        "The policy shows this processor no call detail records.");
  if (view.kind() == policy::RecordsView::aggregates)
    return make_problem(ProblemType::refused_by_policy,
                        "The policy shows this processor aggregates only: GET /v1/aggregates.");
  if (view.needs_rooms() && !query.has("room"))
    return make_problem(ProblemType::invalid_parameter,
                        "?room must name the room of the case: this processor is shown no others");
  return view;
}

std::optional<Cdr> shown(const CdrEntry& entry, const CdrView& view) {
  auto cdr = parse_cdr(entry.json);
  if (!cdr) return std::nullopt;
  if (view.kind() == policy::RecordsView::full)
    cdr->id = static_cast<std::uint64_t>(static_cast<std::int64_t>(entry.id));
  return view.shown(*cdr);
}

// What matches, of the records that there are when it begins. Storage is asked about few ids at a
// time, however few of them match.
class RecordWalk {
 public:
  RecordWalk(Storage& storage, CdrQuery query) : storage_{storage}, query_{std::move(query)} {}

  // The next that match; perhaps none, and yet there are more.
  asio::awaitable<Stored<std::vector<CdrEntry>>> next() {
    if (!newest_) {
      const auto newest = co_await storage_.newest_cdr();
      if (!newest) co_return newest.error();
      newest_ = *newest;
    }
    std::vector<CdrEntry> none;
    if (is_over()) co_return none;
    query_.upto = *newest_;
    if (number(*newest_) - number(query_.after) > stretch_)
      query_.upto = RecordId{number(query_.after) + stretch_};
    CdrQuery window = query_;
    auto found = co_await storage_.cdrs(std::move(window));
    if (!found) co_return found;
    if (found->empty() && is_indexed()) stretch_ *= 2;
    query_.after = found->empty() ? query_.upto : found->back().id;
    co_return found;
  }
  [[nodiscard]] bool is_over() const { return newest_ && query_.after >= *newest_; }

 private:
  static std::int64_t number(RecordId id) { return static_cast<std::int64_t>(id); }
  // An index leads to the next that match, over however many that do not.
  [[nodiscard]] bool is_indexed() const { return !query_.room.empty() || !query_.subject.empty(); }

  Storage& storage_;
  CdrQuery query_;
  std::optional<RecordId> newest_;
  std::int64_t stretch_ = ids_at_once;
};

// All that match, as they are read: of the first that cannot be, the body breaks off.
class RecordStream final : public BodyStream {
 public:
  RecordStream(Storage& storage, CdrQuery query, CdrView view, std::unique_ptr<CdrWriter> writer)
      : walk_{storage, by_the_page(std::move(query))},
        view_{std::move(view)},
        writer_{std::move(writer)} {
    writer_->begin(pending_);
  }

  asio::awaitable<std::optional<std::string>> next() override {
    while (pending_.empty() && !ended_) {
      auto found = co_await walk_.next();
      if (ended_) break;
      if (!found) {
        failed_ = ended_ = true;
        break;
      }
      take(*found);
    }
    if (pending_.empty() || failed_) co_return std::nullopt;
    co_return std::exchange(pending_, {});
  }
  void cancel() override {
    if (!ended_) failed_ = ended_ = true;
  }
  [[nodiscard]] bool failed() const override { return failed_; }

 private:
  static CdrQuery by_the_page(CdrQuery query) {
    query.limit = page;
    return query;
  }
  void take(const std::vector<CdrEntry>& found) {
    for (const auto& entry : found)
      if (const auto cdr = shown(entry, view_)) writer_->add(*cdr, pending_);
    if (!walk_.is_over()) return;
    writer_->finish(pending_);
    ended_ = true;
  }

  RecordWalk walk_;
  CdrView view_;
  std::unique_ptr<CdrWriter> writer_;
  std::string pending_;
  bool ended_ = false;
  bool failed_ = false;
};

// Of a view that shows all of it: as it is stored.
std::optional<json::value> json_of(const CdrEntry& entry, const CdrView& view) {
  std::string text = entry.json;
  if (!view.is_operators()) {
    const auto cdr = shown(entry, view);
    if (!cdr) return std::nullopt;
    if (view.kind() != policy::RecordsView::full) text = to_json(*cdr);
  }
  boost::system::error_code unread;
  auto value = json::parse(text, unread);
  if (unread) return std::nullopt;
  return std::optional<json::value>{std::move(value)};
}

asio::awaitable<HttpResponse> page_of(Storage& storage, CdrQuery query, const CdrView& view) {
  const std::size_t limit = query.limit++;  // one more tells whether there is more
  RecordWalk walk{storage, std::move(query)};
  std::vector<CdrEntry> all;
  while (all.size() <= limit && !walk.is_over()) {
    auto found = co_await walk.next();
    if (!found) co_return problem_response(unreadable());
    std::move(found->begin(), found->end(), std::back_inserter(all));
  }
  const bool more = all.size() > limit;
  if (more) all.erase(all.begin() + static_cast<std::ptrdiff_t>(limit), all.end());
  json::array records;
  for (const auto& entry : all)
    if (auto record = json_of(entry, view)) records.push_back(*std::move(record));
  json::object body{{"cdrs", std::move(records)}};
  if (more) body["next"] = std::to_string(static_cast<std::int64_t>(all.back().id));
  co_return json_response(json::serialize(body));
}

asio::awaitable<HttpResponse> get_cdrs(Storage& storage, const PolicyInForce& policy,
                                       const std::string& gateway, const HttpRequest& request) {
  const Query query{request};
  auto view = view_for(query, *policy.rules());
  if (!view) co_return problem_response(view.error());
  auto records = query.records();
  const auto form = query.form();
  if (!form) co_return co_await page_of(storage, std::move(records), *view);
  if (query.has("limit"))
    co_return problem_response(
        make_problem(ProblemType::invalid_parameter, "?limit is of a page of JSON only"));
  HttpResponse response;
  response.content_type = media_type(*form);
  std::string name = "inline; filename=\"cdrs.";
  name.append(file_ending(*form)).append("\"");
  response.headers.emplace_back("Content-Disposition", std::move(name));
  response.stream = std::make_unique<RecordStream>(storage, std::move(records), *std::move(view),
                                                   make_cdr_writer(*form, gateway));
  co_return response;
}

}  // namespace

void bind_cdrs(Dispatcher& dispatcher, Storage& storage, const PolicyInForce& policy,
               std::string gateway) {
  dispatcher.bind(Operation::get_cdrs,
                  [&storage, &policy, name = std::move(gateway)](const HttpRequest& request) {
                    return get_cdrs(storage, policy, name, request);
                  });
}

}  // namespace assent::gateway
