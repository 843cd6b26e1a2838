// Call detail records that the running service gives out, asked for and by itself.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/ip/udp.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "gateway/cdr.hpp"
#include "gateway/cdrs_report.hpp"
#include "gateway/embedded.hpp"
#include "gateway/export_sender.hpp"
#include "gateway/webhook_signature.hpp"
#include "tests/gateway/cdr_samples.hpp"
#include "tests/gateway/coroutine.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/gateway/subject_fixture.hpp"
#include "tests/gateway/webhook_receiver.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view hook_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::vector<std::string> lines_in(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

// The built-in policy, with a line behind the first place where another one stands.
std::string policy_with(std::string_view after, const std::string& line) {
  std::string text{embedded("policy.yaml").value()};
  const auto at = text.find(after);
  EXPECT_NE(at, text.npos) << after;
  text.insert(at + after.size(), line);
  return text;
}

class GivenOut : public AfterACallOnEither {
 protected:
  GivenOut() {
    std::ofstream{outside() / "secret"} << hook_secret << '\n';
    ::chmod((outside() / "secret").c_str(), 0600);
    fs::create_directory(files());
  }
  fs::path files() const { return outside() / "handed-over"; }

  // A room with one person in it who talks for a moment and leaves.
  static void call(RunningService& service, const std::string& room = "standup",
                   const std::string& name = "ann") {
    service.ask("PUT", "/v1/rooms/" + room, "{}");
    Caller caller{service, room, name, 0xabc};
    caller.connect(service);
    for (int i = 0; i < 3; ++i) {
      caller.speak();
      EXPECT_TRUE(caller.server.receive());
    }
    service.ask("DELETE", "/v1/rooms/" + room);
  }
  static std::string text(RunningService& service, const std::string& query) {
    const auto answer = service.call("GET", "/v1/cdrs" + query);
    EXPECT_EQ(answer.status, 200U) << query;
    return answer.body.is_string() ? std::string(answer.body.as_string())
                                   : json::serialize(answer.body);
  }
  // Of the one target there is, when it says so or the time is over.
  static json::object target_when(RunningService& service, std::string_view name,
                                  std::uint64_t sent, std::string_view refused = {}) {
    json::object last;
    for (int i = 0; i < 1'000; ++i) {
      const auto all = service.call_as(Role::privacy_officer, "GET", "/v1/exports");
      for (const auto& of : all.body.at("exports").as_array()) {
        if (of.at("name").as_string() != name) continue;
        last = of.as_object();
        const bool stayed = refused.empty() || last.at("refused").as_object().contains(refused);
        if (last.at("sent").to_number<std::uint64_t>() >= sent && stayed) return last;
      }
      std::this_thread::sleep_for(10ms);
    }
    ADD_FAILURE() << json::serialize(last);
    return last;
  }
  RunningService::Options with(const std::string& exports, const std::string& policy = {}) {
    auto made = options();
    made.exports = exports;
    made.policy_text = policy;
    return made;
  }
  std::string into_hook(const std::string& port) const {
    return "  - {name: hook, kind: webhook, jurisdiction: NL, url: 'http://127.0.0.1:" + port +
           "/calls', allow_private: true, secret_file: " + (outside() / "secret").string() + "}\n";
  }
  std::string into_files(const std::string& more) const {
    return "  - {name: billing, kind: file, directory: " + files().string() + more + "}\n";
  }
  std::string handed_over() const {
    std::string all;
    for (const auto& file : fs::directory_iterator{files()})
      all += bytes_of(file.path());
    return all;
  }
};

INSTANTIATE_TEST_SUITE_P(Sqlite, GivenOut, testing::Values(Server::sqlite));
INSTANTIATE_TEST_SUITE_P(Postgresql, GivenOut, testing::Values(Server::postgresql));

