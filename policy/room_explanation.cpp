#include <algorithm>
#include <utility>

#include "policy/room_state.hpp"

namespace assent::policy {
namespace {

std::string text(std::string_view view) {
  return std::string(view);
}

// "a", "a and b", "a, b and c"
std::string listed(const std::vector<std::string>& items) {
  std::string words;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) words += i + 1 == items.size() ? " and " : ", ";
    words += items[i];
  }
  return words;
}

std::string_view what_rule_asks(Rule rule) {
  switch (rule) {
    case Rule::prohibit:
      return "nothing may go";
    case Rule::all_party:
      return "everybody present must consent, listeners included";
    case Rule::per_participant:
      return "each person's media needs that person's consent";
    case Rule::one_party:
      return "somebody present must consent";
    case Rule::notice:
      return "people must have been told";
    case Rule::none:
      break;
  }
  return "nothing is asked for";
}

std::string_view role_in_words(Role role) {
  switch (role) {
    case Role::self:
      return "the operator itself";
    case Role::processor:
      return "a processor";
    case Role::sub_processor:
      return "a sub-processor";
    case Role::third_party:
      break;
  }
  return "a third party";
}

std::string mechanism_in_words(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::adequacy:
      return "an adequacy decision";
    case Mechanism::dpf:
      return "the EU-US Data Privacy Framework";
    case Mechanism::uk_extension:
      return "the UK extension of the Data Privacy Framework";
    case Mechanism::swiss_dpf:
      return "the Swiss-US Data Privacy Framework";
    case Mechanism::scc:
      return "standard contractual clauses";
    case Mechanism::idta:
      return "the UK transfer agreement or addendum";
    case Mechanism::intra_group:
      return "an agreement within the group of companies";
    case Mechanism::explicit_consent:
      return "the person's explicit consent to the transfer";
    case Mechanism::use_as_acceptance:
      return "use as acceptance";
    case Mechanism::none:
      break;
  }
  return "no mechanism";
}

// "an unknown place (ip) and NL (declared)"; empty without any.
std::string places_in_words(const Member& member) {
  std::vector<std::string> hints;
  for (const JurisdictionEvidence& hint : member.evidence)
    hints.push_back((hint.code.empty() ? "an unknown place" : hint.code) + " (" +
                    text(to_string(hint.kind)) + ")");
  return listed(hints);
}

// Why the rule is stricter than any law that is known to apply; empty where it is not.
std::string instead_of_law(Reason prohibition) {
  switch (prohibition) {
    case Reason::jurisdiction_unknown:
    case Reason::rule_unsourced:
    case Reason::rule_stale:
      return text(sentence(prohibition)) + ' ';
    case Reason::policy_denies:
      return "A policy of the customer, the room or a person asks for more than the law. ";
    default:
      return {};
  }
}

// `holder`: with whom the rule comes; nullptr where that is not to be named.
std::string law_in_words(const Facts& facts, const Survey& found, const Member& member,
                         const Member* holder) {
  std::string words = instead_of_law(facts.prohibition);
  if (facts.rule == Rule::prohibit && facts.prohibition == Reason::prohibited)
    words = text(sentence(facts.prohibition)) + ' ';
  words += "The strictest rule among all who are present is that " +
           text(what_rule_asks(facts.rule)) + " (" + text(to_string(facts.rule)) + ").";
  if (!found.rule_holder.empty() && found.rule_holder != member.id) {
    words += holder == nullptr ? " It comes with somebody else."
                               : " It comes with participant " + holder->id;
    if (holder != nullptr)
      words += holder->evidence.empty()
                   ? ", of whom nothing says where they are."
                   : ", who is by the evidence in: " + places_in_words(*holder) + ".";
  }
  if (member.evidence.empty()) return words + " Nothing says where this person is.";
  return words + " Where this person is, by the evidence: " + places_in_words(member) + ".";
}

std::string consent_in_words(const Consent& own, ConsentState state) {
  std::string words;
  if (state != ConsentState::granted)
    return text(sentence(judge(Axis::consent, Facts{.consent = state})));
  words = "This person consented, by the method " + text(to_string(own.statement.method)) + ".";
  const NoticeReference& notice = own.statement.notice;
  if (!notice.id.empty())
    words += " The notice was " + notice.id + ", version " + notice.version + ", in the language " +
             notice.language + ".";
  return words;
}

std::string strength_in_words(const Facts& facts, const Consent& own, Strength least) {
  if (facts.consent != ConsentState::granted)
    return "There is no consent whose strength could count.";
  return "The method " + text(to_string(own.statement.method)) + " counts as " +
         text(to_string(own.strength)) + "; at least " + text(to_string(least)) + " is asked for.";
}

