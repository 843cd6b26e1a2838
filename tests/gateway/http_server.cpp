#include "gateway/http_server.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/api_fixture.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::Api;
using testing::ApiOptions;
using testing::operator_token;
using testing::RawClient;
using testing::Reply;
using testing::request_text;
using testing::server_token;

boost::json::object problem_of(const Reply& reply) {
  EXPECT_EQ(reply.header("content-type"), "application/problem+json") << reply.body;
  boost::system::error_code error;
  const auto value = boost::json::parse(reply.body, error);
  if (error || !value.is_object()) {
    ADD_FAILURE() << "no problem: " << reply.body;
    return {};
  }
  EXPECT_EQ(value.at("status").to_number<int>(), reply.status);
  return value.get_object();
}

struct Http : ::testing::Test {
  Api api;
  void SetUp() override {
    api.listen();
    api.start();
  }
};

TEST_F(Http, AnswersOverOneConnectionAsOftenAsItIsAsked) {
  auto client = api.client();
  for (int i = 1; i <= 3; ++i) {
    const Reply reply = client.ask(request_text("PUT", "/v1/rooms/r1", server_token, "{}"));
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.header("content-type"), "application/json");
    EXPECT_EQ(reply.header("cache-control"), "no-store");
    EXPECT_FALSE(reply.header("date").empty());
    EXPECT_EQ(api.calls, i);
  }
}

TEST_F(Http, PipelinedRequestsAreAnsweredInOrderAndOneAtATime) {
  api.slow_offer = true;
  auto client = api.client();
  client.send(request_text("POST", "/v1/rooms/r1/participants/p1/offer", server_token, "{}") +
              request_text("GET", "/v1/rooms/r1", server_token) +
              request_text("PUT", "/v1/rooms/r2", server_token, "{\"tenant\":\"t\"}") +
              request_text("GET", "/healthz", ""));
  EXPECT_EQ(client.read_reply().body, R"({"call":1})");
  EXPECT_EQ(client.read_reply().body, R"({"operation":"getRoom","call":2})");
  EXPECT_EQ(client.read_reply().body, R"({"operation":"putRoom","call":3,"got":14})");
  EXPECT_EQ(client.read_reply().body, R"({"operation":"getHealth","call":4})");
}

TEST_F(Http, HeadIsGetWithoutTheBody) {
  auto client = api.client();
  client.send(request_text("HEAD", "/healthz", ""));
  const Reply reply = client.read_reply(true);
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(reply.header("content-length").empty());
  EXPECT_EQ(client.ask(request_text("GET", "/healthz", "")).status, 200);
}

TEST_F(Http, ReadsChunkedBodiesAndAnswersExpectations) {
  auto client = api.client();
  const std::string head = "PUT /v1/rooms/r1 HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer " +
                           std::string(server_token) +
                           "\r\nContent-Type: application/json; charset=utf-8\r\n";
  const Reply chunked =
      client.ask(head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.body, R"({"operation":"putRoom","call":1,"got":2})");
  client.send(head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.ask("{}").status, 200);
}

