#include "gateway/call_transfers.hpp"

#include <gtest/gtest.h>

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using policy::Mechanism;

constexpr WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 26}};
constexpr policy::Date later{std::chrono::year{2027} / 12 / 31};
constexpr policy::Date earlier{std::chrono::year{2026} / 1 / 1};

policy::TransferRow row(const char* exporter, const char* importer, Mechanism mechanism,
                        const char* instrument) {
  policy::TransferRow row;
  row.exporter = exporter;
  row.importer = importer;
  row.mechanism = mechanism;
  row.instrument = instrument;
  row.effective = earlier;
  row.status = policy::TransferStatus::in_force;
  row.source = "a test";
  row.review_by = later;
  return row;
}

// The gateway is in DE, the conference server of `cloud` in the US, a recorder of it in IN, a
// receiver of events in GB.
class Paths : public testing::Test {
 protected:
  Paths() {
    for (const auto& [code, regime] : {std::pair{"NL", "EU"},
                                       {"DE", "EU"},
                                       {"GB", "GB"},
                                       {"US-CA", ""},
                                       {"US-NY", ""},
                                       {"IN", ""}}) {
      auto& place = rules.jurisdictions[code];
      place.code = code;
      place.regime = regime;
    }
    rules.transfers = {row("EU", "US", Mechanism::dpf, "(EU) 2023/1795"),
                       row("EU", "IN", Mechanism::scc, "(EU) 2021/914"),
                       row("EU", "GB", Mechanism::adequacy, "(EU) 2021/1772")};
    rules.categories["recordings"].media_path = true;
    rules.categories["call-records"];
    rules.purposes["recording"].category = "recordings";
    auto& cloud = rules.processors["cloud"];
    cloud.role = policy::Role::sub_processor;
    policy::Instrument scc;
    scc.mechanism = Mechanism::scc;
    scc.country = "IN";
    scc.entity = "cloud";
    scc.categories = {"recordings"};
    scc.module = "2";
    scc.reference = "TIA-1";
    scc.checked_at = earlier;
    scc.expires = later;
    cloud.instruments = {scc};
    rules.processors["own"].role = policy::Role::self;
    rules.sinks["recorder"] = {"recording", "cloud", "IN"};
    rules.server = {"cloud", "US-CA"};
  }
  std::vector<CdrTransfer> ways(FlowKey flow, policy::BindingRows from = {{"NL"}, false}) const {
    for (const auto& path : paths_under(rules, places))
      if (path.flow == flow) return judge_path(rules, from, path, false, now);
    throw std::runtime_error("no such path");
  }
  policy::Instrument dpf() const {
    policy::Instrument instrument;
    instrument.mechanism = Mechanism::dpf;
    instrument.entity = "cloud";
    instrument.categories = {"recordings"};
    instrument.checked_at = earlier;
    instrument.expires = later;
    return instrument;
  }

  policy::RuleBook rules;
  TransferPlaces places{"assent", "DE", {{"archive", "", "GB", {"consent"}, false}}};
};

TEST_F(Paths, ArriveAtTheGatewayGoOnToTheServerAndToSinksAndAreToldOf) {
  const auto arrival = ways({FlowOf::arrival, {}});
  ASSERT_EQ(arrival.size(), 1U);
  EXPECT_EQ(arrival[0].exporter, "participant");
  EXPECT_EQ(arrival[0].importer, "assent");
  EXPECT_EQ(arrival[0].role, "self");
  EXPECT_EQ(arrival[0].from, "NL");
  EXPECT_EQ(arrival[0].to, "DE");
  EXPECT_EQ(arrival[0].via, "");
  EXPECT_EQ(arrival[0].mechanism, "not_needed");  // within the EU
  EXPECT_EQ(arrival[0].purpose, "call");
  const auto sink = ways({FlowOf::sink, "recorder"});
  ASSERT_EQ(sink.size(), 1U);
  EXPECT_EQ(sink[0].exporter, "assent");
  EXPECT_EQ(sink[0].importer, "cloud");
  EXPECT_EQ(sink[0].role, "sub_processor");
  EXPECT_EQ(sink[0].via, "DE");
  EXPECT_EQ(sink[0].to, "IN");
  EXPECT_EQ(sink[0].mechanism, "scc");
  EXPECT_EQ(sink[0].row, "(EU) 2021/914");
  EXPECT_EQ(sink[0].purpose, "recording");
  const auto told = ways({FlowOf::records, "archive"});
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].importer, "archive");
  EXPECT_EQ(told[0].mechanism, "adequacy");
  EXPECT_EQ(told[0].purpose, "records");
}

