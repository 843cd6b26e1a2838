#include "gateway/verify_rows.hpp"

#include <algorithm>
#include <utility>

#include "gateway/pseudonym.hpp"

namespace assent::gateway {
namespace {

constexpr const char* restore =
    "restore the database, the ledger and its keys from backups of the same time, and find out who "
    "changed them";

std::string_view table_of(const Record& record) {
  if (std::holds_alternative<ConsentEvent>(record)) return "consents";
  if (std::holds_alternative<CdrEntry>(record)) return "cdrs";
  if (std::holds_alternative<AcceptedPolicy>(record)) return "accepted_policies";
  if (std::holds_alternative<RoomEvent>(record)) return "room_events";
  if (std::holds_alternative<PrivacyAction>(record)) return "privacy_actions";
  return "recordings";
}

std::string name_of(const BoundRecord& row) {
  return std::string(table_of(row.record)) + " row " +
         std::to_string(static_cast<std::int64_t>(row.id));
}

// Rewritten when the person was erased: what it was cannot be shown.
bool is_erased(const Record& record) {
  return std::visit(
      [](const auto& of) {
        if constexpr (requires { of.subject; }) return of.subject == erased_subject;
        return false;
      },
      record);
}

// What the entry says openly: all but the commitments.
bool says_the_same(const LedgerEntry& one, const LedgerEntry& other) {
  return one.kind == other.kind && one.at == other.at && one.session == other.session &&
         one.purpose == other.purpose && one.state == other.state && one.rules == other.rules &&
         one.epoch == other.epoch;
}

}  // namespace

RowsAgainstLedger::RowsAgainstLedger(Database& database, const SubjectKeys* keys, std::string name,
                                     VerifyFindings& findings, OnRow on_row)
    : keys_{keys},
      name_{std::move(name)},
      findings_{findings},
      on_row_{std::move(on_row)},
      taken_back_{database.removed_leaves()} {
  for (auto& rows : database.bound_rows()) {
    tables_.push_back({std::move(rows), std::nullopt, 0});
    advance(tables_.back());
  }
}

void RowsAgainstLedger::fault(std::string what) {
  findings_.fault(name_, std::move(what), restore);
}

// To the next row that has an entry. Those without one were there before the ledger.
void RowsAgainstLedger::advance(Table& table) {
  for (;;) {
    table.next = table.rows();
    if (!table.next || table.next->leaf) return;
    ++older_rows_;
    table.last_id = std::max(table.last_id, static_cast<std::int64_t>(table.next->id));
  }
}

RowsAgainstLedger::Table* RowsAgainstLedger::table_at(std::uint64_t index) {
  Table* found = nullptr;
  for (Table& table : tables_) {
    while (table.next && *table.next->leaf < index) {
      fault(name_of(*table.next) + " refers to entry " + std::to_string(*table.next->leaf) +
            " of the ledger, which is not its own");
      advance(table);
    }
    if (found == nullptr && table.next && *table.next->leaf == index) found = &table;
  }
  return found;
}

void RowsAgainstLedger::meet(std::uint64_t index, const LedgerLeaf& leaf) {
  Table* const table = table_at(index);
  if (leaf.open.batch != 0) last_batch_ = leaf.open.batch;
  end_.in_order = leaf.open.kind == LedgerKind::stop;
  if (table != nullptr) {
    compare(index, leaf, *table->next);
    if (on_row_) on_row_(index, *table->next);
    ++rows_;
    advance(*table);
    return;
  }
  switch (leaf.open.kind) {
    case LedgerKind::start:
      if (begun_after_ && !stopped_) ++end_.crashes;
      stopped_ = false;
      if (!begun_after_) {
        const auto range = parse_entry_range(leaf.open.state);
        begun_after_ = range ? static_cast<std::int64_t>(range->first) : 0;
      }
      break;
    case LedgerKind::resume:
      break;
    case LedgerKind::stop:
      stopped_ = true;
      if (const auto range = parse_entry_range(leaf.open.state))
        end_.exported = static_cast<std::int64_t>(range->first);
      break;
    case LedgerKind::erasure:
      note_erasure(index, leaf);
      break;
    case LedgerKind::disposal:
      note_disposal(index, leaf);
      break;
    case LedgerKind::abandoned:
      note_abandoned(index, leaf);
      break;
    default:
      without_row_.emplace(index, leaf.open.kind);
  }
}

void RowsAgainstLedger::compare(std::uint64_t index, const LedgerLeaf& leaf,
                                const BoundRecord& row) {
  const auto entry = ledger_entry(row.record, row.id);
  if (!entry || !says_the_same(*entry, leaf.open)) {
    fault(name_of(row) + " is not what entry " + std::to_string(index) + " of the ledger says");
    return;
  }
  if (is_erased(row.record)) {
    ++erased_rows_;
  } else {
    open_commitment(index, leaf, row);
  }
}

void RowsAgainstLedger::open_commitment(std::uint64_t index, const LedgerLeaf& leaf,
                                        const BoundRecord& row) {
  if (keys_ == nullptr) {
    ++findings_.not_shown
          ["rows of which only the open part was compared: the subjects' keys were "
           "not given"];
    return;
  }
  const auto entry = ledger_entry(row.record, row.id);
  const auto key = keys_->find(entry->subject);
  if (!key) {
    ++without_key_;
    erased_.insert(entry->subject);
  } else if (!commits_to(leaf, *key, entry->subject, entry->data)) {
    fault(name_of(row) + " was changed: entry " + std::to_string(index) +
          " of the ledger commits to something else");
  }
}

// One of a key says nothing; one of rows says how many.
void RowsAgainstLedger::note_erasure(std::uint64_t index, const LedgerLeaf& leaf) {
  if (leaf.open.state.empty()) {
    ++erasures_;
    return;
  }
  const auto rows = parse_entry_range(leaf.open.state);
  if (rows && rows->first == rows->second) {
    rows_to_be_erased_ += rows->first;
  } else {
    fault("entry " + std::to_string(index) + " of the ledger erases what is no number of rows");
  }
}

// "record:12"
void RowsAgainstLedger::note_disposal(std::uint64_t index, const LedgerLeaf& leaf) {
  const std::string_view state = leaf.open.state;
  const auto colon = state.find(':');
  const auto kind = ledger_kind_from(state.substr(0, colon));
  const auto rows =
      colon == std::string_view::npos ? std::nullopt : parse_entry_range(state.substr(colon + 1));
  if (kind && rows && rows->first == rows->second) {
    disposed_[*kind] += rows->first;
  } else {
    fault("entry " + std::to_string(index) +
          " of the ledger disposes of what is no number of rows");
  }
}

// As many of a kind may be gone as were destroyed at the end of their retention, and no more.
void RowsAgainstLedger::judge_missing() {
  std::map<LedgerKind, std::uint64_t> missing;
  for (const auto& [index, kind] : without_row_)
    ++missing[kind];
  std::uint64_t destroyed = 0;
  for (const auto& [index, kind] : without_row_) {
    const std::uint64_t may_be_gone = disposed_[kind];
    if (missing[kind] <= may_be_gone) {
      ++destroyed;
    } else if (may_be_gone == 0) {
      fault("the row of entry " + std::to_string(index) + " of the ledger (" +
            std::string(to_string(kind)) + ") is gone");
    }
  }
  for (const auto& [kind, rows] : missing)
    if (disposed_[kind] != 0 && rows > disposed_[kind])
      fault(std::to_string(rows) + " rows of entries of the kind " + std::string(to_string(kind)) +
            " are gone, and the ledger knows that " + std::to_string(disposed_[kind]) +
            " were destroyed");
  if (destroyed != 0)
    findings_.not_shown["rows that were destroyed at the end of their retention"] += destroyed;
}

void RowsAgainstLedger::note_abandoned(std::uint64_t index, const LedgerLeaf& leaf) {
  const auto range = parse_entry_range(leaf.open.state);
  if (!range || range->second >= index) {
    fault("entry " + std::to_string(index) + " of the ledger abandons what is not before it");
    return;
  }
  const auto first = without_row_.lower_bound(range->first);
  const auto last = without_row_.upper_bound(range->second);
  abandoned_ += static_cast<std::uint64_t>(std::distance(first, last));
  without_row_.erase(first, last);
}

// The service takes back the rows of its last transaction when it cannot know whether that was
// committed, and tells the ledger before it stores anything else.
void RowsAgainstLedger::note_taken_back() {
  for (const std::uint64_t leaf : taken_back_) {
    const auto of = without_row_.find(leaf);
    if (end_.in_order || leaf < last_batch_ || of == without_row_.end()) {
      fault("it lists the row of entry " + std::to_string(leaf) +
            " of the ledger as taken back, and the ledger knows nothing of that");
      continue;
    }
    without_row_.erase(of);
    ++findings_.not_shown
          ["entries whose rows were taken back after a failure: the next start declares them "
           "abandoned"];
  }
}

void RowsAgainstLedger::finish() {
  note_taken_back();
  for (Table& table : tables_) {
    for (; table.next; advance(table))
      fault(name_of(*table.next) + " refers to entry " + std::to_string(*table.next->leaf) +
            ", where the ledger has none or another's");
    if (table.last_id > begun_after_.value_or(0))
      fault("a row with the id " + std::to_string(table.last_id) +
            " has no entry in the ledger, which was begun after row " +
            std::to_string(begun_after_.value_or(0)));
  }
  judge_missing();
  if (erased_rows_ > rows_to_be_erased_)
    fault(std::to_string(erased_rows_) +
          " rows say that their person was erased, and the ledger "
          "knows of " +
          std::to_string(rows_to_be_erased_));
  if (erased_rows_ != 0)
    findings_.not_shown["rows that cannot be shown: their person was erased"] += erased_rows_;
  if (erased_.size() > erasures_)
    fault("the keys of " + std::to_string(erased_.size()) + " subjects, of " +
          std::to_string(without_key_) + " rows, are gone, and " + std::to_string(erasures_) +
          " erasures are recorded");
  if (without_key_ != 0)
    findings_.not_shown["rows of subjects whose key was erased"] += without_key_;
  if (older_rows_ != 0) findings_.not_shown["rows from before the ledger was begun"] += older_rows_;
  if (abandoned_ != 0)
    findings_.not_shown
        ["entries that the service declared abandoned at a start after a crash: "
         "nobody was told of them, unless somebody has a receipt of one"] += abandoned_;
  findings_.shown.push_back(std::to_string(rows_) +
                            " rows of the database, each as its entry in the ledger says, and no "
                            "entry without its row");
}

}  // namespace assent::gateway
