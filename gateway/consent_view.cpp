#include "gateway/consent_view.hpp"

#include <algorithm>

#include "gateway/sha256.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t digest_chars = 32;

// A notice without id where there is none.
policy::Notice notice_for(const policy::RuleBook& rules, std::string_view id,
                          std::string_view language) {
  if (id.empty()) return {};
  for (const std::string_view wanted : {language, std::string_view{"en"}, std::string_view{}})
    if (const auto* notice = policy::find_notice(rules, id, wanted)) return *notice;
  return {};
}

// A box ticked carries the notice, and nothing else that a method may ask for.
bool can_be_ticked(const policy::RuleBook& rules, const policy::Purpose& purpose,
                   const policy::Asking& asked) {
  const auto& online = rules.method_rules.at(static_cast<std::size_t>(policy::Method::online));
  const auto& bases = purpose.bases;
  return online && online->strength >= asked.least && !asked.recipients.empty() &&
         std::find(bases.begin(), bases.end(), policy::Basis::consent) != bases.end() &&
         std::all_of(online->evidence.begin(), online->evidence.end(),
                     [](const std::string& word) { return word.starts_with("notice."); });
}

std::string place_name(const policy::RuleBook& rules, const std::string& code) {
  const auto row = rules.jurisdictions.find(code);
  if (row == rules.jurisdictions.end() || row->second.name.empty()) return code;
  return row->second.name + " (" + code + ")";
}

ShownRecipient shown(const policy::RuleBook& rules, const policy::Recipient& recipient) {
  ShownRecipient out;
  out.name = recipient.processor;
  out.country = place_name(rules, recipient.jurisdiction);
  out.transfer = recipient.transfer.reason;
  out.mechanism = recipient.transfer.mechanism;
  out.instrument = recipient.transfer.instrument;
  if (const auto processor = rules.processors.find(recipient.processor);
      processor != rules.processors.end()) {
    if (!processor->second.label.empty()) out.name = processor->second.label;
    out.role = processor->second.role;
    out.own_use = processor->second.own_use;
  }
  return out;
}

ShownPurpose shown(const Conference& conference, std::string_view participant,
                   const std::string& name, const policy::Purpose& purpose, const PageWords& words,
                   policy::WallTime now) {
  const policy::Room& room = conference.rules();
  const policy::RuleBook& rules = room.rules();
  const auto asked = room.asking(participant, name).value_or(policy::Asking{});
  ShownPurpose out;
  out.id = name;
  out.label = purpose.label.empty() ? name : purpose.label;
  if (const auto* consent = room.consent(participant, name)) {
    out.state = consent->state_at(now);
    out.since = consent->changed_at;
  }
  const auto decisions = room.decisions_for_purpose(participant, name);
  out.in_use = std::any_of(decisions.begin(), decisions.end(),
                           [](const auto& decision) { return decision.permitted; });
  out.needs_guardian = asked.needs_guardian;
  out.notice = notice_for(rules, asked.notice, words.language);
  out.askable = !out.notice.id.empty() && can_be_ticked(rules, purpose, asked);
  for (const auto& recipient : asked.recipients) {  // of two sinks alike, one tells all
    auto one = shown(rules, recipient);
    if (std::find(out.recipients.begin(), out.recipients.end(), one) == out.recipients.end())
      out.recipients.push_back(std::move(one));
  }
  for (const auto& other : purpose.requires_purposes) {
    const auto found = rules.purposes.find(other);
    const bool labelled = found != rules.purposes.end() && !found->second.label.empty();
    out.together_with.push_back(labelled ? found->second.label : other);
  }
  if (const auto category = rules.categories.find(purpose.category);
      category != rules.categories.end())
    out.retention = category->second.retention;
  return out;
}

std::string digest_of(const Conference& conference, const ConsentView& view) {
  std::string all = conference.identity().session + '\n';
  for (const ShownPurpose& purpose : view.purposes) {
    all += purpose.id + '\n' + purpose.notice.id + '\n' + purpose.notice.language + '\n' +
           purpose.notice.version + '\n' + purpose.notice.hash + '\n';
    for (const auto& term : policy::terms_of(conference.rules().rules(), purpose.id))
      all += term + '\n';
    for (const auto& recipient : purpose.recipients) {
      all += recipient.name + '\n' + recipient.country + '\n' + recipient.instrument + '\n' +
             std::string(policy::to_string(recipient.mechanism)) + '\n';
    }
  }
  return to_hex(sha256(all)).substr(0, digest_chars);
}

}  // namespace

const ShownPurpose* ConsentView::find(std::string_view purpose) const {
  const auto found = std::find_if(purposes.begin(), purposes.end(),
                                  [&](const auto& one) { return one.id == purpose; });
  return found == purposes.end() ? nullptr : &*found;
}

ConsentView consent_view(const Conference& conference, std::string_view participant,
                         const PageWords& words, policy::WallTime now) {
  ConsentView view{words, {}, conference.rules().epoch(), {}};
  for (const auto& [name, purpose] : conference.rules().rules().purposes) {
    auto one = shown(conference, participant, name, purpose, words, now);
    if (one.askable || one.state == policy::ConsentState::granted)
      view.purposes.push_back(std::move(one));
  }
  view.shown = digest_of(conference, view);
  return view;
}

}  // namespace assent::gateway
