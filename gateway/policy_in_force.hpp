#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/policy_file.hpp"
#include "gateway/storage_record.hpp"

namespace assent::gateway {

// A policy as it is held against the configuration, and how it came into force.
struct HeldPolicy {
  policy::RuleBook rules;
  std::vector<std::string> configuration_warnings;
  AcceptedPolicy accepted;
};

// As the operator's files say.
[[nodiscard]] HeldPolicy hold_files(LoadedPolicy loaded, WallTime now);

// What is not wrong but denies something by now, or rests on weak ground.
[[nodiscard]] std::vector<std::string> warnings_of(const HeldPolicy& held, WallTime now);

// The policy in force. A room opens under it, and moves to the next one in its own turn; until then
// it keeps the one that it is under. Control thread only.
class PolicyInForce {
 public:
  explicit PolicyInForce(HeldPolicy first) { replace(std::move(first)); }

  [[nodiscard]] const HeldPolicy& now() const { return *held_; }
  [[nodiscard]] std::shared_ptr<const policy::RuleBook> rules() const {
    return {held_, &held_->rules};
  }
  void replace(HeldPolicy next) { held_ = std::make_shared<const HeldPolicy>(std::move(next)); }

 private:
  std::shared_ptr<const HeldPolicy> held_;
};

}  // namespace assent::gateway
