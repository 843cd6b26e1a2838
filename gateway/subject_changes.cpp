#include "gateway/subject_changes.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "gateway/request_reader.hpp"
#include "gateway/rfc3339.hpp"
#include "policy/rules.hpp"

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

// Opting out is one way.
bool read_opt_out(ObjectReader& reader, std::string_view name) {
  const auto said = reader.optional_flag(name);
  if (said == false)
    reader.fault(ProblemType::invalid_value, name,
                 "opting out is one way, nothing takes it back: write true, or leave it out");
  return said.value_or(false);
}

SubjectChange read_change(ObjectReader& reader) {
  SubjectChange change;
  change.contract_end = reader.optional_time("contract_end");
  change.opt_out_of_sale = read_opt_out(reader, "opt_out_of_sale");
  change.opt_out_of_new_purposes = read_opt_out(reader, "opt_out_of_new_purposes");
  change.corrections = read_corrections(reader);
  return change;
}

}  // namespace

void SubjectState::add(const SubjectChange& change, WallTime at) {
  if (change.opt_out_of_sale && !sale_opt_out) sale_opt_out = at;
  if (change.opt_out_of_new_purposes && !new_purposes_opt_out) new_purposes_opt_out = at;
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
  auto change = read_change(reader);
  if (const auto problem = reader.finish()) return *problem;
  return change;
}

std::optional<SubjectChange> stored_change(const PrivacyAction& action) {
  if (action.action != "change") return std::nullopt;
  boost::system::error_code error;
  const auto body = json::parse(action.json, error);
  if (error) return std::nullopt;
  ObjectReader reader{body};
  auto change = read_change(reader);
  change.known_purposes = reader.optional_ids("known_purposes", policy::purposes_max)
                              .value_or(std::vector<std::string>{});
  if (reader.finish()) return std::nullopt;
  return std::optional{std::move(change)};
}

json::object to_json(const SubjectChange& change) {
  json::object out;
  if (change.contract_end) out["contract_end"] = to_rfc3339(*change.contract_end);
  if (change.opt_out_of_sale) out["opt_out_of_sale"] = true;
  if (change.opt_out_of_new_purposes) {
    out["opt_out_of_new_purposes"] = true;
    json::array known;
    for (const auto& purpose : change.known_purposes)
      known.push_back(json::value(purpose));
    out["known_purposes"] = std::move(known);
  }
  if (!change.corrections.empty()) out["corrections"] = corrections_json(change.corrections);
  return out;
}

json::object to_json(const SubjectState& state) {
  json::object out{{"corrections", corrections_json(state.corrections)}};
  if (state.contract_end) out["contract_end"] = to_rfc3339(*state.contract_end);
  if (state.sale_opt_out) out["opted_out_of_sale"] = to_rfc3339(*state.sale_opt_out);
  if (state.new_purposes_opt_out)
    out["opted_out_of_new_purposes"] = to_rfc3339(*state.new_purposes_opt_out);
  return out;
}

SubjectState state_of(std::span<const PrivacyAction> actions) {
  SubjectState state;
  for (const auto& action : actions)
    if (const auto change = stored_change(action)) state.add(*change, action.at);
  return state;
}

}  // namespace assent::gateway
