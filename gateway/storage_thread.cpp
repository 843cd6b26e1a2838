#include "gateway/storage_thread.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "gateway/cdr.hpp"
#include "gateway/ledger_publication.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t group_max = 1'024;                   // requests that share one sync
constexpr std::size_t lines_batch = 500;                   // records exported between two groups
constexpr std::chrono::milliseconds look_at_checking{50};  // to tell how far it has come
constexpr std::chrono::seconds patience_at_end{10};        // with a ledger that is still checked

void refuse(StorageJob& job, StorageError error) {
  std::visit([&](auto& of) { of.reply.send(error); }, job);
}

// Consents and receipts keep a part of the queue to themselves: what can be stored a little later
// must not crowd them out.
bool is_urgent(const StorageJob& job) {
  const auto* const append = std::get_if<AppendJob>(&job);
  return append != nullptr &&
         std::any_of(append->together.begin(), append->together.end(), [](const Record& record) {
           return !std::holds_alternative<CdrEntry>(record) &&
                  !std::holds_alternative<RoomEvent>(record) &&
                  !std::holds_alternative<ClosedRecording>(record);
         });
}

bool waits_for_ledger(const StorageJob& job) {
  const auto* const append = std::get_if<AppendJob>(&job);
  return append != nullptr ? append->patient : std::holds_alternative<BeginRunJob>(job);
}

WallTime wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

CdrEntry stop_after(const CdrEntry& last, WallTime now) {
  const auto parsed = parse_cdr(last.json);
  if (parsed) return to_entry(closed_after(*parsed, CauseForClosing::restart, now));
  // What an older or damaged record still says of itself.
  Cdr known;
  known.session = last.session;
  known.room = last.room;
  known.participant = last.participant;
  known.subject = last.subject;
  known.record_seq = last.record_seq;
  known.opened = known.at = known.counted_until = last.at;
  return to_entry(closed_after(known, CauseForClosing::restart, now));
}

}  // namespace

Storage::Thread::Thread(StorageOptions options) : options_{std::move(options)} {
  health_.problem = "the database is not open yet";
  holding_ = health_.ledger_opening = options_.ledger.has_value();
  if (!options_.cdr_lines.empty()) lines_.emplace(options_.cdr_lines);
  thread_ = std::thread{[this] { run(); }};
}

Storage::Thread::~Thread() {
  stop();
}

void Storage::Thread::put(StorageJob job) {
  std::optional<StorageError> refusal;
  {
    const std::lock_guard lock{mutex_};
    const std::size_t reserved = is_urgent(job) ? 0 : options_.queue_max / 4;
    // What waits for the ledger must not keep from reading for as long as it is not open.
    auto& queue = holding_ && waits_for_ledger(job) ? held_ : queue_;
    if (stopping_) {
      refusal = StorageError::closed;
    } else if (queue.size() + reserved >= options_.queue_max) {
      refusal = StorageError::queue_full;
    } else {
      queue.push_back(std::move(job));
    }
    if (refusal) ++health_.refused;
  }
  if (refusal) {
    refuse(job, *refusal);
  } else {
    wake_.notify_one();
  }
}

StorageHealth Storage::Thread::health() const {
  const std::lock_guard lock{mutex_};
  StorageHealth now = health_;
  now.queued = queue_.size() + held_.size();
  if (serving_since_)
    now.at_work =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - *serving_since_);
  return now;
}

