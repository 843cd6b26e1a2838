// Transfers through the running service, and from its database.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <sstream>
#include <thread>

#include "gateway/cdr.hpp"
#include "gateway/embedded.hpp"
#include "gateway/transfers_report.hpp"
#include "tests/gateway/media_peer.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

// People in NL and GB; the gateway is in DE, the conference server in the US, where nothing makes
// the call lawful.
class Abroad : public testing::Test {
 protected:
  Abroad() { service.ask("PUT", "/v1/rooms/standup", "{}"); }

  json::value join(const std::string& name, const std::string& country) {
    return service.ask("PUT", "/v1/rooms/standup/participants/" + name,
                       R"({"subject": "s-)" + name +
                           R"(", "minor": false, "jurisdictions": {"declared": [")" + country +
                           R"("]}})");
  }
  void talk(Caller& caller, int packets = 5) {
    for (int i = 0; i < packets; ++i) {
      caller.speak();
      EXPECT_TRUE(caller.server.receive());
    }
  }
  json::value transfers(const std::string& query = {}) {
    return service.ask("GET", "/v1/transfers" + query);
  }
  // The one that goes there for this purpose.
  static json::object way_to(const json::value& report, std::string_view to,
                             std::string_view purpose) {
    for (const auto& way : report.at("transfers").as_array())
      if (way.at("to").as_string() == to && way.at("purpose").as_string() == purpose)
        return way.as_object();
    throw std::runtime_error("no such way in " + json::serialize(report));
  }

  Socket archive;
  RunningService service{
      {.archive_port = archive.port(), .gateway_place = "DE", .server_place = "US"}};
};

TEST_F(Abroad, TheCallsOwnUnlawfulWayIsReportedAtOnceAndTheCallGoesOn) {
  const auto joined = join("ann", "NL");
  const auto& unlawful = joined.at("unlawful_transfers").as_array();
  ASSERT_EQ(unlawful.size(), 1U) << json::serialize(joined);
  EXPECT_EQ(unlawful[0].at("to").as_string(), "US");
  EXPECT_EQ(unlawful[0].at("purpose").as_string(), "call");
  EXPECT_FALSE(unlawful[0].at("reason").as_string().empty());
  const auto metrics = service.call("GET", "/metrics");
  EXPECT_NE(json::serialize(metrics.body).find("assent_unlawful_transfers_total 1"),
            std::string::npos);
  EXPECT_NE(service.log().find("transfer.unlawful"), std::string::npos);
  EXPECT_EQ(service.log().find("ann"), std::string::npos);  // nobody's name

  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  talk(caller);
  service.ask("DELETE", caller.path);
  const auto way = way_to(transfers(), "US", "call");
  EXPECT_FALSE(way.at("lawful").as_bool());
  EXPECT_EQ(way.at("from").as_string(), "NL");
  EXPECT_EQ(way.at("via").as_string(), "DE");
  EXPECT_EQ(way.at("packets").to_number<int>(), 5);
  EXPECT_EQ(way.at("bytes").to_number<int>(), 5 * 52);
  EXPECT_EQ(way.at("reason"), unlawful[0].at("reason"));
}

TEST_F(Abroad, ArrivalAtTheGatewayIsATransferWithinTheRegimeThatNeedsNoMechanism) {
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  talk(caller, 3);
  service.ask("DELETE", caller.path);
  const auto way = way_to(transfers(), "DE", "call");
  EXPECT_TRUE(way.at("lawful").as_bool());
  EXPECT_EQ(way.at("exporter").as_string(), "participant");
  EXPECT_EQ(way.at("importer").as_string(), "assent");
  EXPECT_EQ(way.at("mechanism").as_string(), "not_needed");
  EXPECT_EQ(way.at("packets").to_number<int>(), 3);
}

TEST_F(Abroad, RecordsThatAreWrittenIntoDailyFilesAreToldOf) {
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  service.ask("DELETE", caller.path);
  const auto way = way_to(transfers(), "DE", "records");
  EXPECT_EQ(way.at("importer").as_string(), "cdr_directory");
  EXPECT_GT(way.at("packets").to_number<int>(), 0);
  EXPECT_GT(way.at("bytes").to_number<int>(), 100);
}

TEST_F(Abroad, WhatPassedBeforeAPersonMovedPassedFromWhereItWas) {
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  talk(caller, 4);
  service.ask("PATCH", caller.path,
              R"({"jurisdictions": {"declared": ["GB"]}, "reevaluate": true})");
  talk(caller, 6);
  service.ask("DELETE", caller.path);
  const auto from = [&](const std::string& country) {
    return way_to(transfers("?from=" + country), "US", "call").at("packets").to_number<int>();
  };
  EXPECT_EQ(from("NL"), 4);
  EXPECT_EQ(from("GB"), 6);
}

TEST_F(Abroad, CallsThatGoOnAreThereToo) {
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  talk(caller, 5);
  service.ask("POST", caller.path + "/answer", Caller::answer_body(sdp(caller.server.port())));
  (void)service.ask("GET", "/v1/cdrs");  // answered after what was stored before
  EXPECT_EQ(way_to(transfers(), "US", "call").at("packets").to_number<int>(), 5);
}

