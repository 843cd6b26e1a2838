#include <algorithm>
#include <set>
#include <utility>

#include "gateway/policy_parts.hpp"
#include "gateway/policy_reader.hpp"
#include "gateway/policy_words.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using policy::Basis;
using policy::Combine;
using policy::Disposal;
using policy::Method;
using policy::MethodRule;
using policy::Notice;
using policy::Purpose;
using policy::Strength;

constexpr std::chrono::microseconds retention_max = std::chrono::days{36'525};  // a century

bool flag(const YamlValue& value, bool otherwise) {
  return value.is_present() ? value.boolean().value_or(otherwise) : otherwise;
}

Notice read_notice(const YamlValue& value) {
  const YamlMap map = value.map(
      {"id", "version", "language", "hash", "text", "general", "contact", "dispute", "material"});
  Notice notice;
  notice.id = map.required("id").id().value_or("");
  notice.version = text_or_empty(map.required("version"));
  notice.language = text_or_empty(map.required("language"));
  const YamlValue text = map.optional("text");
  if (text.is_present()) notice.text = text.text(16'384).value_or("");
  const YamlValue hash = map.optional("hash");
  notice.hash = text_or_empty(hash);
  const std::string computed = notice.text.empty() ? std::string{} : sha256_text(notice.text);
  if (!hash.is_present() && computed.empty())
    value.fault("has neither 'text' nor 'hash'", "give the text, or the SHA-256 of it as 'hash'");
  if (hash.is_present() && !computed.empty() && notice.hash != computed)
    hash.fault("is not the hash of 'text'", "write " + computed + ", and raise 'version'");
  if (notice.hash.empty()) notice.hash = computed;
  if (const YamlValue general = map.optional("general"); general.is_present())
    notice.general = general.id().value_or("");
  notice.contact = text_or_empty(map.required("contact"));
  notice.dispute = text_or_empty(map.optional("dispute"));
  notice.material = flag(map.optional("material"), true);
  return notice;
}

bool makes_itself_specific(const policy::RuleBook& rules, const Notice& notice) {
  const Notice* general = &notice;
  for (std::size_t steps = 0; steps < rules.notices.size(); ++steps) {
    general = general->general.empty() ? nullptr : find_notice(rules, general->general, "");
    if (general == nullptr) return false;
    if (general->id == notice.id) return true;
  }
  return false;  // a circle that it only leads into
}

// Evidence that a method must ask for, because without it the method proves nothing.
std::vector<std::string_view> least_evidence(Method method) {
  switch (method) {
    case Method::written:
      return {"document_hash", "signer"};
    case Method::verbal:
      return {"attester", "prompt_hash", "span"};
    case Method::online:
      return {"notice.hash", "notice.language"};
    case Method::service_start:
      return {"terms_hash"};
    case Method::implied:
      return {};
  }
  return {};
}

MethodRule read_method(Method method, const YamlValue& value) {
  const YamlMap map = value.map({"strength", "evidence", "default_state", "proves"});
  MethodRule rule;
  rule.strength = strength_word(map.required("strength")).value_or(Strength::none);
  rule.evidence = map.required("evidence").texts();
  rule.proves = text_or_empty(map.optional("proves"));
  for (const std::string_view word : least_evidence(method))
    if (std::find(rule.evidence.begin(), rule.evidence.end(), word) == rule.evidence.end())
      map.optional("evidence")
          .fault("lacks '" + std::string{word} + "', without which " +
                     std::string{to_string(method)} + " consent proves nothing",
                 "add '" + std::string{word} + "'");
  if (const YamlValue state = map.optional("default_state"); state.is_present()) {
    if (method != Method::online)
      state.fault_at_key("only online consent has a box", "remove it");
    else if (text_or_empty(state) != "unticked")
      state.fault("a box that is ticked beforehand is no consent", "write 'unticked'");
  }
  return rule;
}

policy::Retention read_retention(const YamlValue& value) {
  const YamlMap map = value.map({"until_contract_end", "legal_minimum", "then"});
  policy::Retention retention;
  retention.until_contract_end = flag(map.required("until_contract_end"), false);
  if (const auto least = map.required("legal_minimum").duration(0us, retention_max))
    retention.legal_minimum = std::chrono::ceil<std::chrono::days>(*least);
  retention.then =
      word_of(map.required("then"), {Disposal::destroy, Disposal::erase, Disposal::anonymise})
          .value_or(Disposal::destroy);
  return retention;
}

// { all: [...] } or { any: [...] }: the source policy names bases without saying which it means.
void read_bases(const YamlValue& value, Purpose& purpose) {
  const YamlMap map = value.map({"all", "any"});
  const YamlValue all = map.optional("all");
  const YamlValue any = map.optional("any");
  if (value.is_present() && all.is_present() == any.is_present()) {
    value.fault("names no operator between the legal bases",
                "write either 'all: [...]' or 'any: [...]'");
    return;
  }
  purpose.combine = any.is_present() ? Combine::any : Combine::all;
  const YamlValue& list = any.is_present() ? any : all;
  if (!list.is_present()) return;
  for (const YamlValue& one : list.sequence())
    if (const auto basis = word_of(one, {Basis::consent, Basis::requested_service}))
      purpose.bases.push_back(*basis);
  if (purpose.bases.empty())
    list.fault("names no legal basis, so that nothing is ever permitted", "write 'consent'");
}

Purpose read_purpose(const YamlValue& value, const policy::RuleBook& rules) {
  const YamlMap map = value.map({"label", "category", "requires", "bases", "least_strength",
                                 "least_strength_in", "notice", "biometric", "needs_plaintext"});
  Purpose purpose;
  purpose.label = text_or_empty(map.required("label"));
  const YamlValue category = map.required("category");
  if (category.is_present()) purpose.category = category.id().value_or("");
  check_declared(category, purpose.category, rules.categories, "categories");
  if (const auto found = rules.categories.find(purpose.category);
      found != rules.categories.end() && !found->second.media_path)
    category.fault(as_shown(purpose.category) + " has media_path: false, no purpose may use it",
                   "choose a category that media may carry");
  read_bases(map.required("bases"), purpose);
  purpose.least = strength_word(map.required("least_strength")).value_or(Strength::strong);
  for (const YamlEntry& entry : map.optional("least_strength_in").entries()) {
    check_declared(entry.value, entry.key, rules.jurisdictions, "jurisdictions");
    const auto least = strength_word(entry.value);
    purpose.least_in[entry.key] = least.value_or(Strength::strong);
    if (least && *least < purpose.least)
      entry.value.fault("is weaker than the purpose's 'least_strength'",
                        "write " + std::string{to_string(purpose.least)} + " or stronger");
  }
  if (const YamlValue notice = map.optional("notice"); notice.is_present()) {
    purpose.notice = notice.id().value_or("");
    if (!purpose.notice.empty() && find_notice(rules, purpose.notice, "") == nullptr)
      notice.fault(as_shown(purpose.notice) + " is not declared under 'notices'", "declare it");
  }
  purpose.biometric = flag(map.optional("biometric"), false);
  purpose.needs_plaintext = flag(map.optional("needs_plaintext"), true);
  return purpose;
}

// Everything that `name` requires, directly or not.
std::set<std::string> all_required(const policy::RuleBook& rules, const std::string& name) {
  std::set<std::string> found;
  std::vector<std::string> open{name};
  while (!open.empty()) {
    const auto purpose = rules.purposes.find(open.back());
    open.pop_back();
    if (purpose == rules.purposes.end()) continue;
    for (const std::string& required : purpose->second.requires_purposes)
      if (found.insert(required).second) open.push_back(required);
  }
  return found;
}

}  // namespace

void read_notices(const YamlValue& section, policy::RuleBook& into) {
  if (!section.is_present()) return;
  std::set<std::pair<std::string, std::string>> seen;
  const auto values = section.sequence();
  for (const YamlValue& value : values) {
    into.notices.push_back(read_notice(value));
    const Notice& notice = into.notices.back();
    if (!seen.emplace(notice.id, notice.language).second)
      value.fault("a second notice " + as_shown(notice.id) + " in the same language",
                  "give only the version in force");
  }
  for (std::size_t i = 0; i < into.notices.size(); ++i) {
    const std::string& general = into.notices[i].general;
    if (!general.empty() && find_notice(into, general, "") == nullptr)
      values[i].fault("the general notice " + as_shown(general) + " is not declared", "declare it");
    if (makes_itself_specific(into, into.notices[i]))
      values[i].fault("makes itself specific, directly or by way of others",
                      "remove 'general' from one of them");
  }
}

void read_methods(const YamlValue& section, policy::RuleBook& into) {
  const YamlMap map = section.map({"written", "verbal", "online", "service_start", "implied"});
  for (std::size_t i = 0; i < policy::methods; ++i) {
    const auto method = static_cast<Method>(i);
    const YamlValue value = map.optional(to_string(method));
    // Without a rule the method is refused.
    if (value.is_present()) into.method_rules.at(i) = read_method(method, value);
  }
}

void read_categories(const YamlValue& section, policy::RuleBook& into) {
  for (const YamlEntry& entry : section.entries()) {
    const YamlMap map = entry.value.map({"label", "source", "media_path", "retention"});
    policy::Category category;
    category.label = text_or_empty(map.required("label"));
    category.source = text_or_empty(map.required("source"));
    category.media_path = flag(map.required("media_path"), false);
    category.retention = read_retention(map.required("retention"));
    into.categories[entry.key] = std::move(category);
  }
}

void read_purposes(const YamlValue& section, policy::RuleBook& into) {
  const auto entries = section.entries(policy::purposes_max);
  for (const YamlEntry& entry : entries)
    into.purposes[entry.key] = read_purpose(entry.value, into);
  for (const YamlEntry& entry : entries) {
    const YamlMap map =
        entry.value.map({"label", "category", "requires", "bases", "least_strength",
                         "least_strength_in", "notice", "biometric", "needs_plaintext"});
    into.purposes[entry.key].requires_purposes =
        declared_ids(map.optional("requires"), into.purposes, "purposes");
  }
  for (const YamlEntry& entry : entries)
    if (all_required(into, entry.key).contains(entry.key))
      entry.value.fault_at_key("requires itself, directly or by way of others",
                               "remove one of the requirements");
}

void read_minors(const YamlValue& section, policy::RuleBook& into) {
  const YamlMap map = section.map({"unflagged", "least_strength", "evidence"});
  if (const YamlValue unflagged = map.required("unflagged"); unflagged.is_present())
    into.minors.unflagged_as_minor =
        unflagged.one_of<bool>({{"adult", false}, {"minor", true}}).value_or(true);
  into.minors.least = strength_word(map.required("least_strength")).value_or(Strength::strong);
  const YamlValue evidence = map.required("evidence");
  into.minors.evidence = evidence.texts();
  if (evidence.is_present() && into.minors.evidence.empty())
    evidence.fault("asks a guardian for no evidence", "write [guardian, verification]");
}

}  // namespace assent::gateway
