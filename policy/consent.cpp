#include "policy/consent.hpp"

#include <algorithm>

namespace assent::policy {
namespace {

constexpr std::array<std::string_view, consent_states> state_words{
    "unknown", "granted", "refused", "withdrawn", "expired", "invalidated"};
constexpr std::array<std::string_view, methods> method_words{"written", "verbal", "online",
                                                             "service_start", "implied"};
constexpr std::array<std::string_view, strengths> strength_words{"none", "weakest", "weak", "firm",
                                                                 "strong"};
constexpr std::array<std::string_view, 2> giver_words{"participant", "guardian"};
constexpr std::array<std::string_view, 3> default_state_words{"unstated", "unticked", "ticked"};

// Empty where the statement carries what the word asks for; else the field that lacks.
std::string missing_field(const Statement& statement, const std::string& word) {
  const auto need = [](const std::string& value, std::string field) {
    return value.empty() ? std::move(field) : std::string{};
  };
  if (word == "notice.id") return need(statement.notice.id, "/notice/id");
  if (word == "notice.version") return need(statement.notice.version, "/notice/version");
  if (word == "notice.language") return need(statement.notice.language, "/notice/language");
  if (word == "notice.hash") return need(statement.notice.hash, "/notice/hash");
  const auto found = statement.evidence.find(word);
  const bool present = found != statement.evidence.end() && !found->second.empty();
  return present ? std::string{} : "/evidence/" + word;
}

}  // namespace

ConsentState Consent::state_at(WallTime now) const {
  const bool over =
      state == ConsentState::granted && statement.expires && now >= *statement.expires;
  return over ? ConsentState::expired : state;
}

Accepted<void> check_form(const Statement& statement, const MethodRule& rule, WallTime now) {
  if (statement.answer == Answer::refused) return {};
  if (statement.stated_at && *statement.stated_at > now + clock_skew_max)
    return Refusal{RefusalCode::stated_in_future, "/stated_at"};
  if (statement.expires && *statement.expires <= now)
    return Refusal{RefusalCode::expires_in_past, "/expires"};
  if (statement.method == Method::online && statement.default_state != DefaultState::unticked)
    return Refusal{RefusalCode::pre_ticked, "/default_state"};
  for (const std::string& word : rule.evidence) {
    std::string field = missing_field(statement, word);
    if (field.empty()) continue;
    const bool notice = field.starts_with("/notice");
    return Refusal{notice ? RefusalCode::notice_missing : RefusalCode::evidence_missing,
                   std::move(field)};
  }
  return {};
}

Accepted<void> check_follows(const Consent& before, const Statement& statement, WallTime now) {
  if (statement.answer == Answer::refused) return {};
  const WallTime stated_at = std::min(statement.stated_at.value_or(now), now);
  // A dated grant must be later than what closed it: of the same instant, the refusal wins.
  const bool older = before.closed_at && (statement.stated_at ? stated_at <= *before.closed_at
                                                              : stated_at < *before.closed_at);
  if (older) return Refusal{RefusalCode::statement_older, "/stated_at"};
  if (before.closed_at && statement.seen_epoch && *statement.seen_epoch < before.epoch)
    return Refusal{RefusalCode::statement_older, "/seen_epoch"};
  return {};
}

Consent after_statement(const Consent& before, const Statement& statement, Strength strength,
                        WallTime now, Epoch epoch) {
  Consent after = before;
  after.statement = statement;
  after.changed_at = now;
  after.epoch = epoch;
  if (statement.answer == Answer::granted) {
    after.state = ConsentState::granted;
    after.strength = strength;
  } else {
    after.state = ConsentState::refused;
    after.strength = Strength::none;
    after.closed_at = std::max(before.closed_at.value_or(now), now);
  }
  return after;
}

Consent after_closing(const Consent& before, ConsentState to, WallTime now, Epoch epoch) {
  Consent after = before;
  after.state = to;
  after.strength = Strength::none;
  after.changed_at = now;
  after.epoch = epoch;
  if (to != ConsentState::expired) after.closed_at = std::max(before.closed_at.value_or(now), now);
  return after;
}

std::string_view to_string(ConsentState state) {
  return state_words.at(static_cast<std::size_t>(state));
}
std::string_view to_string(Method method) {
  return method_words.at(static_cast<std::size_t>(method));
}
std::string_view to_string(Strength strength) {
  return strength_words.at(static_cast<std::size_t>(strength));
}
std::string_view to_string(Giver giver) {
  return giver_words.at(static_cast<std::size_t>(giver));
}
std::string_view to_string(DefaultState state) {
  return default_state_words.at(static_cast<std::size_t>(state));
}
}  // namespace assent::policy
