// The address in front of a Janus server, with a server that says what a test wants it to. A real
// one is in tests/interop/janus_front_test.
#include "gateway/janus_front.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "tests/gateway/http_client.hpp"
#include "tests/gateway/media_peer.hpp"

namespace assent::gateway::test {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using asio::ip::tcp;
using assent::gateway::testing::RawClient;
using assent::gateway::testing::Reply;
using assent::gateway::testing::request_text;
using ::testing::HasSubstr;
using ::testing::Not;

// Speaks the server's side of the Janus API over HTTP; a thread of its own.
class JanusListener {
 public:
  using Answer = std::function<json::object(const json::object& asked)>;

  explicit JanusListener(Answer answer) : answer_{std::move(answer)} {
    thread_ = std::thread{[this] { serve(); }};
  }
  ~JanusListener() {
    stopping_ = true;
    tcp::socket wake{io_};
    boost::system::error_code ignored;
    wake.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  JanusListener(const JanusListener&) = delete;
  JanusListener& operator=(const JanusListener&) = delete;

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/janus";
  }
  std::vector<json::object> asked() {
    const std::lock_guard lock{access_};
    return asked_;
  }

 private:
  void serve() {
    while (!stopping_) {
      tcp::socket socket{io_};
      boost::system::error_code error;
      acceptor_.accept(socket, error);
      if (error || stopping_) continue;
      boost::beast::flat_buffer buffer;
      http::request<http::string_body> request;
      http::read(socket, buffer, request, error);
      if (error) continue;
      http::response<http::string_body> response{http::status::ok, 11};
      json::object message{{"janus", "poll"}, {"transaction", ""}};
      if (request.method() == http::verb::post) message = json::parse(request.body()).as_object();
      response.body() = json::serialize(answer_(message));
      if (request.method() == http::verb::post) {
        const std::lock_guard lock{access_};
        asked_.push_back(message);
      }
      response.prepare_payload();
      response.keep_alive(false);
      http::write(socket, response, error);
    }
  }

  Answer answer_;
  asio::io_context io_;
  tcp::acceptor acceptor_{io_, {asio::ip::make_address("127.0.0.1"), 0}};
  std::mutex access_;
  std::vector<json::object> asked_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// A video room in which everybody is number 77, as handle 2 of session 1.
json::object as_a_video_room(const json::object& asked) {
  const auto kind = asked.at("janus").as_string();
  json::object answer{{"transaction", asked.at("transaction")}};
  if (kind == "create" || kind == "attach") {
    answer["janus"] = "success";
    if (kind == "attach") answer["session_id"] = 1;
    answer["data"] = json::object{{"id", kind == "create" ? 1 : 2}};
    return answer;
  }
  const bool creates = kind == "message" && asked.at("body").at("request").as_string() == "create";
  answer["janus"] = creates ? "success" : "event";
  answer["session_id"] = 1;
  answer["sender"] = 2;
  json::object data{{"videoroom", "event"}};
  if (creates) data = {{"videoroom", "created"}, {"room", 1234}};
  if (kind == "message" && asked.at("body").at("request").as_string() == "join") {
    data = {{"videoroom", "joined"}, {"room", 1234}, {"id", 77}};
  }
  answer["plugindata"] =
      json::object{{"plugin", "janus.plugin.videoroom"}, {"data", std::move(data)}};
  return answer;
}

class JanusAddress : public ::testing::Test {
 protected:
  explicit JanusAddress(JanusListener::Answer answer = as_a_video_room)
      : janus{std::move(answer)} {}

