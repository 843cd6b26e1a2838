// What processors are shown of call detail records.
#include "gateway/cdr_view.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <random>
#include <set>

#include "gateway/aggregates.hpp"
#include "gateway/cdr_form.hpp"
#include "gateway/embedded.hpp"
#include "gateway/policy_file.hpp"
#include "policy/release.hpp"
#include "tests/gateway/cdr_samples.hpp"
#include "tests/seed.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;
using policy::RecordsView;
using test::noon;
using test::sample_cdr;
using test::secret;

policy::RuleBook built_in() {
  Faults faults;
  const auto loaded = read_policy(policy_texts({}, faults), noon, faults);
  EXPECT_TRUE(loaded) << to_string(faults);
  return loaded->rules;
}

std::set<std::string> fields_in(const json::value& value, const std::string& at = {}) {
  std::set<std::string> found;
  const auto add = [&](std::set<std::string> more) { found.merge(more); };
  if (const auto* object = value.if_object()) {
    for (const auto& [name, member] : *object) {
      const std::string path = at + "/" + std::string(name);
      found.insert(path);
      // Counts by reason have reasons for names.
      if (!path.ends_with("/withheld") && !path.ends_with("/dropped")) add(fields_in(member, path));
    }
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array)
      add(fields_in(item, at));
  }
  return found;
}

std::set<std::string> shown_fields(RecordsView view) {
  const auto shown = CdrView{view, "some-processor"}.shown(sample_cdr());
  return shown ? fields_in(json::parse(to_json(*shown))) : std::set<std::string>{};
}

std::string in_every_form(const Cdr& cdr) {
  std::string text;
  for (std::size_t form = 0; form < cdr_form_words.size(); ++form) {
    const auto writer = make_cdr_writer(static_cast<CdrForm>(form), "gateway");
    writer->begin(text);
    writer->add(cdr, text);
    writer->finish(text);
  }
  return text;
}

// The words that must not come out, of all that were put in.
std::set<std::string> secrets_in(const std::string& text) {
  std::set<std::string> found;
  for (std::size_t at = text.find("secret-of-"); at != text.npos;
       at = text.find("secret-of-", at + 1)) {
    const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
    found.insert(text.substr(at, end - at));
  }
  return found;
}

TEST(CdrView, EveryFieldOfARecordIsInTheSample) {
  // So that a new field is put into the sample, and the views below are asked about it.
  Cdr cdr = sample_cdr();
  cdr.id = 7;
  cdr.view = "full";
  cdr.denied_processors = {"hosting"};
  cdr.legs[0].routes[0].detached_at = 100;
  cdr.legs[0].routes[0].attached_at = cdr.legs[0].routes[0].earlier_ingress = 1;
  cdr.transfers[0].reason = "transfer_expired";
  cdr.transfers[0].milliseconds = 1;
  EXPECT_EQ(fields_in(json::parse(to_json(cdr))).size(), 82U);
}

TEST(CdrView, Row11SupportSeesWhatWorkedInTheRoomOfACaseAndNotWhoItWas) {
  const std::set<std::string> expected{"/version",
                                       "/kind",
                                       "/record_seq",
                                       "/cause_for_closing",
                                       "/view",
                                       "/session",
                                       "/room",
                                       "/participant",
                                       "/minor",
                                       "/opened",
                                       "/at",
                                       "/counted_until",
                                       "/jurisdictions",
                                       "/consents",
                                       "/consents/purpose",
                                       "/consents/state",
                                       "/consents/epoch",
                                       "/consents/since",
                                       "/legs",
                                       "/legs/side",
                                       "/legs/media",
                                       "/legs/transport",
                                       "/legs/carrier",
                                       "/legs/packets",
                                       "/legs/bytes",
                                       "/legs/control_packets",
                                       "/legs/dropped",
                                       "/legs/routes",
                                       "/legs/routes/kind",
                                       "/legs/routes/sink",
                                       "/legs/routes/purpose",
                                       "/legs/routes/attached_at",
                                       "/legs/routes/packets",
                                       "/legs/routes/bytes",
                                       "/legs/routes/milliseconds",
                                       "/legs/routes/first",
                                       "/legs/routes/last",
                                       "/legs/routes/withheld",
                                       "/legs/routes/delivered",
                                       "/transfers"};
  EXPECT_EQ(shown_fields(RecordsView::support), expected);
  const auto shown = CdrView{RecordsView::support, "crm"}.shown(sample_cdr());
  EXPECT_TRUE(CdrView(RecordsView::support, "crm").needs_rooms());
  EXPECT_EQ(shown->minor, policy::Minor::unknown);  // nothing is said
  EXPECT_TRUE(shown->jurisdictions.empty());
  EXPECT_TRUE(shown->transfers.empty());
  EXPECT_EQ(shown->consents[0].epoch, 0U);
  for (const auto& leg : shown->legs)
    for (const auto& route : leg.routes)
      EXPECT_TRUE(route.delivered.empty());
  const std::set<std::string> told{secret("room"),    secret("purpose"), secret("route-purpose"),
                                   secret("sink"),    secret("carrier"), secret("dropped"),
                                   secret("withheld")};
  EXPECT_EQ(secrets_in(in_every_form(*shown)), told);
}

