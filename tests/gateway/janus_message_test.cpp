#include "gateway/janus_message.hpp"

#include <gtest/gtest.h>

#include "gateway/id.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;

TEST(JanusMessage, IsAnObjectOrNothing) {
  EXPECT_TRUE(parse_janus(R"({"janus": "create"})", from_janus_client));
  for (const std::string text : {"", "[]", "1", "null", "{", "{} {}", "\"{}\"", "{\"a\": 1,}"})
    EXPECT_FALSE(parse_janus(text, from_janus_client)) << text;
}

TEST(JanusMessage, IsNeitherNestedNorLongBeyondReason) {
  std::string nested;
  for (int i = 0; i < 100; ++i)
    nested += R"({"a":)";
  nested += "1" + std::string(100, '}');
  EXPECT_FALSE(parse_janus(nested, from_janus_server));
  const std::string fill(from_janus_client.bytes, ' ');
  EXPECT_FALSE(parse_janus("{}" + fill, from_janus_client));
  EXPECT_TRUE(parse_janus("{}" + fill, from_janus_server));
}

TEST(JanusMessage, AFieldOfAnotherKindIsNone) {
  const auto message = *parse_janus(
      R"({"text": 1, "number": "1", "negative": -1, "real": 1.5, "flag": "true", "object": []})",
      from_janus_client);
  EXPECT_EQ(janus_text(message, "text"), "");
  EXPECT_EQ(janus_word(message, "text"), "");
  EXPECT_EQ(janus_number(message, "number"), std::nullopt);
  EXPECT_EQ(janus_number(message, "negative"), std::nullopt);
  EXPECT_EQ(janus_number(message, "real"), std::nullopt);
  EXPECT_FALSE(janus_flag(message, "flag"));
  EXPECT_EQ(janus_object(message, "object"), nullptr);
  EXPECT_EQ(janus_object(message, "absent"), nullptr);
}

TEST(JanusMessage, IdsAreNumbersAsTheyAreAndTextsThatFitOrTheirHash) {
  const std::string other = "Töne & Töne";
  const json::object message{{"number", std::uint64_t{9'007'199'254'740'991}},
                             {"text", "standup"},
                             {"other", other},
                             {"longest", std::string(1'000, 'a')}};
  EXPECT_EQ(janus_id(message, "number"), "9007199254740991");
  EXPECT_EQ(janus_id(message, "text"), "standup");
  EXPECT_TRUE(is_id(janus_id(message, "other")));
  EXPECT_NE(janus_id(message, "other"), janus_id(message, "longest"));
  EXPECT_LE(janus_id(message, "longest").size(), 40U);
  EXPECT_EQ(janus_id(message, "absent"), "");
}

TEST(JanusMessage, AWordIsItselfInAnyCase) {
  EXPECT_EQ(janus_word({{"request", "RTP_Forward"}}, "request"), "rtp_forward");
}

TEST(JanusMessage, ATransactionIsTheClientsOwnAgainOnceItsNumberIsTaken) {
  for (const std::string own : {"a", "", "7:a", ":", "1"}) {
    json::object message{{"transaction", own}};
    number_transaction(message, 42);
    EXPECT_EQ(janus_text(message, "transaction"), "42:" + own);
    EXPECT_EQ(take_transaction_number(message), 42U);
    EXPECT_EQ(janus_text(message, "transaction"), own);
  }
}

TEST(JanusMessage, ATransactionWithoutANumberStaysAsItIs) {
  for (const std::string own : {"", "a", "a:1", ":1", "12", "-1:a", "99999999999999999999:a"}) {
    json::object message{{"transaction", own}};
    EXPECT_EQ(take_transaction_number(message), 0U) << own;
    EXPECT_EQ(janus_text(message, "transaction"), own);
  }
  json::object none{{"transaction", 1}};
  EXPECT_EQ(take_transaction_number(none), 0U);
  EXPECT_FALSE(has_transaction(none));
  EXPECT_FALSE(has_transaction({}));
}

TEST(JanusMessage, APluginIsWhatFollowsTheLastDot) {
  EXPECT_EQ(janus_plugin("janus.plugin.videoroom"), "videoroom");
  EXPECT_EQ(janus_plugin("videoroom"), "videoroom");
  EXPECT_EQ(janus_plugin(""), "plugin");
  EXPECT_EQ(janus_plugin("janus.plugin."), "plugin");
  EXPECT_EQ(janus_plugin("janus.plugin.a/b"), "plugin");
}

}  // namespace
}  // namespace assent::gateway
