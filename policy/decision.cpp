#include "policy/decision.hpp"

#include <array>

namespace assent::policy {
namespace {

constexpr std::array<std::string_view, axes> axis_words{
    "started",  "binding", "layers", "composition", "ciphertext", "consent",  "minors",
    "strength", "basis",   "others", "notice",      "own_use",    "transfer", "required"};

constexpr Reason unless(bool content, Reason missing) {
  return content ? Reason::permitted : missing;
}

Reason judge_consent(ConsentState state) {
  switch (state) {
    case ConsentState::granted:
      return Reason::permitted;
    case ConsentState::refused:
      return Reason::consent_refused;
    case ConsentState::withdrawn:
      return Reason::consent_withdrawn;
    case ConsentState::expired:
      return Reason::consent_expired;
    case ConsentState::invalidated:
      return Reason::consent_invalidated;
    case ConsentState::unknown:
      break;
  }
  return Reason::consent_unknown;
}

// A request for the service can stand in for a firm grant only where the policy says `any` and no
// law in the room asks for each participant's own.
bool needs_strength(const Facts& facts) {
  if (facts.rule <= Rule::per_participant) return true;
  const bool request_suffices = !facts.all_bases && facts.on_request && facts.requested;
  return facts.on_consent && !request_suffices;
}

Reason judge_basis(const Facts& facts) {
  const bool request_met = facts.on_request && facts.requested;
  if (facts.on_request && !facts.requested && facts.all_bases) return Reason::basis_missing;
  return unless(facts.on_consent || request_met, Reason::basis_missing);
}

// Each rule asks for all that the milder ones ask for: a stricter law never opens anything.
Reason judge_others(const Facts& facts) {
  if (facts.rule == Rule::all_party && !facts.go_on_without_refuser)
    return unless(facts.everybody_granted, Reason::others_missing);
  if (facts.rule <= Rule::one_party) return unless(facts.somebody_granted, Reason::others_missing);
  return Reason::permitted;
}

Reason judge_notice(const Facts& facts) {
  if (facts.rule == Rule::none) return Reason::permitted;
  // Who consented firmly was informed.
  return unless(facts.notice_given || facts.strong_enough, Reason::notice_missing);
}

}  // namespace

Reason judge(Axis axis, const Facts& facts) {
  switch (axis) {
    case Axis::started:
      return unless(facts.started, Reason::purpose_not_started);
    case Axis::binding:
      return facts.binding;
    case Axis::layers:
      return unless(!facts.denied_by_layer, Reason::policy_denies);
    case Axis::composition:
      if (facts.rule != Rule::prohibit) return Reason::permitted;
      return facts.prohibition == Reason::permitted ? Reason::prohibited : facts.prohibition;
    case Axis::ciphertext:
      return unless(!(facts.ciphertext_only && facts.needs_plaintext), Reason::ciphertext_only);
    case Axis::consent:
      return judge_consent(facts.consent);
    case Axis::minors:
      return unless(!facts.needs_guardian || facts.guardian_granted, Reason::guardian_missing);
    case Axis::strength:
      return unless(facts.strong_enough || !needs_strength(facts), Reason::strength_too_weak);
    case Axis::basis:
      return judge_basis(facts);
    case Axis::others:
      return judge_others(facts);
    case Axis::notice:
      return judge_notice(facts);
    case Axis::own_use:
      return unless(!facts.own_use || facts.sale_permitted, Reason::sale_denied);
    case Axis::transfer:
      return facts.transfer;
    case Axis::required:
      return unless(facts.requires_permitted, Reason::requires_missing);
  }
  return Reason::undecided;
}

Reason decide(const Facts& facts) {
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const Reason reason = judge(static_cast<Axis>(axis), facts);
    if (reason != Reason::permitted) return reason;
  }
  return Reason::permitted;
}

std::string_view to_string(Axis axis) {
  return axis_words.at(static_cast<std::size_t>(axis));
}

}  // namespace assent::policy
