#include "policy/jurisdiction.hpp"

#include <algorithm>
#include <array>

namespace assent::policy {
namespace {

constexpr std::array<std::string_view, rules_of_law> rule_words{
    "prohibit", "all_party", "per_participant", "one_party", "notice", "none"};
constexpr std::array<std::string_view, 3> contested_words{"yes", "partly", "no"};
constexpr std::array<std::string_view, 4> evidence_words{"declared", "account", "e164", "ip"};

bool is_region(std::string_view code) {
  return code.find('-') != std::string_view::npos;
}

void insert(std::vector<std::string>& codes, const std::string& code) {
  const auto at = std::lower_bound(codes.begin(), codes.end(), code);
  if (at == codes.end() || *at != code) codes.insert(at, code);
}

bool has_region_of(const std::vector<std::string>& codes, std::string_view country) {
  return std::any_of(codes.begin(), codes.end(), [&](const std::string& code) {
    return is_region(code) && country_of(code) == country;
  });
}

void insert_all_regions(const JurisdictionRows& rows, std::string_view country,
                        std::vector<std::string>& codes) {
  const std::string prefix = std::string(country) + '-';
  for (auto row = rows.lower_bound(prefix); row != rows.end() && row->first.starts_with(prefix);
       ++row)
    insert(codes, row->first);
}

// Places one hint. What a region's country asks of everybody binds besides the region's own law,
// and alone where the country's regions do not differ: NL-NH is in NL.
void place(const JurisdictionRows& rows, const std::string& code, BindingRows& into) {
  const auto country = rows.find(country_of(code));
  const bool has_row = rows.contains(code);
  if (country != rows.end()) insert(into.codes, country->first);
  if (has_row) insert(into.codes, code);
  const bool covered = country != rows.end() && !country->second.by_region;
  if (!has_row && !covered) into.unknown = true;
}

void expand_bare_country(const JurisdictionRows& rows, const std::string& code, BindingRows& into) {
  const auto row = rows.find(code);
  if (row == rows.end() || is_region(code) || !row->second.by_region) return;
  if (!has_region_of(into.codes, code)) insert_all_regions(rows, code, into.codes);
}

std::optional<WallTime> earlier(std::optional<WallTime> a, std::optional<WallTime> b) {
  if (!a) return b;
  if (!b) return a;
  return std::min(*a, *b);
}

}  // namespace

BindingRows binding_rows(const JurisdictionRows& rows,
                         std::span<const JurisdictionEvidence> evidence) {
  BindingRows binding{.codes = {}, .unknown = evidence.empty()};
  for (const auto& hint : evidence)
    place(rows, hint.code, binding);
  // After all are placed: the order of the evidence must not matter.
  for (const auto& hint : evidence)
    expand_bare_country(rows, hint.code, binding);
  return binding;
}

BindingRows with_more(const JurisdictionRows& rows, BindingRows before,
                      const JurisdictionEvidence& more) {
  place(rows, more.code, before);
  expand_bare_country(rows, more.code, before);
  return before;
}

RuleAnswer rule_of_row(const JurisdictionRow& row, const RuleQuestion& question, WallTime now) {
  RuleAnswer answer{Rule::prohibit, Reason::prohibited, row.code, std::nullopt};
  answer.rule = stricter(row.interception, row.data_protection);
  const bool doubt = row.contested != Contested::no && !question.as_stated;
  if (doubt && row.stricter_reading) answer.rule = stricter(answer.rule, *row.stricter_reading);
  if (question.third_party && row.to_third_party)
    answer.rule = stricter(answer.rule, *row.to_third_party);
  if (question.biometric)
    answer.rule = stricter(answer.rule, row.biometric.value_or(Rule::per_participant));

  const bool prohibits = answer.rule == Rule::prohibit;
  if (row.source.empty()) {
    answer.rule = stricter(answer.rule, question.unknown);
    if (!prohibits) answer.why = Reason::rule_unsourced;
  } else if (is_stale(row.review_by, now)) {
    answer.rule = stricter(answer.rule, question.unknown);
    if (!prohibits) answer.why = Reason::rule_stale;
  } else {
    answer.until = stale_from(*row.review_by);
  }
  return answer;
}

RuleAnswer strictest_rule(const JurisdictionRows& rows, const BindingRows& binding,
                          const RuleQuestion& question, WallTime now) {
  const RuleAnswer unknown{question.unknown, Reason::jurisdiction_unknown, {}, std::nullopt};
  std::optional<RuleAnswer> strictest;
  std::optional<WallTime> until;
  if (binding.unknown || binding.codes.empty()) strictest = unknown;
  for (const std::string& code : binding.codes) {
    const auto row = rows.find(code);
    RuleAnswer answer = row == rows.end() ? unknown : rule_of_row(row->second, question, now);
    until = earlier(until, answer.until);
    if (!strictest || answer.rule < strictest->rule) strictest = std::move(answer);
  }
  strictest->until = until;
  return *strictest;
}

bool is_stale(const std::optional<Date>& review_by, WallTime now) {
  return !review_by || now >= stale_from(*review_by);
}

WallTime stale_from(Date review_by) {
  return review_by + std::chrono::days{1};
}

std::string_view country_of(std::string_view code) {
  return code.substr(0, code.find('-'));
}

std::string_view to_string(Rule rule) {
  return rule_words.at(static_cast<std::size_t>(rule));
}

std::string_view to_string(Contested contested) {
  return contested_words.at(static_cast<std::size_t>(contested));
}

std::string_view to_string(EvidenceKind kind) {
  return evidence_words.at(static_cast<std::size_t>(kind));
}

}  // namespace assent::policy
