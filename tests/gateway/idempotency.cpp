#include "gateway/idempotency.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/gateway/api_fixture.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using testing::Api;
using testing::participant_token;
using testing::RawClient;
using testing::Reply;
using testing::request_text;
using testing::server_token;

const std::string offer_path = "/v1/rooms/r1/participants/p1/offer";
const std::string consent_path = "/v1/rooms/r1/participants/p1/consents/recording";

std::string key(std::string_view name) {
  return "Idempotency-Key: " + std::string(name) + "\r\n";
}

struct Idempotency : ::testing::Test {
  Api api;
  void SetUp() override {
    api.listen();
    api.start();
  }
  Reply ask(std::string_view method, std::string_view path, std::string_view body,
            std::string_view extra, std::string_view token = server_token) {
    return api.client().ask(request_text(method, path, token, body, extra));
  }
};

TEST_F(Idempotency, TheSameKeyAndBodyGetTheSameAnswerAndNothingIsDoneTwice) {
  const Reply first = ask("POST", offer_path, "{}", key("k1"));
  const Reply again = ask("POST", offer_path, "{}", key("k1"));
  EXPECT_EQ(first.body, again.body);
  EXPECT_EQ(again.header("idempotency-replayed"), "true");
  EXPECT_EQ(api.calls, 1);
}

TEST_F(Idempotency, AnotherBodyWithTheSameKeyIsRefused) {
  ask("POST", offer_path, "{}", key("k1"));
  EXPECT_EQ(ask("POST", offer_path, "{ }", key("k1")).status, 422);
  EXPECT_EQ(api.calls, 1);
}

TEST_F(Idempotency, AKeyIsOfOneTokenMethodAndPath) {
  ask("PUT", consent_path, "{}", key("k1"));
  ask("PUT", consent_path, "{}", key("k1"), participant_token);
  ask("DELETE", consent_path, "", key("k1"));
  ask("PUT", "/v1/rooms/r1/participants/p1/consents/summary", "{}", key("k1"));
  ask("PUT", consent_path, "{}", key("k2"));
  EXPECT_EQ(api.calls, 5);
}

TEST_F(Idempotency, ReadingIsNeverRepeatedFromMemory) {
  ask("GET", "/v1/rooms/r1", "", key("k1"));
  ask("GET", "/v1/rooms/r1", "", key("k1"));
  EXPECT_EQ(api.calls, 2);
}

TEST_F(Idempotency, ADuplicateWhileTheFirstIsInProgressIsToldSo) {
  api.slow_offer = true;
  RawClient first = api.client();
  first.send(request_text("POST", offer_path, server_token, "{}", key("k1")));
  while (api.calls == 0)
    std::this_thread::sleep_for(2ms);
  const Reply second = ask("POST", offer_path, "{}", key("k1"));
  EXPECT_EQ(second.status, 409);
  EXPECT_NE(second.body.find("in-progress"), std::string::npos);
  EXPECT_EQ(first.read_reply().status, 200);
  EXPECT_EQ(ask("POST", offer_path, "{}", key("k1")).status, 200);
  EXPECT_EQ(api.calls, 1);
}

TEST_F(Idempotency, AGrantReplayedAfterAWithdrawalIsRefused) {
  EXPECT_EQ(ask("PUT", consent_path, "{}", key("grant")).status, 200);
  EXPECT_EQ(ask("DELETE", consent_path, "", key("withdraw")).status, 200);
  const Reply replayed = ask("PUT", consent_path, "{}", key("grant"));
  EXPECT_EQ(replayed.status, 409);
  EXPECT_NE(replayed.body.find("superseded"), std::string::npos);
  EXPECT_EQ(ask("DELETE", consent_path, "", key("withdraw")).status, 200);
  EXPECT_EQ(api.calls, 2);
}

TEST_F(Idempotency, AWithdrawalWithoutAKeyOrOfTheWholeRoomCountsToo) {
  ask("PUT", consent_path, "{}", key("one"));
  ask("DELETE", consent_path, "", "");
  EXPECT_EQ(ask("PUT", consent_path, "{}", key("one")).status, 409);
  ask("PUT", consent_path, "{}", key("two"));
  ask("DELETE", "/v1/rooms/r1", "", "");
  EXPECT_EQ(ask("PUT", consent_path, "{}", key("two")).status, 409);
  ask("PUT", consent_path, "{}", key("three"));
  ask("DELETE", "/v1/rooms/r", "", "");
  EXPECT_EQ(ask("PUT", consent_path, "{}", key("three")).status, 200);
}

