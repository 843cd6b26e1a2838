#include "gateway/verify_receipts.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <sstream>
#include <utility>

#include "gateway/ledger_key.hpp"
#include "gateway/signed_receipt.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;

constexpr const char* keep =
    "keep the receipt: it is signed, and proves what was acknowledged; restore database and ledger "
    "from backups of before, and find out what became of the record";

}  // namespace

ReceiptsAgainstLedger::ReceiptsAgainstLedger(const std::vector<std::filesystem::path>& files,
                                             const policy::VerifierKey& key,
                                             VerifyFindings& findings)
    : findings_{findings} {
  for (const auto& file : files)
    read(file, key);
}

void ReceiptsAgainstLedger::read(const std::filesystem::path& file,
                                 const policy::VerifierKey& key) {
  const auto text = read_whole(file);
  if (!text) return findings_.faults.add(text.error());
  std::istringstream lines{*text};
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string where = file.string() + " line " + std::to_string(number);
    const auto payload = open_receipt(line, key);
    if (!payload) {
      findings_.fault(where, payload.error().what,
                      "give the receipts as they were downloaded, and the key of their ledger");
    } else {
      take(where, *payload, key);
    }
  }
}

void ReceiptsAgainstLedger::take(const std::string& where, const std::string& payload,
                                 const policy::VerifierKey& key) {
  boost::system::error_code error;
  auto receipt = json::parse(payload, error);
  auto* const object = error ? nullptr : receipt.if_object();
  const auto* const ledger = object == nullptr ? nullptr : object->if_contains("ledger");
  const auto* const place = ledger == nullptr ? nullptr : ledger->if_object();
  const auto* const entry = place == nullptr ? nullptr : place->if_contains("entry");
  const auto* const note = place == nullptr ? nullptr : place->if_contains("checkpoint");
  if (entry == nullptr || note == nullptr || !note->is_string())
    return findings_.fault(where, "it does not say which entry it is of", keep);
  const auto index = entry->to_number<std::uint64_t>(error);
  if (error) return findings_.fault(where, "it does not say which entry it is of", keep);
  auto checkpoint = open_checkpoint(std::string_view{note->get_string()}, key, where);
  if (!checkpoint) return findings_.faults.add(checkpoint.error());
  checkpoints_.push_back({checkpoint->head, where});
  object->stable_erase("ledger");
  Held& held = held_.emplace(index, Held{})->second;
  held.where = where;
  held.text = json::serialize(receipt);
}

void ReceiptsAgainstLedger::fault(Held& held, std::string what) {
  held.faulty = true;
  findings_.fault(held.where, std::move(what), keep);
}

void ReceiptsAgainstLedger::meet(std::uint64_t index, const LedgerLeaf& leaf) {
  const auto [begin, end] = held_.equal_range(index);
  for (auto of = begin; of != end; ++of) {
    of->second.entered = true;
    if (leaf.open.kind != LedgerKind::consent)
      fault(of->second, "entry " + std::to_string(index) + " is of something else");
  }
  if (leaf.open.kind != LedgerKind::abandoned) return;
  const auto range = parse_entry_range(leaf.open.state);
  if (!range) return;
  const auto last = held_.upper_bound(range->second);
  for (auto of = held_.lower_bound(range->first); of != last; ++of)
    fault(of->second, "entry " + std::to_string(of->first) + " was acknowledged, and entry " +
                          std::to_string(index) +
                          " declares it abandoned: the database was cut or replaced");
}

void ReceiptsAgainstLedger::meet_row(std::uint64_t index, const BoundRecord& row) {
  const auto [begin, end] = held_.equal_range(index);
  for (auto of = begin; of != end; ++of) {
    of->second.with_row = true;
    const auto* const event = std::get_if<ConsentEvent>(&row.record);
    if (event == nullptr || event->receipt != of->second.text)
      fault(of->second, "the row of entry " + std::to_string(index) + " says something else");
  }
}

void ReceiptsAgainstLedger::finish(bool with_rows) {
  std::size_t sound = 0;
  for (auto& [index, held] : held_) {
    if (!held.faulty && !held.entered)
      fault(held, "the ledger has no entry " + std::to_string(index));
    if (!held.faulty && with_rows && !held.with_row)
      fault(held, "the row of entry " + std::to_string(index) + " is gone");
    sound += held.faulty ? 0 : 1;
  }
  if (held_.empty()) return;
  findings_.shown.push_back(std::to_string(sound) +
                            " receipts that people hold: each has its entry" +
                            (with_rows ? " and its row, which says the same" : ""));
  if (!with_rows)
    findings_.not_shown["receipts whose row was not looked at: no database was given"] += sound;
}

}  // namespace assent::gateway
