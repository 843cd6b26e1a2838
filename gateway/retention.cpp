#include "gateway/retention.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <utility>

#include "gateway/pseudonym.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/subject_changes.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::size_t holdings_a_page = 100;
constexpr std::size_t answers_a_batch = 1'000;
constexpr std::string_view itself = "service";

Problem not_done(StorageError error) {
  return make_problem(ProblemType::unavailable,
                      "The retention is not complete (" + std::string(to_string(error)) +
                          "). See /readyz; what went is gone, and the next run goes on.");
}

std::string track_in(const ClosedRecording& recording) {
  boost::system::error_code error;
  const auto entry = json::parse(recording.json, error);
  const auto* const object = error ? nullptr : entry.if_object();
  const auto* const track = object == nullptr ? nullptr : object->if_contains("track");
  return track != nullptr && track->is_string() ? std::string(track->get_string()) : std::string{};
}

std::string day_of(WallTime time) {
  constexpr std::size_t date_length = 10;
  return to_rfc3339(time).substr(0, date_length);
}

// Why it goes, in words.
std::string because(const policy::RuleBook& rules, const std::string& category) {
  const auto found = rules.categories.find(category);
  if (found == rules.categories.end()) return "kept for the time that assent.yaml says";
  const auto& kept = found->second.retention;
  std::string text = kept.until_contract_end ? "the contract has ended" : "";
  if (kept.legal_minimum.count() > 0) {
    text += text.empty() ? "" : ", and ";
    text += "the minimum of " + std::to_string(kept.legal_minimum.count()) + " days is over";
  }
  return text.empty() ? "it is kept for no time at all" : text;
}

}  // namespace

Retention::Retention(const asio::any_io_executor& executor, Parts parts)
    : parts_{std::move(parts)}, timer_{executor} {}