TEST_F(Http, OldClientsGetOneAnswerAndTheEnd) {
  auto client = api.client();
  EXPECT_EQ(client.ask("GET /healthz HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(client.closed_within(2s));
}

struct Malformed {
  std::string bytes;
  int status;
};

TEST_F(Http, WhatIsNotSoundHttpIsRefusedAndTheConnectionEnds) {
  const std::string get = "GET /healthz HTTP/1.1\r\n";
  const std::string put = "PUT /v1/rooms/a HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer " +
                          std::string(server_token) + "\r\nContent-Type: application/json\r\n";
  const std::vector<Malformed> table{
      {"\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET /healthz\r\n\r\n", 400},
      {"GET  /healthz HTTP/1.1\r\nHost: g\r\n\r\n", 400},
      {"G@T /healthz HTTP/1.1\r\nHost: g\r\n\r\n", 400},
      {"GET /healthz HTTP/2.0\r\nHost: g\r\n\r\n", 505},
      {"GET /healthz HTTP/1.9\r\nHost: g\r\n\r\n", 505},
      {"GET /healthz HTTQ/1.1\r\nHost: g\r\n\r\n", 505},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, 400},
      {get + "\r\n", 400},  // no Host
      {get + "Host: a\r\nHost: b\r\n\r\n", 400},
      {get + "Host: g\r\nno colon\r\n\r\n", 400},
      {get + "Host: g\r\nbad name : x\r\n\r\n", 400},
      {get + "Host: g\r\nX: a\x01b\r\n\r\n", 400},
      {get + "Host: g\r\nX: a\0b\r\n\r\n"s, 400},
      {put + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
      {put + "Content-Length: -1\r\n\r\n{}", 400},
      {put + "Content-Length: 2x\r\n\r\n{}", 400},
      {put + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {put + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", 400},
      {put + "Transfer-Encoding: gzip\r\n\r\n", 400},
      {put + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {put + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {put + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {put + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400},
      {put + "Transfer-Encoding: chunked\r\n\r\n50000\r\n", 413},
      {put + "Content-Length: 262145\r\n\r\n", 413},
      {put + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
      {put + "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}", 417},
      {put + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 400},
      {get + "Host: g\r\nX: " + std::string(9000, 'x') + "\r\n\r\n", 431},
      {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n", 431},
  };
  for (const Malformed& row : table) {
    auto client = api.client();
    const Reply reply = client.ask(row.bytes);
    EXPECT_EQ(reply.status, row.status) << row.bytes.substr(0, 300) << reply.body;
    if (reply.status != 0) problem_of(reply);
    EXPECT_EQ(reply.header("connection"), "close") << row.bytes.substr(0, 300);
    EXPECT_TRUE(client.closed_within(3s)) << row.bytes.substr(0, 300);
  }
  EXPECT_EQ(api.calls, 0);
  EXPECT_EQ(api.client().ask(request_text("GET", "/healthz", "")).status, 200);
}

struct Refused {
  std::string method;
  std::string target;
  std::string body;
  std::string extra;
  int status;
};

TEST_F(Http, WhatThisApiDoesNotTakeIsRefusedAsAProblem) {
  const std::string json = "Content-Type: application/json\r\n";
  const std::string id65(65, 'a');
  const std::vector<Refused> table{
      {"GET", "/", "", "", 404},
      {"GET", "//v1/rooms/r1", "", "", 404},
      {"GET", "/v1/rooms", "", "", 404},
      {"GET", "/v1/rooms/", "", "", 404},
      {"GET", "/v1/rooms/r1/", "", "", 404},
      {"GET", "/v1/rooms/r1/participants", "", "", 404},
      {"GET", "/v2/rooms/r1", "", "", 404},
      {"GET", "/v1/%72ooms/r1", "", "", 404},
      {"GET", "/v1/rooms/../cdrs", "", "", 404},
      {"GET", "/v1/rooms/a%2fb", "", "", 400},
      {"GET", "/v1/rooms/a%00", "", "", 400},
      {"GET", "/v1/rooms/%2e%2e", "", "", 400},
      {"GET", "/v1/rooms/..", "", "", 400},
      {"GET", "/v1/rooms/a%", "", "", 400},
      {"GET", "/v1/rooms/a%zz", "", "", 400},
      {"GET", "/v1/rooms/a%2541", "", "", 400},  // decoded once
      {"GET", "/v1/rooms/" + id65, "", "", 400},
      {"GET", "http://other/v1/rooms/r1", "", "", 400},
      {"GET", "*", "", "", 400},
      {"GET", "/v1/rooms/r1#x", "", "", 400},
      {"GET", "/v1/rooms/r1?x=1", "", "", 400},
      {"GET", "/v1/events?room=a/b", "", "", 400},
      {"GET", "/v1/events?room=a&room=b", "", "", 400},
      {"GET", "/v1/rooms/r1/participants/p1/decisions/d1?explain=maybe", "", "", 400},
      {"POST", "/v1/rooms/r1", "", "", 405},
      {"PATCH", "/v1/cdrs", "", "", 405},
      {"BREW", "/v1/rooms/r1", "", "", 405},
      {"OPTIONS", "/healthz", "", "", 405},
      {"PUT", "/v1/rooms/r1", "", "", 415},
      {"PUT", "/v1/rooms/r1", "", "Content-Type: text/plain\r\n", 415},
      {"PUT", "/v1/rooms/r1", "", "Content-Type: application/jsonx\r\n", 415},
      {"PUT", "/v1/rooms/r1", "", "Content-Type: application/json; charset=latin1\r\n", 415},
      {"GET", "/v1/rooms/r1", "{}", "", 400},
      {"DELETE", "/v1/rooms/r1", "{}", "", 400},
      {"PUT", "/v1/rooms/r1", "{}", "Idempotency-Key: \r\n", 400},
      {"PUT", "/v1/rooms/r1", "{}", "Idempotency-Key: a b\r\n", 400},
      {"PUT", "/v1/rooms/r1", "{}", "Idempotency-Key: " + std::string(129, 'k') + "\r\n", 400},
      {"GET", "/v1/events", "", "Last-Event-ID: " + std::string(129, '1') + "\r\n", 400},
  };
  for (const Refused& row : table) {
    auto client = api.client();
    const Reply reply =
        client.ask(request_text(row.method, row.target, server_token, row.body, row.extra));
    EXPECT_EQ(reply.status, row.status) << row.method << ' ' << row.target << ' ' << reply.body;
    const auto problem = problem_of(reply);
    EXPECT_TRUE(problem.contains("type") && problem.contains("title")) << reply.body;
    EXPECT_EQ(reply.header("allow").empty(), row.status != 405);
  }
  EXPECT_EQ(api.calls, 0);
}

TEST_F(Http, MethodNotAllowedSaysWhatIs) {
  const Reply reply = api.client().ask(request_text("POST", "/v1/rooms/r1", server_token));
  EXPECT_EQ(reply.header("allow"), "PUT, GET, HEAD, PATCH, DELETE");
}

TEST_F(Http, ARefusalWithoutABodyLeavesTheConnectionOpen) {
  auto client = api.client();
  EXPECT_EQ(client.ask(request_text("GET", "/nowhere", "")).status, 404);
  EXPECT_EQ(client.ask(request_text("GET", "/healthz", "")).status, 200);
}

TEST_F(Http, AnUnauthenticatedBodyIsNotRead) {
  auto client = api.client();
  const Reply reply = client.ask(
      "PUT /v1/rooms/r1 HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"
      "Content-Length: 200000\r\n\r\n{");
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.header("connection"), "close");
}

TEST_F(Http, TheLargestBodyAndHeaderAreStillTaken) {
  auto client = api.client();
  const std::string body(256 * 1024, ' ');
  const Reply reply = client.ask(request_text("PUT", "/v1/rooms/r1", server_token, body));
  EXPECT_EQ(reply.body, R"({"operation":"putRoom","call":1,"got":262144})");
  const std::string padding = "X: " + std::string(7900, 'x') + "\r\n";
  EXPECT_EQ(client.ask(request_text("GET", "/healthz", "", "", padding)).status, 200);
}

TEST(HttpHandler, WhatItThrowsIsAnIncidentWithoutDetails) {
  Api api;
  api.dispatcher().bind(Operation::get_room,
                        [](const HttpRequest&) -> boost::asio::awaitable<HttpResponse> {
                          throw std::runtime_error("secret detail");
                          co_return empty_response();
                        });
  api.dispatcher().bind(Operation::delete_room, nullptr);
  api.listen();
  api.start();
  auto client = api.client();
  const Reply failed = client.ask(request_text("GET", "/v1/rooms/r1", server_token));
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body.find("secret"), std::string::npos);
  EXPECT_NE(failed.body.find("under incident "), std::string::npos);
  EXPECT_EQ(api.incidents, 1);
  EXPECT_EQ(client.ask(request_text("DELETE", "/v1/rooms/r1", server_token)).status, 501);
}

TEST(HttpUnix, AUnixSocketIsServedWithTokensAndReplacedWhenStale) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "api.sock";
  {
    Api api;
    ASSERT_TRUE(api.server().listen_unix(path));
    api.start();
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms{0660});
    auto client = RawClient::local(path);
    EXPECT_EQ(client.ask(request_text("GET", "/v1/rooms/r1", "")).status, 401);
    EXPECT_EQ(client.ask(request_text("GET", "/v1/rooms/r1", server_token)).status, 200);
    Api second;
    EXPECT_FALSE(second.server().listen_unix(path)) << "the first still listens";
    api.stop();
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  {
    const int left_behind = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(left_behind, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::close(left_behind);
  }
  Api api;
  ASSERT_TRUE(api.server().listen_unix(path)) << "nobody listens there any more";
  EXPECT_FALSE(api.server().listen_unix(folder.path() / std::string(120, 'x')));
}

TEST(HttpDeadline, AHeaderThatDripsIsAnsweredWithTimeoutThenClosed) {
  ApiOptions options;
  options.http.header_within = 300ms;
  options.http.body_within = 300ms;
  options.http.idle_max = 300ms;
  Api api{options};
  api.listen();
  api.start();
  auto header = api.client();
  const auto start = std::chrono::steady_clock::now();
  header.send("GET /healthz HT");
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(60ms);
    header.send("X");  // a byte now and then is no excuse
  }
  const Reply late = header.read_reply();
  EXPECT_EQ(late.status, 408);
  problem_of(late);
  EXPECT_TRUE(header.closed_within(2s));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);

  auto body = api.client();
  body.send(
      "PUT /v1/rooms/r1 HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"
      "Content-Length: 9\r\nAuthorization: Bearer " +
      std::string(server_token) + "\r\n\r\n{");
  EXPECT_EQ(body.read_reply().status, 408);
  EXPECT_TRUE(body.closed_within(2s));

  auto silent = api.client();
  EXPECT_TRUE(silent.closed_within(3s)) << "nothing was asked, so nothing is answered";
  auto idle = api.client();
  EXPECT_EQ(idle.ask(request_text("GET", "/healthz", "")).status, 200);
  EXPECT_TRUE(idle.closed_within(3s));
  EXPECT_EQ(api.calls, 1);
  EXPECT_GE(api.status().timed_out, 4U);
}

TEST(HttpDeadline, AnAnswerThatIsNotTakenEndsTheConnection) {
  ApiOptions options;
  options.http.write_within = 300ms;
  Api api{options};
  api.dispatcher().bind(Operation::get_metrics,
                        [](const HttpRequest&) -> boost::asio::awaitable<HttpResponse> {
                          co_return json_response(std::string(32U << 20U, 'x'));
                        });
  api.listen();
  api.start();
  auto client = api.client();
  client.send(request_text("GET", "/metrics", operator_token));
  while (api.status().requests == 0)
    std::this_thread::sleep_for(5ms);
  for (int i = 0; i < 100 && api.status().connections > 0; ++i)
    std::this_thread::sleep_for(50ms);
  EXPECT_EQ(api.status().connections, 0U);
}

TEST(HttpLimit, OnePeerCannotTakeTheConnectionsOfOthers) {
  ApiOptions options;
  options.http.connections_per_peer_max = 3;
  Api api{options};
  api.listen();
  api.start();
  std::vector<RawClient> greedy;
  for (int i = 0; i < 3; ++i) {
    greedy.push_back(RawClient::tcp(api.port(), "127.0.0.2"));
    ASSERT_EQ(greedy.back().ask(request_text("GET", "/healthz", "")).status, 200);
  }
  auto fourth = RawClient::tcp(api.port(), "127.0.0.2");
  EXPECT_TRUE(fourth.closed_within(2s));
  auto other = RawClient::tcp(api.port(), "127.0.0.3");
  EXPECT_EQ(other.ask(request_text("GET", "/healthz", "")).status, 200);
  EXPECT_EQ(api.status().refused, 1U);
}

TEST(HttpLimit, AFullServerMakesRoomAtTheExpenseOfThePeerWithTheMost) {
  ApiOptions options;
  options.http.connections_max = 8;
  options.http.connections_per_peer_max = 8;
  Api api{options};
  api.listen();
  api.start();
  auto modest = RawClient::tcp(api.port(), "127.0.0.3");
  ASSERT_EQ(modest.ask(request_text("GET", "/healthz", "")).status, 200);
  std::vector<RawClient> greedy;
  for (int i = 0; i < 7; ++i) {
    greedy.push_back(RawClient::tcp(api.port(), "127.0.0.2"));
    ASSERT_EQ(greedy.back().ask(request_text("GET", "/healthz", "")).status, 200);
  }
  auto late = RawClient::tcp(api.port(), "127.0.0.4");
  EXPECT_EQ(late.ask(request_text("GET", "/healthz", "")).status, 200);
  EXPECT_EQ(modest.ask(request_text("GET", "/healthz", "")).status, 200);
  EXPECT_TRUE(greedy.front().closed_within(2s));
  EXPECT_EQ(api.status().evicted, 1U);
}

// A thousand clients that drip a byte at a time, from as many addresses as it takes: others are
// served the whole time, and in the end all drips are gone.
TEST(HttpLimit, AThousandDripsAreDroppedAndOthersServed) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < 2300) GTEST_SKIP() << "needs 2,300 descriptors";
  ApiOptions options;
  options.http.header_within = 1500ms;
  options.http.connections_max = 400;
  options.http.connections_per_peer_max = 100;
  Api api{options};
  api.listen();
  api.start();
  std::vector<RawClient> drips;
  int served = 0;
  for (int i = 0; i < 1000; ++i) {
    drips.push_back(RawClient::tcp(api.port(), "127.0.1." + std::to_string(1 + i % 8)));
    drips.back().send("G");
    if (i % 100 != 99) continue;
    for (RawClient& drip : drips)
      drip.send("E");
    served += api.client().ask(request_text("GET", "/healthz", "")).status == 200 ? 1 : 0;
  }
  EXPECT_EQ(served, 10);
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (api.status().connections > 0 && std::chrono::steady_clock::now() < until) {
    for (RawClient& drip : drips)
      drip.send("T");
    EXPECT_EQ(api.client().ask(request_text("GET", "/healthz", "")).status, 200);
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_EQ(api.status().connections, 0U);
  const HttpServerStatus last = api.status();
  EXPECT_GE(last.refused + last.evicted + last.timed_out, 1000U);
}

TEST(HttpStop, RequestsInProgressEndAndIdleConnectionsCloseAtOnce) {
  Api api;
  api.slow_offer = true;
  api.listen();
  api.start();
  auto idle = api.client();
  ASSERT_EQ(idle.ask(request_text("GET", "/healthz", "")).status, 200);
  auto busy = api.client();
  busy.send(request_text("POST", "/v1/rooms/r1/participants/p1/offer", server_token, "{}") +
            request_text("GET", "/healthz", ""));
  while (api.calls < 2)
    std::this_thread::sleep_for(5ms);
  const HttpServerStatus last = api.stop();
  EXPECT_EQ(last.connections, 0U);
  const Reply reply = busy.read_reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_TRUE(busy.closed_within(1s)) << "what was pipelined behind is not begun";
  EXPECT_TRUE(idle.closed_within(1s));
  EXPECT_FALSE(api.client().connected());
  EXPECT_EQ(api.calls, 2);
}

}  // namespace
}  // namespace assent::gateway