TEST(CdrView, Row12TelecomProvidersSeeConferenceDataOfCarriersLegsOnly) {
  const std::set<std::string> expected{"/version",
                                       "/kind",
                                       "/record_seq",
                                       "/cause_for_closing",
                                       "/view",
                                       "/session",
                                       "/room",
                                       "/participant",
                                       "/minor",
                                       "/opened",
                                       "/at",
                                       "/counted_until",
                                       "/jurisdictions",
                                       "/jurisdictions/code",
                                       "/jurisdictions/evidence_kind",
                                       "/consents",
                                       "/legs",
                                       "/legs/side",
                                       "/legs/media",
                                       "/legs/transport",
                                       "/legs/carrier",
                                       "/legs/packets",
                                       "/legs/bytes",
                                       "/legs/control_packets",
                                       "/legs/dropped",
                                       "/legs/routes",
                                       "/legs/routes/kind",
                                       "/legs/routes/attached_at",
                                       "/legs/routes/packets",
                                       "/legs/routes/bytes",
                                       "/legs/routes/milliseconds",
                                       "/legs/routes/first",
                                       "/legs/routes/last",
                                       "/legs/routes/withheld",
                                       "/legs/routes/delivered",
                                       "/transfers"};
  EXPECT_EQ(shown_fields(RecordsView::conference), expected);
  const auto shown = CdrView{RecordsView::conference, "telecom"}.shown(sample_cdr());
  ASSERT_EQ(shown->legs.size(), 1U);
  EXPECT_EQ(shown->legs[0].routes.size(), 1U);
  EXPECT_TRUE(shown->legs[0].routes[0].withheld.empty());
  EXPECT_TRUE(shown->legs[0].dropped.empty());
  EXPECT_TRUE(shown->consents.empty());
  ASSERT_EQ(shown->jurisdictions.size(), 1U);
  EXPECT_EQ(shown->jurisdictions[0].code, "NL");  // the leg's country, tagged
  EXPECT_TRUE(shown->jurisdictions[0].evidence.empty());
  EXPECT_EQ(secrets_in(in_every_form(*shown)), std::set<std::string>{secret("carrier")});

  Cdr by_browser = sample_cdr();
  for (auto& leg : by_browser.legs)
    leg.carrier.clear();
  EXPECT_FALSE(CdrView(RecordsView::conference, "telecom").shown(by_browser));
}

TEST(CdrView, SupportDoesNotLearnWhoNeedsAGuardian) {
  Cdr cdr = sample_cdr();
  cdr.consents.push_back(cdr.consents[0]);
  cdr.consents[1].giver = "guardian";
  cdr.legs[0].routes[0].withheld = {{"guardian_missing", 3}, {"consent_unknown", 4}};
  cdr.legs[0].routes[1].withheld = {{"guardian_missing", 5}};
  const auto shown = CdrView{RecordsView::support, "crm"}.shown(cdr);
  EXPECT_EQ(shown->consents.size(), 1U);
  using Counts = std::map<std::string, std::uint64_t>;
  EXPECT_EQ(shown->legs[0].routes[0].withheld, (Counts{{"consent_unknown", 7}}));
  EXPECT_EQ(shown->legs[0].routes[1].withheld, (Counts{{"consent_unknown", 5}}));
}

TEST(CdrView, TelecomProvidersDoNotLearnOfChangesOfConsents) {
  Cdr cdr = sample_cdr();
  cdr.kind = CdrKind::interim;
  cdr.cause = CauseForClosing::consent_change;
  EXPECT_EQ(CdrView(RecordsView::conference, "telecom").shown(cdr)->cause, CauseForClosing::period);
}