TEST_P(GivenOut, InEveryFormByTheApi) {
  RunningService service{options()};
  call(service);
  const auto records = service.ask("GET", "/v1/cdrs").at("cdrs").as_array();
  const auto lines = lines_in(text(service, "?format=jsonl"));
  ASSERT_EQ(lines.size(), records.size());
  for (const auto& line : lines)
    EXPECT_TRUE(parse_cdr(line)) << line;
  EXPECT_EQ(lines_in(text(service, "?format=csv")).size(), records.size() + 1);
  EXPECT_EQ(lines_in(text(service, "?format=csv&participant=nobody")).size(), 1U);
  EXPECT_NE(text(service, "?format=cel").find("\"LINKEDID_END\""), std::string::npos);
  const auto call = json::parse(lines_in(text(service, "?format=freeswitch")).at(0));
  EXPECT_EQ(call.at("variables").at("rtp_audio_in_packet_count").as_string(), "3");
  const auto vcons = lines_in(text(service, "?format=vcon"));
  ASSERT_EQ(vcons.size(), 1U);
  EXPECT_EQ(json::parse(vcons[0]).at("parties").as_array().size(), 1U);
}

TEST_P(GivenOut, WhatIsAskedWronglyIsRefused) {
  RunningService service{options()};
  for (const std::string bad :
       {"format=pdf", "since=yesterday", "processor=a%20b", "format=csv&limit=3", "until=1", "x=y"})
    EXPECT_EQ(service.call("GET", "/v1/cdrs?" + bad).status, 400U) << bad;
  EXPECT_EQ(service.call_as(Role::conference_server, "GET", "/v1/cdrs?format=csv").status, 403U);
  EXPECT_EQ(service.call_as(Role::participant, "GET", "/v1/exports").status, 403U);
}

