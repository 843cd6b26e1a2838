#include "gateway/access.hpp"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <vector>

#include "gateway/request_reader.hpp"
#include "tests/gateway/api_fixture.hpp"

namespace assent::gateway {
namespace {

using testing::Api;
using testing::Reply;
using testing::request_text;
using testing::token_of;

std::string with_ids(std::string_view path_template, const std::string& room,
                     const std::string& participant) {
  std::string path{path_template};
  const auto fill = [&](std::string_view name, const std::string& id) {
    const auto at = path.find(name);
    if (at != std::string::npos) path.replace(at, name.size(), id);
  };
  fill("{room}", room);
  fill("{participant}", participant);
  fill("{purpose}", "recording");
  fill("{connection}", "screen");
  fill("{subject}", "s1");
  fill("{disclosure}", "d1");
  fill("{month}", "2026-11");
  fill("{hash}", std::string(64, 'a'));
  fill("{token}", "sealed");
  return path;
}

std::string request_for(const ApiRoute& route, std::string_view token,
                        const std::string& participant = "p1", const std::string& room = "r1",
                        std::string_view extra = {}) {
  const std::string path = with_ids(route.path_template, room, participant);
  if (route.takes != Takes::form) {
    return request_text(to_string(route.method), path, token,
                        route.takes == Takes::json ? "{}" : "", extra);
  }
  const std::string form = "Content-Type: application/x-www-form-urlencoded\r\n" +
                           std::string("Content-Length: 3\r\n") + std::string(extra);
  return request_text(to_string(route.method), path, token, "", form) + "a=b";
}

struct AccessTo : ::testing::Test {
  Api api;
  void SetUp() override {
    api.listen();
    api.start();
  }
  Reply ask(const std::string& request) { return api.client().ask(request); }
};

TEST_F(AccessTo, EveryCommandNeedsAToken) {
  const std::vector<std::string> worthless{
      "",
      "Authorization: Bearer wrong-token\r\n",
      "Authorization: Bearer\r\n",
      "Authorization: Bearer \r\n",
      "Authorization: Basic dG9rZW46dG9rZW4=\r\n",
      "Authorization: " + std::string(testing::operator_token) + "\r\n",
      "Authorization: Bearer " + std::string(testing::operator_token) + "x\r\n",
      "Authorization: Bearer " + std::string(testing::operator_token) + " x\r\n",
      "Authorization: Bearer " + to_hex(sha256(testing::operator_token)) + "\r\n",
      "Authorization: Bearer " + std::string(600, 'a') + "\r\n",
  };
  for (const ApiRoute& route : api_routes()) {
    for (const std::string& header : worthless) {
      const Reply reply = ask(request_for(route, "", "p1", "r1", header));
      if (route.open) {
        EXPECT_EQ(reply.status, 200) << route.operation_id;
        continue;
      }
      EXPECT_EQ(reply.status, 401) << route.operation_id << ' ' << header;
      EXPECT_TRUE(reply.header("www-authenticate").starts_with("Bearer realm=")) << header;
      EXPECT_EQ(reply.header("content-type"), "application/problem+json");
    }
  }
}

TEST_F(AccessTo, Row36EveryRoleMayDoWhatTheTableSaysAndNothingElse) {
  for (const ApiRoute& route : api_routes()) {
    for (std::size_t i = 0; i < roles; ++i) {
      const auto role = static_cast<Role>(i);
      if (route.operation == Operation::get_events && contains(route.allowed, role)) continue;
      const Reply reply = ask(request_for(route, token_of(role)));
      const bool may = route.open || contains(route.allowed, role);
      EXPECT_EQ(reply.status, may ? 200 : 403) << route.operation_id << ' ' << to_string(role);
      EXPECT_EQ(reply.header("content-type"),
                may ? "application/json" : "application/problem+json");
    }
  }
}

TEST_F(AccessTo, Failure17AnotherParticipantIsForbiddenWhetherOrNotItExists) {
  std::map<Role, int> asked;
  for (const ApiRoute& route : api_routes()) {
    for (const Role role : {Role::participant, Role::guardian}) {
      if (route.open || !contains(route.allowed, role)) continue;
      ++asked[role];
      const auto token = token_of(role);
      EXPECT_EQ(ask(request_for(route, token, "p1")).status, 200) << route.operation_id;
      EXPECT_EQ(ask(request_for(route, token, "p2")).status, 403) << route.operation_id;
      EXPECT_EQ(ask(request_for(route, token, "P1")).status, 403) << route.operation_id;
      EXPECT_EQ(ask(request_for(route, token, "p1", "r2")).status, 403) << route.operation_id;
      EXPECT_EQ(ask(request_for(route, token, "p1%2f")).status, 403) << route.operation_id;
      EXPECT_EQ(ask(request_for(route, token, "%701")).status, 200) << "the same id, encoded";
    }
  }
  EXPECT_EQ(asked[Role::participant], 7);
  EXPECT_EQ(asked[Role::guardian], 3);
}

TEST_F(AccessTo, AWithdrawalByTheGuardianIsNoRepetitionOfOneByTheParticipant) {
  const auto withdraw = [&](std::string_view query) {
    return ask(request_text("DELETE",
                            "/v1/rooms/r1/participants/p1/consents/recording" + std::string(query),
                            testing::server_token, "", "Idempotency-Key: k1\r\n"));
  };
  EXPECT_EQ(withdraw("").status, 200);
  EXPECT_EQ(withdraw("").header("idempotency-replayed"), "true");
  EXPECT_EQ(withdraw("?giver=guardian").status, 422);
  EXPECT_EQ(withdraw("?giver=subscriber").status, 400);
  EXPECT_EQ(api.calls, 1);
}

HttpRequest asked_by(Role role) {
  HttpRequest request;
  request.principal.emplace().role = role;
  return request;
}

TEST(AccessToConsents, NoTokenSpeaksInTheOthersName) {
  using policy::Giver;
  EXPECT_EQ(giver_for(asked_by(Role::participant), {}).value(), Giver::participant);
  EXPECT_EQ(giver_for(asked_by(Role::guardian), {}).value(), Giver::guardian);
  EXPECT_EQ(giver_for(asked_by(Role::guardian), Giver::guardian).value(), Giver::guardian);
  for (const Role role : {Role::conference_server, Role::privacy_officer}) {
    EXPECT_EQ(giver_for(asked_by(role), {}).value(), Giver::participant);
    EXPECT_EQ(giver_for(asked_by(role), Giver::guardian).value(), Giver::guardian);
  }
  const auto minor = giver_for(asked_by(Role::participant), Giver::guardian);
  const auto parent = giver_for(asked_by(Role::guardian), Giver::participant);
  ASSERT_TRUE(minor.has_error() && parent.has_error());
  EXPECT_EQ(minor.error().type, ProblemType::forbidden);
  EXPECT_EQ(parent.error().type, ProblemType::forbidden);
}

TEST(AccessToParticipants, APersonAddsOnlyWhatRestricts) {
  const auto pointer_of = [](std::string_view body) {
    const auto change = parse_patch_participant(parse_json(body).value()).value();
    EXPECT_TRUE(may_change(asked_by(Role::conference_server), change)) << body;
    const auto may = may_change(asked_by(Role::participant), change);
    return may ? "may" : may.error().pointer;
  };
  EXPECT_EQ(pointer_of(R"({"sale_opt_out":true,"jurisdictions":{"declared":["DE"]}})"), "may");
  EXPECT_EQ(pointer_of(R"({"reevaluate":true,"jurisdictions":{}})"), "/reevaluate");
  EXPECT_EQ(pointer_of(R"({"minor":false})"), "/minor");
  EXPECT_EQ(pointer_of(R"({"ciphertext_only":false})"), "/ciphertext_only");
  EXPECT_EQ(pointer_of(R"({"policy":{"all_party":"stop"}})"), "/policy");
  EXPECT_EQ(pointer_of(R"({"jurisdictions":{"account":["DE"]}})"), "/jurisdictions/account");
  EXPECT_EQ(pointer_of(R"({"jurisdictions":{"e164":"+4930123"}})"), "/jurisdictions/e164");
  EXPECT_EQ(pointer_of(R"({"jurisdictions":{"ip":"192.0.2.7"}})"), "/jurisdictions/ip");
}

TEST(AccessTable, ParticipantsReachOnlyRoutesAboutOneParticipant) {
  for (const ApiRoute& route : api_routes()) {
    const bool bound =
        contains(route.allowed, Role::participant) || contains(route.allowed, Role::guardian);
    if (route.open || !bound) continue;
    EXPECT_NE(route.path_template.find("{participant}"), std::string_view::npos)
        << route.operation_id;
  }
}

TEST(AccessTable, WhatRestrictsNeedsNoMoreThanWhatPermits) {
  const RoleSet granting = route_of(Operation::put_consent).allowed;
  const RoleSet withdrawing = route_of(Operation::withdraw_consent).allowed;
  EXPECT_EQ(granting & withdrawing, granting);
  EXPECT_FALSE(contains(granting, Role::operator_));
  EXPECT_FALSE(contains(granting, Role::privacy_officer));
}

TEST(AccessTokens, AParticipantsTokenWithoutABindingReachesNobody) {
  AccessToken unbound;
  unbound.hash = sha256("t");
  unbound.role = Role::participant;
  const Access access{{unbound}};
  HttpRequest request;
  request.parameters = {{"room", ""}, {"participant", ""}};
  const auto refusal = access.admit(route_of(Operation::get_participant), "Bearer t", request);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 403U);
}

TEST(AccessTokens, AreReplacedWhole) {
  AccessToken first;
  first.name = "first";
  first.hash = sha256("one");
  first.role = Role::operator_;
  AccessToken second = first;
  second.hash = sha256("two");
  Access access{{first}};
  const ApiRoute& route = route_of(Operation::get_room);
  HttpRequest request;
  EXPECT_FALSE(access.admit(route, "bearer one", request));
  EXPECT_EQ(request.principal.value().token_name, "first");
  access.replace({second});
  EXPECT_TRUE(access.admit(route, "Bearer one", request));
  EXPECT_FALSE(access.admit(route, "Bearer two", request));
}

TEST(Sha256, IsTheOneOfFips180AndReadsItsOwnHex) {
  const auto abc = sha256("abc");
  const std::string hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(to_hex(abc), hex);
  EXPECT_EQ(sha256_from_hex(hex), abc);
  EXPECT_FALSE(sha256_from_hex(hex.substr(1)));
  EXPECT_FALSE(sha256_from_hex("G" + hex.substr(1)));
}

}  // namespace
}  // namespace assent::gateway
