#include "gateway/law_reader.hpp"

#include <algorithm>
#include <utility>

#include "gateway/policy_words.hpp"

namespace assent::gateway {
namespace {

using policy::Contested;
using policy::JurisdictionRow;
using policy::Rule;
using policy::TransferRow;
using policy::TransferStatus;

// Empty: the word `unsourced`. Such a row is honest, and acts strictest.
std::string read_source(const YamlValue& value) {
  std::string source = text_or_empty(value);
  return source == "unsourced" ? std::string{} : source;
}

// Whoever edits a row says again that it is no advice.
void read_disclaimer(const YamlMap& row) {
  const YamlValue value = row.required("not_legal_advice");
  if (value.is_present() && value.boolean() == false)
    value.fault("the data is not legal advice, whoever edits it", "write 'true'");
}

JurisdictionRow read_jurisdiction(const std::string& code, const YamlValue& value) {
  const YamlMap map =
      value.map({"name", "regime", "by_region", "interception", "stricter_reading",
                 "data_protection", "to_third_party", "biometric", "wording", "citation",
                 "contested", "source", "source_date", "review_by", "note", "not_legal_advice"});
  JurisdictionRow row;
  row.code = code;
  row.name = text_or_empty(map.required("name"));
  row.regime = text_or_empty(map.optional("regime"));
  if (const auto by_region = map.optional("by_region"); by_region.is_present())
    row.by_region = by_region.boolean().value_or(false);
  row.interception = rule_word(map.required("interception")).value_or(Rule::prohibit);
  row.stricter_reading = rule_word(map.optional("stricter_reading"));
  row.data_protection = rule_word(map.required("data_protection")).value_or(Rule::prohibit);
  row.to_third_party = rule_word(map.optional("to_third_party"));
  row.biometric = rule_word(map.optional("biometric"));
  row.wording = text_or_empty(map.required("wording"));
  row.citation = text_or_empty(map.required("citation"));
  row.contested =
      word_of(map.required("contested"), {Contested::no, Contested::partly, Contested::yes})
          .value_or(Contested::yes);
  row.source = read_source(map.required("source"));
  row.source_date = text_or_empty(map.required("source_date"));
  if (const auto review = map.required("review_by"); review.is_present())
    row.review_by = review.date();
  row.note = text_or_empty(map.optional("note"));
  read_disclaimer(map);
  if (row.stricter_reading && *row.stricter_reading >= row.interception)
    map.optional("stricter_reading")
        .fault("is not stricter than 'interception'", "write the stricter of the two here");
  return row;
}

// An exception that is written wrong would except nobody.
void check_exceptions(const YamlValue& list, const std::string& regime,
                      const policy::RuleBook& rules) {
  if (!list.is_present() || !list.is_sequence()) return;
  for (const YamlValue& one : list.sequence()) {
    const auto code = one.id();
    if (!code) continue;
    const auto row = rules.jurisdictions.find(*code);
    if (row != rules.jurisdictions.end() && row->second.regime == regime) continue;
    one.fault(as_shown(*code) + " is no jurisdiction under the regime " + as_shown(regime),
              "write the code of a country that has the regime in jurisdictions.yaml");
  }
}

TransferRow read_transfer(const YamlValue& value, const policy::RuleBook& rules) {
  const YamlMap map =
      value.map({"exporter", "importer", "mechanism", "instrument", "effective", "expires",
                 "annulled", "except_from", "condition", "condition_text", "status", "source",
                 "source_date", "review_by", "note", "not_legal_advice"});
  const auto date = [&](std::string_view key) {
    const YamlValue at = map.optional(key);
    return at.is_present() ? at.date() : std::nullopt;
  };
  TransferRow row;
  row.exporter = text_or_empty(map.required("exporter"));
  row.importer = text_or_empty(map.required("importer"));
  row.mechanism = mechanism_word(map.required("mechanism")).value_or(policy::Mechanism::none);
  row.instrument = text_or_empty(map.required("instrument"));
  (void)map.required("effective");
  row.effective = date("effective");
  row.expires = date("expires");
  row.annulled = date("annulled");
  row.except_from = map.optional("except_from").ids();
  check_exceptions(map.optional("except_from"), row.exporter, rules);
  row.condition = text_or_empty(map.optional("condition"));
  row.condition_text = text_or_empty(map.optional("condition_text"));
  row.status = word_of(map.required("status"), {TransferStatus::in_force, TransferStatus::contested,
                                                TransferStatus::annulled})
                   .value_or(TransferStatus::annulled);
  row.source = read_source(map.required("source"));
  row.source_date = text_or_empty(map.required("source_date"));
  (void)map.required("review_by");
  row.review_by = date("review_by");
  row.note = text_or_empty(map.optional("note"));
  read_disclaimer(map);
  if (row.effective && row.expires && *row.expires < *row.effective)
    map.optional("expires").fault("is before 'effective'", "write the last day of validity");
  return row;
}

}  // namespace

bool is_jurisdiction_code(std::string_view text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() < 2 || !upper(text[0]) || !upper(text[1])) return false;
  if (text.size() == 2) return true;
  const std::string_view region = text.substr(3);
  return text[2] == '-' && !region.empty() && region.size() <= 3 &&
         std::all_of(region.begin(), region.end(),
                     [&](char c) { return upper(c) || (c >= '0' && c <= '9'); });
}

void read_jurisdictions(const YamlValue& root, policy::RuleBook& into) {
  const YamlMap map = root.map({"version", "jurisdictions"});
  into.jurisdictions_version = text_or_empty(map.required("version"));
  for (const YamlEntry& entry : map.required("jurisdictions").entries()) {
    if (!is_jurisdiction_code(entry.key))
      entry.value.fault_at_key(as_shown(entry.key) + " is no code of ISO 3166",
                               "write two capitals for a country, as NL, or a region, as US-CA");
    into.jurisdictions[entry.key] = read_jurisdiction(entry.key, entry.value);
  }
}

void read_transfers(const YamlValue& root, policy::RuleBook& into) {
  const YamlMap map = root.map({"version", "transfers"});
  into.transfers_version = text_or_empty(map.required("version"));
  for (const YamlValue& value : map.required("transfers").sequence()) {
    TransferRow row = read_transfer(value, into);
    const bool known = std::any_of(
        into.jurisdictions.begin(), into.jurisdictions.end(),
        [&](const auto& jurisdiction) { return jurisdiction.second.regime == row.exporter; });
    if (!known && !row.exporter.empty())
      value.fault("no jurisdiction is under the regime " + as_shown(row.exporter),
                  "write a regime of jurisdictions.yaml, such as EU");
    into.transfers.push_back(std::move(row));
  }
}

}  // namespace assent::gateway
