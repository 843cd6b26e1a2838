#include "gateway/record_ledger.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "gateway/signed_receipt.hpp"
#include "policy/checkpoint.hpp"

namespace assent::gateway {
namespace {

// Well below what one commit of the ledger holds, in number and in bytes.
constexpr std::size_t entries_of_an_append = 512;

LedgerEntry entry_of(LedgerKind kind, std::string state, WallTime now) {
  LedgerEntry entry;
  entry.kind = kind;
  entry.at = now;
  entry.state = std::move(state);
  return entry;
}

std::string range(std::uint64_t first, std::uint64_t last) {
  return std::to_string(first) + "-" + std::to_string(last);
}

// "first-last" for each run of neighbours.
std::vector<std::string> ranges_of(std::vector<std::uint64_t> leaves) {
  std::sort(leaves.begin(), leaves.end());
  leaves.erase(std::unique(leaves.begin(), leaves.end()), leaves.end());
  std::vector<std::string> ranges;
  for (std::size_t i = 0; i < leaves.size();) {
    std::size_t last = i;
    while (last + 1 < leaves.size() && leaves[last + 1] == leaves[last] + 1)
      ++last;
    ranges.push_back(range(leaves[i], leaves[last]));
    i = last + 1;
  }
  return ranges;
}

// Of a checkpoint that a database remembers.
std::uint64_t size_of(const std::optional<std::string>& remembered) {
  if (!remembered) return 0;
  const auto note = policy::parse_note(*remembered);
  const auto checkpoint = note ? policy::parse_checkpoint(note->text) : note.error();
  if (!checkpoint)
    throw LedgerContradiction(
        "what the database remembers of the ledger is damaged; restore the database and the "
        "ledger from backups of the same time");
  return checkpoint->head.size;
}

}  // namespace

RecordLedger::RecordLedger(LedgerOptions options, Database& database)
    : RecordLedger{[&] {
                     options.remembered = database.ledger_checkpoint();
                     return std::move(options);
                   }(),
                   std::make_unique<Found>()} {}

RecordLedger::RecordLedger(LedgerOptions options, std::unique_ptr<Found> found)
    : found_{std::move(found)},
      key_file_{options.key},
      origin_{options.origin},
      known_{size_of(options.remembered)},
      remembered_{options.remembered.value_or("")},
      attempted_{remembered_},
      ledger_{[&] {
        found_->beyond = known_;
        options.on_entry = [into = found_.get(), also = std::move(options.on_entry)](
                               std::uint64_t index, const LedgerLeaf& entry) {
          if (also) also(index, entry);
          if (entry.open.batch == 0) return;
          into->last_batch = entry.open.batch;
          if (index >= into->beyond) into->batches.insert(entry.open.batch);
        };
        return std::move(options);
      }()} {}

bool RecordLedger::agrees_with(Database& database) const {
  const std::string note = database.ledger_checkpoint().value_or("");
  return note == remembered_ || note == attempted_;
}

void RecordLedger::look_at_what_was_found() {
  if (found_->batches.size() > 1)
    throw LedgerContradiction(
        "the ledger has records of several transactions that the database has not: the database is "
        "an older copy, or another one; restore the newest, or move the ledger and its keys away "
        "to begin a new one");
  size_ = ledger_.health().entries;
  last_batch_ = found_->last_batch;
}

void RecordLedger::take_up(Database& database, WallTime now, LedgerKind as) {
  if (!begun_) look_at_what_was_found();
  if (!key_) open_key();
  const auto removed = database.removed_leaves();
  // Only what one transaction brought, and nothing after it, was ever removed.
  if (std::any_of(removed.begin(), removed.end(), [&](auto leaf) { return leaf < last_batch_; }))
    throw LedgerContradiction(
        "the database lists entries of the ledger as those of rows that were taken back, and they "
        "were acknowledged: somebody changed it; restore it from a backup");
  const auto note = database.ledger_checkpoint();
  remembered_ = note.value_or("");
  const std::uint64_t from = size_of(note);
  // A database that fails again and again does not make the ledger grow: what was entered for it
  // in vain holds.
  if (!begun_ || size_ != entered_to_ || remembered_ != entered_over_) {
    std::vector<std::string> abandoned = ranges_of(removed);
    if (size_ > from) abandoned.push_back(range(from, size_ - 1));
    std::vector<LedgerEntry> entries;
    entries.push_back(entry_of(begun_ ? LedgerKind::resume : as,
                               std::to_string(static_cast<std::int64_t>(database.last_id())), now));
    for (std::string& of : abandoned)
      entries.push_back(entry_of(LedgerKind::abandoned, std::move(of), now));
    append_all(std::move(entries));
    entered_to_ = size_;
    entered_over_ = remembered_;
  }
  begun_ = true;
  database.begin();
  database.forget_removed_leaves();
  remember(database);
  database.commit();
  committed();
  taken_up_ = true;
}

void RecordLedger::open_key() {
  auto key = LedgerKey::open(key_file_, origin_, false);
  if (!key) throw std::runtime_error(to_string(key.error()));
  key_ = *std::move(key);
}

std::string RecordLedger::sign_receipt(std::string_view text, std::uint64_t entry) const {
  auto jws = gateway::sign_receipt(*key_, text, entry, checkpoint_);
  if (jws.empty()) throw std::runtime_error("OpenSSL does not sign receipts");
  return jws;
}

void RecordLedger::bind(const LeafBatch& leaves, Database& database) {
  if (leaves.entries.empty()) return;
  last_batch_ = leaves.first;
  append_all(leaves.entries);
  if (size_ != leaves.next()) throw std::runtime_error("the ledger's entries were miscounted");
  remember(database);
}

void RecordLedger::erase(const std::string& subject, WallTime now, Database& database) {
  const auto receipt = await(ledger_.erase(subject, now));
  if (!receipt) {
    throw std::runtime_error("the ledger does not record an erasure: " +
                             std::string(to_string(receipt.error())));
  }
  size_ = receipt->index + 1;
  database.begin();
  remember(database);
  database.commit();
  committed();
}

void RecordLedger::enter_stop(Database& database, WallTime now) {
  std::vector<LedgerEntry> last;
  last.push_back(entry_of(LedgerKind::stop,
                          range(static_cast<std::uint64_t>(database.exported()),
                                static_cast<std::uint64_t>(database.last_id())),
                          now));
  append_all(std::move(last));
  database.begin();
  remember(database);
  database.commit();
  committed();
  taken_up_ = false;
}

void RecordLedger::append_all(std::vector<LedgerEntry> entries) {
  for (auto from = entries.begin(); from != entries.end();) {
    const auto count = std::min<std::ptrdiff_t>(entries.end() - from, entries_of_an_append);
    std::vector<LedgerEntry> some(std::make_move_iterator(from),
                                  std::make_move_iterator(from + count));
    const auto receipt = append(std::move(some));
    if (!receipt) {
      const std::string problem = ledger_.health().problem;
      throw std::runtime_error(
          "the ledger takes no entries: " +
          (problem.empty() ? std::string(to_string(receipt.error())) : problem));
    }
    size_ = receipt->index + 1;
    from += count;
  }
}

Entered<LedgerReceipt> RecordLedger::append(std::vector<LedgerEntry> entries) {
  return await(ledger_.append(std::move(entries)));
}

Entered<LedgerReceipt> RecordLedger::await(boost::asio::awaitable<Entered<LedgerReceipt>> awaited) {
  Entered<LedgerReceipt> answer = LedgerError::closed;
  boost::asio::co_spawn(loop_, std::move(awaited),
                        [&](const std::exception_ptr& error, Entered<LedgerReceipt> receipt) {
                          if (!error) answer = std::move(receipt);
                        });
  loop_.run();
  loop_.restart();
  if (answer) checkpoint_ = answer->checkpoint;
  return answer;
}

void RecordLedger::remember(Database& database) {
  attempted_ = checkpoint_;
  const Record checkpoint{LedgerCheckpoint{size_, checkpoint_}};
  static_cast<void>(database.store({&checkpoint, 1}));
}

}  // namespace assent::gateway
