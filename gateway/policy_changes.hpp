#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <optional>
#include <string>
#include <vector>

#include "gateway/conferences.hpp"
#include "gateway/config.hpp"
#include "gateway/log.hpp"
#include "gateway/policy_diff.hpp"
#include "gateway/policy_in_force.hpp"
#include "gateway/start_result.hpp"
#include "gateway/turn.hpp"
#include "policy/rules_change.hpp"

namespace assent::gateway {

// What somebody wants in force. Texts that are absent stay as they are.
struct PolicyProposal {
  std::optional<std::string> policy;
  std::optional<std::string> jurisdictions;
  std::optional<std::string> transfers;
  std::optional<std::string> expected;  // the hash of the policy that this is a change of
};

// What a change of the policy comes to.
struct PolicyReport {
  std::string from;  // hashes
  std::string to;
  PolicyDiff diff;
  policy::MaterialChange material;
  std::vector<std::string> warnings;
  AdoptedRules effect;
};

// Every change of the policy in force, one at a time and each whole or not at all. A policy is
// durable before the first room moves to it, and every open room has moved before the answer.
class PolicyChanges {
 public:
  struct Around {
    const Config& config;
    PolicyInForce& in_force;
    Conferences& conferences;
    SinkPlaces& sinks;
    Storage& storage;
    Publish publish;
    MetricsSnapshot& totals;
    Log& log;
  };
  PolicyChanges(const boost::asio::any_io_executor& executor, Around around)
      : around_{std::move(around)}, turn_{executor} {}

  // At start, before the first room: the newest act of the operator holds. That is the policy of
  // the files, unless another was PUT since they were written.
  // Where storage cannot be read, the files hold until catch_up(), and nothing may be permitted.
  boost::asio::awaitable<StartResult> begin();
  // Again, if need be: open rooms move to what holds. `failed`: storage cannot be read yet.
  boost::asio::awaitable<StartResult> catch_up();
  // The policy that these put in force, where no record says so yet.
  [[nodiscard]] const std::optional<AcceptedPolicy>& unrecorded() const { return unrecorded_; }
  void recorded() { unrecorded_.reset(); }

  boost::asio::awaitable<Answered<PolicyReport>> preview(PolicyProposal proposal);
  boost::asio::awaitable<Answered<PolicyReport>> propose(PolicyProposal proposal, std::string by);

  // Reads the three files again. Those that did not change since they were last read leave in
  // force what was PUT since.
  boost::asio::awaitable<void> reload();

  // Waits until no change is under way.
  boost::asio::awaitable<void> settle();

 private:
  boost::asio::awaitable<Answered<HeldPolicy>> checked(PolicyProposal proposal, std::string by);
  boost::asio::awaitable<PolicyReport> report_of(const HeldPolicy& next);
  [[nodiscard]] std::optional<Problem> no_place_for(const policy::RuleBook& rules) const;
  bool hold_again(const AcceptedPolicy& put);
  StartResult hold_newest(const std::optional<AcceptedPolicy>& newest);
  void hold_on(std::optional<AcceptedPolicy> newest);
  boost::asio::awaitable<Answered<PolicyReport>> put_in_force(HeldPolicy next);
  void tell(const PolicyReport& report) const;
  void refuse_reload(std::string_view why);
  void log_faults(LogWord event, const Faults& faults) const;

  Around around_;
  Turn turn_;
  std::optional<AcceptedPolicy> unrecorded_;
  bool is_known_ = false;               // what was accepted last
  boost::asio::thread_pool reader_{1};  // texts take long to read: withdrawals do not wait for them
};

}  // namespace assent::gateway
