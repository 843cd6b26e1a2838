#include "gateway/policy_json.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>
#include <vector>

#include "gateway/request_reader.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/yaml_reader.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

template <class Texts>
json::array words_of(const Texts& texts) {
  json::array array;
  for (const auto& text : texts)
    array.push_back(json::value(text));
  return array;
}

json::array changes_of(const PolicyDiff& diff) {
  json::array changes;
  for (const auto& difference : diff.differences) {
    json::object change{{"path", difference.path}};
    if (difference.before) change["before"] = *difference.before;
    if (difference.after) change["after"] = *difference.after;
    changes.push_back(std::move(change));
  }
  return changes;
}

json::object effect_of(const AdoptedRules& adopted) {
  std::size_t closed = 0;
  std::size_t opened = 0;
  json::object by_sink;
  for (const auto& [name, sink] : adopted.on.sinks) {
    closed += sink.closed;
    opened += sink.opened;
    by_sink[name] = {{"permits_closed", sink.closed}, {"permits_opened", sink.opened}};
  }
  return {{"rooms", adopted.rooms},
          {"grants_suspended", adopted.on.grants_suspended},
          {"permits_closed", closed},
          {"permits_opened", opened},
          {"by_sink", std::move(by_sink)}};
}

json::object accepted_object(const AcceptedPolicy& accepted) {
  const auto text = [](const PolicyText& part) {
    return json::object{{"name", part.name}, {"text", part.text}};
  };
  return {
      {"hash", accepted.hash},
      {"since", to_rfc3339(accepted.at)},
      {"source", accepted.source},
      {"by", accepted.by},
      {"server",
       {{"processor", accepted.server_processor}, {"jurisdiction", accepted.server_jurisdiction}}},
      {"policy", text(accepted.texts.policy)},
      {"jurisdictions", text(accepted.texts.jurisdictions)},
      {"transfers", text(accepted.texts.transfers)}};
}

}  // namespace

Answered<PolicyProposal> parse_policy_proposal(const json::value& body) {
  constexpr TextLimits file{1, yaml_file_bytes_max, true};
  ObjectReader reader{body};
  PolicyProposal proposal;
  proposal.policy = reader.optional_text("policy", file);
  proposal.jurisdictions = reader.optional_text("jurisdictions", file);
  proposal.transfers = reader.optional_text("transfers", file);
  proposal.expected = reader.optional_text("expected");
  if (!proposal.policy && !proposal.jurisdictions && !proposal.transfers) {
    reader.fault(ProblemType::missing_field, "policy",
                 "give at least one of policy, jurisdictions and transfers");
  }
  if (auto problem = reader.finish()) return std::move(*problem);
  return proposal;
}

std::string policy_report_json(const PolicyReport& report, bool dry_run) {
  return json::serialize(json::object{{"dry_run", dry_run},
                                      {"from", report.from},
                                      {"to", report.to},
                                      {"changes", changes_of(report.diff)},
                                      {"changes_left_out", report.diff.left_out},
                                      {"material",
                                       {{"purposes", words_of(report.material.purposes)},
                                        {"notices", words_of(report.material.notices)}}},
                                      {"warnings", words_of(report.warnings)},
                                      {"effect", effect_of(report.effect)}});
}

std::string policy_in_force_json(const HeldPolicy& held, WallTime now) {
  json::object object = accepted_object(held.accepted);
  object["versions"] = {{"jurisdictions", held.rules.jurisdictions_version},
                        {"transfers", held.rules.transfers_version}};
  object["warnings"] = words_of(warnings_of(held, now));
  return json::serialize(object);
}

std::string accepted_policy_json(const AcceptedPolicy& accepted) {
  return json::serialize(accepted_object(accepted));
}

}  // namespace assent::gateway
