#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/cdr.hpp"
#include "policy/rules.hpp"

// Which personal data of one participant crossed which border: the call's own way through the
// gateway to the conference server, copies to sinks, and what is told of it to others.
namespace assent::gateway {

// Somebody who is told of calls: a webhook, or whoever reads the daily files of records.
struct ExportTarget {
  std::string name;
  std::string processor;            // by its name in the policy; empty: the operator
  std::string jurisdiction;         // empty: unknown
  std::vector<std::string> events;  // that it is told
  bool records = false;             // that it is told call detail records
};

// What assent.yaml says of where things are.
struct TransferPlaces {
  std::string gateway;       // its name
  std::string jurisdiction;  // of the gateway; empty: unknown
  std::vector<ExportTarget> exports;
};

// What is counted separately.
enum class FlowOf : unsigned char {
  arrival,  // at the gateway
  call,     // at the conference server
  sink,
  records,  // at an export target
};
struct FlowKey {
  FlowOf of = FlowOf::arrival;
  std::string name;  // of the sink or target
  auto operator<=>(const FlowKey&) const = default;
};
struct Flow {
  std::optional<WallTime> first;
  std::optional<WallTime> last;
  std::uint64_t milliseconds = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};

// One way that a participant's data may take, and what can make it lawful.
struct DataPath {
  FlowKey flow;
  std::string exporter;
  std::string importer;
  std::string role;
  std::string via;
  std::string to;  // empty: unknown
  std::string purpose;
  std::string category;
  std::vector<policy::Instrument> instruments;
  // Nothing passes that the policy did not permit. Else it passes anyhow, and is reported.
  bool gated = false;
};
[[nodiscard]] std::vector<DataPath> paths_under(const policy::RuleBook& rules,
                                                const TransferPlaces& places);

// That of call detail records, and of what else is told of calls, to one who is told of them.
[[nodiscard]] DataPath records_path(const policy::RuleBook& rules, const TransferPlaces& places,
                                    const ExportTarget& target);

// What this path is, for each country that the participant is in and the data leaves; without
// counts. `contested`: the policy relies on contested rows.
[[nodiscard]] std::vector<CdrTransfer> judge_path(const policy::RuleBook& rules,
                                                  const policy::BindingRows& origin,
                                                  const DataPath& path, bool contested,
                                                  WallTime when);

// Same but for the counts.
[[nodiscard]] bool is_same_way(const CdrTransfer& a, const CdrTransfer& b);

// Adds up for one participant. What passed is judged once, by the rules and jurisdictions of its
// time: count() what passed before they change.
class CallTransfers {
 public:
  // `so_far`: all that went this way since the start.
  using Judge = std::function<std::vector<CdrTransfer>(WallTime when)>;
  void count(const FlowKey& key, const Flow& so_far, WallTime now, const Judge& judge);

  void tell(const std::string& target, std::size_t bytes, WallTime now);
  [[nodiscard]] const std::map<std::string, Flow>& told() const { return told_; }

  [[nodiscard]] const std::vector<CdrTransfer>& all() const { return transfers_; }

 private:
  void add(CdrTransfer way, const Flow& more);

  std::map<FlowKey, Flow> counted_;
  std::map<std::string, Flow> told_;  // by target
  std::vector<CdrTransfer> transfers_;
};

}  // namespace assent::gateway
