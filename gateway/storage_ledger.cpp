// The ledger beside the database: verified in the background, taken up, lost and opened again.
#include <exception>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "gateway/storage_thread.hpp"

namespace assent::gateway {
namespace {

// Each attempt may read all of a long ledger.
constexpr std::chrono::milliseconds pause_max = std::chrono::seconds{10};

WallTime wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

bool Storage::Thread::is_opening() const {
  return options_.ledger && !ledger_refused_ && !(ledger_ && ledger_->is_taken_up());
}

StorageError Storage::Thread::why_not() const {
  return holding_ && !ledger_refused_ && database_ ? StorageError::verifying
                                                   : StorageError::unavailable;
}

// What came of the last attempt to open it; and the next one.
void Storage::Thread::tend_ledger() {
  if (!database_ || !is_opening()) return;
  if (!ledger_) {
    if (Clock::now() >= ledger_retry_at_) begin_ledger();
    return;
  }
  const auto health = ledger_->health();
  switch (health.stand) {
    case LedgerStand::checking:
      return tell_of_ledger();
    case LedgerStand::failed:
      return put_off_ledger(health.problem);
    case LedgerStand::contradicted:
      return refuse_ledger(health.problem);
    case LedgerStand::open:
      return take_up_ledger();
  }
}

void Storage::Thread::begin_ledger() {
  auto options = *options_.ledger;
  options.on_settled = [this] {
    {
      const std::lock_guard lock{mutex_};
      ledger_settled_ = true;
    }
    wake_.notify_one();
  };
  try {
    ledger_ = std::make_unique<RecordLedger>(std::move(options), *database_);
  } catch (const LedgerContradiction& contradiction) {
    return refuse_ledger(contradiction.what());
  } catch (const std::exception& error) {
    return lost(error);
  }
  tell_of_ledger();
}

void Storage::Thread::take_up_ledger() {
  try {
    // A database that came back as another one: all is verified against what that remembers.
    if (!ledger_->agrees_with(*database_)) return ledger_.reset();
    ledger_->take_up(*database_, wall_now(), holding_ ? LedgerKind::start : LedgerKind::resume);
  } catch (const LedgerContradiction& contradiction) {
    return refuse_ledger(contradiction.what());
  } catch (const std::exception& error) {
    return lost(error);
  }
  ledger_pause_ = {};
  acknowledged_ = database_->last_id();
  {
    const std::lock_guard lock{mutex_};
    health_.writable = true;
    health_.problem.clear();
    health_.ledger_opening = false;
    health_.verifier_key = ledger_->verifier_key();
  }
  tell_of_ledger();
  release_held();
}

void Storage::Thread::put_off_ledger(const std::string& problem) {
  ledger_.reset();
  ledger_pause_ = std::min(std::max(2 * ledger_pause_, options_.retry), pause_max);
  ledger_retry_at_ = Clock::now() + ledger_pause_;
  const std::lock_guard lock{mutex_};
  health_.writable = false;
  health_.problem = problem;
}

// It may have been tampered with: whoever has looked at it restarts the service. Records can be
// read meanwhile.
void Storage::Thread::refuse_ledger(const std::string& problem) {
  ledger_.reset();
  ledger_refused_ = true;
  {
    const std::lock_guard lock{mutex_};
    health_.writable = false;
    health_.ledger_opening = false;
    health_.ledger_refused = true;
    health_.problem = problem;
  }
  release_held();
}

// In front of what came later.
void Storage::Thread::release_held() {
  const std::lock_guard lock{mutex_};
  holding_ = false;
  queue_.insert(queue_.begin(), std::make_move_iterator(held_.begin()),
                std::make_move_iterator(held_.end()));
  held_.clear();
}

void Storage::Thread::tell_of_ledger() {
  const auto of = ledger_->health();
  const std::lock_guard lock{mutex_};
  health_.verified = of.checked;
  health_.to_verify = std::max(ledger_->known(), of.checked);
  if (ledger_->is_taken_up()) {
    health_.ledger_entries = ledger_->size();
    health_.checkpoint = ledger_->checkpoint();
    health_.ledger_problem = of.problem;
  } else {
    health_.writable = false;
    const bool is_why = database_ && ledger_pause_.count() == 0;
    if (is_why) health_.problem = "the ledger is being verified";
  }
}

}  // namespace assent::gateway
