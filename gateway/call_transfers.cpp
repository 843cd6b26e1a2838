#include "gateway/call_transfers.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "policy/release.hpp"

namespace assent::gateway {
namespace {

constexpr std::string_view call_purpose = "call";
constexpr std::string_view records_purpose = "records";
// Of live media no purpose is served, so no category of the policy is it.
constexpr std::string_view live_media = "";

// What the operator itself can show, as any of its own companies.
std::vector<policy::Instrument> instruments_of(const policy::RuleBook& rules,
                                               const std::string& processor) {
  std::vector<policy::Instrument> found;
  for (const auto& [name, one] : rules.processors) {
    const bool wanted = processor.empty() ? one.role == policy::Role::self : name == processor;
    if (wanted) found.insert(found.end(), one.instruments.begin(), one.instruments.end());
  }
  return found;
}

// An instrument that covers some kind of media covers it while it is live.
std::vector<policy::Instrument> covering_live_media(const policy::RuleBook& rules,
                                                    std::vector<policy::Instrument> instruments) {
  for (auto& instrument : instruments) {
    const auto is_media = [&](const std::string& name) {
      const auto category = rules.categories.find(name);
      return category != rules.categories.end() && category->second.media_path;
    };
    auto& covered = instrument.categories;
    if (std::any_of(covered.begin(), covered.end(), is_media)) covered.emplace_back(live_media);
  }
  return instruments;
}

std::string role_of(const policy::RuleBook& rules, const std::string& processor) {
  const auto found = rules.processors.find(processor);
  return std::string(
      to_string(found == rules.processors.end() ? policy::Role::self : found->second.role));
}

DataPath arrival(const policy::RuleBook& rules, const TransferPlaces& places) {
  DataPath path;
  path.flow = {FlowOf::arrival, {}};
  path.exporter = exporting_participant;
  path.importer = places.gateway;
  path.role = to_string(policy::Role::self);
  path.to = places.jurisdiction;
  path.purpose = call_purpose;
  path.category = live_media;
  path.instruments = covering_live_media(rules, instruments_of(rules, {}));
  return path;
}

// From the gateway on.
DataPath onward(const policy::RuleBook& rules, const TransferPlaces& places, FlowKey flow,
                const std::string& processor, std::string_view otherwise) {
  DataPath path;
  path.flow = std::move(flow);
  path.exporter = places.gateway;
  path.importer = processor.empty() ? std::string(otherwise) : processor;
  path.role = role_of(rules, processor);
  path.via = places.jurisdiction;
  path.instruments = instruments_of(rules, processor);
  return path;
}

DataPath to_server(const policy::RuleBook& rules, const TransferPlaces& places) {
  auto path =
      onward(rules, places, {FlowOf::call, {}}, rules.server.processor, "conference server");
  path.to = rules.server.jurisdiction;
  path.purpose = call_purpose;
  path.category = live_media;
  path.instruments = covering_live_media(rules, std::move(path.instruments));
  return path;
}

DataPath to_sink(const policy::RuleBook& rules, const TransferPlaces& places,
                 const std::string& name, const policy::Sink& sink) {
  auto path = onward(rules, places, {FlowOf::sink, name}, sink.processor, name);
  path.to = sink.jurisdiction;
  path.purpose = sink.purpose;
  const auto purpose = rules.purposes.find(sink.purpose);
  if (purpose != rules.purposes.end()) path.category = purpose->second.category;
  path.gated = true;
  return path;
}

// A country, or a region that is the only one known of it, and the rows of law that bind there.
struct Origin {
  std::string name;
  policy::BindingRows rows;
};
std::vector<Origin> origins_in(const policy::BindingRows& from) {
  std::map<std::string, std::vector<std::string>, std::less<>> by_country;
  for (const auto& code : from.codes)
    by_country[std::string(policy::country_of(code))].push_back(code);
  std::vector<Origin> origins;
  for (auto& [country, codes] : by_country) {
    const std::string name = codes.size() == 1 ? codes.front() : country;
    origins.push_back({name, {std::move(codes), false}});
  }
  if (from.unknown || from.codes.empty())
    origins.push_back({std::string(unknown_place), {{}, true}});
  return origins;
}

policy::TransferAnswer answer_for(const policy::RuleBook& rules, const policy::BindingRows& from,
                                  const DataPath& path, bool contested, WallTime when) {
  policy::TransferQuestion question{path.category, path.to, contested, false};
  const auto judge = [&] {
    return policy::judge_transfer(rules.jurisdictions, rules.transfers, from, path.instruments,
                                  question, when);
  };
  const auto answer = judge();
  if (answer.reason == policy::Reason::permitted || !path.gated) return answer;
  // It went, so the policy permitted it: where nothing else makes it lawful, by the person's own
  // explicit consent.
  question.explicit_consent = rules.composition.rely_on_explicit_consent;
  return judge();
}

}  // namespace

DataPath records_path(const policy::RuleBook& rules, const TransferPlaces& places,
                      const ExportTarget& target) {
  auto path = onward(rules, places, {FlowOf::records, target.name}, target.processor, target.name);
  path.to = target.jurisdiction;
  path.purpose = records_purpose;
  path.category = policy::call_records_category;
  return path;
}

std::vector<DataPath> paths_under(const policy::RuleBook& rules, const TransferPlaces& places) {
  std::vector<DataPath> paths;
  paths.push_back(arrival(rules, places));
  paths.push_back(to_server(rules, places));
  for (const auto& [name, sink] : rules.sinks)
    paths.push_back(to_sink(rules, places, name, sink));
  for (const auto& target : places.exports)
    paths.push_back(records_path(rules, places, target));
  return paths;
}

std::vector<CdrTransfer> judge_path(const policy::RuleBook& rules,
                                    const policy::BindingRows& origin, const DataPath& path,
                                    bool contested, WallTime when) {
  std::vector<CdrTransfer> ways;
  for (const auto& [name, rows] : origins_in(origin)) {
    if (!path.to.empty() && policy::country_of(name) == policy::country_of(path.to)) continue;
    const auto answer = answer_for(rules, rows, path, contested, when);
    const bool lawful = answer.reason == policy::Reason::permitted;
    CdrTransfer& way = ways.emplace_back();
    way.exporter = path.exporter;
    way.importer = path.importer;
    way.role = path.role;
    way.from = name;
    way.via = path.via;
    way.to = path.to.empty() ? unknown_place : path.to;
    way.row = answer.instrument;
    way.purpose = path.purpose;
    if (!lawful) way.reason = to_string(answer.reason);
    const auto mechanism = lawful ? answer.mechanism : policy::Mechanism::none;
    way.mechanism = lawful && mechanism == policy::Mechanism::none ? mechanism_not_needed
                                                                   : to_string(mechanism);
  }
  return ways;
}

bool is_same_way(const CdrTransfer& a, const CdrTransfer& b) {
  return a.exporter == b.exporter && a.importer == b.importer && a.role == b.role &&
         a.from == b.from && a.via == b.via && a.to == b.to && a.mechanism == b.mechanism &&
         a.row == b.row && a.reason == b.reason && a.purpose == b.purpose;
}

void CallTransfers::count(const FlowKey& key, const Flow& so_far, WallTime now,
                          const Judge& judge) {
  Flow& counted = counted_[key];
  if (so_far.packets == counted.packets) return;
  Flow more = so_far;
  more.packets -= counted.packets;
  more.bytes -= counted.bytes;
  more.milliseconds -= std::min(counted.milliseconds, so_far.milliseconds);
  if (counted.last) more.first = counted.last;
  more.last = so_far.last.value_or(now);
  if (!more.first) more.first = more.last;
  counted = so_far;
  for (auto& way : judge(*more.last))
    add(std::move(way), more);
}

void CallTransfers::add(CdrTransfer way, const Flow& more) {
  const auto known = std::find_if(transfers_.begin(), transfers_.end(),
                                  [&](const auto& other) { return is_same_way(other, way); });
  CdrTransfer& transfer =
      known == transfers_.end() ? transfers_.emplace_back(std::move(way)) : *known;
  transfer.first = std::min(transfer.first.value_or(*more.first), *more.first);
  transfer.last = std::max(transfer.last.value_or(*more.last), *more.last);
  transfer.milliseconds += more.milliseconds;
  transfer.packets += more.packets;
  transfer.bytes += more.bytes;
}

void CallTransfers::tell(const std::string& target, std::size_t bytes, WallTime now) {
  Flow& flow = told_[target];
  if (!flow.first) flow.first = now;
  flow.last = now;
  ++flow.packets;
  flow.bytes += bytes;
}

}  // namespace assent::gateway
