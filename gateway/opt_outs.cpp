#include "gateway/opt_outs.hpp"

#include <boost/json/parse.hpp>

namespace assent::gateway {

void OptOuts::learn(std::span<const PrivacyAction> changes) {
  for (const auto& action : changes)
    if (const auto change = stored_change(action)) learn(action.subject, *change);
}

// The first time counts: purposes that came since are new.
void OptOuts::learn(const std::string& subject, const SubjectChange& change) {
  if (!change.opt_out_of_sale && !change.opt_out_of_new_purposes) return;
  OptOut& of = by_subject_[subject];
  of.sale = of.sale || change.opt_out_of_sale;
  if (change.opt_out_of_new_purposes && !of.new_purposes) {
    of.new_purposes = true;
    of.known_purposes.insert(change.known_purposes.begin(), change.known_purposes.end());
  }
}

void OptOuts::forget(const std::string& subject) {
  by_subject_.erase(subject);
}

PolicyLayer OptOuts::OptOut::layer(const policy::RuleBook& rules) const {
  PolicyLayer layer;
  if (!new_purposes) return layer;
  for (const auto& [purpose, unused] : rules.purposes)
    if (!known_purposes.contains(purpose)) layer.purposes[purpose].prohibit = true;
  return layer;
}

void OptOuts::apply(JoinRequest& join, const policy::RuleBook& rules) const {
  const auto found = by_subject_.find(join.who.subject);
  if (found == by_subject_.end()) return;
  const OptOut& of = found->second;
  join.who.sale_opt_out = join.who.sale_opt_out || of.sale;
  for (const auto& [purpose, unused] : of.layer(rules).purposes)
    join.layer.purposes[purpose].prohibit = true;
}

std::optional<ParticipantChange> OptOuts::change_of(const policy::ParticipantJoined& who,
                                                    const policy::RuleBook& rules) const {
  const auto found = by_subject_.find(who.subject);
  if (found == by_subject_.end()) return std::nullopt;
  ParticipantChange change;
  change.sale_opt_out = found->second.sale && !who.sale_opt_out;
  change.layer = found->second.layer(rules);
  std::erase_if(change.layer.purposes, [&](const auto& of) {
    const auto known = who.leg.purposes.find(of.first);
    return known != who.leg.purposes.end() && known->second.prohibit;
  });
  if (!change.sale_opt_out && change.layer.purposes.empty()) return std::nullopt;
  return change;
}

}  // namespace assent::gateway