TEST(IdempotencyHook, IsAskedFirstAndAnswersInsteadOfHandlerAndMemory) {
  Api api;
  std::atomic<bool> durable = false;
  api.dispatcher().on_keyed_request(
      [&](const HttpRequest& request) -> boost::asio::awaitable<std::optional<HttpResponse>> {
        EXPECT_EQ(request.body_hash, sha256("{}"));
        EXPECT_EQ(idempotency_scope(request), "conference-server-1\nPUT\n" + consent_path + "\nk");
        std::optional<HttpResponse> answer;
        if (durable) answer = json_response("\"stored\"");
        co_return answer;
      });
  api.listen();
  api.start();
  const std::string request = request_text("PUT", consent_path, server_token, "{}", key("k"));
  EXPECT_NE(api.client().ask(request).body, "\"stored\"");
  durable = true;
  EXPECT_EQ(api.client().ask(request).body, "\"stored\"");
  EXPECT_EQ(api.calls, 1);
}

TEST(IdempotencyFailure, IsNotRememberedButWhatItMayHaveChangedIs) {
  Api api;
  std::atomic<bool> fails = true;
  api.dispatcher().bind(
      Operation::withdraw_consent, [&](const HttpRequest&) -> boost::asio::awaitable<HttpResponse> {
        if (fails) {
          co_return problem_response(make_problem(ProblemType::not_recorded, "disk full"));
        }
        co_return json_response("{}");
      });
  api.listen();
  api.start();
  const auto ask = [&](std::string_view method, std::string_view body, std::string_view name) {
    return api.client().ask(request_text(method, consent_path, server_token, body, key(name)));
  };
  EXPECT_EQ(ask("PUT", "{}", "grant").status, 200);
  EXPECT_EQ(ask("DELETE", "", "withdraw").status, 503);
  EXPECT_EQ(ask("PUT", "{}", "grant").status, 409) << "the withdrawal is in effect all the same";
  fails = false;
  EXPECT_EQ(ask("DELETE", "", "withdraw").status, 200);
}

struct Cache : ::testing::Test {
  IdempotencyCache::Time now{};
  IdempotencyLimits limits{3, 100, 1min};

  static HttpRequest request(const std::string& name) {
    HttpRequest made;
    made.path = "/" + name;
    made.idempotency_key = name;
    return made;
  }
  static bool done_once(IdempotencyCache& cache, IdempotencyCache::Time at, const std::string& name,
                        std::size_t bytes = 10) {
    auto begun = cache.begin(at, request(name));
    if (!begun.ticket) return false;
    cache.finish(*begun.ticket, at, json_response(std::string(bytes, 'x')));
    return true;
  }
};

TEST_F(Cache, ForgetsTheOldestBeyondItsEntriesAndBytesAndAllAfterItsTime) {
  IdempotencyCache cache{limits};
  for (const auto* name : {"a", "b", "c", "d"})
    EXPECT_TRUE(done_once(cache, now, name));
  EXPECT_EQ(cache.entries(), 3U);
  EXPECT_FALSE(done_once(cache, now, "d")) << "kept";
  EXPECT_TRUE(done_once(cache, now, "a")) << "forgotten";
  EXPECT_TRUE(done_once(cache, now, "big", 200));
  EXPECT_TRUE(done_once(cache, now, "next"));
  EXPECT_TRUE(done_once(cache, now, "big")) << "too big to be kept when others come";
  EXPECT_TRUE(done_once(cache, now + 2min, "next")) << "too old";
}

TEST_F(Cache, WhatIsNotToBeStoredIsNotGivenOutAgain) {
  IdempotencyCache cache{limits};
  const auto begun = cache.begin(now, request("archive"));
  ASSERT_TRUE(begun.ticket);
  auto archive = json_response("all that is kept about somebody");
  archive.headers.emplace_back("Cache-Control", "no-store");
  cache.finish(*begun.ticket, now, archive);
  EXPECT_EQ(cache.entries(), 0U);
  EXPECT_FALSE(cache.begin(now, request("archive")).answer);
}

TEST_F(Cache, RequestsInProgressAreNeverForgotten) {
  IdempotencyCache cache{limits};
  const auto first = cache.begin(now, request("a"));
  const auto second = cache.begin(now, request("b"));
  const auto third = cache.begin(now, request("c"));
  ASSERT_TRUE(first.ticket && second.ticket && third.ticket);
  const auto fourth = cache.begin(now + 2min, request("d"));
  ASSERT_TRUE(fourth.answer);
  EXPECT_EQ(fourth.answer->status, 503U);
  const auto repeated = cache.begin(now + 2min, request("a"));
  ASSERT_TRUE(repeated.answer);
  EXPECT_EQ(repeated.answer->status, 409U);
  cache.abandon(*first.ticket);
  EXPECT_TRUE(cache.begin(now + 2min, request("d")).ticket);
}

}  // namespace
}  // namespace assent::gateway
