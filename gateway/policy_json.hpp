#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "gateway/policy_changes.hpp"

// Between the words of /v1/policy and those of PolicyChanges.
namespace assent::gateway {

[[nodiscard]] Answered<PolicyProposal> parse_policy_proposal(const boost::json::value& body);

[[nodiscard]] std::string policy_report_json(const PolicyReport& report, bool dry_run);
[[nodiscard]] std::string policy_in_force_json(const HeldPolicy& held, WallTime now);
[[nodiscard]] std::string accepted_policy_json(const AcceptedPolicy& accepted);

}  // namespace assent::gateway
