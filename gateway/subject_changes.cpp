#include "gateway/subject_changes.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "gateway/request_reader.hpp"
#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

constexpr std::size_t correction_bytes_max = 1'000;

json::object corrections_json(const std::vector<Correction>& corrections) {
  json::object all;
  for (const auto& of : corrections)
    all[std::to_string(of.record)] = {{"field", of.field}, {"correct", of.correct}};
  return all;
}

std::vector<Correction> read_corrections(ObjectReader& reader) {
  std::vector<Correction> all;
  reader.optional_objects(
      "corrections", corrections_max, [&](const std::string& id, ObjectReader& of) {
        Correction& correction = all.emplace_back();
        const auto [end, error] =
            std::from_chars(id.data(), id.data() + id.size(), correction.record);
        if (error != std::errc{} || end != id.data() + id.size() || correction.record <= 0)
          of.fault(ProblemType::invalid_value, "", "a record is named by its id, a number");
        correction.field = of.text("field");
        correction.correct = of.text("correct", {1, correction_bytes_max, true});
      });
  return all;
}

}  // namespace

void SubjectState::add(const SubjectChange& change, WallTime) {
  if (change.contract_end) contract_end = change.contract_end;
  for (const auto& more : change.corrections) {
    std::erase_if(corrections, [&](const Correction& known) {
      return known.record == more.record && known.field == more.field;
    });
    corrections.push_back(more);
  }
}

Answered<SubjectChange> parse_subject_change(const json::value& body) {
  ObjectReader reader{body};
  SubjectChange change;
  change.contract_end = reader.optional_time("contract_end");
  change.corrections = read_corrections(reader);
  if (const auto problem = reader.finish()) return *problem;
  return change;
}

json::object to_json(const SubjectChange& change) {
  json::object out;
  if (change.contract_end) out["contract_end"] = to_rfc3339(*change.contract_end);
  if (!change.corrections.empty()) out["corrections"] = corrections_json(change.corrections);
  return out;
}

json::object to_json(const SubjectState& state) {
  json::object out{{"corrections", corrections_json(state.corrections)}};
  if (state.contract_end) out["contract_end"] = to_rfc3339(*state.contract_end);
  return out;
}

SubjectState state_of(std::span<const PrivacyAction> actions) {
  SubjectState state;
  for (const auto& action : actions) {
    if (action.action != "change") continue;
    boost::system::error_code error;
    const auto body = json::parse(action.json, error);
    if (error) continue;
    if (const auto change = parse_subject_change(body)) state.add(*change, action.at);
  }
  return state;
}

}  // namespace assent::gateway
