#include "gateway/policy_of_config.hpp"

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/ip_database.hpp"
#include "gateway/janus_config.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/whip_config.hpp"
#include "policy/release.hpp"

namespace assent::gateway {
namespace {

void check_gateway_jurisdiction(const Config& config, const policy::RuleBook& rules,
                                Faults& faults) {
  const std::string& place = config.gateway.jurisdiction;
  if (place.empty() || rules.jurisdictions.contains(place)) return;
  const YamlPosition at = config.places.gateway_jurisdiction;
  faults.add({config.file, at.line, at.column, "gateway.jurisdiction",
              "nothing is known about the jurisdiction " + as_shown(place),
              "write one that jurisdictions.yaml has, or add its row"});
}

// Who is told of calls, and where.
void check_exports(const Config& config, const policy::RuleBook& rules, Faults& faults) {
  const auto check = [&](const std::string& key, const std::string& processor,
                         const std::string& place) {
    if (!processor.empty() && !rules.processors.contains(processor)) {
      std::vector<std::string_view> names;
      for (const auto& [name, unused] : rules.processors)
        names.push_back(name);
      faults.add({config.file, 0, 0, key, "the policy declares no processor " + as_shown(processor),
                  suggest(processor, names)});
    }
    if (place.empty() || rules.jurisdictions.contains(place)) return;
    faults.add({config.file, 0, 0, key,
                "nothing is known about the jurisdiction " + as_shown(place),
                "write one that jurisdictions.yaml has, or add its row"});
  };
  const std::string& keeper = config.storage.cdr_processor;
  check("storage", keeper, config.storage.cdr_jurisdiction);
  const bool is_shown_less = !config.storage.cdr_directory.empty() &&
                             rules.processors.contains(keeper) &&
                             policy::records_view(rules, keeper) != policy::RecordsView::full;
  if (is_shown_less)
    faults.add({config.file, 0, 0, "storage.cdr_processor",
                "the daily files have whole records, and the policy shows " + as_shown(keeper) +
                    " less than that",
                "name a processor with 'records: full', or give this one an export of its own"});
  for (const auto& webhook : config.webhooks)
    check("webhooks", webhook.processor, webhook.jurisdiction);
}

// What could never leave is a mistake, and told where it was made. A policy that is put in force
// later may well take from a target what it has: then nothing more leaves for it.
void check_record_exports(const Config& config, const policy::RuleBook& rules, Faults& faults) {
  for (const auto& target : config.exports) {
    const auto add = [&](std::string what, std::string remedy) {
      faults.add({config.file, target.at.line, target.at.column, "exports",
                  as_shown(target.name) + std::move(what), std::move(remedy)});
    };
    const auto& processor = target.processor;
    if (!target.jurisdiction.empty() && !rules.jurisdictions.contains(target.jurisdiction))
      add(" is in a jurisdiction of which nothing is known: " + as_shown(target.jurisdiction),
          "write one that jurisdictions.yaml has, or add its row");
    const auto row = rules.processors.find(processor);
    if (!processor.empty() && row == rules.processors.end()) {
      std::vector<std::string_view> names;
      for (const auto& [name, unused] : rules.processors)
        names.push_back(name);
      add(" is of a processor that the policy does not declare: " + as_shown(processor),
          suggest(processor, names));
      continue;
    }
    const auto view = policy::records_view(rules, processor);
    if (view < policy::RecordsView::conference)
      add(" would get nothing: the policy shows " + as_shown(processor) + " no call detail records",
          "say in policy.yaml what it may be shown ('records' of its row), or remove the export");
    else if (view == policy::RecordsView::support && target.rooms.empty())
      add(" names no rooms, and " + as_shown(processor) + " is shown the records of cases only",
          "add 'rooms', such as rooms: [\"support-*\"]");
    if (!processor.empty() && !covers_country(rules, row->second, target.jurisdiction))
      add(" is in " + as_shown(target.jurisdiction) + ", where " + as_shown(processor) +
              " may not work",
          "name a country of the processor's 'countries'");
  }
}

// What is wrong with the file, its reader has said.
std::optional<std::string> warning_about_addresses(const Config& config, policy::WallTime now) {
  const auto& file = config.gateway.ip_database;
  if (file.empty()) {
    return "gateway.ip_database is not set: an IP address given as evidence stands for an unknown "
           "jurisdiction";
  }
  constexpr std::chrono::days age_max{365};
  const auto database = IpDatabase::open(file);
  if (!database || now - database->built() <= age_max) return std::nullopt;
  constexpr std::size_t date_size = 10;  // "2026-06-17"
  return "gateway.ip_database: " + file.string() + " was built on " +
         to_rfc3339(database->built()).substr(0, date_size) +
         ", and addresses move: get one that is not older than a year";
}

std::vector<std::string> warnings_about(const Config& config, policy::WallTime now) {
  std::vector<std::string> out;
  if (config.gateway.jurisdiction.empty()) {
    out.emplace_back(
        "gateway.jurisdiction is not set: that everybody's media comes to the gateway is reported "
        "as a transfer to an unknown jurisdiction");
  }
  if (config.conference_server.jurisdiction.empty()) {
    out.emplace_back(
        "conference_server.jurisdiction is not set: purposes that the server performs itself are "
        "not permitted");
  }
  if (auto warning = warning_about_addresses(config, now)) out.push_back(std::move(*warning));
  return out;
}

}  // namespace

std::optional<LoadedPolicy> policy_of_config(const Config& config, policy::WallTime now,
                                             Faults& faults) {
  return policy_of_config(config, policy_texts(config.policy, faults), UndeclaredSinks::are_faults,
                          now, faults);
}

std::optional<LoadedPolicy> policy_of_config(const Config& config, PolicyTexts texts,
                                             UndeclaredSinks undeclared, policy::WallTime now,
                                             Faults& faults) {
  auto loaded = read_policy(std::move(texts), now, faults);
  if (!loaded) return std::nullopt;
  std::set<std::string, std::less<>> declared;
  for (const auto& [name, unused] : loaded->rules.sinks)
    declared.insert(name);
  Faults found;
  Faults of_sinks;
  const auto without_place = check_sinks(config, declared, of_sinks);
  if (undeclared == UndeclaredSinks::are_faults) {
    found = of_sinks;
    std::set<std::string, std::less<>> purposes;
    for (const auto& [name, unused] : loaded->rules.purposes)
      purposes.insert(name);
    check_prompts(config.file, config.keypad, purposes, found);
    check_record_exports(config, loaded->rules, found);
    check_janus(config, purposes, found);
    check_whip(config, purposes, found);
  }
  bind_server(config, loaded->rules, found);
  check_gateway_jurisdiction(config, loaded->rules, found);
  check_exports(config, loaded->rules, found);
  for (const Fault& fault : found.in_order())
    faults.add(fault);
  if (!found.empty()) return std::nullopt;

  std::vector<std::string> warnings = warnings_about(config, now);
  for (const std::string& sink : without_place) {
    warnings.push_back("the policy declares the sink " + as_shown(sink) +
                       ", and no place is given for it under 'sinks': it gets no media");
  }
  for (const SinkConfig& sink : config.sinks) {
    if (declared.contains(sink.name)) continue;
    warnings.push_back("the sink " + as_shown(sink.name) +
                       " has a place in assent.yaml, and the policy does not declare it: it gets "
                       "no media");
  }
  loaded->configuration_warnings = warnings;
  warnings.insert(warnings.end(), loaded->warnings.begin(), loaded->warnings.end());
  loaded->warnings = std::move(warnings);
  return loaded;
}

}  // namespace assent::gateway
