#include "gateway/idempotency.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace assent::gateway {

std::string idempotency_scope(const HttpRequest& request) {
  std::string scope = request.principal ? request.principal->token_name : std::string{};
  scope += '\n';
  scope += to_string(request.method);
  scope += '\n';
  scope += request.path;
  scope += '\n';
  scope += request.idempotency_key.value_or(std::string{});
  return scope;
}

bool is_idempotency_key(std::string_view key) {
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  return !key.empty() && key.size() <= 128 && std::all_of(key.begin(), key.end(), visible);
}

IdempotencyCache::IdempotencyCache(IdempotencyLimits limits) : limits_{limits} {}

IdempotencyCache::Entries::iterator IdempotencyCache::find(Ticket ticket) {
  return std::find_if(entries_.begin(), entries_.end(),
                      [&](const Entry& entry) { return entry.ticket == ticket; });
}

void IdempotencyCache::forget(Entries::iterator entry) {
  bytes_ -= entry->body.size();
  by_scope_.erase(entry->scope);
  entries_.erase(entry);
}

// Unfinished entries stay: there are no more of them than open connections.
void IdempotencyCache::make_room(Time now) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    const bool full = entries_.size() >= limits_.entries_max || bytes_ > limits_.bytes_max;
    const bool old = entry->finished && now - entry->finished_at >= limits_.keep;
    if (entry->finished && (full || old)) forget(entry);
    entry = next;
  }
}

HttpResponse IdempotencyCache::repeat(const Entry& entry, const HttpRequest& request) {
  if (!equal_in_constant_time(entry.body_hash, request.body_hash)) {
    return problem_response(make_problem(ProblemType::key_reused,
                                         "use a new key for a new request, the same body for "
                                         "a repetition"));
  }
  if (!entry.finished) {
    return problem_response(make_problem(ProblemType::in_progress, "repeat it a little later"));
  }
  if (entry.superseded && entry.method != HttpMethod::delete_) {
    return problem_response(make_problem(
        ProblemType::superseded,
        "the request was carried out, and what it did has been changed since; look, then decide"));
  }
  HttpResponse response;
  response.status = entry.status;
  response.content_type = entry.content_type;
  response.body = entry.body;
  response.headers.emplace_back("Idempotency-Replayed", "true");
  return response;
}

IdempotencyCache::Begun IdempotencyCache::begin(Time now, const HttpRequest& request) {
  make_room(now);
  Begun begun;
  std::string scope = idempotency_scope(request);
  const auto known = by_scope_.find(scope);
  if (known != by_scope_.end()) {
    begun.answer = repeat(*known->second, request);
    return begun;
  }
  if (entries_.size() >= limits_.entries_max) {
    begun.answer = problem_response(
        make_problem(ProblemType::exhausted, "too many requests with keys are in progress"));
    return begun;
  }
  Entry entry;
  entry.ticket = ++last_ticket_;
  entry.scope = scope;
  entry.path = request.path;
  entry.method = request.method;
  entry.body_hash = request.body_hash;
  entries_.push_back(std::move(entry));
  by_scope_.emplace(std::move(scope), std::prev(entries_.end()));
  begun.ticket = last_ticket_;
  return begun;
}

// Somebody's personal data is not kept in memory to be given out again.
static bool is_given_once(const HttpResponse& response) {
  return std::any_of(response.headers.begin(), response.headers.end(), [](const auto& header) {
    return header.first == "Cache-Control" && header.second == "no-store";
  });
}

void IdempotencyCache::finish(Ticket ticket, Time now, const HttpResponse& response) {
  const auto entry = find(ticket);
  if (entry == entries_.end()) return;
  if (response.status >= 500 || response.stream || is_given_once(response)) {
    forget(entry);
    return;
  }
  entry->finished = true;
  entry->finished_at = now;
  entry->status = response.status;
  entry->content_type = response.content_type;
  entry->body = response.body;
  bytes_ += entry->body.size();
}

void IdempotencyCache::abandon(Ticket ticket) {
  const auto entry = find(ticket);
  if (entry != entries_.end()) forget(entry);
}

void IdempotencyCache::changed(std::string_view path, bool deleted, std::optional<Ticket> by) {
  for (Entry& entry : entries_) {
    if (by && entry.ticket == *by) continue;
    const std::string_view other = entry.path;
    const bool below =
        other.size() > path.size() && other.starts_with(path) && other[path.size()] == '/';
    if (other == path || (deleted && below)) entry.superseded = true;
  }
}

}  // namespace assent::gateway