TEST(CdrView, WhomALayerDeniesIsShownNothing) {
  Cdr cdr = sample_cdr();
  cdr.denied_processors = {"hosting"};
  for (const auto view : {RecordsView::full, RecordsView::support, RecordsView::conference}) {
    EXPECT_FALSE(CdrView(view, "hosting").shown(cdr));
    EXPECT_TRUE(CdrView(view, "another").shown(cdr));
  }
  EXPECT_TRUE(CdrView().shown(cdr));
}

TEST(CdrView, Row13TollFreeProvidersAreShownWhatTelecomProvidersAre) {
  const auto rules = built_in();
  EXPECT_EQ(policy::records_view(rules, "telecom"), RecordsView::conference);
  EXPECT_EQ(policy::records_view(rules, "toll-free"), RecordsView::conference);
}

TEST(CdrView, Row14And33AnalyticsIsShownNoRecordButAggregates) {
  const auto rules = built_in();
  EXPECT_EQ(policy::records_view(rules, "analytics-service"), RecordsView::aggregates);
  EXPECT_FALSE(CdrView(RecordsView::aggregates, "analytics-service").shown(sample_cdr()));
}

TEST(CdrView, WhatNoRowAllowsIsShownToNobody) {
  auto rules = built_in();
  for (const char* name : {"user-management", "card-processor", "on-premises", "nobody"})
    EXPECT_EQ(policy::records_view(rules, name), RecordsView::none) << name;
  EXPECT_FALSE(CdrView(RecordsView::none, "nobody").shown(sample_cdr()));
  EXPECT_EQ(policy::records_view(rules, ""), RecordsView::full);  // the operator
  EXPECT_EQ(policy::records_view(rules, "hosting"), RecordsView::full);
  EXPECT_EQ(policy::records_view(rules, "customer-management"), RecordsView::support);
  // A category that was taken away takes the records with it; own use leaves aggregates.
  std::erase(rules.processors.at("hosting").categories, "call-records");
  EXPECT_EQ(policy::records_view(rules, "hosting"), RecordsView::none);
  rules.processors.at("telecom").own_use = true;
  EXPECT_EQ(policy::records_view(rules, "telecom"), RecordsView::aggregates);
}

TEST(CdrView, OtherNamesJoinTheRecordsOfOneHoldingAndNothingElse) {
  const auto named = [](const char* processor, const char* session, const char* participant) {
    Cdr cdr = sample_cdr();
    cdr.session = session;
    cdr.participant = participant;
    const auto shown = CdrView{RecordsView::support, processor}.shown(cdr);
    return shown->session + " " + shown->participant;
  };
  EXPECT_EQ(named("crm", "one", "ann"), named("crm", "one", "ann"));
  const std::set<std::string> different{named("crm", "one", "ann"), named("crm", "two", "ann"),
                                        named("other", "one", "ann"), named("crm", "one", "ben")};
  EXPECT_EQ(different.size(), 4U);
}

// Records of any shape: no text of a field outside the view comes out in any form, ever.
TEST(CdrView, NoTextOutsideTheViewComesOutInAnyForm) {
  const auto seed = tests::Seed::from_environment_or(20261126);
  SCOPED_TRACE(seed.text());
  std::mt19937_64 dice{seed.value()};
  const auto often = [&] { return dice() % 3 != 0; };
  const std::set<std::string> of_support{
      secret("room"),    secret("purpose"), secret("route-purpose"), secret("sink"),
      secret("carrier"), secret("dropped"), secret("withheld")};
  for (int round = 0; round < 300; ++round) {
    Cdr cdr = sample_cdr();
    cdr.kind = static_cast<CdrKind>(dice() % 3);
    cdr.cause = static_cast<CauseForClosing>(dice() % 12);
    if (cdr.kind == CdrKind::start) cdr.cause.reset();
    if (often()) cdr.consents.push_back(cdr.consents[0]);
    if (often()) cdr.consents.back().method = dice() % 2 == 0 ? "verbal" : "written";
    if (!often()) cdr.participant.clear();
    if (!often()) cdr.legs.clear();
    if (often()) cdr.legs.push_back(test::sample_leg("client", secret("carrier")));
    for (const auto view : {RecordsView::conference, RecordsView::support}) {
      const auto shown = CdrView{view, "crm"}.shown(cdr);
      if (!shown) continue;
      const auto parsed = parse_cdr(to_json(*shown));
      ASSERT_TRUE(parsed) << parsed.error().what;
      for (const auto& found : secrets_in(in_every_form(*shown))) {
        const bool allowed =
            view == RecordsView::support ? of_support.contains(found) : found == secret("carrier");
        EXPECT_TRUE(allowed) << found << " in the view " << to_string(view);
      }
    }
  }
}

}  // namespace
}  // namespace assent::gateway