TEST_P(GivenOut, TheCommandWritesTheSameFromACopyOfTheDatabase) {
  RunningService service{options()};
  call(service);
  const auto has_ended = [&] { return lines_in(text(service, "?format=jsonl")).size() == 5; };
  for (int i = 0; i < 1'000 && !has_ended(); ++i)
    std::this_thread::sleep_for(10ms);
  const auto written = [&](CdrsQuestion question) {
    std::string out;
    std::ostringstream progress;
    report_cdrs(
        place_, question, [&](std::string_view piece) { out += piece; }, progress);
    return out;
  };
  for (const auto form : {CdrForm::lines, CdrForm::csv, CdrForm::vcon, CdrForm::cel}) {
    CdrsQuestion question;
    question.form = form;
    question.gateway = "assent";
    EXPECT_EQ(lines_in(written(question)),
              lines_in(text(service, "?format=" + std::string(to_string(form)))));
  }
  CdrsQuestion question;
  question.processor = "customer-management";
  EXPECT_THROW(written(question), std::runtime_error);  // no room is named
  question.filter.room = "standup";
  const auto support = written(question);
  EXPECT_EQ(lines_in(support),
            lines_in(text(service, "?format=jsonl&room=standup&processor=customer-management")));
  EXPECT_EQ(support.find("s-ann"), std::string::npos);
  for (const char* nobody : {"card-processor", "analytics-service", "nobody"}) {
    question.processor = nobody;
    EXPECT_THROW(written(question), std::runtime_error) << nobody;
  }
}

// Rows 11 to 14.
TEST_P(GivenOut, Row11To14ToAProcessorAsItsRowShowsIt) {
  RunningService service{options()};
  call(service);
  EXPECT_EQ(service.call("GET", "/v1/cdrs?processor=customer-management").status, 400U);
  const auto support = service.ask("GET", "/v1/cdrs?processor=customer-management&room=standup");
  EXPECT_FALSE(support.at("cdrs").as_array().empty());
  EXPECT_EQ(json::serialize(support).find("s-ann"), std::string::npos);
  EXPECT_EQ(support.at("cdrs").at(0).at("view").as_string(), "support");
  // Nobody came by a carrier.
  EXPECT_TRUE(service.ask("GET", "/v1/cdrs?processor=telecom").at("cdrs").as_array().empty());
  for (const std::string nothing : {"analytics-service", "card-processor", "nobody"})
    EXPECT_EQ(service.call("GET", "/v1/cdrs?processor=" + nothing).status, 422U) << nothing;
}

TEST_P(GivenOut, AFileGetsEachRecordOnceAlsoOverARestart) {
  const auto made = with(into_files(", processor: hosting, jurisdiction: IE, form: csv"));
  for (int run = 0; run < 2; ++run) {
    RunningService service{made};
    call(service);
    const std::uint64_t sent = 2 * (static_cast<std::uint64_t>(run) + 1);
    EXPECT_EQ(target_when(service, "billing", sent).at("view").as_string(), "full");
  }
  const auto lines = lines_in(handed_over());
  ASSERT_EQ(lines.size(), 5U) << handed_over();  // a head; ann's last record and the room's, twice
  EXPECT_TRUE(lines[0].starts_with("id,kind,"));
  EXPECT_NE(lines[1].find(",ann,s-ann,"), std::string::npos);
  for (const auto& file : fs::directory_iterator{files()})
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_P(GivenOut, ATargetGetsWhatIsRecordedFromItsFirstStartOn) {
  {
    RunningService before{options()};
    call(before, "before");
  }
  RunningService service{with(into_files(", jurisdiction: NL"))};
  EXPECT_NE(target_when(service, "billing", 0).at("after").as_string(), "0")
      << "it is to know that before anybody can be recorded";
  call(service, "after");
  target_when(service, "billing", 2);
  EXPECT_EQ(handed_over().find("before"), std::string::npos);
}

TEST_P(GivenOut, WhatLeftIsATransferAndSoAreItsMechanismAndItsBytes) {
  const auto policy = policy_with(
      "    media_path: true\n    records: full\n",
      "    mechanisms:\n      - {mechanism: scc, country: IN, entity: Hosting Ltd, categories: "
      "[call-records], module: \"2\", reference: TIA-1, checked_at: 2026-11-01, expires: "
      "2036-11-01}\n");
  RunningService service{with(into_files(", processor: hosting, jurisdiction: IN"), policy)};
  call(service);
  target_when(service, "billing", 2);
  json::object way;
  const auto report = service.ask("GET", "/v1/transfers?processor=hosting");
  for (const auto& of : report.at("transfers").as_array())
    if (of.at("purpose").as_string() == "records") way = of.as_object();
  ASSERT_FALSE(way.empty()) << json::serialize(report);
  EXPECT_TRUE(way.at("lawful").as_bool());
  EXPECT_EQ(way.at("mechanism").as_string(), "scc");
  EXPECT_EQ(way.at("from").as_string(), "NL");
  EXPECT_EQ(way.at("to").as_string(), "IN");
  EXPECT_EQ(way.at("calls").to_number<int>(), 1);
  EXPECT_EQ(way.at("packets").to_number<int>(), 1);
  EXPECT_GT(way.at("bytes").to_number<int>(), 300);
  // And the person is told when it asks.
  const auto archive = officer(service, "GET", "s-ann").body;
  EXPECT_EQ(archive.at("exports").at(0).at("target").as_string(), "billing");
  EXPECT_EQ(archive.at("exports").at(0).at("transfers").at(0).at("mechanism").as_string(), "scc");
}

TEST_P(GivenOut, WithoutAMechanismNothingLeavesAndThatIsSeen) {
  RunningService service{with(into_files(", processor: hosting, jurisdiction: IN"))};
  call(service);
  const auto target = target_when(service, "billing", 0, "transfer_unsourced");
  EXPECT_EQ(target.at("sent").to_number<int>(), 0);
  EXPECT_EQ(handed_over().find("s-ann"), std::string::npos);
  const auto metrics = json::serialize(service.call("GET", "/metrics").body);
  EXPECT_NE(metrics.find("assent_export_refused_total{export=\\\"billing\\\",reason=\\\"transfer_un"
                         "sourced\\\"}"),
            std::string::npos);
  EXPECT_TRUE(service.log_says("export.refused"));
  EXPECT_FALSE(service.log_says("s-ann"));
  const auto report = service.ask("GET", "/v1/transfers");
  for (const auto& of : report.at("transfers").as_array())
    EXPECT_NE(of.at("importer").as_string(), "hosting");
}

TEST_P(GivenOut, APolicyThatTakesTheViewAwayTakesItFromWhatIsNotSentYet) {
  RunningService service{with(into_files(", processor: hosting, jurisdiction: IE"))};
  std::string text{embedded("policy.yaml").value()};
  const std::string shown = "    media_path: true\n    records: full\n";
  text.replace(text.find(shown), shown.size(), "    media_path: true\n    records: none\n");
  const json::object proposal{{"policy", text}};
  service.ask("PUT", "/v1/policy", json::serialize(proposal));
  call(service);
  target_when(service, "billing", 0, "category_not_bound");
  EXPECT_EQ(handed_over(), "");
}

TEST_P(GivenOut, ARoomsLayerThatDeniesTheProcessorHolds) {
  RunningService service{with(into_files(", processor: hosting, jurisdiction: IE"))};
  service.ask("PUT", "/v1/rooms/standup", R"({"policy": {"deny_processors": ["hosting"]}})");
  Caller caller{service, "standup", "ann", 0xabc};
  caller.connect(service);
  service.ask("DELETE", "/v1/rooms/standup");
  target_when(service, "billing", 0, "policy_denies");
  EXPECT_EQ(handed_over(), "");
  // Nor is it shown when it is asked for.
  EXPECT_EQ(text(service, "?processor=hosting&participant=ann"), R"({"cdrs":[]})");
  EXPECT_EQ(text(service, "?format=jsonl&processor=hosting&participant=ann"), "");
}

// Of a full disk, or a process that was killed.
TEST_P(GivenOut, WhatAFailedAttemptLeftInANewFileIsNotInIt) {
  ExportConfig config;
  config.name = "billing";
  FileExport into;
  into.directory = files();
  config.to = into;
  boost::asio::thread_pool disk{1};
  const auto sender = make_file_sender(disk, config, "assent");
  ExportBatch batch;
  batch.target = config.name;
  batch.records = {sample_cdr()};
  ExportPlace place;
  ASSERT_EQ(run(sender->open(place)), ExportOutcome::sent);
  EXPECT_EQ(place.size, 0U);
  EXPECT_TRUE(fs::exists(files() / place.file));
  const ExportPlace stored = place;
  std::ofstream{files() / place.file} << "{\"version\":3,\"ki";
  for (int attempt = 0; attempt < 2; ++attempt) {
    place = stored;
    ASSERT_EQ(run(sender->open(place)), ExportOutcome::sent);
    ASSERT_EQ(run(sender->send(batch, place)), ExportOutcome::sent);
    EXPECT_EQ(handed_over(), to_json(sample_cdr()) + '\n');
    EXPECT_EQ(place.size, handed_over().size());
  }
}

TEST_P(GivenOut, AWebhookGetsThemSignedAndAgainUntilItTakesThem) {
  WebhookReceiver receiver{{503, 204}};
  RunningService service{with(into_hook(receiver.port()))};
  call(service);
  const auto requests = receiver.requests(2, 30s);
  ASSERT_GE(requests.size(), 2U);
  EXPECT_EQ(requests[0]["webhook-id"], requests[1]["webhook-id"]);
  const auto& second = requests[1];
  const auto body = json::parse(second.body());
  EXPECT_EQ(body.at("type").as_string(), "call_records");
  EXPECT_EQ(body.at("data").at("export").as_string(), "hook");
  const auto& records = body.at("data").at("records").as_array();
  ASSERT_GE(records.size(), 1U);
  for (const auto& record : records)
    EXPECT_TRUE(parse_cdr(json::serialize(record)));
  const auto signature = webhook_signature(
      parse_webhook_secret(hook_secret).value(), std::string(second["webhook-id"]),
      std::stoll(std::string(second["webhook-timestamp"])), second.body());
  EXPECT_EQ(std::string(second["webhook-signature"]), signature);
  EXPECT_TRUE(service.log_says("export.failing"));
  for (int i = 0; i < 1'000 && !service.log_says("export.recovered"); ++i)
    std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(service.log_says("export.recovered"));
}

// Row 24: what waits is nobody's any more when the person is erased.
TEST_P(GivenOut, Row24WhoIsErasedBeforeARecordWasSentIsErasedInIt) {
  WebhookReceiver receiver{{503, 204}};
  RunningService service{with(into_hook(receiver.port()))};
  call(service, "standup", std::string(zelda));
  ASSERT_EQ(receiver.requests(1).size(), 1U);
  ASSERT_EQ(officer(service, "DELETE", "s-" + std::string(zelda)).status, 200U);
  const auto requests = receiver.requests(2, 30s);
  ASSERT_GE(requests.size(), 2U);
  EXPECT_NE(requests[0].body().find(zelda), std::string::npos);
  EXPECT_EQ(requests[1].body().find(zelda), std::string::npos);
  EXPECT_NE(requests[1].body().find("erased-"), std::string::npos);
  expect_forgotten();
}

// Row 24: or it is on its way, and then the erasure tells of it.
TEST_P(GivenOut, Row24AnErasureWaitsForWhatIsOnItsWayAndTellsOfIt) {
  WebhookReceiver receiver;
  receiver.keep_waiting();
  RunningService service{with(into_hook(receiver.port()))};
  call(service, "standup", std::string(zelda));
  ASSERT_EQ(receiver.requests(1).size(), 1U);
  auto erasure = std::async(std::launch::async,
                            [&] { return officer(service, "DELETE", "s-" + std::string(zelda)); });
  EXPECT_EQ(erasure.wait_for(300ms), std::future_status::timeout);
  receiver.go_on();
  const auto answer = erasure.get();
  ASSERT_EQ(answer.status, 200U);
  const auto& copies = answer.body.at("sinks_told").at("copies").as_array();
  ASSERT_EQ(copies.size(), 1U);
  EXPECT_EQ(copies[0].at("export").as_string(), "hook");
  expect_forgotten();
}

// Row 24: copies that left are named to whoever erases, not whose they are.
TEST_P(GivenOut, Row24AnErasureTellsWhichCopiesOthersHave) {
  RunningService service{with(into_files(", processor: hosting, jurisdiction: IE"))};
  call(service, "standup", std::string(zelda));
  target_when(service, "billing", 2);
  const auto answer = officer(service, "DELETE", "s-" + std::string(zelda)).body;
  const auto& copy = answer.at("sinks_told").at("copies").at(0);
  EXPECT_EQ(copy.at("export").as_string(), "billing");
  EXPECT_EQ(copy.at("processor").as_string(), "hosting");
  EXPECT_FALSE(copy.at("ids").as_array().empty());
  EXPECT_EQ(json::serialize(answer).find(zelda), std::string::npos);
  expect_forgotten();
}

TEST_P(GivenOut, ACaptureServerGetsARecordAPacket) {
  Socket capture;
  RunningService service{
      with("  - {name: homer, kind: hep, jurisdiction: NL, capture_id: 2001, "
           "address: '127.0.0.1:" +
           std::to_string(capture.port()) + "'}\n")};
  call(service);
  for (int i = 0; i < 2; ++i) {  // ann's and the room's
    const auto packet = capture.receive(30s);
    ASSERT_TRUE(packet);
    const std::string bytes(reinterpret_cast<const char*>(packet->data()), packet->size());
    EXPECT_TRUE(bytes.starts_with("HEP3"));
    EXPECT_NE(bytes.find(R"("kind":"stop")"), std::string::npos);
  }
  EXPECT_EQ(target_when(service, "homer", 2).at("kind").as_string(), "hep");
}

TEST_P(GivenOut, AggregatesStayNumbersAboutEnoughPeople) {
  // Row 33: the analytics service is shown no record, however it is asked for.
  auto made = options();
  made.exports = into_files(", processor: analytics-service, jurisdiction: US");
  EXPECT_THROW(RunningService{made}, std::runtime_error);  // the configuration is refused
}

}  // namespace
}  // namespace assent::gateway::test
