#include "gateway/exports.hpp"

#include <algorithm>
#include <bit>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <span>
#include <utility>

#include "gateway/call_record.hpp"
#include "gateway/export_judge.hpp"
#include "gateway/webhook_schedule.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t round_records_max = 100;
constexpr std::size_t round_bytes_max = 256'000;  // but at least one record
constexpr auto storage_pause = 250ms;             // before it is asked again
constexpr auto look_period = 200ms;               // whether something was stored
constexpr auto longest_rest = 24h;
constexpr auto holders_within = 10s;  // at the end

asio::awaitable<void> wait_for_turn(Turn& turn) {
  (void)co_await turn.take();
}

}  // namespace

struct Exports::Target {
  Target(const asio::any_io_executor& executor, asio::thread_pool* files,
         const ExportConfig& configured, const std::string& gateway)
      : config{configured},
        sender{make_export_sender(executor, files, configured, gateway)},
        turn{executor},
        wake{executor} {}

  const ExportConfig& config;
  std::unique_ptr<ExportSender> sender;
  ExportState state;
  bool known = false;     // what was stored of it is read
  Turn turn;              // a round's, or of who holds what leaves
  bool unstored = false;  // what has left is not remembered yet
  asio::steady_timer wake;
  bool woken = false;  // while it was busy
  RecordId last{};     // of the round that failed: it is tried again as it was
  std::uint32_t attempts = 0;
  WallTime first_attempt{};
  bool disabled = false;

  void rouse() {
    woken = true;
    wake.cancel();
  }
};

// What is sent together, and what is to be remembered of it.
struct Exports::Round {
  ExportBatch batch;
  ExportChange change;
  RecordId last{};
};

Exports::Exports(asio::any_io_executor executor, const std::vector<ExportConfig>& configured,
                 Parts parts)
    : executor_{std::move(executor)},
      parts_{std::move(parts)},
      look_{executor_},
      ended_{executor_} {
  const auto has_files = [](const ExportConfig& target) {
    return std::holds_alternative<FileExport>(target.to);
  };
  if (std::any_of(configured.begin(), configured.end(), has_files))
    files_ = std::make_unique<asio::thread_pool>(1);
  for (const auto& target : configured)
    targets_.push_back(
        std::make_unique<Target>(executor_, files_.get(), target, parts_.places.gateway));
}

Exports::~Exports() {
  if (files_) files_->join();
}

void Exports::spawn(asio::awaitable<void> coroutine) {
  ++running_;
  asio::co_spawn(executor_, std::move(coroutine), [this](const std::exception_ptr& failed) {
    --running_;
    if (running_ == 0) ended_.cancel();
    if (failed) std::rethrow_exception(failed);
  });
}

asio::awaitable<void> Exports::find_places() {
  for (auto& target : targets_) {
    if (!parts_.storage.health().writable) break;
    ExportChange nothing;
    nothing.target = target->config.name;
    nothing.at = read_clocks().wall;
    auto state = co_await parts_.storage.exports(std::move(nothing));
    if (!state) break;
    target->state = std::move(*state);
    target->known = true;
  }
}

void Exports::start() {
  spawn(forget_others());
  if (targets_.empty()) return;
  spawn(watch());
  for (auto& target : targets_)
    spawn(serve(*target));
}