std::string bases_in_words(const Purpose& purpose, bool requested) {
  std::vector<std::string> bases;
  for (const Basis basis : purpose.bases)
    bases.push_back(basis == Basis::consent ? "consent" : "a request for the service");
  if (bases.empty()) return "The policy names no legal basis for this purpose.";
  std::string words = bases.size() == 1                 ? "The policy asks for "
                      : purpose.combine == Combine::all ? "The policy asks for all of "
                                                        : "The policy asks for one of ";
  words += listed(bases) + ".";
  const bool by_request = std::find(purpose.bases.begin(), purpose.bases.end(),
                                    Basis::requested_service) != purpose.bases.end();
  if (by_request) words += requested ? " It was requested." : " Nobody requested it.";
  return words;
}

std::string others_in_words(const Survey& found, Rule rule, std::size_t present) {
  const std::string count = std::to_string(found.missing.size()) + " of the " +
                            std::to_string(present) + " people present " +
                            (found.missing.size() == 1 ? "has" : "have") + " not consented";
  if (rule == Rule::all_party && !found.go_on)
    return found.everybody ? "Everybody present consented." : count + ", and everybody must.";
  if (rule == Rule::all_party) return count + "; the operator chose to go on without them.";
  if (rule <= Rule::one_party && !found.somebody) return "Nobody present has consented.";
  return "Nobody else's consent is needed for this person's media.";
}

std::string notice_in_words(const Facts& facts) {
  if (facts.rule == Rule::none) return "No law in the room asks for a notice.";
  if (facts.notice_given) return "The notice was given.";
  return facts.strong_enough ? "Who consents in this way was informed."
                             : text(sentence(Reason::notice_missing));
}

std::string own_use_in_words(const Facts& facts, const std::string& processor) {
  if (!facts.own_use) return processor + " does not use it for ends of its own.";
  return facts.sale_permitted
             ? processor + " also uses it for its own ends, which is not opted out of."
             : text(sentence(Reason::sale_denied));
}

void rest_on(const JurisdictionRow& row, Finding& finding) {
  finding.citation = row.citation;
  finding.source = row.source;
  finding.source_date = row.source_date;
}

// What the processor shows for the mechanism: who is certified or bound, and from when to when.
std::string instruments_in_words(const Slot& at, Mechanism mechanism) {
  std::string words;
  for (const Instrument& one : at.instruments) {
    const bool besides = mechanism == Mechanism::uk_extension && one.mechanism == Mechanism::dpf;
    const bool here = one.country.empty() || one.country == at.jurisdiction ||
                      one.country == country_of(at.jurisdiction);
    if (!here || (one.mechanism != mechanism && !besides)) continue;
    words += " " + at.processor + " shows for it:";
    const auto add = [&words](std::string_view what, const std::string& value) {
      if (!value.empty()) words += text(what) + value;
    };
    add(" ", one.entity);
    add(", module ", one.module);
    add(", reference ", one.reference);
    add(", condition ", one.condition);
    if (one.checked_at) add(", checked on ", in_words(*one.checked_at));
    if (one.expires) add(", valid through ", in_words(*one.expires));
    words += ".";
  }
  return words;
}

void explain_transfer(const TransferAnswer& answer, const Slot& at, const RuleBook& rules,
                      Finding& finding) {
  const std::string& to = at.jurisdiction;
  if (answer.exporter.empty()) {
    finding.detail = answer.reason == Reason::permitted
                         ? "No transfer from one legal regime to another takes place."
                         : text(sentence(answer.reason));
    return;
  }
  finding.row = "transfers/" + answer.exporter + "/" + text(country_of(to));
  finding.citation = answer.instrument;
  const std::string by = mechanism_in_words(answer.mechanism);
  if (answer.reason == Reason::permitted)
    finding.detail = "The transfer from " + answer.exporter + " to " + to + " rests on " + by + ".";
  else
    finding.detail = text(sentence(answer.reason)) + " It would go from " + answer.exporter +
                     " to " + to + (answer.mechanism == Mechanism::none ? "." : ", on " + by + ".");
  finding.detail += instruments_in_words(at, answer.mechanism);
  for (const TransferRow& row : rules.transfers)
    if (row.exporter == answer.exporter && row.instrument == answer.instrument) {
      finding.source = row.source;
      finding.source_date = row.source_date;
    }
}

}  // namespace

// Which of the layers rule it out.
std::string Room::State::layers_in_words(const Member& member, std::size_t slot) const {
  if (!member.denied.test(slot))
    return "No policy of the customer, the room or the person rules it out.";
  std::vector<std::string> layers;
  const auto tenant = rules().tenants.find(tenant_);
  if (tenant != rules().tenants.end() && rules_out(tenant->second, slot))
    layers.push_back("the policy of the customer " + tenant_);
  if (rules_out(room_layer_, slot)) layers.emplace_back("the room's own policy");
  if (rules_out(member.leg, slot)) layers.emplace_back("this person's own policy");
  if (layers.empty()) return "The policy of the customer " + tenant_ + " is not there any more.";
  return "Ruled out by " + listed(layers) + ".";
}

