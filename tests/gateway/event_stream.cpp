#include "gateway/event_stream.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/gateway/api_fixture.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using testing::Api;
using testing::ApiOptions;
using testing::operator_token;
using testing::RawClient;
using testing::Reply;
using testing::request_text;

ApiOptions small() {
  ApiOptions options;
  options.events.kept_max = 4;
  options.events.subscribers_max = 2;
  options.events.heartbeat = 200ms;
  options.http.write_within = 500ms;
  return options;
}

struct Events : ::testing::Test {
  Api api{small()};
  void SetUp() override {
    api.listen();
    api.start();
  }
  // A subscriber whose stream has begun.
  RawClient subscribe(std::string_view extra = {}, std::string_view target = "/v1/events") {
    auto client = api.client();
    client.send(request_text("GET", target, operator_token, "", extra));
    const std::string head = client.read_until("retry: 2000\n\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
    EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos);
    EXPECT_NE(head.find("Transfer-Encoding: chunked"), std::string::npos);
    return client;
  }
  bool gone() {
    for (int i = 0; i < 200 && api.subscribers() > 0; ++i)
      std::this_thread::sleep_for(10ms);
    return api.subscribers() == 0;
  }
};

TEST_F(Events, ReachEverySubscriberInOrderWithTheirIds) {
  auto one = subscribe();
  auto two = subscribe();
  api.publish("consent", "r1", R"({"n":1})");
  api.publish("consent", "r2", R"({"n":2})");
  for (RawClient* client : {&one, &two}) {
    const std::string text = client->read_until("{\"n\":2}\n\n");
    EXPECT_NE(text.find("id: run1-1\nevent: consent\ndata: {\"n\":1}\n\n"), std::string::npos);
    EXPECT_NE(text.find("id: run1-2\nevent: consent\ndata: {\"n\":2}\n\n"), std::string::npos);
  }
}

TEST_F(Events, OfOneRoomOnlyIfAskedSo) {
  auto client = subscribe("", "/v1/events?room=r2");
  api.publish("consent", "r1", R"({"n":1})");
  api.publish("consent", "r2", R"({"n":2})");
  const std::string text = client.read_until("{\"n\":2}\n\n");
  EXPECT_EQ(text.find("{\"n\":1}"), std::string::npos);
}

TEST_F(Events, LinesInDataCannotForgeAnEvent) {
  auto client = subscribe();
  api.publish("consent", "r1", "{}\n\nevent: forged");
  const std::string text = client.read_until("forged\n\n");
  EXPECT_EQ(text.find("\nevent: forged"), std::string::npos);
}

TEST_F(Events, GoOnAfterTheLastOneSeen) {
  for (int i = 1; i <= 3; ++i)
    api.publish("e", "r1", std::to_string(i));
  auto client = subscribe("Last-Event-ID: run1-2\r\n");
  const std::string text = client.read_until("data: 3\n\n");
  EXPECT_EQ(text.find("data: 2"), std::string::npos);
  EXPECT_EQ(text.find("event: gap"), std::string::npos);
}

TEST_F(Events, SayWhatIsMissingWhenTheLastOneSeenIsTooOldOrOfAnotherRun) {
  for (int i = 1; i <= 9; ++i)
    api.publish("e", "r1", std::to_string(i));
  auto late = subscribe("Last-Event-ID: run1-2\r\n");
  const std::string text = late.read_until("data: 9\n\n");
  EXPECT_NE(text.find("event: gap\ndata: {\"missed\":3}\n\n"), std::string::npos) << text;
  EXPECT_NE(text.find("data: 6\n"), std::string::npos);
  auto stranger = subscribe("Last-Event-ID: run0-8\r\n");
  EXPECT_NE(stranger.read_until("data: 9\n\n").find("\"restart\""), std::string::npos);
}

TEST_F(Events, OddIdsAreTakenForThoseOfAnotherRun) {
  api.publish("e", "r1", "1");
  for (const auto* id :
       {"run1-", "run1-x", "run1--1", "run1-99999999999999999999", "run1-2", "1"}) {
    auto client = subscribe("Last-Event-ID: " + std::string(id) + "\r\n");
    EXPECT_NE(client.read_until("data: 1\n\n").find("\"restart\""), std::string::npos) << id;
    client = api.client();
    ASSERT_TRUE(gone());
  }
}

TEST_F(Events, HeartbeatsKeepAQuietStreamAlive) {
  auto client = subscribe();
  EXPECT_NE(client.read_until(": still here\n\n").find(":"), std::string::npos);
  EXPECT_NE(client.read_until(": still here\n\n").find(":"), std::string::npos);
}

TEST_F(Events, ASubscriberThatFallsBehindIsToldAndDroppedAndOthersGoOn) {
  auto slow = subscribe();
  auto quick = subscribe();
  // In one turn of the control thread nobody can keep up; five fit nowhere in a ring of four.
  api.publish_at_once(5);
  const std::string text = slow.read_until("event: dropped\ndata: {\"missed\":1}\n\n");
  EXPECT_NE(text.find("event: dropped"), std::string::npos) << text;
  EXPECT_EQ(slow.read_until("\r\n0\r\n\r\n"), "\r\n0\r\n\r\n");
  EXPECT_TRUE(slow.closed_within(2s));
  EXPECT_TRUE(gone());
  auto again = subscribe("Last-Event-ID: run1-1\r\n");
  EXPECT_NE(again.read_until("data: 5\n\n").find("data: 2\n"), std::string::npos);
}

TEST_F(Events, ASubscriberThatReadsNothingCannotHoldMemoryOrConnection) {
  auto stalled = subscribe();
  const std::string large(200'000, 'x');
  for (int i = 0; i < 200 && api.subscribers() > 0; ++i) {
    api.publish("e", "r1", large);
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_TRUE(gone());
}

TEST_F(Events, ASubscriberThatLeavesIsForgottenAtOnce) {
  {
    auto client = subscribe();
    EXPECT_EQ(api.subscribers(), 1U);
  }
  EXPECT_TRUE(gone());
}

TEST_F(Events, SubscribersAreLimited) {
  auto one = subscribe();
  auto two = subscribe();
  const Reply third = api.client().ask(request_text("GET", "/v1/events", operator_token));
  EXPECT_EQ(third.status, 503);
}

TEST_F(Events, StreamsEndWhenTheServerStops) {
  auto client = subscribe();
  const auto before = std::chrono::steady_clock::now();
  const HttpServerStatus last = api.stop(5s);
  EXPECT_EQ(last.connections, 0U);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 3s);
  EXPECT_EQ(client.read_until("0\r\n\r\n").substr(0, 1), "\r") << "the last chunk is sent";
}

TEST_F(Events, OldClientsAreStreamedToWithoutChunks) {
  auto client = api.client();
  client.send("GET /v1/events HTTP/1.0\r\nAuthorization: Bearer " + std::string(operator_token) +
              "\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_EQ(head.find("chunked"), std::string::npos);
  EXPECT_EQ(client.read_until("\n\n"), "retry: 2000\n\n");
}

}  // namespace
}  // namespace assent::gateway
