#include "gateway/transfers.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "gateway/export_queue.hpp"

namespace assent::gateway {
namespace {

// Records of earlier versions gave no reason.
bool is_lawful(const CdrTransfer& way) {
  return way.reason.empty() && way.mechanism != to_string(policy::Mechanism::none);
}

bool is_at(std::string_view place, std::string_view wanted) {
  return wanted.empty() || place == wanted || policy::country_of(place) == wanted;
}

bool is_wanted(const TransferFilter& filter, const CdrTransfer& way) {
  const auto is_it = [](const std::string& wanted, const std::string& word) {
    return wanted.empty() || wanted == word;
  };
  const bool early = filter.since && way.last && *way.last < *filter.since;
  const bool late = filter.until && way.first && *way.first >= *filter.until;
  return is_it(filter.processor, way.importer) && is_it(filter.mechanism, way.mechanism) &&
         is_at(way.from, filter.from) && is_at(way.to, filter.to) && !early && !late;
}

void sum(CdrTransfer& all, const CdrTransfer& more) {
  if (more.first) all.first = std::min(all.first.value_or(*more.first), *more.first);
  if (more.last) all.last = std::max(all.last.value_or(*more.last), *more.last);
  all.milliseconds += more.milliseconds;
  all.packets += more.packets;
  all.bytes += more.bytes;
}

// The words that a grouping tells apart. What is unlawful is told apart from what is not by all.
CdrTransfer common(const CdrTransfer& way, TransferGrouping grouping) {
  CdrTransfer kept;
  kept.reason = way.reason;
  switch (grouping) {
    case TransferGrouping::paths:
      kept = way;
      kept.first.reset();
      kept.last.reset();
      kept.milliseconds = kept.packets = kept.bytes = 0;
      break;
    case TransferGrouping::subject:
      break;
    case TransferGrouping::processor:
      kept.importer = way.importer;
      kept.role = way.role;
      break;
    case TransferGrouping::mechanism:
      kept.mechanism = way.mechanism;
      kept.row = way.row;
      break;
    case TransferGrouping::countries:
      kept.from = policy::country_of(way.from);
      kept.to = policy::country_of(way.to);
      break;
  }
  if (kept.mechanism.empty() && !is_lawful(way)) kept.mechanism = way.mechanism;
  return kept;
}

}  // namespace

bool TransferGroup::is_lawful() const {
  return gateway::is_lawful(way);
}

TransferGroup& TransferTotals::group_for(const std::string& subject, const CdrTransfer& way) {
  const std::string whose = grouping_ == TransferGrouping::subject ? subject : std::string{};
  auto kept = common(way, grouping_);
  Key key{whose,   kept.exporter,  kept.importer, kept.role,   kept.from,   kept.via,
          kept.to, kept.mechanism, kept.row,      kept.reason, kept.purpose};
  const auto known = groups_.find(key);
  if (known != groups_.end()) return known->second;
  if (groups_.size() == transfer_groups_max) return others_;
  TransferGroup& group = groups_[std::move(key)];
  group.subject = whose;
  group.way = std::move(kept);
  return group;
}

void TransferTotals::add(const CdrEntry& last) {
  const auto cdr = parse_cdr(last.json);
  if (!cdr) {
    ++unreadable_;
    return;
  }
  auto ways = cdr->transfers;
  for (const auto& exported : last.exported)
    for (auto& way : parse_transfers(exported))
      ways.push_back(std::move(way));
  std::set<TransferGroup*> touched;
  for (const auto& way : ways) {
    if (!is_wanted(filter_, way)) continue;
    TransferGroup& group = group_for(cdr->subject, way);
    touched.insert(&group);
    sum(group.way, way);
    sum(all_.way, way);
    if (!is_lawful(way)) unlawful_bytes_ += way.bytes;
  }
  for (TransferGroup* group : touched)
    ++group->calls;
  if (!touched.empty()) ++all_.calls;
}

TransferReport TransferTotals::finish() const {
  TransferReport report;
  report.filter = filter_;
  report.grouping = grouping_;
  for (const auto& [key, group] : groups_)
    report.groups.push_back(group);
  std::stable_sort(report.groups.begin(), report.groups.end(),
                   [](const TransferGroup& a, const TransferGroup& b) {
                     if (a.is_lawful() != b.is_lawful()) return !a.is_lawful();
                     return a.way.bytes > b.way.bytes;
                   });
  if (others_.calls != 0) report.others = others_;
  report.all = all_;
  report.unlawful_bytes = unlawful_bytes_;
  report.unreadable = unreadable_;
  return report;
}

TransferNames names_in(const policy::RuleBook& rules) {
  TransferNames names;
  for (const auto& [name, processor] : rules.processors)
    names.processors[name] = processor.label;
  for (const auto& [code, row] : rules.jurisdictions)
    names.places[code] = row.name;
  return names;
}

}  // namespace assent::gateway