  Reply post(const std::string& target, const std::string& body) {
    auto client = RawClient::tcp(service.janus_port());
    return client.ask(request_text("POST", target, "", body));
  }
  json::object say(const std::string& target, const json::object& message) {
    const auto reply = post(target, json::serialize(message));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return json::parse(reply.body).as_object();
  }
  void attach(std::string_view opaque_id = "ann-s-account") {
    say("/janus", {{"janus", "create"}, {"transaction", "a"}});
    say("/janus/1", {{"janus", "attach"},
                     {"plugin", "janus.plugin.videoroom"},
                     {"opaque_id", opaque_id},
                     {"transaction", "b"}});
  }
  void join() {
    say("/janus/1/2", {{"janus", "message"},
                       {"transaction", "c"},
                       {"body", {{"request", "join"}, {"ptype", "publisher"}, {"room", 1234}}}});
  }
  json::object publish(const std::string& sdp, json::object more = {}) {
    more["request"] = "configure";
    return say("/janus/1/2", {{"janus", "message"},
                              {"transaction", "d"},
                              {"body", std::move(more)},
                              {"jsep", {{"type", "offer"}, {"sdp", sdp}}}});
  }

  JanusListener janus;
  RunningService service{{.janus = "  listen: \"127.0.0.1:1\"\n  http: " + janus.url() + "\n"}};
};

TEST_F(JanusAddress, WhoJoinsARoomOfTheServerIsAParticipantOfOneHere) {
  attach();
  EXPECT_EQ(service.call("GET", "/v1/rooms/videoroom-1234").status, 404U);
  join();
  service.ask("GET", "/v1/rooms/videoroom-1234/participants/77");
  const auto known = service.ask("GET", "/v1/cdrs?room=videoroom-1234&subject=ann-s-account");
  EXPECT_FALSE(known.at("cdrs").as_array().empty());

  say("/janus/1", {{"janus", "destroy"}, {"transaction", "e"}});
  EXPECT_EQ(service.call("GET", "/v1/rooms/videoroom-1234").status, 404U);
}

TEST_F(JanusAddress, TheServerLearnsOfNoAddressOfTheClient) {
  attach();
  join();
  publish(sdp(40'404));
  const auto offered = janus.asked().back();
  const std::string text{offered.at("jsep").at("sdp").as_string()};
  EXPECT_THAT(text, Not(HasSubstr("40404")));
  EXPECT_THAT(text, HasSubstr("m=audio"));

  say("/janus/1/2",
      {{"janus", "trickle"},
       {"transaction", "f"},
       {"candidate",
        {{"candidate", "candidate:1 1 udp 1 192.0.2.1 40404 typ host"}, {"sdpMid", "0"}}}});
  EXPECT_THAT(json::serialize(janus.asked().back()), Not(HasSubstr("40404")));
}

TEST_F(JanusAddress, AnOfferThatCannotBeReadIsRefusedAndTheServerDoesNotGetIt) {
  attach();
  join();
  const auto before = janus.asked().size();
  const auto answer = publish("v=1\r\n");
  EXPECT_EQ(answer.at("janus").as_string(), "error");
  EXPECT_EQ(answer.at("error").at("code").as_int64(), 465);
  EXPECT_EQ(janus.asked().size(), before);
}

TEST_F(JanusAddress, ToRecordStartsThePurposeBeforeTheServerHears) {
  attach();
  join();
  publish(sdp(40'404), {{"record", true}});
  const auto room = service.ask("GET", "/v1/rooms/videoroom-1234");
  EXPECT_THAT(json::serialize(room.at("purposes")), HasSubstr("recording"));
}

TEST_F(JanusAddress, ARoomThatIsCreatedToBeRecordedIsFromItsBeginning) {
  attach();
  say("/janus/1/2", {{"janus", "message"},
                     {"transaction", "r"},
                     {"body", {{"request", "create"}, {"room", 1234}, {"record", true}}}});
  join();
  const auto room = service.ask("GET", "/v1/rooms/videoroom-1234");
  EXPECT_THAT(json::serialize(room.at("purposes")), HasSubstr("recording"));
}

TEST_F(JanusAddress, ARequestToRecordIsOneInWhateverCaseAndForTheRoomThatItNames) {
  attach();
  say("/janus/1/2", {{"janus", "message"},
                     {"transaction", "r"},
                     {"body", {{"request", "RTP_Forward"}, {"room", 1234}}}});
  join();
  const auto room = service.ask("GET", "/v1/rooms/videoroom-1234");
  EXPECT_THAT(json::serialize(room.at("purposes")), HasSubstr("recording"));
}

TEST_F(JanusAddress, AHandleIsInOneRoom) {
  attach();
  join();
  const auto answer = say("/janus/1/2", {{"janus", "message"},
                                         {"transaction", "again"},
                                         {"body", {{"request", "join"}, {"room", 99}}}});
  EXPECT_EQ(answer.at("janus").as_string(), "error");
  EXPECT_EQ(service.call("GET", "/v1/rooms/videoroom-99").status, 404U);
}

TEST_F(JanusAddress, WhatTheGatewayDoesNotKnowDoesNotPass) {
  const auto answer = say("/janus/1", {{"janus", "claim"}, {"transaction", "x"}});
  EXPECT_EQ(answer.at("error").at("code").as_int64(), 453);
  EXPECT_TRUE(janus.asked().empty());
}

TEST_F(JanusAddress, AMessageWithoutATransactionOfItsOwnDoesNotPass) {
  for (const json::object& message :
       {json::object{{"janus", "create"}}, json::object{{"janus", "create"}, {"transaction", 7}}}) {
    const auto answer = say("/janus", message);
    EXPECT_EQ(answer.at("error").at("code").as_int64(), 456);
  }
  EXPECT_TRUE(janus.asked().empty());
}

TEST_F(JanusAddress, AClientIsAnsweredByWhatItCallsItsRequest) {
  for (int i = 0; i < 2; ++i) {
    const auto answer = say("/janus", {{"janus", "create"}, {"transaction", "same"}});
    EXPECT_EQ(answer.at("transaction").as_string(), "same");
  }
  const auto asked = janus.asked();
  EXPECT_NE(asked[0].at("transaction"), asked[1].at("transaction"));
}

TEST_F(JanusAddress, WhatIsNoMessageNeverReachesTheServer) {
  EXPECT_EQ(post("/janus", "[]").status, 400);
  EXPECT_EQ(post("/janus", "{\"janus\": ").status, 400);
  EXPECT_EQ(post("/admin", "{}").status, 404);
  EXPECT_EQ(post("/janus/1/2/3", "{}").status, 404);
  EXPECT_EQ(post("/janus/../admin", "{}").status, 404);
  EXPECT_TRUE(janus.asked().empty());
}

// A server that sends a description for a handle that nobody attached through the gateway.
class JanusAddressOfAStranger : public JanusAddress {
 protected:
  JanusAddressOfAStranger()
      : JanusAddress{[](const json::object& asked) {
          json::object answer{{"janus", "event"}, {"transaction", asked.at("transaction")}};
          answer["session_id"] = 9;
          answer["sender"] = 9;
          answer["jsep"] = json::object{{"type", "offer"}, {"sdp", sdp(50'505)}};
          return answer;
        }} {}
};

TEST_F(JanusAddressOfAStranger, NoDescriptionPassesThatTheGatewayDidNotTakePartIn) {
  auto client = RawClient::tcp(service.janus_port());
  const auto polled = client.ask(request_text("GET", "/janus/9", ""));
  EXPECT_THAT(polled.body, HasSubstr("hangup"));
  EXPECT_THAT(polled.body, Not(HasSubstr("50505")));
}

TEST_F(JanusAddressOfAStranger, AHandleThatTheGatewayDoesNotKnowAsksForNothing) {
  const auto answer = say("/janus/9/9", {{"janus", "Message"}, {"transaction", "x"}});
  EXPECT_EQ(answer.at("error").at("code").as_int64(), 459);
  EXPECT_TRUE(janus.asked().empty());
}

// A video room whose handles are 2, 3, ... of session 1, and 77, 78, ... in it. The plugin refuses
// what is marked `refuse`, the server itself what is marked `unread`; what is marked `later` is
// acknowledged, and its outcome is the next event.
JanusListener::Answer as_a_room_of_several() {
  return [handles = 1, events = std::deque<json::object>{}](const json::object& asked) mutable {
    json::object answer{{"transaction", asked.at("transaction")}, {"session_id", 1}};
    const auto kind = asked.at("janus").as_string();
    if (kind == "poll") {
      if (events.empty()) return json::object{{"janus", "keepalive"}};
      answer = std::move(events.front());
      events.pop_front();
      return answer;
    }
    answer["janus"] = "success";
    if (kind == "create") answer.erase("session_id");
    if (kind == "create") answer["data"] = json::object{{"id", 1}};
    if (kind == "attach") answer["data"] = json::object{{"id", ++handles}};
    if (kind != "message") return answer;
    const auto& body = asked.at("body").as_object();
    const auto handle = asked.at("handle_id").as_int64();
    json::object data{{"videoroom", "event"}, {"configured", "ok"}};
    if (body.at("request").as_string() == "join") {
      data = {{"videoroom", "joined"}, {"room", 1234}, {"id", 75 + handle}};
    }
    if (body.contains("refuse")) data = {{"videoroom", "event"}, {"error_code", 433}};
    answer["janus"] = body.contains("unread") ? "error" : "event";
    answer["sender"] = handle;
    if (!body.contains("unread")) {
      answer["plugindata"] = json::object{{"plugin", "janus.plugin.videoroom"}, {"data", data}};
    }
    if (!body.contains("later")) return answer;
    events.push_back(std::move(answer));
    return json::object{{"janus", "ack"}, {"transaction", asked.at("transaction")}};
  };
}

class JanusRecording : public JanusAddress {
 protected:
  JanusRecording() : JanusAddress{as_a_room_of_several()} {}

  json::object ask(int handle, json::object body, std::string_view transaction = "x",
                   json::object more = {}) {
    more["janus"] = "message";
    more["transaction"] = transaction;
    more["body"] = std::move(body);
    return say("/janus/1/" + std::to_string(handle), more);
  }
  json::object offer(int handle, json::object body) {
    return ask(handle, std::move(body), "o", {{"jsep", {{"type", "offer"}, {"sdp", sdp(40'404)}}}});
  }
  void join(int handle) {
    attach("somebody-" + std::to_string(handle));
    ask(handle, {{"request", "join"}, {"ptype", "publisher"}, {"room", 1234}});
  }
  void detach(int handle) {
    say("/janus/1/" + std::to_string(handle), {{"janus", "detach"}, {"transaction", "g"}});
  }
  void next_event() {
    auto client = RawClient::tcp(service.janus_port());
    EXPECT_EQ(client.ask(request_text("GET", "/janus/1", "")).status, 200);
  }
  bool records() {
    const auto room = service.ask("GET", "/v1/rooms/videoroom-1234");
    return json::serialize(room.at("purposes")).find("recording") != std::string::npos;
  }

  // Of one's own stream.
  json::object record{{"request", "configure"}, {"record", true}};
  json::object record_refused_later{
      {"request", "configure"}, {"record", true}, {"refuse", true}, {"later", true}};
  // Of the room.
  json::object record_all{{"request", "enable_recording"}, {"room", 1234}, {"record", true}};
};

TEST_F(JanusRecording, ThatARequestBeganEndsWithItsRefusal) {
  join(2);
  ask(2, record_refused_later);
  EXPECT_TRUE(records()) << "until the server has answered";
  next_event();
  EXPECT_FALSE(records());
}

TEST_F(JanusRecording, EndsOnlyWithTheLastRequestThatIsRefused) {
  join(2);
  join(3);
  ask(2, record_refused_later);
  ask(3, record_refused_later);
  next_event();
  EXPECT_TRUE(records());
  next_event();
  EXPECT_FALSE(records());
}

TEST_F(JanusRecording, ThatAnotherAskedForGoesOnWhereTheFirstToAskIsRefused) {
  join(2);
  join(3);
  ask(2, record_refused_later);
  ask(3, record);
  next_event();
  EXPECT_TRUE(records());
}

TEST_F(JanusRecording, EndsWithTheRefusalAlsoWhereItBeganWhenSomebodyCameIn) {
  attach();
  ask(2, {{"request", "rtp_forward"}, {"room", 1234}, {"refuse", true}, {"later", true}});
  join(3);
  EXPECT_TRUE(records());
  next_event();
  EXPECT_FALSE(records());
}

TEST_F(JanusRecording, IsNotEndedByTheRefusalOfARequestThatIsCalledAlike) {
  join(2);
  join(3);
  ask(3, {{"request", "configure"}, {"refuse", true}, {"later", true}}, "same");
  record["later"] = true;
  ask(2, record, "same");
  next_event();
  EXPECT_TRUE(records());
  next_event();
  EXPECT_TRUE(records());
}

TEST_F(JanusRecording, EndsWithItsRefusalAlthoughAnotherRequestIsCalledAlike) {
  join(2);
  join(3);
  ask(2, record_refused_later, "same");
  ask(3, {{"request", "configure"}}, "same");
  next_event();
  EXPECT_FALSE(records());
}

TEST_F(JanusRecording, OfOnesOwnStreamIsInTheRoomWhereOneIs) {
  join(2);
  record["room"] = 99;
  ask(2, record);
  EXPECT_TRUE(records());
}

TEST_F(JanusRecording, MayHaveBegunWhereThePluginRefusedTheDescriptionBesideIt) {
  join(2);
  record["refuse"] = true;
  offer(2, record);
  EXPECT_TRUE(records());
}

TEST_F(JanusRecording, HasNotBegunWhereTheServerDidNotReadTheRequest) {
  join(2);
  record["unread"] = true;
  offer(2, record);
  EXPECT_FALSE(records());
}

TEST_F(JanusRecording, OfTheRoomLastsLongerThanWhoIsInIt) {
  join(2);
  ask(2, record_all);
  detach(2);
  EXPECT_EQ(service.call("GET", "/v1/rooms/videoroom-1234").status, 404U);
  join(3);
  EXPECT_TRUE(records());
}

TEST_F(JanusRecording, OfOnesOwnStreamDoesNotOutlastWhoWasInTheRoom) {
  join(2);
  ask(2, record);
  detach(2);
  join(3);
  EXPECT_FALSE(records());
}

TEST_F(JanusRecording, OfTheRoomMayHaveBegunWhereTheSessionEndedBeforeTheAnswer) {
  join(2);
  record_all["later"] = true;
  record_all["refuse"] = true;
  ask(2, record_all);
  say("/janus/1", {{"janus", "destroy"}, {"transaction", "d"}});
  join(3);
  EXPECT_TRUE(records());
}

TEST_F(JanusRecording, OfOnesOwnStreamEndsWithTheSession) {
  join(2);
  ask(2, record_refused_later);
  say("/janus/1", {{"janus", "destroy"}, {"transaction", "d"}});
  join(3);
  EXPECT_FALSE(records());
}

TEST_F(JanusRecording, IsTakenToHaveBegunByTheOldestOfTooManyRequestsWithoutAnswer) {
  constexpr int remembered = 256;
  join(2);
  for (int i = 0; i <= remembered; ++i)
    ask(2, record_refused_later);
  for (int i = 0; i <= remembered; ++i)
    next_event();
  EXPECT_TRUE(records());
}

class JanusJoining : public JanusRecording {};

TEST_F(JanusJoining, ThatWasRefusedLeavesNoOtherRoomToSendTo) {
  attach();
  const auto refused =
      offer(2, {{"request", "joinandconfigure"}, {"room", 1234}, {"refuse", true}});
  EXPECT_EQ(refused.at("janus").as_string(), "event");
  const auto before = janus.asked().size();
  EXPECT_EQ(offer(2, {{"request", "configure"}}).at("error").at("code").as_int64(), 465);
  EXPECT_EQ(janus.asked().size(), before);
  ask(2, {{"request", "join"}, {"ptype", "publisher"}, {"room", 1234}});
  EXPECT_EQ(offer(2, {{"request", "configure"}}).at("janus").as_string(), "event");
}

TEST(JanusAddressAlone, SaysThatTheServerDoesNotAnswer) {
  RunningService service{
      {.janus = "  listen: \"127.0.0.1:1\"\n  http: \"http://127.0.0.1:9/janus\"\n"}};
  auto client = RawClient::tcp(service.janus_port());
  const std::string create = R"({"janus": "create", "transaction": "a"})";
  EXPECT_EQ(client.ask(request_text("POST", "/janus", "", create)).status, 502);
}

}  // namespace
}  // namespace assent::gateway::test
