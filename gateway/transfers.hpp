#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "gateway/cdr.hpp"
#include "gateway/storage_record.hpp"
#include "gateway/transfers_parameters.hpp"
#include "policy/rules.hpp"

// Where personal data went: the transfers of many calls, added up.
namespace assent::gateway {

// Filters are ANDed; an empty or absent one does not filter.
struct TransferFilter {
  std::string subject{};
  std::string room{};
  std::string processor{};  // the importer
  std::string mechanism{};
  std::string from{};  // a country takes its regions with it
  std::string to{};
  // A call counts whole, with all that it passed on, if any of it lies within.
  std::optional<WallTime> since{};
  std::optional<WallTime> until{};
};

// What has these words in common; those that the grouping does not tell apart are empty.
struct TransferGroup {
  std::string subject;
  CdrTransfer way;        // with the sums
  std::size_t calls = 0;  // participations in a call

  [[nodiscard]] bool is_lawful() const;
};

// Groups that are told apart; what comes beyond is added up in one. Memory does not grow with
// calls.
inline constexpr std::size_t transfer_groups_max = 10'000;

struct TransferReport {
  TransferFilter filter;
  TransferGrouping grouping = TransferGrouping::paths;
  std::vector<TransferGroup> groups;  // unlawful ones first, then those with most bytes
  std::optional<TransferGroup> others;
  TransferGroup all;  // its way has the sums alone
  std::uint64_t unlawful_bytes = 0;
  std::size_t unreadable = 0;  // records
};

class TransferTotals {
 public:
  TransferTotals(TransferFilter filter, TransferGrouping grouping)
      : filter_{std::move(filter)}, grouping_{grouping} {}

  // The last record of somebody's call: it has all of the call's transfers.
  void add(const CdrEntry& last);
  [[nodiscard]] TransferReport finish() const;

 private:
  using Key =
      std::tuple<std::string, std::string, std::string, std::string, std::string, std::string,
                 std::string, std::string, std::string, std::string, std::string>;
  [[nodiscard]] TransferGroup& group_for(const std::string& subject, const CdrTransfer& way);

  TransferFilter filter_;
  TransferGrouping grouping_;
  std::map<Key, TransferGroup> groups_;
  TransferGroup others_;
  TransferGroup all_;
  std::uint64_t unlawful_bytes_ = 0;
  std::size_t unreadable_ = 0;
};

// What ids stand for, for people.
struct TransferNames {
  std::map<std::string, std::string, std::less<>> processors;
  std::map<std::string, std::string, std::less<>> places;
};
[[nodiscard]] TransferNames names_in(const policy::RuleBook& rules);

// transfers_text.cpp. The table is for a terminal.
[[nodiscard]] std::string transfers_table(const TransferReport& report);
// RFC 4180, UTF-8. What a spreadsheet would run as a formula has an apostrophe before it.
[[nodiscard]] std::string transfers_csv(const TransferReport& report);
[[nodiscard]] std::string transfers_json(const TransferReport& report);

// For people: "the EU-US Data Privacy Framework"; the word itself where it is none of ours.
[[nodiscard]] std::string mechanism_in_words(std::string_view mechanism);
[[nodiscard]] std::string bytes_in_words(std::uint64_t bytes);  // "1.2 MB"

}  // namespace assent::gateway
