#include "gateway/ledger_thread.hpp"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace assent::gateway {
namespace {

// Thrown through the audit, when nobody waits for it any more.
struct Interrupted {};

bool holds_no_file(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at{folder, error}, end; !error && at != end;
       at.increment(error))
    if (!at->is_directory(error)) return false;
  return !error;
}

// It is there and the system does not let it be opened: no descriptor left, no permission, a disk
// that fails or takes no writes. That may pass.
bool is_shut(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return errno != ENOENT;
  return !FileHandle{::open(file.c_str(), O_RDWR | O_CLOEXEC)};
}

}  // namespace

Ledger::Thread::Thread(LedgerOptions options) : options_{std::move(options)} {
  health_.problem = "the ledger is not checked yet";
  writer_ = std::thread{[this] { write(); }};
}

Ledger::Thread::~Thread() {
  stop();
}

void Ledger::Thread::put(LedgerJob job) {
  std::optional<LedgerError> refusal;
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) {
      refusal = LedgerError::closed;
    } else if (queue_.size() >= options_.queue_max) {
      refusal = LedgerError::queue_full;
    } else {
      queue_.push_back(std::move(job));
    }
  }
  if (refusal) {
    refuse(job, *refusal);
  } else {
    queued_.notify_one();
  }
}

LedgerHealth Ledger::Thread::health() const {
  const std::lock_guard lock{mutex_};
  LedgerHealth now = health_;
  now.checked = checked_;
  now.queued = queue_.size();
  return now;
}

std::string Ledger::Thread::checkpoint() const {
  const std::lock_guard lock{mutex_};
  return checkpoint_;
}

void Ledger::Thread::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    interrupted_ = queue_.empty();
  }
  queued_.notify_one();
  if (writer_.joinable()) writer_.join();
}

void Ledger::Thread::refuse(LedgerJob& job, LedgerError error) {
  {
    const std::lock_guard lock{mutex_};
    ++health_.refused;
  }
  job.reply.send(error);
}

void Ledger::Thread::say(const Fault& fault) {
  const std::lock_guard lock{mutex_};
  health_.problem = to_string(fault);
}

// The publisher lives inside the writer's life, so that the lock on the folder covers both.
void Ledger::Thread::write() {
  std::optional<Hindrance> hindrance;
  try {
    hindrance = open();
  } catch (const Interrupted&) {
    hindrance = Hindrance{
        file_fault(options_.folder, "the service ended before all of the ledger was checked", ""),
        false};
  }
  if (!hindrance) publisher_ = std::thread{[this] { publish(); }};
  settle(hindrance);
  for (auto group = take_group(); !group.empty(); group = take_group())
    serve(std::move(group));
  {
    const std::lock_guard lock{mutex_};
    written_ = true;
    if (segment_ && !broken_) finished_.push_back({segment_file_, tree_.size()});
  }
  committed_.notify_one();
  if (publisher_.joinable()) publisher_.join();
  folder_ = FileHandle{};
}

void Ledger::Thread::settle(const std::optional<Hindrance>& hindrance) {
  if (hindrance) {
    const std::lock_guard lock{mutex_};
    health_.stand = hindrance->for_good ? LedgerStand::contradicted : LedgerStand::failed;
    health_.problem = to_string(hindrance->fault);
  }
  if (options_.on_settled) options_.on_settled();
}

