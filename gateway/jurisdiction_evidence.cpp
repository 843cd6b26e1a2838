#include "gateway/jurisdiction_evidence.hpp"

#include <utility>

#include "gateway/numbering_plan.hpp"

namespace assent::gateway {

std::vector<CdrJurisdiction> evidence_of(const JurisdictionClaims& claims,
                                         const IpDatabase& addresses) {
  using enum policy::EvidenceKind;
  std::vector<CdrJurisdiction> evidence;
  for (const std::string& code : claims.declared)
    evidence.push_back({code, declared, code});
  for (const std::string& code : claims.account)
    evidence.push_back({code, account, code});
  if (claims.e164) {
    auto countries = countries_of_number(*claims.e164);
    if (countries.empty()) countries.emplace_back();
    for (std::string& country : countries)
      evidence.push_back({std::move(country), e164, *claims.e164});
  }
  if (claims.ip) evidence.push_back({addresses.place_of(*claims.ip), ip, *claims.ip});
  return evidence;
}

std::vector<policy::JurisdictionEvidence> for_policy(const std::vector<CdrJurisdiction>& evidence) {
  std::vector<policy::JurisdictionEvidence> hints;
  for (const auto& [code, kind, unused] : evidence)
    hints.push_back({kind, code});
  return hints;
}

}  // namespace assent::gateway
