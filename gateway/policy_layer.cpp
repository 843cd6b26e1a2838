#include "gateway/policy_layer.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

namespace assent::gateway {
namespace json = boost::json;

namespace {

using policy::Rule;
using policy::RuleBook;
using policy::Strength;
using policy::Tightening;

constexpr std::array<std::pair<std::string_view, Strength>, 4> strength_words{
    {{"weakest", Strength::weakest},
     {"weak", Strength::weak},
     {"firm", Strength::firm},
     {"strong", Strength::strong}}};
constexpr std::array<std::pair<std::string_view, Rule>, 6> rule_words{
    {{"prohibit", Rule::prohibit},
     {"all_party", Rule::all_party},
     {"per_participant", Rule::per_participant},
     {"one_party", Rule::one_party},
     {"notice", Rule::notice},
     {"none", Rule::none}}};

constexpr std::size_t processors_denied_max = 64;

// A choice between a strict and a lax word. Without words, false is the strict one.
struct Choice {
  std::string_view name;
  std::string_view strict;
  std::string_view lax;
  bool Tightening::*member;
  bool (*lax_in_general)(const RuleBook&);
};
constexpr std::array<Choice, 5> choices{{
    {"sale", "deny", "permit", &Tightening::deny_sale,
     [](const RuleBook& rules) { return rules.sale_permitted; }},
    {"all_party", "stop", "go_on_without_refuser", &Tightening::stop_for_all,
     [](const RuleBook& rules) { return rules.composition.go_on_without_refuser; }},
    {"unflagged", "minor", "adult", &Tightening::unflagged_as_minor,
     [](const RuleBook& rules) { return !rules.minors.unflagged_as_minor; }},
    {"contested_transfers", "deny", "rely", &Tightening::deny_contested_transfers,
     [](const RuleBook& rules) { return rules.composition.rely_on_contested_transfers; }},
    {"transfer_by_explicit_consent", "", "", &Tightening::deny_explicit_consent,
     [](const RuleBook& rules) { return rules.composition.rely_on_explicit_consent; }},
}};

std::optional<bool> read_choice(ObjectReader& reader, const Choice& choice) {
  if (choice.strict.empty()) {
    const auto lax = reader.optional_flag(choice.name);
    return lax ? std::optional{!*lax} : std::nullopt;
  }
  const std::pair<std::string_view, bool> words[] = {{choice.strict, true}, {choice.lax, false}};
  return reader.optional_word(choice.name, ObjectReader::Words<bool>{words});
}

PolicyLayer::OfPurpose read_of_purpose(ObjectReader& reader) {
  PolicyLayer::OfPurpose purpose;
  const auto prohibit = reader.optional_flag("prohibit");
  purpose.prohibit = prohibit.value_or(false);
  if (prohibit == false) {
    reader.fault(ProblemType::invalid_value, "prohibit",
                 "permits nothing by itself: write true, or leave it out");
  }
  purpose.least =
      reader.optional_word("least_strength", ObjectReader::Words<Strength>{strength_words});
  purpose.rule = reader.optional_word("rule", ObjectReader::Words<Rule>{rule_words});
  purpose.notice = reader.optional_id("notice").value_or("");
  return purpose;
}

Problem unknown(std::string pointer, std::string_view section) {
  return make_problem(ProblemType::invalid_value,
                      "The policy declares no such thing under '" + std::string(section) +
                          "'. Name one that it declares.",
                      std::move(pointer));
}

Problem loosens(std::string pointer, std::string_view strict) {
  return make_problem(ProblemType::refused_by_policy,
                      "It would loosen what is in force: write " + std::string(strict) +
                          " or stricter, or leave it out. A layer can only tighten.",
                      std::move(pointer));
}

// Must be the notice that is asked for already, or one that makes it specific.
std::optional<Problem> judge_notice(const std::string& notice, const RuleBook& rules,
                                    const std::string& required, std::string pointer) {
  const policy::Notice* found = find_notice(rules, notice, "");
  if (found == nullptr) return unknown(std::move(pointer), "notices");
  const policy::NoticeReference itself{found->id, found->version, found->language, found->hash};
  if (check_notice(rules, required, itself)) return std::nullopt;
  return make_problem(ProblemType::refused_by_policy,
                      "It does not make the notice '" + required +
                          "' more specific. Name one whose 'general' leads there.",
                      std::move(pointer));
}

Answered<Tightening::OfPurpose> judge_of_purpose(const PolicyLayer::OfPurpose& asked,
                                                 const policy::Purpose& general,
                                                 const RuleBook& rules,
                                                 const Tightening::OfPurpose& above,
                                                 const std::string& pointer) {
  const Strength least = std::max(general.least, above.least);
  if (asked.least && *asked.least < least) {
    return loosens(pointer + "/least_strength", to_string(least));
  }
  if (asked.rule && *asked.rule > above.at_least) {
    return loosens(pointer + "/rule", to_string(above.at_least));
  }
  if (!asked.notice.empty()) {
    const std::string& required = above.notice.empty() ? general.notice : above.notice;
    if (auto problem = judge_notice(asked.notice, rules, required, pointer + "/notice")) {
      return *std::move(problem);
    }
  }
  return Tightening::OfPurpose{asked.prohibit, asked.least.value_or(Strength::none),
                               asked.rule.value_or(Rule::none), asked.notice};
}

json::array names_array(const std::set<std::string, std::less<>>& names) {
  json::array array;
  for (const auto& name : names)
    array.push_back(json::value(name));
  return array;
}

json::object of_purpose_object(const Tightening::OfPurpose& purpose) {
  json::object object;
  if (purpose.prohibit) object["prohibit"] = true;
  if (purpose.least != Strength::none) object["least_strength"] = to_string(purpose.least);
  if (purpose.at_least != Rule::none) object["rule"] = to_string(purpose.at_least);
  if (!purpose.notice.empty()) object["notice"] = purpose.notice;
  return object;
}

}  // namespace

PolicyLayer read_policy_layer(ObjectReader& reader) {
  PolicyLayer layer;
  reader.optional_objects("purposes", policy::purposes_max,
                          [&](const std::string& name, ObjectReader& nested) {
                            layer.purposes[name] = read_of_purpose(nested);
                          });
  layer.deny_sinks =
      reader.optional_ids("deny_sinks", policy::sinks_max).value_or(std::vector<std::string>{});
  layer.deny_processors = reader.optional_ids("deny_processors", processors_denied_max)
                              .value_or(std::vector<std::string>{});
  for (std::size_t i = 0; i < choices.size(); ++i)
    layer.strict_choices[i] = read_choice(reader, choices[i]);
  return layer;
}

Answered<Tightening> judge_layer(const PolicyLayer& layer, const RuleBook& rules,
                                 const Tightening& above) {
  Tightening tight;
  for (const auto& [name, asked] : layer.purposes) {
    const std::string pointer = "/policy/purposes/" + in_pointer(name);
    const auto general = rules.purposes.find(name);
    if (general == rules.purposes.end()) return unknown(pointer, "purposes");
    const auto already = above.purposes.find(name);
    const auto judged = judge_of_purpose(
        asked, general->second, rules,
        already == above.purposes.end() ? Tightening::OfPurpose{} : already->second, pointer);
    if (!judged) return judged.error();
    tight.purposes[name] = *judged;
  }
  for (std::size_t i = 0; i < layer.deny_sinks.size(); ++i) {
    if (!rules.sinks.contains(layer.deny_sinks[i])) {
      return unknown("/policy/deny_sinks/" + std::to_string(i), "sinks");
    }
  }
  for (std::size_t i = 0; i < layer.deny_processors.size(); ++i) {
    if (!rules.processors.contains(layer.deny_processors[i])) {
      return unknown("/policy/deny_processors/" + std::to_string(i), "processors");
    }
  }
  tight.deny_sinks.insert(layer.deny_sinks.begin(), layer.deny_sinks.end());
  tight.deny_processors.insert(layer.deny_processors.begin(), layer.deny_processors.end());
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const Choice& choice = choices[i];
    const bool lax_above = choice.lax_in_general(rules) && !(above.*choice.member);
    if (layer.strict_choices[i] == false && !lax_above) {
      return loosens("/policy/" + std::string(choice.name),
                     choice.strict.empty() ? "false" : choice.strict);
    }
    tight.*choice.member = layer.strict_choices[i].value_or(false);
  }
  return tight;
}

json::object layer_object(const Tightening& layer) {
  json::object object;
  json::object purposes;
  for (const auto& [name, purpose] : layer.purposes)
    purposes[name] = of_purpose_object(purpose);
  if (!purposes.empty()) object["purposes"] = std::move(purposes);
  if (!layer.deny_sinks.empty()) object["deny_sinks"] = names_array(layer.deny_sinks);
  if (!layer.deny_processors.empty()) {
    object["deny_processors"] = names_array(layer.deny_processors);
  }
  for (const Choice& choice : choices) {
    if (!(layer.*choice.member)) continue;
    if (choice.strict.empty()) {
      object[choice.name] = false;
    } else {
      object[choice.name] = choice.strict;
    }
  }
  return object;
}

}  // namespace assent::gateway
