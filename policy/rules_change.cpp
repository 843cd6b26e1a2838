#include "policy/rules_change.hpp"

#include <set>
#include <string_view>
#include <utility>

namespace assent::policy {

MaterialChange material_change(const RuleBook& from, const RuleBook& to) {
  MaterialChange change;
  for (const auto& [name, purpose] : from.purposes)
    if (has_new_terms(from, to, name)) change.purposes.push_back(name);
  for (const Notice& notice : from.notices) {
    const Notice* next = find_notice(to, notice.id, notice.language);
    const bool same =
        next != nullptr && next->version == notice.version && next->hash == notice.hash;
    const bool form_only = next != nullptr && !next->material;
    if (!same && !form_only) change.notices.push_back(notice.id + ' ' + notice.language);
  }
  return change;
}

Effect& Effect::operator+=(const Effect& other) {
  grants_suspended += other.grants_suspended;
  for (const auto& [name, of_other] : other.sinks) {
    OnSink& sink = sinks[name];
    sink.closed += of_other.closed;
    sink.opened += of_other.opened;
  }
  return *this;
}

Effect effect_of(std::span<const Decision> before, const Decisions& of_event) {
  std::set<std::pair<std::string_view, std::string_view>> open;
  for (const Decision& decision : before)
    if (decision.permitted) open.emplace(decision.participant, decision.sink);
  Effect effect;
  for (const Decision& decision : of_event.changed) {
    const bool was_open = open.contains({decision.participant, decision.sink});
    if (was_open == decision.permitted) continue;
    Effect::OnSink& sink = effect.sinks[decision.sink];
    ++(was_open ? sink.closed : sink.opened);
  }
  for (const ConsentChange& change : of_event.consents)
    if (change.state == ConsentState::invalidated) ++effect.grants_suspended;
  return effect;
}

}  // namespace assent::policy
