// The address in front of a server of WHIP and WHEP, with a server that says what a test wants it
// to. A real one is in tests/interop/whip_test.
#include "gateway/whip_front.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "gateway/whip_sdp.hpp"
#include "tests/gateway/comes_true.hpp"
#include "tests/gateway/http_client.hpp"
#include "tests/gateway/whip_listener.hpp"

namespace assent::gateway::test {
namespace {

namespace http = boost::beast::http;
namespace json = boost::json;
using assent::gateway::testing::RawClient;
using assent::gateway::testing::Reply;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::string_view servers_candidate = "a=candidate:1 1 udp 1 127.0.0.1 50505 typ host";
constexpr std::string_view clients_candidate = "a=candidate:1 1 udp 1 127.0.0.1 40404 typ host";

std::string opposite(const std::string& offer) {
  if (offer.find("a=sendonly") != std::string::npos) return "recvonly";
  return offer.find("a=recvonly") != std::string::npos ? "sendonly" : "sendrecv";
}

// Takes every offer, restarts ICE, and ends what is deleted.
WhipListener::Response as_a_server(const WhipListener::Request& asked) {
  WhipListener::Response response{http::status::ok, 11};
  if (asked.method() == http::verb::post) {
    response.result(http::status::created);
    response.set(http::field::content_type, "application/sdp");
    response.set(http::field::location, "its/session");
    response.set(http::field::link, "<stun:stun.example.net>; rel=\"ice-server\"");
    response.set(http::field::set_cookie, "a=b");
    response.body() = webrtc_sdp(opposite(asked.body()), "server", servers_candidate, "passive");
  } else if (asked.method() == http::verb::patch) {
    response.set(http::field::content_type, "application/trickle-ice-sdpfrag");
    response.set(http::field::etag, "\"2\"");
    response.body() = "a=ice-ufrag:again\r\na=ice-pwd:againpassword0123456789ab\r\n";
  }
  return response;
}

class WhipAddress : public ::testing::Test {
 protected:
  explicit WhipAddress(WhipListener::Answer answer = as_a_server, const std::string& more = {})
      : server{std::move(answer)}, service{{.whip = section(more)}} {}

  std::string section(const std::string& more) {
    std::string text =
        "  listen: \"127.0.0.1:1\"\n  server: http://" + server.authority() + "/base\n";
    text +=
        "  paths:\n"
        "    - {path: \"/{room}/whip\", endpoint: whip}\n"
        "    - {path: \"/{room}/whep\", endpoint: whep}\n"
        "    - {path: \"/{room}/{participant}/whip\", endpoint: whip}\n"
        "    - {path: \"/{room}/{participant}/whep\", endpoint: whep}\n"
        "    - {path: \"/of-token?stream={room}\", endpoint: whip, subject: token}\n";
    return text + more;
  }

  Reply ask(std::string_view method, const std::string& target, const std::string& body = {},
            const std::string& fields = {}) {
    auto client = RawClient::tcp(service.whip_port());
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: gateway\r\n");
    text.append(fields);
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    text.append("\r\n").append(body);
    client.send(text);
    return client.read_reply(method == "HEAD");
  }
  Reply publish(const std::string& target = "/standup/whip", const std::string& more = {}) {
    return ask("POST", target, webrtc_sdp("sendonly", "peer", clients_candidate),
               "Content-Type: application/sdp\r\n" + more);
  }
  Reply trickle(const std::string& session, const std::string& fragment, const std::string& match) {
    std::string fields = "Content-Type: application/trickle-ice-sdpfrag\r\n";
    if (!match.empty()) fields += "If-Match: " + match + "\r\n";
    return ask("PATCH", session, fragment, fields);
  }
  json::array participants() {
    const auto room = service.call("GET", "/v1/rooms/standup");
    if (room.status == 404U) return {};
    return room.body.at("participants").as_array();
  }

