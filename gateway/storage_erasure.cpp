// How the storage thread forgets who a person was: a step at a time, so that consents do not wait.
#include <algorithm>
#include <exception>
#include <utility>

#include "gateway/pseudonym.hpp"
#include "gateway/storage_thread.hpp"

namespace assent::gateway {

// From here on nothing more is stored under the person's own name in these holdings.
void Storage::Thread::begin_erasure(EraseJob job) {
  if (!takes_records()) return job.reply.send(StorageError::unavailable);
  ErasureAtWork work{std::move(job), {}, {}, {}, false};
  const Erasure& erasure = work.job.erasure;
  try {
    work.names = erasure.pseudonyms;
    if (erasure.subject.empty()) {  // only what disposals left
      work.key_destroyed = true;
      lines_outdated_ = !database_->outdated_lines().empty();
      rewriting_.reset();
    } else {
      for (const auto& who : database_->persons_of(erasure.subject))
        if (!work.names.contains(who)) work.names.emplace(who, new_pseudonym());
    }
  } catch (const std::exception& error) {
    lost(error);
    return work.job.reply.send(StorageError::unavailable);
  }
  // Who was renamed before keeps that name: one person is not to become two.
  for (auto& [who, name] : work.names) {
    name = erased_.try_emplace({who.session, who.participant, erasure.subject}, name).first->second;
    work.due.emplace_back(who, name);
  }
  erasures_.push_back(std::move(work));
}

void Storage::Thread::continue_erasure() {
  ErasureAtWork& work = erasures_.front();
  try {
    const bool done = take_step(work);
    if (ledger_) tell_of_ledger();
    if (!done) return;
    work.job.reply.send(work.sum);
  } catch (const std::exception& error) {
    lost(error);
    work.job.reply.send(StorageError::unavailable);
  }
  erasures_.pop_front();
}

void Storage::Thread::give_up_erasures(StorageError why) {
  for (auto& work : std::exchange(erasures_, {}))
    work.job.reply.send(why);
}

// One holding of a room a step: in a transaction of its own, with an entry in the ledger that says
// how many rows cannot be shown against theirs any more.
bool Storage::Thread::take_step(ErasureAtWork& work) {
  const Erasure& erasure = work.job.erasure;
  if (!work.due.empty()) {
    begin();
    const auto& [who, name] = work.due.back();
    const Erased erased = database_->pseudonymise(erasure.subject, who, name, erasure.recordings);
    commit(erased.rows() == 0 ? LeafBatch{} : tombstone(erased.rows(), erasure.at));
    work.sum += erased;
    work.due.pop_back();
    lines_outdated_ = true;
    rewriting_.reset();  // it would miss these
    return false;
  }
  if (!std::exchange(work.key_destroyed, true)) {
    end_erasure(work);
    return false;
  }
  if (lines_outdated_) return false;  // they are written anew meanwhile
  database_->scrub();
  return true;
}

LeafBatch Storage::Thread::tombstone(std::size_t rows, WallTime at) const {
  LeafBatch leaves{ledger_ ? ledger_->size() : 0, {}};
  LedgerEntry& entry = leaves.entries.emplace_back();
  entry.kind = LedgerKind::erasure;
  entry.at = at;
  entry.state = std::to_string(rows);
  entry.batch = leaves.first;
  return leaves;
}

LeafBatch Storage::Thread::leaves_of(const Disposed& disposed, WallTime at) const {
  LeafBatch leaves = disposed.renamed == 0 ? LeafBatch{ledger_ ? ledger_->size() : 0, {}}
                                           : tombstone(disposed.renamed, at);
  const auto destroyed = [&](LedgerKind kind, std::size_t rows) {
    if (rows == 0) return;
    LedgerEntry& entry = leaves.entries.emplace_back();
    entry.kind = LedgerKind::disposal;
    entry.at = at;
    entry.state = std::string(to_string(kind)) + ':' + std::to_string(rows);
    entry.batch = leaves.first;
  };
  destroyed(LedgerKind::consent, disposed.statements);
  destroyed(LedgerKind::event, disposed.events);
  destroyed(LedgerKind::record, disposed.records);
  return leaves;
}

// What is about the person and no room, who did it, and the key.
void Storage::Thread::end_erasure(ErasureAtWork& work) {
  const Erasure& erasure = work.job.erasure;
  begin();
  Erased rest;
  rest.messages = database_->pseudonymise_messages(work.names);
  rest.actions = database_->erase_actions_of(erasure.subject);
  auto leaves = rest.actions == 0 ? LeafBatch{ledger_ ? ledger_->size() : 0, {}}
                                  : tombstone(rest.actions, erasure.at);
  const Record done{PrivacyAction{{}, "erasure", "", erasure.actor, "{}", erasure.at}};
  static_cast<void>(database_->store({&done, 1}, ledger_ ? &leaves : nullptr));
  commit(leaves);
  work.sum += rest;
  if (ledger_) ledger_->erase(erasure.subject, erasure.at, *database_);
  acknowledged_ = database_->last_id();
}

// A call may go on while one of those in it is erased.
void Storage::Thread::rename_erased(std::vector<Record>& together) const {
  if (erased_.empty()) return;
  for (auto& record : together) {
    const std::string* name = nullptr;
    std::visit(
        [&](const auto& of) {
          if constexpr (requires {
                          of.session;
                          of.participant;
                          of.subject;
                        }) {
            const auto found = erased_.find({of.session, of.participant, of.subject});
            if (found != erased_.end()) name = &found->second;
          }
        },
        record);
    if (name != nullptr) pseudonymise(record, {*name, *name});
  }
}

bool Storage::Thread::rewrite_lines() {
  if (!lines_outdated_) return true;
  if (Clock::now() < lines_retry_at_) return false;
  std::error_code failed;
  try {
    if (!lines_) {
      database_->forget_outdated_lines();
      lines_outdated_ = false;
      return true;
    }
    if (!rewriting_) {
      rewriting_.emplace(options_.cdr_lines, database_->outdated_lines(),
                         [this](RecordId id) { return database_->find_cdr(id); });
    }
    if (rewriting_->step(failed) && !failed) return false;
    rewriting_.reset();
    lines_.emplace(options_.cdr_lines);  // it has the old file open
    lines_open_ = false;
    lines_behind_ = true;
    if (!failed) {
      database_->forget_outdated_lines();
      lines_outdated_ = false;
      return true;
    }
  } catch (const std::exception& error) {
    rewriting_.reset();
    lost(error);
    return false;
  }
  lines_retry_at_ = Clock::now() + options_.retry;
  const std::lock_guard lock{mutex_};
  health_.cdr_lines_written = false;
  return false;
}

}  // namespace assent::gateway
