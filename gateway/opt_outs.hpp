#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "gateway/conference.hpp"
#include "gateway/subject_changes.hpp"

namespace assent::gateway {

// Who opted out for good: of sale, or of every purpose that there was not yet when they did. Holds
// in every room that they join from then on. Control thread only.
class OptOuts {
 public:
  // What was recorded of all subjects, in order.
  void learn(std::span<const PrivacyAction> changes);
  void learn(const std::string& subject, const SubjectChange& change);
  void forget(const std::string& subject);

  // Before the person joins.
  void apply(JoinRequest& join, const policy::RuleBook& rules) const;
  // Of somebody who is there already; nothing, where it is in effect.
  [[nodiscard]] std::optional<ParticipantChange> change_of(const policy::ParticipantJoined& who,
                                                           const policy::RuleBook& rules) const;

 private:
  struct OptOut {
    bool sale = false;
    bool new_purposes = false;
    std::set<std::string, std::less<>> known_purposes;

    [[nodiscard]] PolicyLayer layer(const policy::RuleBook& rules) const;
  };
  std::map<std::string, OptOut, std::less<>> by_subject_;
};

}  // namespace assent::gateway
