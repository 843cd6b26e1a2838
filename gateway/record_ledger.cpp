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

}  // namespace

RecordLedger::RecordLedger(LedgerOptions options, std::unique_ptr<Unremembered> unremembered)
    : unremembered_{std::move(unremembered)}, ledger_{[&] {
        options.on_entry = [beyond = unremembered_.get()](std::uint64_t index,
                                                          const LedgerLeaf& entry) {
          if (index >= beyond->from && entry.open.batch != 0)
            beyond->batches.insert(entry.open.batch);
        };
        return std::move(options);
      }()} {}

boost::system::result<std::unique_ptr<RecordLedger>, LedgerRefusal> RecordLedger::open(
    LedgerOptions options, Database& database, WallTime now) {
  options.remembered = database.ledger_checkpoint();
  auto unremembered = std::make_unique<Unremembered>();
  if (options.remembered) {
    const auto note = policy::parse_note(*options.remembered);
    const auto checkpoint = note ? policy::parse_checkpoint(note->text) : note.error();
    if (!checkpoint) {
      return LedgerRefusal{
          "what the database remembers of the ledger is damaged; restore the "
          "database and the ledger from backups of the same time"};
    }
    unremembered->from = checkpoint->head.size;
  }
  const auto key_file = options.key;
  const auto origin = options.origin;
  std::unique_ptr<RecordLedger> made{new RecordLedger{std::move(options), std::move(unremembered)}};
  try {
    made->enter_start(database, now);
  } catch (const std::exception& error) {
    const std::string problem = made->ledger_.health().problem;
    return LedgerRefusal{problem.empty() ? error.what() : problem};
  }
  auto key = LedgerKey::open(key_file, origin, false);
  if (!key) return LedgerRefusal{to_string(key.error())};
  made->key_ = *std::move(key);
  return made;
}

std::string RecordLedger::sign_receipt(std::string_view text, std::uint64_t entry) const {
  auto jws = gateway::sign_receipt(*key_, text, entry, checkpoint_);
  if (jws.empty()) throw std::runtime_error("OpenSSL does not sign receipts");
  return jws;
}

void RecordLedger::enter_start(Database& database, WallTime now) {
  const auto last_record = static_cast<std::int64_t>(database.last_id());
  std::vector<LedgerEntry> start;
  start.push_back(entry_of(LedgerKind::start, std::to_string(last_record), now));
  append_all(std::move(start));
  const std::uint64_t before = size_ - 1;
  if (unremembered_->batches.size() > 1)
    throw std::runtime_error(
        "the ledger has records of several transactions that the database has not: the database is "
        "an older copy, or another one; restore the newest, or move the ledger and its keys away "
        "to begin a new one");
  std::vector<std::string> abandoned = ranges_of(database.removed_leaves());
  if (before > unremembered_->from) abandoned.push_back(range(unremembered_->from, before - 1));
  std::vector<LedgerEntry> more;
  for (std::string& of : abandoned)
    more.push_back(entry_of(LedgerKind::abandoned, std::move(of), now));
  append_all(std::move(more));
  database.begin();
  remember(database);
  database.commit();
}

void RecordLedger::bind(const LeafBatch& leaves, Database& database) {
  if (leaves.entries.empty()) return;
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

void RecordLedger::remember(Database& database) const {
  const Record checkpoint{LedgerCheckpoint{size_, checkpoint_}};
  static_cast<void>(database.store({&checkpoint, 1}));
}

}  // namespace assent::gateway