void Storage::Thread::stop() {
  {
    const std::lock_guard lock{mutex_};
    if (!stopping_) stop_until_ = Clock::now() + patience_at_end;
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Storage::Thread::run() {
  open_database();
  do {
    tend_ledger();
    auto group = take_group();
    if (!group.empty()) serve(std::move(group));
    {
      const std::lock_guard lock{mutex_};
      serving_since_.reset();
    }
    idle();
  } while (!is_over());
  farewell();
}

// What waits for a ledger that is being checked is stored, if that ends soon.
bool Storage::Thread::is_over() {
  std::deque<StorageJob> late;
  {
    const std::lock_guard lock{mutex_};
    if (!stopping_ || !queue_.empty()) return false;
    const bool may_open = database_ && ledger_ && Clock::now() < stop_until_;
    if (!held_.empty() && may_open) return false;
    late = std::exchange(held_, {});
    health_.refused += late.size();
  }
  for (auto& job : late)
    refuse(job, StorageError::closed);
  return true;
}

std::vector<StorageJob> Storage::Thread::take_group() {
  const bool checking = database_ && ledger_ && !ledger_->is_taken_up();
  const bool troubled = !database_ || is_opening() || (lines_ && !lines_open_);
  const auto pause = checking ? look_at_checking : options_.retry;
  std::unique_lock lock{mutex_};
  const auto something = [&] {
    return (stopping_ && held_.empty()) || !queue_.empty() || ledger_settled_;
  };
  const bool at_work = (lines_ && lines_behind_) || lines_outdated_ || !erasures_.empty();
  if (troubled) {
    wake_.wait_for(lock, pause, something);
  } else if (!at_work) {
    wake_.wait(lock, something);
  }
  ledger_settled_ = false;
  std::vector<StorageJob> group;
  while (!queue_.empty() && group.size() < group_max) {
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (!group.empty()) serving_since_ = Clock::now();
  return group;
}

bool Storage::Thread::ready() {
  if (!database_ && Clock::now() >= retry_at_) open_database();
  return database_.has_value();
}

void Storage::Thread::open_database() {
  try {
    // Once it was there, an absent file is a fault to report, not a reason to start afresh.
    const auto acknowledged = opened_before_ ? std::optional{acknowledged_} : std::nullopt;
    database_.emplace(options_.database, !opened_before_ && !knows_of_a_database(), acknowledged);
    if (!opened_before_) {
      exported_ = exported_remembered_ = database_->exported();
      began_after_ = database_->last_id();
    }
    require_what_was_acknowledged();
    lines_outdated_ = !database_->outdated_lines().empty();
    opened_before_ = true;
    acknowledged_ = database_->last_id();
  } catch (const DatabaseMisfit& misfit) {
    lost(misfit);
    const std::lock_guard lock{mutex_};
    health_.misfit = true;
    return;
  } catch (const std::exception& error) {
    return lost(error);
  }
  {
    const std::lock_guard lock{mutex_};
    health_.readable = true;
    health_.misfit = false;
    health_.writable = !options_.ledger;
    if (health_.writable) health_.problem.clear();
  }
  if (options_.ledger) tend_ledger();
}

// A ledger is begun behind its database, so one that is there has lost its own: whoever moved that
// may put it back, and an empty one in its place would be in the way.
bool Storage::Thread::knows_of_a_database() const {
  std::error_code unknown;
  return options_.ledger &&
         std::filesystem::exists(options_.ledger->folder / checkpoint_name, unknown);
}

// Every transaction leaves a newest checkpoint of the ledger, so a file that ends before what this
// process told somebody of is another one. It is not gone on with: the right one may come back.
void Storage::Thread::require_what_was_acknowledged() const {
  if (options_.ledger && opened_before_ && database_->last_id() < acknowledged_)
    throw std::runtime_error(
        "the database is an older copy than the one that this process wrote to; put back the "
        "newest one");
}

void Storage::Thread::lost(const std::exception& error) {
  const std::string problem = problem_of(error);
  database_.reset();
  retry_at_ = Clock::now() + options_.retry;
  if (ledger_) ledger_->set_down();
  const std::lock_guard lock{mutex_};
  health_.readable = health_.writable = false;
  if (!ledger_refused_) health_.problem = problem;  // else that is what is to be mended
}

void Storage::Thread::idle() {
  const bool is_ready = ready();
  if (!takes_records()) give_up_erasures(StorageError::unavailable);  // who asked can ask again
  if (!is_ready) return;
  const bool renaming = !erasures_.empty() && !erasures_.front().due.empty();
  if (!renaming && rewrite_lines() && lines_) export_lines();
  if (takes_records() && !erasures_.empty()) continue_erasure();
}

void Storage::Thread::serve(std::vector<StorageJob> group) {
  if (!ready()) {
    {
      const std::lock_guard lock{mutex_};
      health_.refused += group.size();
    }
    for (auto& job : group)
      refuse(job, StorageError::unavailable);
    return;
  }
  for (auto& job : group)
    if (auto* const beginning = std::get_if<BeginRunJob>(&job)) begin_run(*beginning);
  append_all(group);
  for (auto& job : group) {
    std::visit([this](auto& of) { answer(of); }, job);
  }
}

void Storage::Thread::begin() {
  database_->begin();
  if (exported_ != exported_remembered_) database_->remember_exported(exported_);
}

// What the recorder finds of an earlier run has no subject with it; the records of the call have.
void Storage::Thread::name_subjects(std::vector<Record>& together) {
  for (auto& record : together) {
    auto* const recording = std::get_if<ClosedRecording>(&record);
    if (recording == nullptr || !recording->subject.empty()) continue;
    recording->subject = database_->subject_of(recording->session, recording->participant);
  }
}

// Recordings are offered more than once: by who closed them, and at the next start.
bool Storage::Thread::is_stored(const std::vector<Record>& together) {
  return std::any_of(together.begin(), together.end(), [this](const Record& record) {
    const auto* const recording = std::get_if<ClosedRecording>(&record);
    return recording != nullptr && database_->has_recording(recording->session, recording->json);
  });
}

// In the ledger, then in the database: a crash in between leaves entries that nobody was told of.
void Storage::Thread::commit(const LeafBatch& leaves) {
  if (ledger_) ledger_->bind(leaves, *database_);
  database_->commit();
  if (ledger_) ledger_->committed();
  exported_remembered_ = exported_;
  acknowledged_ = database_->last_id();
  lines_behind_ = true;
}

// One transaction, a sync of the ledger and one of the database for all that came together; then
// the answers.
void Storage::Thread::append_all(std::vector<StorageJob>& group) {
  std::vector<std::pair<AppendJob*, Stored<RecordId>>> answers;
  for (auto& job : group) {
    if (auto* const append = std::get_if<AppendJob>(&job)) answers.emplace_back(append, why_not());
  }
  if (answers.empty()) return;
  std::size_t records = 0;
  std::size_t refused = takes_records() ? 0 : answers.size();
  try {
    if (takes_records()) begin();
    LeafBatch leaves{ledger_ ? ledger_->size() : 0, {}};
    for (auto& [job, answer] : answers) {
      if (!takes_records()) break;
      name_subjects(job->together);
      rename_erased(job->together);
      const auto id = is_stored(job->together)
                          ? std::nullopt
                          : database_->store(job->together, ledger_ ? &leaves : nullptr);
      answer = id ? Stored<RecordId>{*id} : Stored<RecordId>{StorageError::duplicate};
      (id ? records : refused) += id ? job->together.size() : 1;
    }
    if (takes_records()) commit(leaves);
  } catch (const std::exception& error) {
    lost(error);
    records = 0;
    refused = answers.size();
    for (auto& [job, answer] : answers)
      answer = StorageError::unavailable;
  }
  {
    const std::lock_guard lock{mutex_};
    health_.records += records;
    health_.refused += refused;
    health_.commits += takes_records() ? 1 : 0;
  }
  if (ledger_) tell_of_ledger();
  for (auto& [job, answer] : answers)
    job->reply.send(std::move(answer));
}

// The policy first: it is what all that follows was decided under.
std::vector<CdrEntry> Storage::Thread::store_beginning(BeginRunJob& job) {
  std::vector<CdrEntry> stops;
  begin();
  LeafBatch leaves{ledger_ ? ledger_->size() : 0, {}};
  const auto store = [&](const Record& record) {
    return database_->store({&record, 1}, ledger_ ? &leaves : nullptr).value_or(RecordId{});
  };
  std::size_t records = 0;
  if (job.in_force) {
    static_cast<void>(store(Record{*job.in_force}));
    ++records;
  }
  for (const auto& last : database_->last_of_open_chains(began_after_)) {
    CdrEntry stop = stop_after(last, job.now);
    stop.id = store(Record{stop});
    stops.push_back(std::move(stop));
  }
  commit(leaves);
  const std::lock_guard lock{mutex_};
  health_.records += records + stops.size();
  ++health_.commits;
  return stops;
}

// The database is the truth; the lines follow it, and catch up after any failure of theirs.
void Storage::Thread::export_lines() {
  if (!lines_behind_ && lines_open_) return;
  if (Clock::now() < lines_retry_at_) return;
  std::error_code failed;
  if (!lines_open_) failed = lines_->open();
  lines_open_ = !failed;
  if (lines_open_) {
    // The lines know better than the database, which notes it one transaction later.
    exported_ = std::max(exported_, lines_->last_id());
    try {
      CdrQuery next;
      next.after = exported_;
      next.limit = lines_batch;
      const auto entries = database_->cdrs(next);
      for (const auto& entry : entries)
        lines_->add(entry);
      failed = lines_->flush(wall_now());
      if (!failed && !entries.empty()) exported_ = entries.back().id;
      if (!failed) lines_behind_ = !entries.empty();
    } catch (const std::exception& error) {
      return lost(error);
    }
  }
  if (failed) {
    lines_open_ = false;
    lines_retry_at_ = Clock::now() + options_.retry;
  }
  const std::lock_guard lock{mutex_};
  health_.cdr_lines_written = !failed;
}

// The ledger's last entry tells an orderly end from a crash.
void Storage::Thread::farewell() {
  give_up_erasures(StorageError::closed);
  try {
    if (database_ && exported_ != exported_remembered_) {
      begin();
      database_->commit();
    }
    if (ledger_ && takes_records()) ledger_->enter_stop(*database_, wall_now());
  } catch (const std::exception& error) {
    lost(error);  // the lines themselves say how far they came
  }
  ledger_.reset();
}

}  // namespace assent::gateway