  WhipListener server;
  RunningService service;
};

TEST_F(WhipAddress, AnOfferIsAnsweredByTheServerAndNeitherSideLearnsOfTheOther) {
  const auto reply = publish("/standup/whip", "Authorization: Bearer of-ann\r\n");
  ASSERT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(reply.header("content-type"), "application/sdp");
  EXPECT_THAT(reply.body, HasSubstr("a=recvonly"));
  EXPECT_THAT(reply.body, Not(HasSubstr("50505")));
  EXPECT_THAT(reply.body, Not(HasSubstr("server")));
  EXPECT_EQ(reply.header("link"), "<stun:stun.example.net>; rel=\"ice-server\"");
  EXPECT_EQ(reply.header("set-cookie"), "");

  ASSERT_THAT(server.asked(), SizeIs(1));
  const auto asked = server.asked().front();
  EXPECT_EQ(asked.target(), "/base/standup/whip");
  EXPECT_EQ(asked[http::field::authorization], "Bearer of-ann");
  EXPECT_EQ(asked[http::field::content_type], "application/sdp");
  EXPECT_THAT(asked.body(), HasSubstr("a=sendonly"));
  EXPECT_THAT(asked.body(), Not(HasSubstr("40404")));
  EXPECT_NE(ice_words_of(asked.body())->ufrag, "peer");
  EXPECT_THAT(service.log(), Not(HasSubstr("of-ann")));
}

TEST_F(WhipAddress, ASessionIsAParticipantUntilItIsDeletedHereAndAtTheServer) {
  const auto reply = publish("/standup/whip", "Authorization: Bearer of-ann\r\n");
  EXPECT_THAT(participants(), SizeIs(1));
  const auto session = reply.header("location");
  EXPECT_THAT(session, ::testing::StartsWith("/session/"));
  EXPECT_GE(session.size(), std::string("/session/").size() + 26);
  EXPECT_NE(publish().header("location"), session);

  EXPECT_EQ(ask("DELETE", session, "", "Authorization: Bearer anew\r\nIf-Match: \"x\"\r\n").status,
            200)
      << "entity tags do not matter here (RFC 9725 §4.3.1)";
  EXPECT_THAT(participants(), SizeIs(1)) << "of the other session";
  const auto last = server.asked().back();
  EXPECT_EQ(last.method(), http::verb::delete_);
  EXPECT_EQ(last.target(), "/base/standup/its/session");
  EXPECT_EQ(last[http::field::authorization], "Bearer anew");
  EXPECT_EQ(ask("DELETE", session).status, 404);
}

TEST_F(WhipAddress, ARoomThatASessionOpenedClosesWithTheLast) {
  const auto one = publish().header("location");
  const auto other = publish().header("location");
  ask("DELETE", one);
  EXPECT_EQ(service.call("GET", "/v1/rooms/standup").status, 200U);
  ask("DELETE", other);
  EXPECT_EQ(service.call("GET", "/v1/rooms/standup").status, 404U);
}

TEST_F(WhipAddress, ARoomAndAParticipantThatTheApiPutStayAsTheyAre) {
  service.ask("PUT", "/v1/rooms/standup", "{}");
  service.ask("PUT", "/v1/rooms/standup/participants/ann", R"({"subject": "s-ann"})");
  const auto session = publish("/standup/ann/whip").header("location");
  ask("DELETE", session);
  EXPECT_THAT(participants(), SizeIs(1));
}

TEST_F(WhipAddress, WhoSendsAndReceivesUnderOneNameIsOneParticipant) {
  const auto sends = publish("/standup/ann/whip");
  const auto receives = ask("POST", "/standup/ann/whep", webrtc_sdp("recvonly", "player"),
                            "Content-Type: application/sdp\r\n");
  ASSERT_EQ(sends.status, 201) << sends.body;
  ASSERT_EQ(receives.status, 201) << receives.body;
  EXPECT_THAT(receives.body, HasSubstr("a=sendonly"));
  EXPECT_THAT(participants(), SizeIs(1));
  ask("DELETE", sends.header("location"));
  EXPECT_THAT(participants(), SizeIs(1));
  ask("DELETE", receives.header("location"));
  EXPECT_THAT(participants(), IsEmpty());
}

TEST_F(WhipAddress, ATokenIsThePersonWhereThePathSaysSo) {
  EXPECT_EQ(publish("/of-token?stream=standup").status, 401);
  publish("/of-token?stream=standup", "Authorization: Bearer of-ann\r\n");
  publish("/of-token?stream=standup", "authorization: bearer of-ann\r\n");
  publish("/of-token?stream=standup", "Authorization: Bearer of-ben\r\n");
  EXPECT_EQ(server.asked().back().target(), "/base/of-token?stream=standup");
  const auto known = service.ask("GET", "/v1/cdrs?room=standup");
  std::map<std::string, std::set<std::string>> of_subject;
  for (const auto& cdr : known.at("cdrs").as_array()) {
    const auto* const subject = cdr.as_object().if_contains("subject");
    if (subject == nullptr || !subject->is_string()) continue;
    of_subject[std::string(subject->as_string())].insert(
        std::string(cdr.at("participant").as_string()));
  }
  EXPECT_THAT(of_subject, SizeIs(2));
  EXPECT_THAT(json::serialize(known), Not(HasSubstr("of-ann")));
  EXPECT_THAT(service.log(), Not(HasSubstr("of-ann")));
}

TEST_F(WhipAddress, WhatIsNoOfferOfItsEndpointNeverReachesTheServer) {
  const std::string type = "Content-Type: application/sdp\r\n";
  EXPECT_EQ(
      ask("POST", "/standup/whip", webrtc_sdp("sendonly"), "Content-Type: text/plain\r\n").status,
      415);
  EXPECT_EQ(ask("POST", "/standup/whip", webrtc_sdp("sendonly")).status, 415);
  EXPECT_EQ(ask("POST", "/standup/whip", webrtc_sdp("recvonly"), type).status, 422);
  EXPECT_EQ(ask("POST", "/standup/whep", webrtc_sdp("sendonly"), type).status, 422);
  EXPECT_EQ(ask("POST", "/standup/whip", sdp(40'404), type).status, 422);
  EXPECT_EQ(ask("POST", "/standup/whip", "v=1\r\n", type).status, 422);
  EXPECT_EQ(ask("POST", "/standup/whip", std::string(70'000, 'x'), type).status, 413);
  EXPECT_EQ(ask("POST", "/elsewhere", webrtc_sdp("sendonly"), type).status, 404);
  EXPECT_EQ(ask("POST", "/standup/../admin", webrtc_sdp("sendonly"), type).status, 404);
  EXPECT_THAT(server.asked(), IsEmpty());
  EXPECT_THAT(participants(), IsEmpty());
}

TEST_F(WhipAddress, TwoLengthsOfABodyAreNoRequest) {
  const std::string body = "0\r\n\r\nDELETE /x HTTP/1.1\r\n\r\n";
  auto client = RawClient::tcp(service.whip_port());
  client.send(
      "POST /standup/whip HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/sdp\r\n"
      "Transfer-Encoding: chunked\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(client.read_reply().status, 400);
  EXPECT_TRUE(client.closed_within(std::chrono::seconds{5}));
}

TEST_F(WhipAddress, AnswersOneRequestAfterTheOtherAndGoesOnWhereAClientWaits) {
  auto client = RawClient::tcp(service.whip_port());
  const auto body = webrtc_sdp("sendonly");
  client.send(
      "POST /standup/whip HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/sdp\r\n"
      "Expect: 100-continue\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("100 Continue"));
  EXPECT_EQ(client.ask(body).status, 201);
  EXPECT_EQ(client.ask("GET /standup/whip HTTP/1.1\r\nHost: gateway\r\n\r\n").status, 204);
}

// RFC 9725 §4.1, §4.2.
TEST_F(WhipAddress, PagesOfOtherOriginsMayAsk) {
  const auto before = ask("OPTIONS", "/standup/whip", "",
                          "Origin: https://page.example\r\nAccess-Control-Request-Method: POST\r\n"
                          "Access-Control-Request-Headers: authorization,content-type\r\n");
  EXPECT_EQ(before.status, 200);
  EXPECT_EQ(before.header("accept-post"), "application/sdp");
  EXPECT_EQ(before.header("access-control-allow-origin"), "*");
  EXPECT_THAT(before.header("access-control-allow-headers"), HasSubstr("Authorization"));
  EXPECT_THAT(before.header("access-control-allow-methods"), HasSubstr("PATCH"));
  const auto reply = publish();
  EXPECT_EQ(reply.header("access-control-allow-origin"), "*");
  EXPECT_THAT(reply.header("access-control-expose-headers"), HasSubstr("Location"));
  const auto of_session = ask("OPTIONS", reply.header("location"));
  EXPECT_EQ(of_session.header("accept-patch"), "application/trickle-ice-sdpfrag");
}

TEST_F(WhipAddress, OtherMethodsAreReserved) {
  const auto session = publish().header("location");
  for (const auto& target : {std::string("/standup/whip"), session}) {
    EXPECT_EQ(ask("GET", target).status, 204);
    EXPECT_EQ(ask("HEAD", target).status, 204);
    const auto put = ask("PUT", target, "x");
    EXPECT_EQ(put.status, 405);
    EXPECT_THAT(put.header("allow"), HasSubstr("OPTIONS"));
  }
  EXPECT_EQ(ask("DELETE", "/standup/whip").status, 405);
  EXPECT_EQ(ask("POST", session, "x").status, 405);
  EXPECT_EQ(ask("GET", "/session/unknown").status, 404);
}

// RFC 9725 §4.3.1, §4.3.2.
TEST_F(WhipAddress, CandidatesAreForTheIceSessionThatTheirEntityTagNames) {
  const auto reply = publish();
  const auto session = reply.header("location");
  const auto fragment =
      "a=ice-ufrag:peer\r\na=ice-pwd:password0123456789abcdef\r\nm=audio 9 RTP/AVP "
      "0\r\na=mid:0\r\n" +
      std::string(clients_candidate) + "\r\na=end-of-candidates\r\n";
  EXPECT_EQ(trickle(session, fragment, "").status, 428);
  EXPECT_EQ(trickle(session, fragment, "\"other\"").status, 412);
  const auto taken = trickle(session, fragment, reply.header("etag"));
  EXPECT_EQ(taken.status, 204);
  EXPECT_EQ(taken.header("etag"), "");
  EXPECT_EQ(trickle(session, "o=1\r\n", reply.header("etag")).status, 400);
  EXPECT_EQ(ask("PATCH", session, fragment, "Content-Type: application/sdp\r\n").status, 415);
  EXPECT_THAT(server.asked(), SizeIs(1)) << "it has the gateway's";
}

const std::string restart_fragment = "a=ice-ufrag:other\r\na=ice-pwd:otherpassword0123456789ab\r\n";

// RFC 9725 §4.3.3.
TEST_F(WhipAddress, IceRestartsHereAndAtTheServer) {
  const auto reply = publish();
  const auto session = reply.header("location");
  const auto restarted = trickle(session, restart_fragment, "*");
  ASSERT_EQ(restarted.status, 200) << restarted.body;
  EXPECT_EQ(restarted.header("content-type"), "application/trickle-ice-sdpfrag");
  EXPECT_NE(restarted.header("etag"), reply.header("etag"));
  ASSERT_TRUE(ice_words_of(restarted.body)) << restarted.body;
  EXPECT_NE(ice_words_of(restarted.body), ice_words_of(reply.body));
  const auto asked = server.asked();
  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_EQ(asked[1].target(), "/base/standup/its/session");
  EXPECT_EQ(asked[1][http::field::if_match], "*");
  ASSERT_TRUE(ice_words_of(asked[1].body())) << asked[1].body();
  EXPECT_NE(ice_words_of(asked[1].body()), ice_words_of(asked[0].body()));
  EXPECT_NE(ice_words_of(asked[1].body())->ufrag, "other");
  EXPECT_EQ(trickle(session, restart_fragment, reply.header("etag")).status, 412);
  EXPECT_EQ(trickle(session, restart_fragment, restarted.header("etag")).status, 204);
}

class WhipAddressWithoutRestarts : public WhipAddress {
 protected:
  WhipAddressWithoutRestarts()
      : WhipAddress{[](const WhipListener::Request& asked) {
          auto response = as_a_server(asked);
          if (asked.method() == http::verb::patch) {
            response = {http::status::not_implemented, 11};
          }
          return response;
        }} {}
};

TEST_F(WhipAddressWithoutRestarts, ARefusedRestartLeavesTheIceSessionThatThereIs) {
  const auto reply = publish();
  const auto session = reply.header("location");
  EXPECT_EQ(trickle(session, restart_fragment, "*").status, 501);
  const auto old = "a=ice-ufrag:peer\r\na=ice-pwd:password0123456789abcdef\r\n";
  EXPECT_EQ(trickle(session, old, reply.header("etag")).status, 204);
  EXPECT_THAT(participants(), SizeIs(1));
}

// A server that refuses, each time in the next way.
class WhipAddressOfARefusal : public WhipAddress {
 protected:
  using Status = std::atomic<http::status>;

  WhipAddressOfARefusal()
      : WhipAddressOfARefusal{std::make_shared<Status>(http::status::unauthorized)} {}
  Status& next;

 private:
  // The server answers until the last of the fixture is gone.
  explicit WhipAddressOfARefusal(const std::shared_ptr<Status>& status)
      : WhipAddress{[status](const WhipListener::Request&) {
          WhipListener::Response response{*status, 11};
          response.set(http::field::retry_after, "7");
          response.set(http::field::www_authenticate, "Bearer realm=\"x\"");
          response.set(http::field::content_type, "text/plain");
          response.body() = "not you";
          return response;
        }},
        next{*status} {}
};

TEST_F(WhipAddressOfARefusal, TheClientHearsItAndNobodyIsInTheRoom) {
  for (const auto status :
       {http::status::unauthorized, http::status::not_found, http::status::conflict,
        http::status::service_unavailable, http::status::internal_server_error}) {
    next = status;
    const auto reply = publish();
    EXPECT_EQ(reply.status, static_cast<int>(status));
    EXPECT_EQ(reply.header("retry-after"), "7");
    EXPECT_EQ(reply.body, "not you");
    EXPECT_EQ(reply.header("location"), "");
    EXPECT_EQ(service.call("GET", "/v1/rooms/standup").status, 404U);
  }
}

class WhipAddressWithRedirects : public WhipAddress {
 protected:
  WhipAddressWithRedirects()
      : WhipAddressWithRedirects{std::make_shared<std::string>(redirected)} {}
  static constexpr std::string_view redirected = "/other?x=1";
  std::string& to;

 private:
  // The server answers until the last of the fixture is gone.
  explicit WhipAddressWithRedirects(const std::shared_ptr<std::string>& where)
      : WhipAddress{[where](const WhipListener::Request& asked) {
          if (asked.target() == redirected) return as_a_server(asked);
          WhipListener::Response response{http::status::temporary_redirect, 11};
          response.set(http::field::location, *where);
          return response;
        }},
        to{*where} {}
};

TEST_F(WhipAddressWithRedirects, AreFollowedToTheServerItself) {
  EXPECT_EQ(publish().status, 201);
  ASSERT_THAT(server.asked(), SizeIs(2));
  EXPECT_EQ(server.asked()[1].method(), http::verb::post);
  EXPECT_EQ(server.asked()[1].body(), server.asked()[0].body());
}

TEST_F(WhipAddressWithRedirects, AreNotFollowedElsewhere) {
  WhipListener elsewhere{as_a_server};
  for (const auto& other :
       {"http://" + elsewhere.authority() + "/x", std::string("//example.org/x"),
        "https://" + server.authority() + "/x", std::string("")}) {
    to = other;
    EXPECT_EQ(publish().status, 502) << other;
  }
  EXPECT_THAT(elsewhere.asked(), IsEmpty());
  EXPECT_THAT(participants(), IsEmpty());
}

class WhipAddressOfAWrongAnswer : public WhipAddress {
 protected:
  WhipAddressOfAWrongAnswer()
      : WhipAddress{[](const WhipListener::Request& asked) {
          auto response = as_a_server(asked);
          if (asked.method() == http::verb::post) response.body() = sdp(50'505);
          return response;
        }} {}
};

TEST_F(WhipAddressOfAWrongAnswer, TheServersSessionEndsWithTheClients) {
  EXPECT_EQ(publish("/standup/whip", "Authorization: Bearer of-ann\r\n").status, 502);
  EXPECT_THAT(participants(), IsEmpty());
  const auto last = server.asked().back();
  EXPECT_EQ(last.method(), http::verb::delete_);
  EXPECT_EQ(last[http::field::authorization], "Bearer of-ann");
}

class WhipAddressThatIsGuarded : public WhipAddress {
 protected:
  WhipAddressThatIsGuarded()
      : WhipAddress{[](const WhipListener::Request& asked) {
          auto response = as_a_server(asked);
          if (asked[http::field::authorization].empty()) {
            response = {http::status::unauthorized, 11};
          }
          return response;
        }} {}
};

TEST_F(WhipAddressThatIsGuarded, OnlyWhomTheServerLetsEndsASession) {
  const auto session = publish("/standup/whip", "Authorization: Bearer x\r\n").header("location");
  EXPECT_EQ(ask("DELETE", session).status, 401);
  EXPECT_THAT(participants(), SizeIs(1));
  EXPECT_EQ(ask("DELETE", session, "", "Authorization: Bearer x\r\n").status, 200);
  EXPECT_THAT(participants(), IsEmpty());
}

class WhipAddressOfTheLost : public WhipAddress {
 protected:
  WhipAddressOfTheLost() : WhipAddress{as_a_server, "  lost_after: 1s\n"} {}
};

TEST_F(WhipAddressOfTheLost, ASessionAtWhoseEndsNobodyAppearsEndsHereAndAtTheServer) {
  const auto session = publish("/standup/whip", "Authorization: Bearer x\r\n").header("location");
  EXPECT_TRUE(comes_true([&] { return participants().empty(); }));
  EXPECT_TRUE(comes_true([&] { return server.asked().back().method() == http::verb::delete_; }));
  EXPECT_EQ(server.asked().back()[http::field::authorization], "Bearer x");
  EXPECT_EQ(ask("GET", session).status, 404);
}

TEST_F(WhipAddress, ASessionWhoseParticipantTheApiRemovedEnds) {
  const auto session = publish("/standup/ann/whip").header("location");
  service.ask("DELETE", "/v1/rooms/standup/participants/ann");
  EXPECT_TRUE(comes_true([&] { return ask("GET", session).status == 404; }));
}

class WhipAddressOfOne : public WhipAddress {
 protected:
  WhipAddressOfOne() : WhipAddress{as_a_server, "  sessions_max: 1\n"} {}
};

TEST_F(WhipAddressOfOne, OneMoreThanTheMostIsToComeAgain) {
  const auto session = publish().header("location");
  const auto refused = publish();
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.header("retry-after"), "");
  ask("DELETE", session);
  EXPECT_EQ(publish().status, 201);
}

class WhipAddressOfASlowServer : public WhipAddress {
 protected:
  WhipAddressOfASlowServer()
      : WhipAddress{[](const WhipListener::Request& asked) {
                      std::this_thread::sleep_for(std::chrono::milliseconds{2'500});
                      return as_a_server(asked);
                    },
                    "  answer_within: 1s\n"} {}
};

TEST_F(WhipAddressOfASlowServer, WaitsNoLongerThanConfigured) {
  const auto asked = std::chrono::steady_clock::now();
  EXPECT_EQ(publish().status, 502);
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds{2});
  EXPECT_THAT(participants(), IsEmpty());
  EXPECT_TRUE(service.log_says("whip.unreachable"));
}

TEST_F(WhipAddressOfASlowServer, DoesNotKeepTheGatewayFromStopping) {
  auto client = RawClient::tcp(service.whip_port());
  const auto body = webrtc_sdp("sendonly");
  client.send(
      "POST /standup/whip HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/sdp\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_TRUE(comes_true([&] { return participants().size() == 1; }));
  const auto began = std::chrono::steady_clock::now();
  service.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{5});
}

TEST_F(WhipAddress, SessionsEndAtTheServerWhenTheGatewayStops) {
  publish();
  publish();
  service.stop();
  const auto asked = server.asked();
  ASSERT_THAT(asked, SizeIs(4));
  EXPECT_EQ(asked[2].method(), http::verb::delete_);
  EXPECT_EQ(asked[3].method(), http::verb::delete_);
}

class WhipAddressOfARecorder : public WhipAddress {
 protected:
  WhipAddressOfARecorder() : WhipAddress{as_a_server, "  performs: [recording]\n"} {}
};

TEST_F(WhipAddressOfARecorder, WhatTheServerPerformsRunsFromTheRoomsBeginning) {
  publish();
  const auto room = service.ask("GET", "/v1/rooms/standup");
  EXPECT_THAT(json::serialize(room.at("purposes")), HasSubstr("recording"));
}

}  // namespace
}  // namespace assent::gateway::test
