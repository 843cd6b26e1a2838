#include "gateway/jurisdiction_evidence.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>

#include "tests/gateway/mmdb_file.hpp"
#include "tests/gateway/real_ip_database.hpp"
#include "tests/gateway/running_service.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;
using policy::EvidenceKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<policy::JurisdictionEvidence> hints(const JurisdictionClaims& claims,
                                                const IpDatabase& addresses = {}) {
  return for_policy(evidence_of(claims, addresses));
}

TEST(JurisdictionEvidence, OfEveryClaimIsKept) {
  const auto addresses = IpDatabase::open(test::real_ip_database());
  ASSERT_TRUE(addresses) << addresses.error();
  const JurisdictionClaims claims{{"NL"}, {"DE", "US-CA"}, "+41446681800", "8.8.8.8"};
  const auto evidence = evidence_of(claims, *addresses);
  EXPECT_THAT(for_policy(evidence),
              ElementsAre(policy::JurisdictionEvidence{EvidenceKind::declared, "NL"},
                          policy::JurisdictionEvidence{EvidenceKind::account, "DE"},
                          policy::JurisdictionEvidence{EvidenceKind::account, "US-CA"},
                          policy::JurisdictionEvidence{EvidenceKind::e164, "CH"},
                          policy::JurisdictionEvidence{EvidenceKind::ip, "US"}));
  EXPECT_EQ(evidence[3].evidence, "+41446681800");
  EXPECT_EQ(evidence[4].evidence, "8.8.8.8");
}

TEST(JurisdictionEvidence, OfANumberThatCountriesShareIsOneEntryForEach) {
  EXPECT_THAT(hints({{}, {}, "+590690001234", {}}),
              ElementsAre(policy::JurisdictionEvidence{EvidenceKind::e164, "GP"},
                          policy::JurisdictionEvidence{EvidenceKind::e164, "BL"},
                          policy::JurisdictionEvidence{EvidenceKind::e164, "MF"}));
}

TEST(JurisdictionEvidence, ThatCannotBePlacedStandsForAnUnknownJurisdiction) {
  const policy::JurisdictionEvidence nowhere_by_number{EvidenceKind::e164, ""};
  const policy::JurisdictionEvidence nowhere_by_address{EvidenceKind::ip, ""};
  EXPECT_THAT(hints({{}, {}, "+80012345678", "10.0.0.1"}),
              ElementsAre(nowhere_by_number, nowhere_by_address));
  EXPECT_THAT(hints({{}, {}, {}, "8.8.8.8"}), ElementsAre(nowhere_by_address))
      << "without a database";
  EXPECT_THAT(hints({}), ElementsAre());
}

// --- through the running service ---

// The finding of the laws in `participant`'s explanation: the row that decided, and the evidence.
json::object laws_of(test::RunningService& service, const std::string& participant) {
  const auto told = service.ask(
      "GET", "/v1/rooms/r/participants/" + participant + "/decisions/recording?explain=true");
  for (const auto& finding : told.at("decisions").at(0).at("findings").as_array()) {
    if (finding.at("axis") == "composition") return finding.as_object();
  }
  throw std::runtime_error("no finding of the laws in " + json::serialize(told));
}

void join(test::RunningService& service, const std::string& participant,
          const std::string& jurisdictions) {
  service.ask("PUT", "/v1/rooms/r/participants/" + participant,
              R"({"subject": "s", "minor": false, "jurisdictions": )" + jurisdictions + "}");
}

// Row 07: the address is evidence of jurisdiction, shortened in the record, and nothing else.
TEST(JurisdictionOfAParticipant, IsTheUnionOfWhatNumberAndAddressTellAndIsInTheRecord) {
  test::RunningService::Options options;
  options.ip_database = test::real_ip_database();
  test::RunningService service{options};
  service.ask("PUT", "/v1/rooms/r", "{}");
  join(service, "ann", R"({"e164": "+31201234567", "ip": "193.0.6.139"})");
  const auto ann = laws_of(service, "ann");
  EXPECT_THAT(std::string(ann.at("detail").as_string()),
              HasSubstr("by the evidence: NL (e164) and NL (ip)."));
  EXPECT_EQ(ann.at("row"), "jurisdictions/NL");

  service.ask("DELETE", "/v1/rooms/r/participants/ann");
  join(service, "bob", R"({"declared": ["NL"], "e164": "+31201234567", "ip": "8.8.8.8"})");
  const auto bob = laws_of(service, "bob");
  EXPECT_THAT(std::string(bob.at("detail").as_string()),
              HasSubstr("by the evidence: NL (declared), NL (e164) and US (ip)."));
  EXPECT_THAT(std::string(bob.at("row").as_string()), HasSubstr("jurisdictions/US"))
      << "a claim of the Netherlands does not take the address's law away";

  service.ask("DELETE", "/v1/rooms/r");
  const auto cdrs = json::serialize(service.ask("GET", "/v1/cdrs?room=r"));
  EXPECT_THAT(cdrs, HasSubstr(R"({"code":"NL","evidence_kind":"e164","evidence":"+3120"})"));
  EXPECT_THAT(cdrs, HasSubstr(R"({"code":"NL","evidence_kind":"ip","evidence":"193.0.6.0/24"})"));
  EXPECT_THAT(cdrs, HasSubstr(R"({"code":"US","evidence_kind":"ip","evidence":"8.8.8.0/24"})"));
  EXPECT_THAT(cdrs, Not(HasSubstr("+31201234567")));
  EXPECT_THAT(cdrs, Not(HasSubstr("8.8.8.8")));
}

TEST(JurisdictionOfAParticipant, IsTheStateWhereADatabaseOfCitiesKnowsIt) {
  TemporaryFolder folder;
  test::MmdbFile cities;
  cities.add("8.8.8.0", 24, json::parse(R"({"country": {"iso_code": "US"},
      "subdivisions": [{"iso_code": "CA"}]})"));
  cities.add("9.9.9.0", 24, json::parse(R"({"country": {"iso_code": "NL"},
      "subdivisions": [{"iso_code": "NH"}]})"));
  test::RunningService::Options options;
  options.ip_database = folder.path() / "cities.mmdb";
  std::ofstream{options.ip_database, std::ios::binary} << cities.bytes(1'781'725'900);
  test::RunningService service{options};
  service.ask("PUT", "/v1/rooms/r", "{}");
  join(service, "ann", R"({"declared": ["US-NY"], "ip": "9.9.9.9"})");
  EXPECT_EQ(laws_of(service, "ann").at("row"), "jurisdictions/NL") << "NL-NH is in it";
  join(service, "bob", R"({"declared": ["NL"], "e164": "+14155552671", "ip": "8.8.8.8"})");
  EXPECT_EQ(laws_of(service, "bob").at("row"), "jurisdictions/US-CA")
      << "the number's whole United States are narrowed by the address";
}

TEST(JurisdictionOfAParticipant, IsUnknownByAddressWithoutADatabase) {
  test::RunningService service{{}};
  service.ask("PUT", "/v1/rooms/r", "{}");
  join(service, "ann", R"({"declared": ["NL"], "ip": "193.0.6.139"})");
  const auto laws = laws_of(service, "ann");
  EXPECT_THAT(std::string(laws.at("detail").as_string()), HasSubstr("an unknown place (ip)"));
  EXPECT_EQ(laws.at("reason"), "jurisdiction_unknown");
}

}  // namespace
}  // namespace assent::gateway
