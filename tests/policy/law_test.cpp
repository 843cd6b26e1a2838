#include <gmock/gmock.h>

#include "tests/policy/rulebook.hpp"

namespace assent::policy::test {
namespace {

using testing::ElementsAre;

JurisdictionRows states() {
  JurisdictionRows rows;
  rows["NL"] = row("NL", Rule::per_participant, "EU");
  rows["US"] = row("US", Rule::one_party);
  rows["US"].by_region = true;
  rows["US-CA"] = row("US-CA", Rule::all_party);
  rows["US-NY"] = row("US-NY", Rule::one_party);
  return rows;
}

std::vector<JurisdictionEvidence> declared(std::vector<std::string> codes) {
  std::vector<JurisdictionEvidence> made;
  for (std::string& code : codes)
    made.push_back({EvidenceKind::declared, std::move(code)});
  return made;
}

RuleAnswer rule_in(const JurisdictionRows& rows, std::vector<std::string> codes,
                   RuleQuestion question = {false, false, false, Rule::prohibit}) {
  return strictest_rule(rows, binding_rows(rows, declared(std::move(codes))), question, noon);
}

TEST(Jurisdiction, IsTheUnionOfTheEvidence) {
  const auto binding = binding_rows(states(), declared({"US-NY", "NL"}));
  EXPECT_THAT(binding.codes, ElementsAre("NL", "US", "US-NY"));
  EXPECT_FALSE(binding.unknown);
  EXPECT_EQ(rule_in(states(), {"US-NY", "NL"}).rule, Rule::per_participant);
}

TEST(Jurisdiction, NoneOrUnplaceableIsUnknownAndStrictest) {
  for (const auto& codes : std::vector<std::vector<std::string>>{{}, {""}, {"XX"}, {"NL", "XX"}}) {
    const RuleAnswer answer = rule_in(states(), codes);
    EXPECT_EQ(answer.rule, Rule::prohibit);
    EXPECT_EQ(answer.why, Reason::jurisdiction_unknown);
  }
}

TEST(Jurisdiction, ACountryWithoutItsRegionActsAsTheStrictestOfThem) {
  EXPECT_EQ(rule_in(states(), {"US"}).rule, Rule::all_party);
  EXPECT_EQ(rule_in(states(), {"US"}).row, "US-CA");
  EXPECT_EQ(rule_in(states(), {"US", "US-NY"}).rule, Rule::one_party) << "a number plus an address";
  EXPECT_EQ(rule_in(states(), {"US-NY", "US"}).rule, Rule::one_party) << "in any order";
}

TEST(Jurisdiction, ARegionWithoutARowIsInItsCountryUnlessTheRegionsDiffer) {
  EXPECT_EQ(binding_rows(states(), declared({"NL-NH"})), binding_rows(states(), declared({"NL"})));
  const auto lacking = binding_rows(states(), declared({"US-TX"}));
  EXPECT_THAT(lacking.codes, ElementsAre("US"));
  EXPECT_TRUE(lacking.unknown);
  EXPECT_TRUE(binding_rows(states(), declared({"XX-NH"})).unknown);
}

TEST(Jurisdiction, EvidenceInMidCallAddsAndNeverTakesAway) {
  BindingRows binding = binding_rows(states(), declared({"US"}));
  binding = with_more(states(), binding, {EvidenceKind::ip, "US-NY"});
  EXPECT_THAT(binding.codes, ElementsAre("US", "US-CA", "US-NY"));
  binding = with_more(states(), binding, {EvidenceKind::ip, "XX"});
  EXPECT_TRUE(binding.unknown);
  binding = with_more(states(), binding, {EvidenceKind::ip, "NL"});
  EXPECT_TRUE(binding.unknown);
}

TEST(Jurisdiction, AnUnsourcedRowActsStrictest) {
  auto rows = states();
  rows["NL"].source.clear();
  EXPECT_EQ(rule_in(rows, {"NL"}).rule, Rule::prohibit);
  EXPECT_EQ(rule_in(rows, {"NL"}).why, Reason::rule_unsourced);
  EXPECT_EQ(rule_in(rows, {"NL"}, {false, false, false, Rule::all_party}).rule, Rule::all_party);
  rows["NL"].interception = Rule::prohibit;
  EXPECT_EQ(rule_in(rows, {"NL"}, {false, false, false, Rule::all_party}).rule, Rule::prohibit);
}

TEST(Jurisdiction, ARowIsReliedOnThroughTheLastDayOfItsReview) {
  auto rows = states();
  rows["NL"].review_by = today;
  const BindingRows binding = binding_rows(rows, declared({"NL"}));
  const RuleQuestion question{false, false, false, Rule::prohibit};
  const WallTime midnight = today + std::chrono::days{1};
  EXPECT_EQ(strictest_rule(rows, binding, question, midnight - 1ms).rule, Rule::per_participant);
  EXPECT_EQ(strictest_rule(rows, binding, question, midnight - 1ms).until, midnight);
  EXPECT_EQ(strictest_rule(rows, binding, question, midnight).why, Reason::rule_stale);
  rows["NL"].review_by.reset();
  EXPECT_EQ(rule_in(rows, {"NL"}).why, Reason::rule_stale);
}

TEST(Jurisdiction, AContestedRowIsReadStrictlyUnlessTheOperatorSaysOtherwise) {
  auto rows = states();
  rows["NL"].interception = Rule::notice;
  rows["NL"].stricter_reading = Rule::all_party;
  rows["NL"].contested = Contested::partly;
  EXPECT_EQ(rule_in(rows, {"NL"}).rule, Rule::all_party);
  EXPECT_EQ(rule_in(rows, {"NL"}, {false, false, true, Rule::prohibit}).rule, Rule::notice);
}

TEST(Jurisdiction, AxesAreAnded) {
  auto rows = states();
  JurisdictionRow& nl = rows["NL"];
  nl.interception = Rule::one_party;
  nl.data_protection = Rule::per_participant;
  EXPECT_EQ(rule_in(rows, {"NL"}).rule, Rule::per_participant);
  nl.to_third_party = Rule::all_party;
  EXPECT_EQ(rule_in(rows, {"NL"}).rule, Rule::per_participant);
  EXPECT_EQ(rule_in(rows, {"NL"}, {true, false, false, Rule::prohibit}).rule, Rule::all_party);
  EXPECT_EQ(rule_in(rows, {"US-NY"}, {false, true, false, Rule::prohibit}).rule,
            Rule::per_participant)
      << "voiceprints need one's own grant where nothing else is said";
  nl.biometric = Rule::prohibit;
  EXPECT_EQ(rule_in(rows, {"NL"}, {false, true, false, Rule::prohibit}).rule, Rule::prohibit);
}

TEST(Jurisdiction, OnlyTheRegionsOfTheCountryItselfStandForIt) {
  auto rows = states();
  rows["DE-BY"] = row("DE-BY", Rule::all_party);
  rows["UY"] = row("UY", Rule::prohibit);
  EXPECT_THAT(binding_rows(rows, declared({"US", "DE-BY"})).codes,
              ElementsAre("DE-BY", "US", "US-CA", "US-NY"))
      << "Bavaria is no part of the United States, nor is Uruguay";
  EXPECT_THAT(binding_rows(rows, declared({"NL"})).codes, ElementsAre("NL"));
}

TEST(Jurisdiction, ACountryStandsForItsRegionsOnlyWhereTheyDiffer) {
  auto rows = states();
  EXPECT_THAT(with_more(rows, binding_rows(rows, declared({"NL"})), {EvidenceKind::ip, "US"}).codes,
              ElementsAre("NL", "US", "US-CA", "US-NY"))
      << "in mid-call, too";
  rows["US"].by_region = false;
  EXPECT_THAT(binding_rows(rows, declared({"US"})).codes, ElementsAre("US"));
}

TEST(Jurisdiction, WithoutAnyRowOrWithOneThatIsGoneItIsUnknown) {
  const RuleQuestion question{false, false, false, Rule::all_party};
  const auto rule_of = [&](const BindingRows& binding) {
    return strictest_rule(states(), binding, question, noon);
  };
  for (const BindingRows& binding :
       {BindingRows{{}, false}, BindingRows{{"US-NY"}, true}, BindingRows{{"XX"}, false}}) {
    EXPECT_EQ(rule_of(binding).rule, Rule::all_party);
    EXPECT_EQ(rule_of(binding).why, Reason::jurisdiction_unknown);
  }
}

TEST(Jurisdiction, TheAnswerHoldsUntilTheFirstOfItsRowsGoesStale) {
  auto rows = states();
  rows["US-NY"].review_by = today + std::chrono::days{9};
  rows["NL"].review_by = today + std::chrono::days{5};
  EXPECT_EQ(rule_in(rows, {"NL", "US-NY"}).until, stale_from(today + std::chrono::days{5}));
  EXPECT_EQ(rule_in(rows, {"US-NY", "NL"}).until, stale_from(today + std::chrono::days{5}));
  rows["US-NY"].review_by = today - std::chrono::days{9};  // already: changes no more
  EXPECT_EQ(rule_in(rows, {"NL", "US-NY"}).until, stale_from(today + std::chrono::days{5}));
  EXPECT_EQ(rule_in(rows, {"XX"}).until, std::nullopt);
}

TEST(Jurisdiction, AContestedRowWithoutAStricterReadingIsReadAsItStands) {
  auto rows = states();
  rows["NL"].contested = Contested::yes;
  EXPECT_EQ(rule_in(rows, {"NL"}).rule, Rule::per_participant);
  rows["NL"].stricter_reading = Rule::all_party;
  EXPECT_EQ(rule_in(rows, {"NL"}).rule, Rule::all_party);
  rows["NL"].contested = Contested::no;
  EXPECT_EQ(rule_in(rows, {"NL"}).rule, Rule::per_participant) << "nobody contests it";
}

TEST(Jurisdiction, AProhibitionSaysSoWhateverElseIsWrongWithItsRow) {
  auto rows = states();
  rows["NL"].interception = Rule::prohibit;
  rows["NL"].review_by = today - std::chrono::days{1};
  EXPECT_EQ(rule_in(rows, {"NL"}).why, Reason::prohibited);
  rows["NL"].source.clear();
  EXPECT_EQ(rule_in(rows, {"NL"}).why, Reason::prohibited);
}

class Transfers : public testing::Test {
 protected:
  Reason reason(const std::string& from = "NL", const std::string& to = "US") {
    return answer(from, to).reason;
  }
  TransferAnswer answer(const std::string& from = "NL", const std::string& to = "US") {
    const auto binding = binding_rows(rows, declared({from}));
    return judge_transfer(rows, transfers, binding, instruments,
                          {"recordings", to, allow_contested, explicit_consent}, now);
  }
  void only(Mechanism mechanism, Instrument shown) {
    transfers = {transfer("EU", "*", mechanism)};
    instruments = {std::move(shown)};
  }

