#include "policy/rules.hpp"

#include <algorithm>

namespace assent::policy {
namespace {

constexpr std::array<std::string_view, 2> basis_words{"consent", "requested_service"};
constexpr std::array<std::string_view, 4> role_words{"third_party", "sub_processor", "processor",
                                                     "self"};
constexpr std::array<std::string_view, 5> records_words{"none", "aggregates", "conference",
                                                        "support", "full"};
constexpr std::array<std::string_view, 3> disposal_words{"destroy", "erase", "anonymise"};

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void add_recipient(const RuleBook& rules, std::string_view name, std::string_view jurisdiction,
                   std::set<std::string>& terms) {
  const auto processor = rules.processors.find(name);
  if (processor == rules.processors.end()) return;
  const std::string who = "recipient:" + processor->first;
  terms.insert(who + ":in:" + std::string(jurisdiction));
  terms.insert(who + ":as:" + std::string(to_string(processor->second.role)));
  if (processor->second.own_use) terms.insert(who + ":own_use");
}

// Is `id` the notice `wanted`, or one that makes it specific, step by step?
bool is_specific_of(const RuleBook& rules, std::string id, std::string_view wanted) {
  for (std::size_t steps = 0; steps <= rules.notices.size(); ++steps) {
    if (id == wanted) return true;
    const Notice* notice = find_notice(rules, id, "");
    if (notice == nullptr || notice->general.empty()) return false;
    id = notice->general;
  }
  return false;
}

}  // namespace

std::string server_sink(std::string_view purpose) {
  return "server:" + std::string(purpose);
}

bool covers_country(const RuleBook& rules, const Processor& processor,
                    std::string_view jurisdiction) {
  if (jurisdiction.empty()) return false;
  const std::string_view country = country_of(jurisdiction);
  const auto row = rules.jurisdictions.find(country);
  const bool in_eu = row != rules.jurisdictions.end() && row->second.regime == "EU";
  return std::any_of(
      processor.countries.begin(), processor.countries.end(), [&](const std::string& word) {
        return word == "*" || word == jurisdiction || word == country || (word == "EU" && in_eu);
      });
}

Reason judge_binding(const RuleBook& rules, std::string_view purpose, std::string_view processor,
                     std::string_view jurisdiction) {
  const auto the_purpose = rules.purposes.find(purpose);
  const auto the_processor = rules.processors.find(processor);
  if (the_purpose == rules.purposes.end() || the_processor == rules.processors.end())
    return Reason::sink_unknown;
  const auto category = rules.categories.find(the_purpose->second.category);
  if (category == rules.categories.end() || !category->second.media_path ||
      !the_processor->second.media_path)
    return Reason::no_media_path;
  if (!contains(the_processor->second.purposes, purpose)) return Reason::purpose_not_bound;
  if (!contains(the_processor->second.categories, category->first))
    return Reason::category_not_bound;
  if (!covers_country(rules, the_processor->second, jurisdiction)) return Reason::country_not_bound;
  return Reason::permitted;
}

std::set<std::string> terms_of(const RuleBook& rules, std::string_view purpose) {
  std::set<std::string> terms;
  const auto found = rules.purposes.find(purpose);
  if (found == rules.purposes.end()) return terms;
  const Purpose& the_purpose = found->second;
  terms.insert("category:" + the_purpose.category);
  if (the_purpose.biometric) terms.insert("biometric");
  for (const Basis basis : the_purpose.bases)
    terms.insert("basis:" + std::string(to_string(basis)));
  if (the_purpose.combine == Combine::any) terms.insert("any_basis");
  if (const auto category = rules.categories.find(the_purpose.category);
      category != rules.categories.end()) {
    const Retention& retention = category->second.retention;
    terms.insert("kept_days:" + std::to_string(retention.legal_minimum.count()));
    if (retention.until_contract_end) terms.insert("kept_until_contract_end");
    terms.insert("then:" + std::string(to_string(retention.then)));
  }
  for (const auto& [name, sink] : rules.sinks)
    if (sink.purpose == purpose) add_recipient(rules, sink.processor, sink.jurisdiction, terms);
  const Server& server = rules.server;
  if (judge_binding(rules, purpose, server.processor, server.jurisdiction) == Reason::permitted)
    add_recipient(rules, server.processor, server.jurisdiction, terms);
  return terms;
}

bool has_new_terms(const RuleBook& before, const RuleBook& after, std::string_view purpose) {
  if (!after.purposes.contains(purpose)) return true;
  const auto agreed = terms_of(before, purpose);
  const auto asked = terms_of(after, purpose);
  return !std::includes(agreed.begin(), agreed.end(), asked.begin(), asked.end());
}

const Notice* find_notice(const RuleBook& rules, std::string_view id, std::string_view language) {
  for (const Notice& notice : rules.notices)
    if (notice.id == id && (language.empty() || notice.language == language)) return &notice;
  return nullptr;
}

Accepted<void> check_notice(const RuleBook& rules, std::string_view required,
                            const NoticeReference& given) {
  if (given.id.empty()) return {};
  if (!required.empty() && !is_specific_of(rules, given.id, required))
    return Refusal{RefusalCode::notice_unknown, "/notice/id"};
  if (find_notice(rules, given.id, "") == nullptr)
    return required.empty() ? Accepted<void>{} : Refusal{RefusalCode::notice_unknown, "/notice/id"};
  const Notice* notice = find_notice(rules, given.id, given.language);
  if (notice == nullptr) return Refusal{RefusalCode::notice_unknown, "/notice/language"};
  if (notice->version != given.version)
    return Refusal{RefusalCode::notice_outdated, "/notice/version"};
  if (notice->hash != given.hash) return Refusal{RefusalCode::notice_outdated, "/notice/hash"};
  return {};
}

Tightening tightened(Tightening general, const Tightening& specific) {
  for (const auto& [name, tight] : specific.purposes) {
    Tightening::OfPurpose& purpose = general.purposes[name];
    purpose.prohibit = purpose.prohibit || tight.prohibit;
    purpose.least = std::max(purpose.least, tight.least);
    purpose.at_least = stricter(purpose.at_least, tight.at_least);
    if (!tight.notice.empty()) purpose.notice = tight.notice;
  }
  general.deny_sinks.insert(specific.deny_sinks.begin(), specific.deny_sinks.end());
  general.deny_processors.insert(specific.deny_processors.begin(), specific.deny_processors.end());
  general.deny_sale = general.deny_sale || specific.deny_sale;
  general.stop_for_all = general.stop_for_all || specific.stop_for_all;
  general.unflagged_as_minor = general.unflagged_as_minor || specific.unflagged_as_minor;
  general.deny_contested_transfers =
      general.deny_contested_transfers || specific.deny_contested_transfers;
  general.deny_explicit_consent = general.deny_explicit_consent || specific.deny_explicit_consent;
  return general;
}

std::string_view to_string(Basis basis) {
  return basis_words.at(static_cast<std::size_t>(basis));
}
std::string_view to_string(Role role) {
  return role_words.at(static_cast<std::size_t>(role));
}
std::string_view to_string(Disposal disposal) {
  return disposal_words.at(static_cast<std::size_t>(disposal));
}
std::string_view to_string(RecordsView view) {
  return records_words.at(static_cast<std::size_t>(view));
}
}  // namespace assent::policy
