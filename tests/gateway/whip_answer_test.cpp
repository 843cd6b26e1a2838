// What a client of WHIP is told of what the server says.
#include "gateway/whip_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/http.hpp>

namespace assent::gateway {
namespace {

namespace http = boost::beast::http;
using ::testing::ElementsAre;

TEST(WhipLinks, LeadToIceServersAndNowhereElse) {
  WhipResponse response{http::status::created, 11};
  response.insert(http::field::link,
                  "<stun:stun.example.net>; rel=\"ice-server\", "
                  "<https://server.example/events,x>; rel=\"urn:ietf:params:whep:ext:core:sse\"");
  response.insert(
      http::field::link,
      "<turn:turn.example.net?transport=udp>; rel=\"ice-server\"; username=\"a,;\\\"b\"; "
      "credential=\"c\"; credential-type=\"password\"");
  response.insert(http::field::link, "<https://elsewhere/>; rel=\"ice-server\"");
  response.insert(http::field::link, "<turn:turn.example.net>; rel=\"next\"");
  EXPECT_THAT(ice_server_links(response),
              ElementsAre("<stun:stun.example.net>; rel=\"ice-server\"",
                          "<turn:turn.example.net?transport=udp>; rel=\"ice-server\"; "
                          "username=\"a,;\\\"b\"; credential=\"c\"; credential-type=\"password\""));
}

TEST(WhipIfMatch, IsHeldByTheTagOrAnyTag) {
  EXPECT_TRUE(if_match_holds("\"a\"", "\"a\""));
  EXPECT_TRUE(if_match_holds("\"b\", \"a\"", "\"a\""));
  EXPECT_TRUE(if_match_holds("*", "\"a\""));
  for (const auto* other : {"", "a", "W/\"a\"", "\"A\"", "\"a", "\"b\"", "\"a, \"a\""})
    EXPECT_FALSE(if_match_holds(other, "\"a\"")) << other;
}

TEST(WhipRefusal, CarriesNoDescriptionOfTheServer) {
  WhipResponse offer{http::status::not_acceptable, 11};
  offer.set(http::field::content_type, "application/sdp");
  offer.body() = "v=0\r\n";
  const auto passed = whip_refusal_of(offer);
  EXPECT_EQ(passed.result(), http::status::not_acceptable);
  EXPECT_TRUE(passed.body().empty());
}

TEST(WhipRefusal, IsTheServersFaultWhereItRefusedNothing) {
  EXPECT_EQ(whip_refusal_of({http::status::accepted, 11}).result(), http::status::bad_gateway);
}

TEST(WhipType, IsComparedWithoutParametersAndInWhateverCase) {
  EXPECT_TRUE(is_of_type("Application/SDP ; charset=utf-8", "application/sdp"));
  EXPECT_FALSE(is_of_type("application/sdp-x", "application/sdp"));
  EXPECT_FALSE(is_of_type("", "application/sdp"));
}

}  // namespace
}  // namespace assent::gateway
