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

void OptOuts::apply(JoinRequest& join, const policy::RuleBook& rules) const {
  const auto found = by_subject_.find(join.who.subject);
  if (found == by_subject_.end()) return;
  const OptOut& of = found->second;
  join.who.sale_opt_out = join.who.sale_opt_out || of.sale;
  if (!of.new_purposes) return;
  for (const auto& [purpose, unused] : rules.purposes)
    if (!of.known_purposes.contains(purpose)) join.layer.purposes[purpose].prohibit = true;
}

}  // namespace assent::gateway