asio::awaitable<void> Retention::stop() {
  stopping_ = true;
  timer_.cancel();
  asio::steady_timer pause{timer_.get_executor()};
  while (running_) {
    pause.expires_after(std::chrono::milliseconds{1});
    co_await pause.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> Retention::run_daily() {
  while (!stopping_ && parts_.config.hour) {
    const auto now = std::chrono::system_clock::now();
    auto next =
        std::chrono::floor<std::chrono::days>(now) + std::chrono::hours{*parts_.config.hour};
    if (next <= now) next += std::chrono::days{1};
    boost::system::error_code woken;
    timer_.expires_after(next - now);
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (stopping_) break;
    const auto done = co_await run(false, std::string(itself));
    if (!done)
      parts_.log.error("retention.incomplete", {{"what", OperatorText{done.error().detail}}});
  }
}

asio::awaitable<Answered<json::object>> Retention::run(bool only_show, std::string actor) {
  if (std::exchange(running_, true))
    co_return make_problem(ProblemType::conflict, "The retention is at work already.");
  struct Ended {
    bool& running;
    ~Ended() { running = false; }
  } ended{running_};
  const auto now = read_clocks().wall;
  if (parts_.recordings_settled) {
    const bool all = co_await parts_.recordings_settled();
    if (!all) co_return not_done(StorageError::unavailable);
  }
  const auto ends = co_await contract_ends();
  if (!ends) co_return ends.error();
  Sums sums;
  const auto gone = co_await go_through(*ends, now, only_show, sums);
  if (!gone) co_return gone.error();
  const auto answers = co_await forget_answers(now, only_show, sums);
  if (!answers) co_return answers.error();
  if (!only_show) {
    const auto forgotten = co_await forget_gone(*ends, now, sums);
    if (!forgotten) co_return forgotten.error();
    const auto recorded = co_await record(sums, std::move(actor), now);
    if (!recorded) co_return recorded.error();
    parts_.log.info("retention.done", {{"holdings", sums.holdings}, {"kinds", sums.lines.size()}});
  }
  co_return report(sums, only_show, now);
}

asio::awaitable<Answered<ContractEnds>> Retention::contract_ends() {
  ContractEnds ends;
  for (const auto& [tenant, last_day] : parts_.config.contract_ends)
    ends.tenants[tenant] = last_day + std::chrono::days{1};
  const auto changes = co_await parts_.storage.changes_of_subjects();
  if (!changes) co_return not_done(changes.error());
  for (const auto& change : *changes) {
    if (const auto end = state_of({&change, 1}).contract_end) ends.subjects[change.subject] = *end;
  }
  co_return ends;
}

asio::awaitable<Answered<void>> Retention::go_through(const ContractEnds& ends, WallTime now,
                                                      bool only_show, Sums& sums) {
  const auto rules = parts_.policy.rules();
  for (RecordId after{}; !stopping_;) {
    const auto page = co_await parts_.storage.ended_holdings(after, holdings_a_page);
    if (!page) co_return not_done(page.error());
    for (const auto& holding : *page) {
      const auto kept = co_await parts_.storage.kept_of(holding);
      if (!kept) co_return not_done(kept.error());
      ++sums.holdings;
      auto due = due_in(*kept, *rules, ends, now, sums.lines);
      if (only_show || due.is_empty()) continue;
      for (const auto& person : due.persons)
        sums.subjects.insert(person.subject);
      const auto gone = co_await dispose(std::move(due), now);
      if (!gone) co_return gone.error();
    }
    if (page->size() < holdings_a_page) break;
    after = page->back().stop;
  }
  co_return Answered<void>{};
}

// Files first: what the rows say of them is what the manifests say afterwards.
asio::awaitable<Answered<void>> Retention::dispose(HoldingDisposal disposal, WallTime now) {
  Disposition how;
  for (const auto& person : disposal.persons)
    how.names.emplace(person.participant, new_pseudonym());
  std::map<std::string, std::vector<TrackErasure>> by_sink;
  std::map<std::string, RecordId> rows;
  for (const auto& recording : disposal.recordings) {
    TrackErasure track;
    track.session = recording.session;
    track.track = track_in(recording);
    track.participant = how.names.emplace(recording.participant, new_pseudonym()).first->second;
    rows[track.track] = recording.id;
    by_sink[recording.sink].push_back(std::move(track));
  }
  for (auto& [name, tracks] : by_sink) {
    const auto sink = parts_.sinks.find(name);
    auto* const recorder = sink ? parts_.sinks.recorder(*sink) : nullptr;
    if (recorder == nullptr) {
      parts_.log.warning("retention.no_recorder", {{"sink", OperatorText{name}}});
      continue;
    }
    const auto erased = co_await recorder->erase(std::move(tracks));
    if (!erased) {
      co_return make_problem(ProblemType::unavailable,
                             "Not every recording that is due could be deleted. Mend the disk; the "
                             "next run goes on.");
    }
    for (const auto& track : *erased)
      how.recordings[rows[track.track]] = track.json;
  }
  // A person at a time: consents get their turn in between.
  for (auto& person : std::exchange(disposal.persons, {})) {
    HoldingDisposal one;
    one.session = disposal.session;
    one.room = disposal.room;
    one.persons.push_back(std::move(person));
    Disposition named;
    named.names = how.names;
    const auto disposed = co_await parts_.storage.dispose(std::move(one), std::move(named), now);
    if (!disposed) co_return not_done(disposed.error());
  }
  if (disposal.is_empty()) co_return Answered<void>{};
  const auto disposed = co_await parts_.storage.dispose(std::move(disposal), std::move(how), now);
  if (!disposed) co_return not_done(disposed.error());
  co_return Answered<void>{};
}

asio::awaitable<Answered<void>> Retention::forget_answers(WallTime now, bool only_show,
                                                          Sums& sums) {
  const auto before =
      now - std::chrono::duration_cast<std::chrono::milliseconds>(parts_.config.answers);
  std::size_t all = 0;
  for (;;) {
    const auto some = co_await parts_.storage.forget_answers(before, answers_a_batch, only_show);
    if (!some) co_return not_done(some.error());
    all += *some;
    if (only_show || *some < answers_a_batch) break;
  }
  if (all != 0)
    sums.lines["answers"] = {
        "answers", "answers to requests with a key", policy::Disposal::destroy, all, before,
        before};
  co_return Answered<void>{};
}

// Of whom nothing is left, the key goes, too, and what was said of the contract.
asio::awaitable<Answered<void>> Retention::forget_gone(const ContractEnds& ends, WallTime now,
                                                       Sums& sums) {
  for (const auto& [subject, end] : ends.subjects)
    if (end <= now) sums.subjects.insert(subject);
  for (const auto& subject : sums.subjects) {
    if (subject.empty() || subject == erased_subject) continue;
    const auto file = co_await parts_.storage.subject_file(subject);
    if (!file) co_return not_done(file.error());
    const auto end = ends.subjects.find(subject);
    const bool is_over = end != ends.subjects.end() && end->second <= now;
    if (!file->persons.empty() || (!is_over && !file->actions.empty())) continue;
    Erasure erasure;
    erasure.subject = subject;
    erasure.actor = itself;
    erasure.at = now;
    const auto erased = co_await parts_.storage.erase(std::move(erasure));
    if (!erased) co_return not_done(erased.error());
  }
  const auto finished = co_await parts_.storage.finish_disposals();
  if (!finished) co_return not_done(finished.error());
  co_return Answered<void>{};
}

// A line each, open to whoever reads the ledger: which kind, how much, due until when.
asio::awaitable<Answered<void>> Retention::record(const Sums& sums, std::string actor,
                                                  WallTime now) {
  std::vector<Record> records;
  const auto add = [&](std::string action) {
    records.emplace_back(PrivacyAction{{}, std::move(action), "", actor, "{}", now});
  };
  for (const auto& [name, line] : sums.lines)
    add("retention:" + line.category + ":" + std::to_string(line.rows) + ":" +
        day_of(line.newest_due));
  if (records.empty()) add("retention:none:0:" + day_of(now));
  const auto stored = co_await parts_.storage.append(std::move(records));
  if (!stored) co_return not_done(stored.error());
  co_return Answered<void>{};
}

json::object Retention::report(const Sums& sums, bool only_show, WallTime now) const {
  const auto rules = parts_.policy.rules();
  json::array due;
  for (const auto& [name, line] : sums.lines) {
    json::object out{{"category", line.category},
                     {"what", line.what},
                     {"then", policy::to_string(line.then)},
                     {"rows", line.rows},
                     {"because", because(*rules, line.category)}};
    out["first_due"] = to_rfc3339(line.oldest_due);
    out["last_due"] = to_rfc3339(line.newest_due);
    due.push_back(std::move(out));
  }
  json::object out{{"dry_run", only_show}, {"at", to_rfc3339(now)}, {"holdings", sums.holdings}};
  out["due"] = std::move(due);
  return out;
}

}  // namespace assent::gateway
