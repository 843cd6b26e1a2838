#include <algorithm>
#include <utility>

#include "gateway/law_reader.hpp"
#include "gateway/policy_parts.hpp"
#include "gateway/policy_words.hpp"
#include "policy/release.hpp"

namespace assent::gateway {
namespace {

using policy::Instrument;
using policy::Mechanism;
using policy::Processor;
using policy::Reason;
using policy::RecordsView;
using policy::Rule;
using policy::RuleBook;
using policy::Strength;
using policy::Tightening;

void check_country(const YamlValue& at, const std::string& word, const RuleBook& rules) {
  if (word == "*" || word == "EU" || rules.jurisdictions.contains(word)) return;
  at.fault(as_shown(word) + " is no jurisdiction of jurisdictions.yaml",
           is_jurisdiction_code(word) ? "add its row there, or correct the code"
                                      : "write a code of ISO 3166 such as NL, or EU, or \"*\"");
}

// What the mechanism cannot do without.
void check_instrument(const YamlMap& map, const Instrument& instrument) {
  const auto need = [&](bool there, std::string_view key) {
    if (!there)
      map.value().fault(
          std::string{to_string(instrument.mechanism)} + " needs '" + std::string{key} + "'",
          "add '" + std::string{key} + "'");
  };
  const Mechanism mechanism = instrument.mechanism;
  if (mechanism == Mechanism::adequacy)
    need(!instrument.condition.empty(), "condition");
  else
    need(!instrument.entity.empty(), "entity");
  if (mechanism == Mechanism::scc) need(!instrument.module.empty(), "module");
  if (mechanism == Mechanism::scc || mechanism == Mechanism::idta ||
      mechanism == Mechanism::intra_group)
    need(!instrument.reference.empty(), "reference");
}

Instrument read_instrument(const YamlValue& value, const RuleBook& rules) {
  const YamlMap map = value.map({"mechanism", "country", "entity", "categories", "module",
                                 "reference", "condition", "checked_at", "expires"});
  Instrument instrument;
  const auto mechanism = mechanism_word(map.required("mechanism"));
  instrument.mechanism = mechanism.value_or(Mechanism::none);
  const YamlValue country = map.optional("country");
  instrument.country = text_or_empty(country);
  if (instrument.country == "EU" || instrument.country == "*")
    country.fault(as_shown(instrument.country) + " is no single country",
                  "name one, or remove it: the mechanism then holds for all of the processor's");
  else if (!instrument.country.empty())
    check_country(country, instrument.country, rules);
  instrument.entity = text_or_empty(map.optional("entity"));
  instrument.categories = declared_ids(map.required("categories"), rules.categories, "categories");
  instrument.module = text_or_empty(map.optional("module"));
  instrument.reference = text_or_empty(map.optional("reference"));
  instrument.condition = text_or_empty(map.optional("condition"));
  if (const auto at = map.required("checked_at"); at.is_present())
    instrument.checked_at = at.date();
  if (const auto at = map.required("expires"); at.is_present()) instrument.expires = at.date();
  const bool personal = instrument.mechanism == Mechanism::explicit_consent ||
                        instrument.mechanism == Mechanism::use_as_acceptance;
  if (personal)
    map.optional("mechanism")
        .fault("is a matter of the person, not of the processor",
               "remove it; see composition.transfer_by_explicit_consent");
  else if (mechanism)
    check_instrument(map, instrument);
  return instrument;
}

// What it may be shown of call detail records. What could never be shown is told, too.
void read_records(const YamlValue& value, Processor& processor) {
  using enum RecordsView;
  processor.records = word_of(value, {none, aggregates, conference, support, full}).value_or(none);
  const auto& categories = processor.categories;
  const bool engaged = std::find(categories.begin(), categories.end(),
                                 policy::call_records_category) != categories.end();
  if (processor.records == none) return;
  if (!engaged)
    value.fault("is not engaged for call detail records",
                "add " + std::string{policy::call_records_category} +
                    " to its 'categories', if that is so, or write none");
  else if (processor.own_use && processor.records != aggregates)
    value.fault("shows records to one that uses data for its own ends, too",
                "write aggregates or none, or correct 'own_use'");
}

Processor read_processor(const YamlValue& value, const RuleBook& rules) {
  const YamlMap map = value.map({"label", "role", "categories", "except", "purposes", "countries",
                                 "mechanisms", "own_use", "media_path", "records"});
  Processor processor;
  processor.label = text_or_empty(map.required("label"));
  processor.role =
      word_of(map.required("role"), {policy::Role::self, policy::Role::processor,
                                     policy::Role::sub_processor, policy::Role::third_party})
          .value_or(policy::Role::third_party);
  processor.categories = declared_ids(map.required("categories"), rules.categories, "categories");
  processor.except = text_or_empty(map.optional("except"));
  processor.purposes = declared_ids(map.optional("purposes"), rules.purposes, "purposes");
  if (const YamlValue countries = map.required("countries"); countries.is_present())
    for (const YamlValue& one : countries.sequence())
      if (auto word = one.text()) {
        check_country(one, *word, rules);
        processor.countries.push_back(std::move(*word));
      }
  if (const YamlValue list = map.optional("mechanisms"); list.is_present())
    for (const YamlValue& one : list.sequence())
      processor.instruments.push_back(read_instrument(one, rules));
  if (const YamlValue own = map.required("own_use"); own.is_present())
    processor.own_use = own.boolean().value_or(true);
  if (const YamlValue media = map.required("media_path"); media.is_present())
    processor.media_path = media.boolean().value_or(false);
  read_records(map.optional("records"), processor);
  return processor;
}

// A sink that could never be permitted is a mistake, and told where it was made.
void check_binding(const YamlMap& map, const policy::Sink& sink, const RuleBook& rules) {
  const YamlValue processor = map.optional("processor");
  switch (judge_binding(rules, sink.purpose, sink.processor, sink.jurisdiction)) {
    case Reason::no_media_path:
      processor.fault(as_shown(sink.processor) + " has media_path: false, no sink may route to it",
                      "bind the sink to a processor that may receive media");
      break;
    case Reason::purpose_not_bound:
      processor.fault(as_shown(sink.processor) + " is not engaged for " + as_shown(sink.purpose),
                      "add the purpose to the processor's 'purposes', if that is so");
      break;
    case Reason::category_not_bound:
      processor.fault(
          as_shown(sink.processor) + " may not receive the category of " + as_shown(sink.purpose),
          "add the category to the processor's 'categories', if that is so");
      break;
    case Reason::country_not_bound:
      map.optional("jurisdiction")
          .fault(as_shown(sink.jurisdiction) + " is not among the countries of " +
                     as_shown(sink.processor),
                 "name a country of the processor's 'countries'");
      break;
    default:
      break;
  }
}

// A tenant, room or leg can make it stricter. Whatever would loosen is told, not ignored.
void loosens(const YamlValue& at, std::string_view global) {
  at.fault("would loosen the general policy", "write " + std::string{global} +
                                                  " or stricter, or remove it: a tenant can only "
                                                  "tighten");
}

Tightening::OfPurpose read_tight_purpose(const YamlValue& value, const policy::Purpose* general,
                                         const RuleBook& rules) {
  const YamlMap map = value.map({"prohibit", "least_strength", "rule", "notice"});
  Tightening::OfPurpose tight;
  if (const YamlValue prohibit = map.optional("prohibit"); prohibit.is_present()) {
    tight.prohibit = prohibit.boolean().value_or(true);
    if (!tight.prohibit) prohibit.fault("permits nothing by itself", "write true, or remove it");
  }
  if (const auto least = strength_word(map.optional("least_strength"))) {
    tight.least = *least;
    if (general != nullptr && *least < general->least)
      loosens(map.optional("least_strength"), to_string(general->least));
  }
  tight.at_least = rule_word(map.optional("rule")).value_or(Rule::none);
  if (const YamlValue notice = map.optional("notice"); notice.is_present()) {
    tight.notice = notice.id().value_or("");
    const policy::Notice* found = find_notice(rules, tight.notice, "");
    if (!tight.notice.empty() && found == nullptr)
      notice.fault(as_shown(tight.notice) + " is not declared under 'notices'", "declare it");
    if (found != nullptr && general != nullptr &&
        !check_notice(rules, general->notice,
                      {found->id, found->version, found->language, found->hash}))
      notice.fault("does not make the notice " + as_shown(general->notice) + " more specific",
                   "give it 'general: " + general->notice + "'");
  }
  return tight;
}

// One of the tenant's choices between a lax and a strict word; true: strict.
bool strict_choice(const YamlMap& map, std::string_view key, std::string_view lax,
                   std::string_view strict, bool lax_in_general) {
  const YamlValue value = map.optional(key);
  if (!value.is_present()) return false;
  const auto chosen = value.one_of<bool>({{strict, true}, {lax, false}});
  if (chosen == false && !lax_in_general) loosens(value, strict);
  return chosen.value_or(true);
}

Tightening read_tenant(const YamlValue& value, const RuleBook& rules) {
  const YamlMap map =
      value.map({"purposes", "deny_sinks", "deny_processors", "sale", "all_party", "unflagged",
                 "contested_transfers", "transfer_by_explicit_consent"});
  const auto& general = rules.composition;
  Tightening tenant;
  for (const YamlEntry& entry : map.optional("purposes").entries()) {
    check_declared(entry.value, entry.key, rules.purposes, "purposes");
    const auto purpose = rules.purposes.find(entry.key);
    tenant.purposes[entry.key] = read_tight_purpose(
        entry.value, purpose == rules.purposes.end() ? nullptr : &purpose->second, rules);
  }
  for (std::string& name : declared_ids(map.optional("deny_sinks"), rules.sinks, "sinks"))
    tenant.deny_sinks.insert(std::move(name));
  for (std::string& name :
       declared_ids(map.optional("deny_processors"), rules.processors, "processors"))
    tenant.deny_processors.insert(std::move(name));
  tenant.deny_sale = strict_choice(map, "sale", "permit", "deny", rules.sale_permitted);
  tenant.stop_for_all = strict_choice(map, "all_party", "go_on_without_refuser", "stop",
                                      general.go_on_without_refuser);
  tenant.unflagged_as_minor =
      strict_choice(map, "unflagged", "adult", "minor", !rules.minors.unflagged_as_minor);
  tenant.deny_contested_transfers = strict_choice(map, "contested_transfers", "rely", "deny",
                                                  general.rely_on_contested_transfers);
  tenant.deny_explicit_consent = strict_choice(map, "transfer_by_explicit_consent", "true", "false",
                                               general.rely_on_explicit_consent);
  return tenant;
}

}  // namespace

void read_processors(const YamlValue& section, RuleBook& into) {
  for (const YamlEntry& entry : section.entries()) {
    into.processors[entry.key] = read_processor(entry.value, into);
    // Unless assent.yaml names another, the conference server is the operator's own.
    if (into.processors[entry.key].role == policy::Role::self && into.server.processor.empty())
      into.server.processor = entry.key;
  }
}

void read_sinks(const YamlValue& section, RuleBook& into) {
  for (const YamlEntry& entry : section.entries(policy::sinks_max)) {
    const YamlMap map = entry.value.map({"purpose", "processor", "jurisdiction"});
    policy::Sink sink;
    const YamlValue purpose = map.required("purpose");
    const YamlValue processor = map.required("processor");
    const YamlValue place = map.required("jurisdiction");
    if (purpose.is_present()) sink.purpose = purpose.id().value_or("");
    if (processor.is_present()) sink.processor = processor.id().value_or("");
    sink.jurisdiction = text_or_empty(place);
    check_declared(purpose, sink.purpose, into.purposes, "purposes");
    check_declared(processor, sink.processor, into.processors, "processors");
    if (!sink.jurisdiction.empty() && !into.jurisdictions.contains(sink.jurisdiction))
      place.fault(as_shown(sink.jurisdiction) + " is no jurisdiction of jurisdictions.yaml",
                  "write a code of ISO 3166 that has a row there");
    else
      check_binding(map, sink, into);
    into.sinks[entry.key] = std::move(sink);
  }
}

void read_tenants(const YamlValue& section, RuleBook& into) {
  for (const YamlEntry& entry : section.entries())
    into.tenants[entry.key] = read_tenant(entry.value, into);
}

}  // namespace assent::gateway