asio::awaitable<void> Exports::stop() {
  stopping_ = true;
  look_.cancel();
  for (auto& target : targets_) {
    target->sender->cancel();
    target->rouse();
  }
  while (running_ > 0) {
    boost::system::error_code woken;
    ended_.expires_after(longest_rest);
    co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  // Nobody else takes a turn now. Whoever has one is done soon, unless storage does not let them:
  // that is not waited for.
  for (auto& target : targets_)
    spawn(wait_for_turn(target->turn));
  const auto until = std::chrono::steady_clock::now() + holders_within;
  while (running_ > 0 && std::chrono::steady_clock::now() < until) {
    boost::system::error_code woken;
    ended_.expires_at(until);
    co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

asio::awaitable<void> Exports::forget_others() {
  while (!stopping_) {
    std::vector<std::string> names;
    for (const auto& target : targets_)
      names.push_back(target->config.name);
    ExportChange change;
    change.only_of = std::move(names);
    const auto forgotten = co_await parts_.storage.exports(std::move(change));
    if (forgotten || stopping_) break;
    boost::system::error_code woken;
    asio::steady_timer pause{executor_, storage_pause};
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

asio::awaitable<void> Exports::watch() {
  for (std::uint64_t seen = 0; !stopping_;) {
    const std::uint64_t records = parts_.storage.health().records;
    if (std::exchange(seen, records) != records)
      for (auto& target : targets_)
        if (target->attempts == 0) target->rouse();
    boost::system::error_code woken;
    look_.expires_after(look_period);
    co_await look_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

asio::awaitable<void> Exports::rest(Target& target, std::chrono::milliseconds pause) {
  if (!std::exchange(target.woken, false)) {
    boost::system::error_code woken;
    target.wake.expires_after(pause);
    co_await target.wake.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    target.woken = false;
  }
}

asio::awaitable<void> Exports::serve(Target& target) {
  while (!stopping_ && !target.disabled) {
    if (target.known) {
      const auto pause = co_await take_round(target);
      if (pause > 0ms && !stopping_) co_await rest(target, pause);
      continue;
    }
    ExportChange nothing;
    target.known = co_await store(target, std::move(nothing));
  }
}

// False: storage does not answer now, and a pause was made.
asio::awaitable<bool> Exports::store(Target& target, ExportChange change) {
  change.target = target.config.name;
  change.at = read_clocks().wall;
  auto state = co_await parts_.storage.exports(std::move(change));
  if (state) {
    target.state = std::move(*state);
    co_return true;
  }
  if (!stopping_) co_await rest(target, storage_pause);
  co_return false;
}

// How long to rest until the next one, or until something is new.
asio::awaitable<std::chrono::milliseconds> Exports::take_round(Target& target) {
  std::optional<Turn::Hold> turn{co_await target.turn.take()};
  CdrQuery query;
  query.after = target.state.place.after;
  query.limit = round_records_max;
  query.only_stops = !target.config.interim;
  if (target.attempts != 0) query.upto = target.last;
  auto found = co_await parts_.storage.cdrs(std::move(query));
  if (stopping_) co_return 0ms;
  if (!found) co_return storage_pause;
  if (found->empty() && target.attempts == 0) co_return longest_rest;
  Round round = judge(target, *found);
  ExportPlace place = target.state.place;
  auto outcome = ExportOutcome::sent;
  if (!round.batch.records.empty()) outcome = co_await send(target, round.batch, place);
  if (stopping_ && outcome != ExportOutcome::sent) co_return 0ms;
  if (outcome != ExportOutcome::sent) {
    if (outcome == ExportOutcome::gone) {
      target.disabled = true;
      parts_.log.error("export.disabled", {{"export", OperatorText{target.config.name}}});
      co_return 0ms;
    }
    const auto pause = failed(target, round);
    if (pause > 0ms) {
      target.woken = false;  // what is new waits behind this
      co_return pause;
    }
    round.change.refused["given_up"] += round.change.left.size();
    round.change.left.clear();
  }
  tell_refusals(target, round);
  if (std::exchange(target.attempts, 0) != 0 && outcome == ExportOutcome::sent)
    parts_.log.info("export.recovered", {{"export", OperatorText{target.config.name}}});
  place.after = round.last;
  round.change.reached = place;
  // What was sent is sent: until that is on disk, nothing else is.
  target.unstored = true;
  while (target.unstored && !stopping_) {
    ExportChange change = round.change;
    const bool stored = co_await store(target, std::move(change));
    target.unstored = !stored;
    if (!stored) turn.reset();  // for whoever waits to hear that
  }
  co_return 0ms;
}

asio::awaitable<std::optional<std::vector<Turn::Hold>>> Exports::hold() {
  std::vector<Turn::Hold> held;
  held.reserve(targets_.size());
  if (!targets_.empty() && !parts_.storage.health().writable) co_return std::nullopt;
  for (auto& target : targets_) {
    held.push_back(co_await target->turn.take());
    if (target->unstored || stopping_) co_return std::nullopt;
  }
  co_return held;
}

// A new file is known on disk as empty, or as long as it is, before a byte of the batch is in it:
// whatever becomes of the attempt, the next one goes on from there.
asio::awaitable<ExportOutcome> Exports::send(Target& target, const ExportBatch& batch,
                                             ExportPlace& place) {
  const auto opened = co_await target.sender->open(place);
  if (opened != ExportOutcome::sent) co_return opened;
  while (!stopping_ && place.file != target.state.place.file) {
    ExportChange change;
    change.reached = place;
    (void)co_await store(target, std::move(change));
  }
  if (stopping_) co_return ExportOutcome::failed;
  co_return co_await target.sender->send(batch, place);
}

Exports::Round Exports::judge(const Target& target, const std::vector<CdrEntry>& found) const {
  Round round;
  round.last = target.attempts != 0 ? target.last : target.state.place.after;
  const auto rules = parts_.policy.rules();
  const WallTime now = read_clocks().wall;
  std::size_t bytes = 0;
  for (const auto& entry : found) {
    if (bytes > round_bytes_max && target.attempts == 0) break;
    round.last = entry.id;
    auto record = parse_cdr(entry.json);
    if (!record) {
      ++round.change.refused["unreadable"];
      continue;
    }
    record->id = static_cast<std::uint64_t>(static_cast<std::int64_t>(entry.id));
    auto verdict = judge_export(*rules, parts_.places, target.config, *record, now);
    if (verdict.shown && !target.sender->fit(*verdict.shown)) {
      verdict.shown.reset();
      verdict.refused = export_too_large;
    }
    if (!verdict.shown) {
      if (!verdict.refused.empty()) ++round.change.refused[verdict.refused];
      continue;
    }
    const std::size_t size = to_json(*verdict.shown).size();
    bytes += size;
    round.change.left.push_back({entry.id, std::move(verdict.ways), size});
    round.batch.records.push_back(*std::move(verdict.shown));
  }
  round.batch.target = target.config.name;
  round.batch.id = "cdrs_" + target.config.name;
  round.batch.id += "_" + std::to_string(static_cast<std::int64_t>(round.last));
  return round;
}

// Of whom, and where, is in the records; the log grows with its logarithm.
void Exports::tell_refusals(Target& target, const Round& round) {
  for (const auto& [reason, records] : round.change.refused) {
    const auto before = target.state.refused.find(reason);
    const std::uint64_t known = before == target.state.refused.end() ? 0 : before->second;
    if (std::bit_width(known) == std::bit_width(known + records)) continue;
    parts_.log.warning("export.refused", {{"export", OperatorText{target.config.name}},
                                          {"reason", OperatorText{reason}},
                                          {"records", known + records}});
  }
}

// How long until the next attempt; 0: it is given up.
std::chrono::milliseconds Exports::failed(Target& target, const Round& round) {
  const WallTime now = read_clocks().wall;
  const OperatorText name{target.config.name};
  if (target.attempts++ == 0) {
    target.first_attempt = now;
    target.last = round.last;
    parts_.log.warning("export.failing",
                       {{"export", name}, {"what", OperatorText{target.sender->problem()}}});
  }
  const auto pause = webhook_pause(target.attempts, now - target.first_attempt, chance());
  if (!pause) parts_.log.error("export.given_up", {{"export", name}});
  return pause.value_or(0ms);
}

std::vector<ExportStatus> Exports::status() const {
  std::vector<ExportStatus> all;
  for (const auto& target : targets_)
    all.push_back({target->config, target->state, target->attempts != 0, target->disabled});
  return all;
}

std::vector<ExportMetrics> Exports::metrics() const {
  std::vector<ExportMetrics> all;
  for (const auto& target : targets_) {
    ExportMetrics& line = all.emplace_back();
    line.target = target->config.name;
    line.sent = target->state.sent;
    line.refused = {target->state.refused.begin(), target->state.refused.end()};
    line.failing = target->attempts != 0 || target->disabled;
  }
  return all;
}

double Exports::chance() const {
  std::uint32_t number = 0;
  parts_.entropy(std::as_writable_bytes(std::span{&number, 1}));
  return static_cast<double>(number) / 4'294'967'296.0;
}

}  // namespace assent::gateway