  JurisdictionRows rows = rulebook().jurisdictions;
  std::vector<TransferRow> transfers{transfer("EU", "US", Mechanism::dpf)};
  std::vector<Instrument> instruments{instrument(Mechanism::dpf)};
  bool allow_contested = false;
  bool explicit_consent = false;
  WallTime now = noon;
};

TEST_F(Transfers, WithinARegimeNoneIsNeeded) {
  instruments.clear();
  EXPECT_EQ(reason("NL", "DE"), Reason::permitted);
  EXPECT_EQ(answer("NL", "DE").mechanism, Mechanism::none);
  EXPECT_EQ(reason("US", "NL"), Reason::permitted) << "no regime binds the exporter";
}

TEST_F(Transfers, UnknownIsNeverPermitted) {
  EXPECT_EQ(reason("NL", "XX"), Reason::transfer_unknown);
  EXPECT_EQ(reason("NL", ""), Reason::transfer_unknown);
  instruments.clear();
  EXPECT_EQ(reason("XX", "US"), Reason::transfer_no_mechanism) << "bound by every regime";
  transfers.clear();
  EXPECT_EQ(reason("XX", "US"), Reason::transfer_unknown);
}

TEST_F(Transfers, Row37DpfNeedsEntityDataTypeCheckAndExpiry) {
  EXPECT_EQ(reason(), Reason::permitted);
  EXPECT_EQ(answer().until, stale_from(next_year));
  for (const auto& spoil : std::vector<std::function<void(Instrument&)>>{
           [](Instrument& i) { i.entity.clear(); }, [](Instrument& i) { i.categories.clear(); },
           [](Instrument& i) { i.categories = {"billing"}; },
           [](Instrument& i) { i.checked_at.reset(); }, [](Instrument& i) { i.expires.reset(); },
           [](Instrument& i) { i.country = "CA"; }}) {
    instruments = {instrument(Mechanism::dpf)};
    spoil(instruments[0]);
    EXPECT_EQ(reason(), Reason::transfer_no_mechanism);
  }
  instruments = {instrument(Mechanism::dpf)};
  instruments[0].checked_at = today + std::chrono::days{1};
  EXPECT_EQ(reason(), Reason::transfer_expired);
  instruments = {instrument(Mechanism::dpf)};
  instruments[0].expires = today - std::chrono::days{1};
  EXPECT_EQ(reason(), Reason::transfer_expired);
}

TEST_F(Transfers, Row37AnnulmentStopsOnItsDay) {
  transfers[0].annulled = today;
  EXPECT_EQ(reason(), Reason::transfer_expired);
  now = WallTime{today} - 1ms;
  EXPECT_EQ(reason(), Reason::permitted);
  EXPECT_EQ(answer().until, WallTime{today});
}

TEST_F(Transfers, Row38UkExtensionStandsOnTheDpf) {
  transfers = {transfer("GB", "US", Mechanism::uk_extension)};
  instruments = {instrument(Mechanism::uk_extension)};
  EXPECT_EQ(reason("GB"), Reason::transfer_no_mechanism);
  instruments.push_back(instrument(Mechanism::dpf));
  EXPECT_EQ(reason("GB"), Reason::permitted);
}

TEST_F(Transfers, Row39SwissDpfIsItsOwn) {
  rows["CH"] = row("CH", Rule::all_party, "CH");
  transfers = {transfer("CH", "US", Mechanism::swiss_dpf)};
  EXPECT_EQ(reason("CH"), Reason::transfer_no_mechanism);
  instruments = {instrument(Mechanism::swiss_dpf)};
  EXPECT_EQ(reason("CH"), Reason::permitted);
}

TEST_F(Transfers, Row40SccNeedsModuleAndAssessment) {
  only(Mechanism::scc, instrument(Mechanism::scc));
  EXPECT_EQ(reason(), Reason::permitted);
  instruments[0].module.clear();
  EXPECT_EQ(reason(), Reason::transfer_no_mechanism);
  only(Mechanism::scc, instrument(Mechanism::scc));
  instruments[0].reference.clear();
  EXPECT_EQ(reason(), Reason::transfer_no_mechanism);
}

TEST_F(Transfers, Row41IntraGroupNeedsItsAgreement) {
  only(Mechanism::intra_group, instrument(Mechanism::intra_group));
  EXPECT_EQ(reason(), Reason::permitted);
  instruments[0].reference.clear();
  EXPECT_EQ(reason(), Reason::transfer_no_mechanism);
}

TEST_F(Transfers, Row42UseAsAcceptanceIsNeverSufficient) {
  only(Mechanism::use_as_acceptance, instrument(Mechanism::use_as_acceptance));
  explicit_consent = true;
  EXPECT_EQ(reason(), Reason::transfer_no_mechanism);
}

TEST_F(Transfers, ExplicitConsentIsThePersons) {
  only(Mechanism::explicit_consent, {});
  EXPECT_EQ(reason(), Reason::transfer_no_mechanism);
  explicit_consent = true;
  EXPECT_EQ(reason(), Reason::permitted);
}

TEST_F(Transfers, AdequacyHoldsByItselfOrForWhoConfirmsItsCondition) {
  transfers = {transfer("EU", "US", Mechanism::adequacy)};
  instruments.clear();
  EXPECT_EQ(reason(), Reason::permitted);
  transfers[0].condition = "listed";
  EXPECT_EQ(reason(), Reason::transfer_no_mechanism);
  instruments = {instrument(Mechanism::adequacy)};
  EXPECT_EQ(reason(), Reason::permitted);
  instruments[0].condition = "other";
  EXPECT_EQ(reason(), Reason::transfer_no_mechanism);
}

TEST_F(Transfers, RowsOutOfForceOrOnWeakGroundAreNotReliedOn) {
  const TransferRow sound = transfers[0];
  transfers[0].source.clear();
  EXPECT_EQ(reason(), Reason::transfer_unsourced);
  transfers = {sound};
  transfers[0].review_by = today - std::chrono::days{1};
  EXPECT_EQ(reason(), Reason::transfer_stale);
  transfers = {sound};
  transfers[0].effective = today + std::chrono::days{1};
  EXPECT_EQ(reason(), Reason::transfer_expired);
  transfers[0].effective.reset();
  EXPECT_EQ(reason(), Reason::transfer_expired);
  transfers = {sound};
  transfers[0].expires = today - std::chrono::days{1};
  EXPECT_EQ(reason(), Reason::transfer_expired);
  transfers = {sound};
  transfers[0].status = TransferStatus::annulled;
  EXPECT_EQ(reason(), Reason::transfer_expired);
  transfers = {sound};
  transfers[0].status = TransferStatus::contested;
  EXPECT_EQ(reason(), Reason::transfer_contested);
  allow_contested = true;
  EXPECT_EQ(reason(), Reason::permitted);
  transfers = {sound};
  transfers[0].except_from = {"NL"};
  EXPECT_EQ(reason(), Reason::transfer_no_mechanism);
  EXPECT_EQ(reason("DE"), Reason::permitted);
}

TEST_F(Transfers, EveryRegimeOfAParticipantMustBeContent) {
  const auto both = binding_rows(rows, declared({"NL", "GB"}));
  const TransferQuestion question{"recordings", "US", false, false};
  EXPECT_NE(judge_transfer(rows, transfers, both, instruments, question, now).reason,
            Reason::permitted);
  transfers.push_back(transfer("GB", "US", Mechanism::uk_extension));
  instruments.push_back(instrument(Mechanism::uk_extension));
  EXPECT_EQ(judge_transfer(rows, transfers, both, instruments, question, now).reason,
            Reason::permitted);
  transfers.erase(transfers.begin());
  EXPECT_EQ(judge_transfer(rows, transfers, both, instruments, question, now).reason,
            Reason::transfer_no_mechanism);
}

TEST_F(Transfers, AnotherMechanismCarriesOnWhenOneFalls) {
  transfers = {transfer("EU", "US", Mechanism::dpf), transfer("EU", "*", Mechanism::scc)};
  transfers[0].annulled = today;
  instruments.push_back(instrument(Mechanism::scc));
  EXPECT_EQ(reason(), Reason::permitted);
  EXPECT_EQ(answer().mechanism, Mechanism::scc);
}

TEST_F(Transfers, AnUnknownOriginIsBoundByEveryRegimeAndItsExceptions) {
  const TransferQuestion question{"recordings", "US", false, false};
  const auto from = [&](const BindingRows& binding) {
    return judge_transfer(rows, transfers, binding, instruments, question, now).reason;
  };
  for (const BindingRows& binding :
       {BindingRows{{}, false}, BindingRows{{"QO"}, true}, BindingRows{{"XX"}, false}}) {
    EXPECT_EQ(from(binding), Reason::permitted) << "the one regime in the data is content";
    transfers.push_back(transfer("GB", "US", Mechanism::uk_extension));
    EXPECT_EQ(from(binding), Reason::transfer_no_mechanism);
    transfers.pop_back();
  }
  transfers[0].except_from = {"NO"};
  EXPECT_EQ(from({{}, true}), Reason::transfer_no_mechanism) << "it may be the excepted country";
}

TEST_F(Transfers, AnInstrumentHoldsForItsCountryOnly) {
  rows["US-CA"] = row("US-CA", Rule::all_party);
  for (const auto* country : {"", "US", "US-CA"}) {
    instruments[0].country = country;
    EXPECT_EQ(reason("NL", "US-CA"), Reason::permitted) << country;
  }
  instruments[0].country = "US-NY";
  EXPECT_EQ(reason("NL", "US-CA"), Reason::transfer_no_mechanism);
}

TEST_F(Transfers, ARowHoldsForItsImporterOnly) {
  rows["US-CA"] = row("US-CA", Rule::all_party);
  const auto with = [&](std::string from, std::string importer) {
    transfers = {transfer(std::move(from), std::move(importer), Mechanism::adequacy)};
  };
  with("EU", "US");
  EXPECT_EQ(reason("NL", "US-CA"), Reason::permitted);
  EXPECT_EQ(reason("NL", "GB"), Reason::transfer_no_mechanism);
  with("EU", "US-CA");
  EXPECT_EQ(reason("NL", "US-CA"), Reason::permitted);
  EXPECT_EQ(reason("NL", "US"), Reason::transfer_no_mechanism);
  with("GB", "EU");
  EXPECT_EQ(reason("GB", "DE"), Reason::permitted) << "a regime stands for its countries";
  EXPECT_EQ(reason("GB", "US"), Reason::transfer_no_mechanism);
  EXPECT_EQ(reason("NL", "GB"), Reason::transfer_no_mechanism) << "the row is not the exporter's";
  with("EU", "");
  EXPECT_EQ(reason("NL", "US"), Reason::transfer_no_mechanism) << "a country without a regime";
}

TEST_F(Transfers, EveryMechanismNeedsAllOfItsParts) {
  const auto spoilt = [&](Mechanism mechanism, std::string Instrument::*part) {
    only(mechanism, instrument(mechanism));
    EXPECT_EQ(reason(), Reason::permitted);
    (instruments[0].*part).clear();
    return reason();
  };
  for (const auto& [mechanism, part] : {std::pair{Mechanism::swiss_dpf, &Instrument::entity},
                                        {Mechanism::scc, &Instrument::entity},
                                        {Mechanism::scc, &Instrument::module},
                                        {Mechanism::scc, &Instrument::reference},
                                        {Mechanism::idta, &Instrument::entity},
                                        {Mechanism::idta, &Instrument::reference},
                                        {Mechanism::intra_group, &Instrument::entity},
                                        {Mechanism::intra_group, &Instrument::reference}})
    EXPECT_EQ(spoilt(mechanism, part), Reason::transfer_no_mechanism) << to_string(mechanism);
  for (const Mechanism mechanism : {Mechanism::none, Mechanism::use_as_acceptance}) {
    only(mechanism, instrument(mechanism));
    EXPECT_EQ(reason(), Reason::transfer_no_mechanism) << to_string(mechanism);
  }
}

TEST_F(Transfers, TheInstrumentThatHoldsLongestCounts) {
  const auto until = [&](Date expires) {
    Instrument shown = instrument(Mechanism::dpf);
    shown.expires = expires;
    return shown;
  };
  const Date soon = today + std::chrono::days{2}, late = today + std::chrono::days{9};
  const Date past = today - std::chrono::days{1};
  for (const auto& order : std::vector<std::vector<Date>>{
           {soon, late, past}, {late, soon, past}, {past, soon, late}, {past, late, soon}}) {
    instruments.clear();
    for (const Date date : order)
      instruments.push_back(until(date));
    EXPECT_EQ(reason(), Reason::permitted);
    EXPECT_EQ(answer().until, stale_from(late));
  }
}

TEST_F(Transfers, AnInstrumentHoldsFromItsCheckThroughItsLastDay) {
  instruments[0].checked_at = today;
  instruments[0].expires = today;
  now = WallTime{today};
  EXPECT_EQ(reason(), Reason::permitted);
  now = WallTime{today} - 1ms;
  EXPECT_EQ(reason(), Reason::transfer_expired);
  now = stale_from(today) - 1ms;
  EXPECT_EQ(reason(), Reason::permitted);
  now = stale_from(today);
  EXPECT_EQ(reason(), Reason::transfer_expired);
}

TEST_F(Transfers, TheRowThatHoldsLongestCounts) {
  const auto adequate = [&](Date expires, std::string name) {
    TransferRow made = transfer("EU", "US", Mechanism::adequacy);
    made.expires = expires;
    made.instrument = std::move(name);
    return made;
  };
  const TransferRow soon = adequate(today + std::chrono::days{2}, "soon");
  const TransferRow late = adequate(today + std::chrono::days{9}, "late");
  for (const auto& order : {std::vector{soon, late}, std::vector{late, soon}}) {
    transfers = order;
    EXPECT_EQ(answer().instrument, "late");
    EXPECT_EQ(answer().until, stale_from(today + std::chrono::days{9}));
  }
  now = WallTime{today + std::chrono::days{3}};
  EXPECT_EQ(answer().instrument, "late");
  now = stale_from(today + std::chrono::days{9});
  EXPECT_EQ(reason(), Reason::transfer_expired);
}

TEST_F(Transfers, ARowIsReliedOnThroughTheLastDayOfItsReview) {
  transfers = {transfer("EU", "US", Mechanism::adequacy)};
  transfers[0].review_by = today;
  EXPECT_EQ(answer().until, stale_from(today));
  now = stale_from(today) - 1ms;
  EXPECT_EQ(reason(), Reason::permitted);
  now = stale_from(today);
  EXPECT_EQ(reason(), Reason::transfer_stale);
}

TEST_F(Transfers, OfSeveralFailuresTheOneIsToldThatSaysMost) {
  const auto row_that = [&](Reason fails) {
    TransferRow made = transfer("EU", "US", Mechanism::scc);
    if (fails == Reason::transfer_expired) made.status = TransferStatus::annulled;
    if (fails == Reason::transfer_stale) made.review_by = today - std::chrono::days{1};
    if (fails == Reason::transfer_contested) made.status = TransferStatus::contested;
    if (fails == Reason::transfer_unsourced) made.source.clear();
    made.instrument = std::string{to_string(fails)};
    return made;
  };
  const std::vector<Reason> least_to_most{Reason::transfer_no_mechanism, Reason::transfer_unsourced,
                                          Reason::transfer_contested, Reason::transfer_stale,
                                          Reason::transfer_expired};
  for (std::size_t less = 0; less < least_to_most.size(); ++less)
    for (std::size_t more = less + 1; more < least_to_most.size(); ++more)
      for (const bool in_order : {true, false}) {
        transfers = {row_that(least_to_most[less]), row_that(least_to_most[more])};
        if (!in_order) std::swap(transfers[0], transfers[1]);
        EXPECT_EQ(reason(), least_to_most[more]);
        EXPECT_EQ(answer().instrument, to_string(least_to_most[more]));
      }
}

TEST_F(Transfers, AFailureNamesTheFirstRowThatWasThere) {
  transfers = {transfer("EU", "US", Mechanism::scc), transfer("EU", "US", Mechanism::intra_group)};
  transfers[1].instrument = "second";
  EXPECT_EQ(answer().mechanism, Mechanism::scc);
  EXPECT_EQ(answer().exporter, "EU");
}

TEST_F(Transfers, UnderSeveralRegimesTheAnswerHoldsUntilTheFirstOfThemChanges) {
  const TransferQuestion question{"recordings", "US", false, false};
  const auto until = [&](std::optional<Date> eu, std::optional<Date> gb) {
    transfers = {transfer("EU", "US", Mechanism::adequacy),
                 transfer("GB", "US", Mechanism::adequacy)};
    transfers[0].expires = eu;
    transfers[1].expires = gb;
    const auto both = binding_rows(rows, declared({"NL", "GB"}));
    return judge_transfer(rows, transfers, both, instruments, question, now).until;
  };
  const Date soon = today + std::chrono::days{2}, late = today + std::chrono::days{9};
  EXPECT_EQ(until(soon, late), stale_from(soon));
  EXPECT_EQ(until(late, soon), stale_from(soon));
  EXPECT_EQ(until({}, soon), stale_from(soon));
  EXPECT_EQ(until(soon, {}), stale_from(soon));
}

TEST_F(Transfers, WhereNoneIsNeededForOneRegimeTheOthersDatesHold) {
  rows["US"].regime = "US";
  transfers[0].expires = today;
  const auto both = binding_rows(rows, declared({"NL", "US"}));
  const auto answer =
      judge_transfer(rows, transfers, both, instruments, {"recordings", "US", false, false}, now);
  EXPECT_EQ(answer.reason, Reason::permitted);
  EXPECT_EQ(answer.until, stale_from(today));
}

TEST_F(Transfers, TheUkExtensionEndsWithTheFirstOfItselfAndTheDpf) {
  const Date soon = today + std::chrono::days{2};
  transfers = {transfer("GB", "US", Mechanism::uk_extension)};
  instruments = {instrument(Mechanism::uk_extension), instrument(Mechanism::dpf)};
  for (const std::size_t first : {0U, 1U}) {
    instruments[first].expires = soon;
    EXPECT_EQ(answer("GB").until, stale_from(soon));
    instruments[first].expires = today - std::chrono::days{1};
    EXPECT_EQ(reason("GB"), Reason::transfer_expired);
    instruments[first].expires = next_year;
  }
}

}  // namespace
}  // namespace assent::policy::test
