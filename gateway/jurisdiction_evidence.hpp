#pragma once

#include <vector>

#include "gateway/cdr.hpp"
#include "gateway/ip_database.hpp"
#include "gateway/requests.hpp"
#include "policy/jurisdiction.hpp"

namespace assent::gateway {

// What claims of where somebody is come to: one entry for each jurisdiction that each of them
// points to, all of which bind. A number or an address that cannot be placed has an empty code,
// which stands for an unknown jurisdiction, the strictest.
[[nodiscard]] std::vector<CdrJurisdiction> evidence_of(const JurisdictionClaims& claims,
                                                       const IpDatabase& addresses);

// The same in the words of the policy, which needs no more of the claims than the codes.
[[nodiscard]] std::vector<policy::JurisdictionEvidence> for_policy(
    const std::vector<CdrJurisdiction>& evidence);

}  // namespace assent::gateway