TEST_F(Paths, OfTheCallItselfAreUnlawfulWithoutAMechanismAndSayWhy) {
  const auto call = ways({FlowOf::call, {}});
  ASSERT_EQ(call.size(), 1U);
  EXPECT_EQ(call[0].mechanism, "none");
  EXPECT_EQ(call[0].reason, "transfer_no_mechanism");
  rules.processors["cloud"].instruments.push_back(dpf());
  EXPECT_EQ(ways({FlowOf::call, {}})[0].mechanism, "dpf");
  EXPECT_EQ(ways({FlowOf::call, {}})[0].reason, "");
  rules.processors["cloud"].instruments.back().expires = earlier;
  EXPECT_EQ(ways({FlowOf::call, {}})[0].reason, "transfer_expired");
}

TEST_F(Paths, ToWhereNobodyKnowsAreUnlawful) {
  places.jurisdiction.clear();
  const auto arrival = ways({FlowOf::arrival, {}});
  EXPECT_EQ(arrival.at(0).to, "unknown");
  EXPECT_EQ(arrival.at(0).reason, "transfer_unknown");
}

TEST_F(Paths, FromWhereNobodyKnowsAreBoundByEveryRegime) {
  const auto arrival = ways({FlowOf::sink, "recorder"}, {{"NL"}, true});
  ASSERT_EQ(arrival.size(), 2U);
  EXPECT_EQ(arrival[0].from, "NL");
  EXPECT_EQ(arrival[1].from, "unknown");
}

TEST_F(Paths, WithinACountryAreNoTransfers) {
  EXPECT_TRUE(ways({FlowOf::arrival, {}}, {{"DE"}, false}).empty());
}

TEST_F(Paths, FromAllRegionsOfACountryAreFromThatCountry) {
  EXPECT_EQ(ways({FlowOf::arrival, {}}, {{"US-CA", "US-NY"}, false}).at(0).from, "US");
  EXPECT_EQ(ways({FlowOf::arrival, {}}, {{"US-CA"}, false}).at(0).from, "US-CA");
  EXPECT_TRUE(ways({FlowOf::call, {}}, {{"US-CA", "US-NY"}, false}).empty());
}

TEST_F(Paths, EachOfSeveralCountriesHasItsOwnMechanism) {
  const auto sink = ways({FlowOf::sink, "recorder"}, {{"IN", "NL", "US-CA"}, false});
  ASSERT_EQ(sink.size(), 2U);  // it stays in IN for who is there
  EXPECT_EQ(sink[0].mechanism, "scc");
  EXPECT_EQ(sink[1].from, "US-CA");
  EXPECT_EQ(sink[1].mechanism, "not_needed");
}

TEST_F(Paths, OfContestedRowsHoldOnlyWhereThePolicyReliesOnThem) {
  rules.transfers[2].status = policy::TransferStatus::contested;
  const auto paths = paths_under(rules, places);
  const auto& told = paths.back();
  EXPECT_EQ(judge_path(rules, {{"NL"}, false}, told, false, now)[0].reason, "transfer_contested");
  EXPECT_EQ(judge_path(rules, {{"NL"}, false}, told, true, now)[0].mechanism, "adequacy");
}

TEST_F(Paths, ToASinkThatNothingElseMakesLawfulStandOnThePersonsConsent) {
  rules.processors["cloud"].instruments.clear();
  rules.transfers.push_back(row("EU", "IN", Mechanism::explicit_consent, "Art. 49(1)(a)"));
  EXPECT_EQ(ways({FlowOf::sink, "recorder"})[0].mechanism, "none");
  rules.composition.rely_on_explicit_consent = true;
  EXPECT_EQ(ways({FlowOf::sink, "recorder"})[0].mechanism, "explicit_consent");
}

TEST(CallTransfers, JudgeWhatPassedOnceByTheRulesOfItsTime) {
  CallTransfers transfers;
  std::string mechanism = "dpf";
  const auto judge = [&](WallTime) {
    CdrTransfer way;
    way.from = "NL";
    way.to = "US";
    way.mechanism = mechanism;
    return std::vector<CdrTransfer>{way};
  };
  const FlowKey call{FlowOf::call, {}};
  transfers.count(call, {now, now + 5s, 5'000, 10, 1'000}, now, judge);
  transfers.count(call, {now, now + 5s, 5'000, 10, 1'000}, now, judge);  // nothing more passed
  mechanism = "none";
  transfers.count(call, {now, now + 9s, 8'000, 14, 1'500}, now, judge);
  mechanism = "dpf";
  transfers.count(call, {now, now + 20s, 9'000, 15, 1'600}, now, judge);
  ASSERT_EQ(transfers.all().size(), 2U);
  EXPECT_EQ(transfers.all()[0].packets, 11U);
  EXPECT_EQ(transfers.all()[0].bytes, 1'100U);
  EXPECT_EQ(transfers.all()[0].milliseconds, 6'000U);
  EXPECT_EQ(transfers.all()[0].last, now + 20s);
  EXPECT_EQ(transfers.all()[1].packets, 4U);
  EXPECT_EQ(transfers.all()[1].milliseconds, 3'000U);
  EXPECT_EQ(transfers.all()[1].first, now + 5s);
}

}  // namespace
}  // namespace assent::gateway