TEST_F(Abroad, AreAskedForByWhatMattersAndInEveryForm) {
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  talk(caller, 2);
  service.ask("DELETE", caller.path);
  const auto count = [&](const std::string& query) {
    return transfers(query).at("transfers").as_array().size();
  };
  EXPECT_EQ(count(""), 3U);
  EXPECT_EQ(count("?room=standup&subject=s-caller"), 3U);
  EXPECT_EQ(count("?room=other"), 0U);
  EXPECT_EQ(count("?subject=s-other"), 0U);
  EXPECT_EQ(count("?mechanism=none"), 1U);
  EXPECT_EQ(count("?processor=assent"), 1U);
  EXPECT_EQ(count("?by=countries"), 2U);
  EXPECT_EQ(count("?by=subject"), 2U);
  EXPECT_EQ(count("?since=2020-01-01&until=2020-02-01"), 0U);
  EXPECT_EQ(count("?since=2020-01-01"), 3U);
  for (const std::string bad : {"mechanism=prayer", "from=nl", "since=yesterday", "by=day",
                                "format=pdf", "processor=a%20b", "who=ann", "subject="})
    EXPECT_EQ(service.call("GET", "/v1/transfers?" + bad).status, 400U) << bad;
  const auto csv = service.call("GET", "/v1/transfers?format=csv");
  EXPECT_EQ(csv.status, 200U);
  EXPECT_NE(json::serialize(csv.body).find("lawful,subject"), std::string::npos);
  const auto svg = service.call("GET", "/v1/transfers?format=svg&by=subject");
  EXPECT_NE(json::serialize(svg.body).find("Where personal data went"), std::string::npos);
  EXPECT_NE(json::serialize(svg.body).find("Netherlands"), std::string::npos);
}

TEST_F(Abroad, AreForOperatorsAndPrivacyOfficers) {
  for (const auto role : {Role::operator_, Role::privacy_officer})
    EXPECT_EQ(service.call_as(role, "GET", "/v1/transfers").status, 200U);
  for (const auto role : {Role::conference_server, Role::participant, Role::guardian})
    EXPECT_EQ(service.call_as(role, "GET", "/v1/transfers").status, 403U);
}

TEST_F(Abroad, TheCommandReadsTheSameFromTheDatabaseOfARunningService) {
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  talk(caller, 2);
  service.ask("DELETE", caller.path);
  (void)service.ask("GET", "/v1/cdrs");
  TransfersQuestion question;
  question.form = TransfersQuestion::Form::json;
  question.picture = service.state() / "picture.svg";
  std::ostringstream out;
  std::ostringstream progress;
  report_transfers(service.state() / "assent.db", question, out, progress);
  EXPECT_EQ(json::parse(out.str()), transfers());
  std::ifstream picture{question.picture};
  const std::string svg{std::istreambuf_iterator<char>{picture}, {}};
  EXPECT_NE(svg.find("Netherlands"), std::string::npos);
  EXPECT_EQ(std::filesystem::status(question.picture).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  question.form = TransfersQuestion::Form::table;
  question.filter.subject = "s-nobody";
  std::ostringstream none;
  report_transfers(service.state() / "assent.db", question, none, progress);
  EXPECT_NE(none.str().find("No transfers match"), std::string::npos);
}

// The built-in policy, with its archive in the US, and nothing that makes that lawful.
std::string policy_with_archive_abroad() {
  std::string text{embedded("policy.yaml").value()};
  const std::string here = "archive: {purpose: recording, processor: hosting, jurisdiction: NL}";
  text.replace(text.find(here), here.size(),
               "archive: {purpose: recording, processor: hosting, jurisdiction: US}");
  return text;
}

TEST(TransferToASink, WithoutAMechanismIsDeniedBeforeTheFirstPacketAndTheCallGoesOn) {
  Socket archive;
  RunningService service{
      {.archive_port = archive.port(), .policy_text = policy_with_archive_abroad()}};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  service.ask("PUT", caller.path + "/consents/recording", grant());
  for (int i = 0; i < 20; ++i) {
    caller.speak();
    EXPECT_TRUE(caller.server.receive());
  }
  EXPECT_EQ(archive.receive(100ms), std::nullopt);
  service.ask("DELETE", caller.path);
  const auto records = service.ask("GET", "/v1/cdrs?room=standup").at("cdrs").as_array();
  const auto last = parse_cdr(json::serialize(records.back())).value();
  bool found = false;
  for (const auto& leg : last.legs) {
    for (const auto& route : leg.routes) {
      if (route.sink != "archive") continue;
      found = true;
      EXPECT_EQ(route.packets, 0U);
      ASSERT_EQ(route.withheld.size(), 1U);
      EXPECT_TRUE(route.withheld.begin()->first.starts_with("transfer_"));
      EXPECT_EQ(route.withheld.begin()->second, 20U);
    }
  }
  EXPECT_TRUE(found);
  for (const auto& transfer : last.transfers)
    EXPECT_NE(transfer.importer, "hosting");
}

}  // namespace
}  // namespace assent::gateway::test