std::optional<Ledger::Thread::Hindrance> Ledger::Thread::open() {
  if (const auto error = make_private_folder(options_.folder))
    return Hindrance{disk_fault(options_.folder, error)};
  folder_ = FileHandle{::open(options_.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder_) return Hindrance{disk_fault(options_.folder, last_disk_error())};
  if (::flock(folder_.get(), LOCK_EX | LOCK_NB) != 0)
    return Hindrance{file_fault(options_.folder, "another process has the ledger open",
                                "end it, or give this one a ledger of its own")};
  if (auto hindrance = open_keys()) return hindrance;
  auto kept = kept_checkpoints();
  if (!kept) return Hindrance{kept.error(), true};
  auto audited = audit(*std::move(kept));
  if (audited.fault) return Hindrance{*audited.fault, !audited.unreadable};
  if (auto fault = take_over(std::move(audited))) return Hindrance{*std::move(fault)};
  return std::nullopt;
}

// Those of an old ledger are there, or it cannot be told from a forged one; a new one makes them.
std::optional<Ledger::Thread::Hindrance> Ledger::Thread::open_keys() {
  std::error_code error;
  const bool is_empty = std::filesystem::is_empty(options_.folder, error);
  if (is_empty && !options_.remembered && std::filesystem::exists(options_.key, error))
    return Hindrance{
        file_fault(options_.key, "there is a key, and the ledger that it signed is gone",
                   "restore the ledger from a backup, or move its key away to begin a new one"),
        true};
  // Before the keys: a start that is killed between them and the first entry is made again.
  if (const auto failed = make_journal_folder(options_.folder))
    return Hindrance{disk_fault(options_.folder, failed)};
  const bool is_new = !options_.remembered && holds_no_file(options_.folder);
  auto key = LedgerKey::open(options_.key, options_.origin, is_new);
  if (!key) return Hindrance{key.error(), !is_new && !is_shut(options_.key)};
  key_ = *std::move(key);
  auto subject_keys = SubjectKeys::open(options_.subject_keys, is_new);
  if (!subject_keys)
    return Hindrance{subject_keys.error(), !is_new && !is_shut(options_.subject_keys)};
  subject_keys_ = *std::move(subject_keys);
  return std::nullopt;
}

LedgerAudit Ledger::Thread::audit(std::vector<KeptCheckpoint> kept) {
  const auto visit = [this](std::uint64_t index, const LedgerLeaf& entry) {
    checked_ = index + 1;
    if (interrupted_) throw Interrupted{};
    if (options_.on_entry) options_.on_entry(index, entry);
  };
  return audit_ledger(options_.folder, key_->verifier(), std::move(kept), visit);
}

Ledgered<std::vector<KeptCheckpoint>> Ledger::Thread::kept_checkpoints() const {
  std::vector<KeptCheckpoint> kept;
  if (!options_.remembered) return kept;
  const auto remembered =
      open_checkpoint(*options_.remembered, key_->verifier(), "the remembered checkpoint");
  if (!remembered) return remembered.error();
  kept.push_back({remembered->head, "the one remembered elsewhere"});
  return kept;
}

// What the journal has goes into the static files, so that each start begins with an empty one;
// what no checkpoint covers was acknowledged to nobody.
std::optional<Fault> Ledger::Thread::take_over(LedgerAudit audit) {
  tree_ = audit.tree;
  publication_.emplace(options_.folder, std::move(audit.published));
  for (const std::string& file : audit.removable)
    ::unlink((options_.folder / file).c_str());
  for (const JournaledEntry& of : audit.journaled)
    publication_->add(of.entry, of.leaf);
  if (audit.note.empty()) {
    audit.note = key_->sign({tree_.size(), tree_.root()});
    const std::string verifier = to_text(key_->verifier()) + '\n';
    if (const auto error = replace_file(options_.folder / verifier_key_name, verifier))
      return disk_fault(options_.folder / verifier_key_name, error);
  }
  if (const auto error = publication_->publish(audit.note))
    return disk_fault(options_.folder, error);
  for (const std::string& file : audit.segments)
    ::unlink((options_.folder / file).c_str());
  auto segment = make_segment(options_.folder, audit.last_segment + 1);
  if (!segment) return segment.error();
  segment_.emplace(*std::move(segment));
  segment_file_ = segment_name(audit.last_segment + 1);
  const std::lock_guard lock{mutex_};
  last_segment_ = audit.last_segment + 1;
  checkpoint_ = audit.note;
  health_.stand = LedgerStand::open;
  health_.writable = true;
  health_.problem.clear();
  health_.entries = tree_.size();
  return std::nullopt;
}

// Empty when there is nothing left to do.
std::vector<LedgerJob> Ledger::Thread::take_group() {
  std::unique_lock lock{mutex_};
  queued_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
  std::vector<LedgerJob> group;
  std::size_t entries = 0;
  while (!queue_.empty()) {
    entries += queue_.front().together.size();
    if (!group.empty() && entries > journal_entries_max) break;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void Ledger::Thread::serve(std::vector<LedgerJob> group) {
  std::vector<Prepared> prepared;
  std::size_t bytes = 0;
  for (LedgerJob& job : group) {
    auto leaves = leaves_of(job);
    if (!leaves) {
      refuse(job, leaves.error());
      continue;
    }
    std::size_t more = 0;
    for (const std::string& leaf : *leaves)
      more += 2 + leaf.size();
    if (bytes + more > journal_bundle_bytes_max) {
      commit(std::exchange(prepared, {}));
      bytes = 0;
    }
    bytes += more;
    prepared.push_back({std::move(job), *std::move(leaves)});
  }
  commit(std::move(prepared));
}

Entered<std::vector<std::string>> Ledger::Thread::leaves_of(const LedgerJob& job) {
  if (!segment_) return LedgerError::refused;
  if (broken_) return LedgerError::unavailable;
  if (job.together.size() > journal_entries_max) return LedgerError::malformed;
  if (!job.erased.empty() && subject_keys_->destroy(job.erased)) return LedgerError::unavailable;
  std::vector<std::string> leaves;
  std::size_t bytes = 0;
  for (const LedgerEntry& entry : job.together) {
    std::optional<SubjectKey> key;
    if (!entry.subject.empty()) {
      const auto made = subject_keys_->find_or_make(entry.subject);
      if (!made) {
        say(made.error());
        return LedgerError::unavailable;
      }
      key = *made;
    }
    LedgerNonce nonce{};
    if (RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()),
                   static_cast<int>(nonce.size())) != 1)
      return LedgerError::unavailable;
    auto leaf = to_leaf(entry, key ? &*key : nullptr, nonce);
    if (!leaf || leaf->size() > ledger_entry_bytes_max) return LedgerError::malformed;
    bytes += 2 + leaf->size();
    if (bytes > journal_bundle_bytes_max) return LedgerError::malformed;
    leaves.push_back(*std::move(leaf));
  }
  return leaves;
}

void Ledger::Thread::commit(std::vector<Prepared> prepared) {
  if (prepared.empty()) return;
  CommittedEntries committed;
  for (const Prepared& of : prepared)
    committed.leaves.insert(committed.leaves.end(), of.leaves.begin(), of.leaves.end());
  std::uint64_t index = tree_.size();
  std::optional<Fault> fault;
  broken_ = !is_in_place();
  if (broken_) {
    fault = file_fault(options_.folder, "the ledger was moved away while it was open",
                       "put it back, and start again");
  } else {
    fault = make_room_for(committed.leaves);
  }
  if (!fault) {
    auto note = segment_->commit(committed.leaves, tree_, *key_);
    broken_ = !note;
    if (note) committed.note = *std::move(note);
    if (broken_) fault = note.error();
  }
  if (fault) say(*fault);
  const std::string note = committed.note;
  {
    const std::lock_guard lock{mutex_};
    health_.writable = !fault;
    if (broken_) health_.stand = LedgerStand::failed;
    if (!fault) {
      health_.entries = tree_.size();
      ++health_.commits;
      checkpoint_ = note;
      if (health_.published) health_.problem.clear();
      unpublished_.push_back(std::move(committed));
    }
  }
  for (Prepared& of : prepared) {
    if (fault) {
      refuse(of.job, LedgerError::unavailable);
      continue;
    }
    index += of.leaves.size();
    of.job.reply.send(LedgerReceipt{index - 1, note});
  }
  committed_.notify_one();
}

// What nobody finds by its name is written for nobody.
bool Ledger::Thread::is_in_place() const {
  struct stat locked {};
  struct stat named {};
  std::error_code unknown;
  return ::fstat(folder_.get(), &locked) == 0 && ::stat(options_.folder.c_str(), &named) == 0 &&
         locked.st_ino == named.st_ino && locked.st_dev == named.st_dev &&
         std::filesystem::exists(options_.folder / segment_file_, unknown);
}

// The keys that the leaves were made with are durable first: a commitment without one is noise.
std::optional<Fault> Ledger::Thread::make_room_for(const std::vector<std::string>& leaves) {
  if (const auto error = subject_keys_->sync()) return disk_fault(options_.subject_keys, error);
  if (segment_->has_room_for(leaves)) return std::nullopt;
  std::optional<JournalSegment> next;
  std::uint64_t number = 0;
  {
    // Segments are read in the order of their numbers: no two threads make one at a time.
    std::unique_lock lock{mutex_};
    spared_.wait(lock, [&] { return !making_spare_; });
    next = std::exchange(spare_, std::nullopt);
    number = last_segment_ + 1;
  }
  if (!next) {
    auto made = make_segment(options_.folder, number);
    if (!made) return made.error();
    next.emplace(*std::move(made));
  }
  const std::lock_guard lock{mutex_};
  last_segment_ = number;
  finished_.push_back({std::exchange(segment_file_, segment_name(number)), tree_.size()});
  segment_ = std::move(next);
  return std::nullopt;
}

void Ledger::Thread::publish() {
  prepare_spare();
  std::unique_lock lock{mutex_};
  for (;;) {
    committed_.wait(lock, [&] {
      return written_ || !unpublished_.empty() || !finished_.empty() || !health_.published;
    });
    // More may come that fits into the same files.
    committed_.wait_for(lock, options_.publish_every, [&] { return written_; });
    const bool last = written_;
    lock.unlock();
    publish_once();
    if (last) break;
    prepare_spare();
    lock.lock();
  }
}

void Ledger::Thread::publish_once() {
  std::vector<CommittedEntries> batches;
  std::string note;
  {
    const std::lock_guard lock{mutex_};
    batches = std::exchange(unpublished_, {});
    note = checkpoint_;
  }
  const policy::MerkleHash hash = ledger_hash();
  for (const CommittedEntries& batch : batches) {
    for (const std::string& leaf : batch.leaves)
      publication_->add(leaf, hash.of_leaf(std::as_bytes(std::span{leaf})));
    note = batch.note;
  }
  std::error_code error;
  if (publication_->size() != publication_->published()) error = publication_->publish(note);
  if (error) {
    say(disk_fault(options_.folder, error));
  } else {
    remove_finished(publication_->published());
    if (!batches.empty() && options_.on_checkpoint) options_.on_checkpoint(note);
    if (!batches.empty() || copies_behind_) copies_behind_ = !write_copies(note);
  }
  const std::lock_guard lock{mutex_};
  health_.published = !error && !copies_behind_;
}

bool Ledger::Thread::write_copies(const std::string& note) {
  bool all = true;
  for (const auto& copy : options_.checkpoint_copies)
    if (const auto error = replace_file(copy, note)) {
      say(disk_fault(copy, error));
      all = false;
    }
  return all;
}

void Ledger::Thread::remove_finished(std::uint64_t published) {
  std::vector<FinishedSegment> removed;
  {
    const std::lock_guard lock{mutex_};
    const auto kept = std::partition(finished_.begin(), finished_.end(),
                                     [&](const auto& of) { return of.end > published; });
    removed.assign(kept, finished_.end());
    finished_.erase(kept, finished_.end());
    // At the end an empty spare is no more than clutter.
    if (written_ && std::exchange(spare_, std::nullopt))
      removed.push_back({segment_name(last_segment_ + 1), published});
  }
  for (const FinishedSegment& of : removed)
    ::unlink((options_.folder / of.file).c_str());
}

// So that the writer does not wait for megabytes of zeros.
void Ledger::Thread::prepare_spare() {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    if (spare_ || written_) return;
    number = last_segment_ + 1;
    making_spare_ = true;
  }
  auto made = make_segment(options_.folder, number);
  {
    const std::lock_guard lock{mutex_};
    making_spare_ = false;
    if (made) spare_.emplace(*std::move(made));
  }
  spared_.notify_one();
}

}  // namespace assent::gateway