Explanation Room::State::explain(const Member& member, std::size_t slot, Others others) const {
  const std::size_t purpose = index_.slots()[slot].purpose;
  const Standing stands = standing(member, purpose);
  const Survey found = survey(slot);  // also of a purpose that is not started
  const Facts facts = facts_of(member, slot, stands, found, transfer_of(member, slot));
  Explanation explanation{id_, member.subject, now_, {}, decision_of(member, slot), {}, others};
  if (member.cells[slot].reason != Reason::undecided) explanation.since = member.cells[slot].since;
  for (std::size_t axis = 0; axis < axes; ++axis)
    explanation.findings.push_back(
        finding(static_cast<Axis>(axis), member, slot, facts, found, others));
  return explanation;
}

Finding Room::State::finding(Axis axis, const Member& member, std::size_t slot, const Facts& facts,
                             const Survey& found, Others others) const {
  const Slot& at = index_.slots()[slot];
  const IndexedPurpose& purpose = index_.purposes()[at.purpose];
  const Consent& own = member.own[at.purpose];
  Finding one;
  one.axis = axis;
  one.reason = judge(axis, facts);
  const bool content = one.reason == Reason::permitted;
  switch (axis) {
    case Axis::started:
      one.row = "purposes/" + purpose.name;
      one.detail = content ? text("It has been started.") : text(sentence(one.reason));
      break;
    case Axis::binding: {
      one.row = "processors/" + at.processor;
      one.detail = content ? std::string{} : text(sentence(one.reason)) + ' ';
      const auto processor = rules().processors.find(at.processor);
      one.detail += at.name + " is run by " + at.processor;
      if (processor != rules().processors.end())
        one.detail += " (" + text(role_in_words(processor->second.role)) + ")";
      one.detail += at.jurisdiction.empty() ? "." : " in " + at.jurisdiction + ".";
      break;
    }
    case Axis::layers:
      if (!tenant_.empty()) one.row = "tenants/" + tenant_;
      one.detail = layers_in_words(member, slot);
      break;
    case Axis::composition:
      one.detail = law_in_words(facts, found, member,
                                others == Others::named ? find(found.rule_holder) : nullptr);
      if (found.row.empty()) break;
      one.row = "jurisdictions/" + found.row;
      if (const auto row = rules().jurisdictions.find(found.row);
          row != rules().jurisdictions.end())
        rest_on(row->second, one);
      break;
    case Axis::ciphertext:
      one.detail = facts.ciphertext_only && !content ? text(sentence(one.reason))
                   : facts.ciphertext_only
                       ? text("It is encrypted end to end, which does not matter here.")
                       : text("It is not encrypted end to end.");
      break;
    case Axis::consent:
      one.row = "purposes/" + purpose.name;
      one.detail = consent_in_words(own, facts.consent);
      if (own.state != ConsentState::unknown) one.since = own.changed_at;
      break;
    case Axis::strength:
      one.row = "purposes/" + purpose.name;
      one.detail = strength_in_words(facts, own, member.least[at.purpose]);
      break;
    case Axis::minors:
      one.row = "minors";
      one.detail = !facts.needs_guardian ? text("This person is not treated as a minor.")
                   : content             ? text("A verified guardian consented.")
                                         : text(sentence(one.reason));
      if (facts.guardian_granted) one.since = member.guardian[at.purpose].changed_at;
      break;
    case Axis::basis:
      one.row = "purposes/" + purpose.name;
      one.detail = bases_in_words(*purpose.rules, facts.requested);
      break;
    case Axis::others:
      one.detail = others_in_words(found, facts.rule, members_.size());
      break;
    case Axis::notice:
      if (const std::string& notice = required_notice(member, at.purpose); !notice.empty())
        one.row = "notices/" + notice;
      one.detail = notice_in_words(facts);
      break;
    case Axis::own_use:
      one.row = "processors/" + at.processor;
      one.detail = own_use_in_words(facts, at.processor);
      break;
    case Axis::transfer:
      explain_transfer(transfer_of(member, slot), at, rules(), one);
      break;
    case Axis::required:
      one.detail = purpose.rules->requires_purposes.empty()
                       ? text("It builds on no other purpose.")
                       : "It builds on " + listed(purpose.rules->requires_purposes) +
                             (content ? ", which is allowed." : ", which is not allowed.");
      break;
  }
  return one;
}

}  // namespace assent::policy
