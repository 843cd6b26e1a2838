#include "gateway/requests.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "gateway/request_reader.hpp"

namespace assent::gateway {
namespace {

using namespace std::string_view_literals;

std::optional<Problem> refusal(std::string_view body, auto parse) {
  const auto value = parse_json(body);
  if (!value) return value.error();
  const auto request = parse(*value);
  if (request) return std::nullopt;
  return request.error();
}

using Refuse = std::function<std::optional<Problem>(std::string_view)>;
const Refuse room = [](std::string_view body) { return refusal(body, parse_put_room); };
const Refuse participant = [](std::string_view b) { return refusal(b, parse_put_participant); };
const Refuse offer = [](std::string_view body) { return refusal(body, parse_offer); };
const Refuse answer = [](std::string_view body) { return refusal(body, parse_answer); };
const Refuse consent = [](std::string_view body) { return refusal(body, parse_put_consent); };
const Refuse room_patch = [](std::string_view body) { return refusal(body, parse_patch_room); };
const Refuse patch = [](std::string_view body) { return refusal(body, parse_patch_participant); };
const Refuse notice = [](std::string_view body) { return refusal(body, parse_put_notice); };
const Refuse purpose = [](std::string_view body) { return refusal(body, parse_put_purpose); };
const Refuse questions = [](std::string_view body) { return refusal(body, parse_put_questions); };

constexpr std::string_view hash64 =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

std::string full_consent() {
  return R"({"statement":"granted","method":"online","evidence":{"form":"f-1","note":""},)"
         R"("expires":"2031-02-03T04:05:06.789+01:00","default_state":"unticked",)"
         R"("giver":"guardian","stated_at":"2031-01-01T00:00:00Z","seen_epoch":18446744073709551615,)"
         R"("notice":{"id":"n1","version":"2","language":"nl-NL","hash":")" +
         std::string(hash64) + R"("}})";
}

constexpr std::string_view full_participant =
    R"({"subject":"s-1","language":"nl","minor":"unknown","latching":true,"jurisdictions":)"
    R"({"declared":["NL","US-CA"],"account":[],"e164":"+31201234567","ip":"2001:db8::1"}})";

TEST(Requests, SoundBodiesAreReadWhole) {
  const auto who = parse_put_participant(*parse_json(full_participant));
  ASSERT_TRUE(who) << who.error().detail;
  EXPECT_EQ(who->subject, "s-1");
  EXPECT_EQ(who->minor, MinorStatus::unknown);
  EXPECT_TRUE(who->latching);
  EXPECT_EQ(who->jurisdictions.declared, (std::vector<std::string>{"NL", "US-CA"}));
  EXPECT_EQ(who->jurisdictions.ip, "2001:db8::1");

  const auto said = parse_put_consent(*parse_json(full_consent()));
  ASSERT_TRUE(said) << said.error().detail << said.error().pointer;
  EXPECT_EQ(said->statement, Statement::granted);
  EXPECT_EQ(said->method, ConsentMethod::online);
  EXPECT_EQ(said->evidence.at("form"), "f-1");
  EXPECT_EQ(to_rfc3339(said->expires.value()), "2031-02-03T03:05:06.789Z");
  EXPECT_EQ(said->notice.value().hash, hash64);
  EXPECT_EQ(said->default_state, BoxDefault::unticked);
  EXPECT_EQ(said->giver, policy::Giver::guardian);
  EXPECT_EQ(to_rfc3339(said->stated_at.value()), "2031-01-01T00:00:00.000Z");
  EXPECT_EQ(said->seen_epoch, 18446744073709551615U);

  const auto sdp = parse_offer(*parse_json(R"({"from":"server","sdp":"v=0\r\n"})"));
  ASSERT_TRUE(sdp);
  EXPECT_EQ(sdp->from, Side::server);
  EXPECT_EQ(sdp->sdp, "v=0\r\n");
  EXPECT_FALSE(sdp->transport);
}

TEST(Requests, WhatIsAbsentReadsAsTheRestrictiveDefault) {
  const PutConsent nothing;
  EXPECT_EQ(nothing.statement, Statement::refused);
  const auto who = parse_put_participant(*parse_json(R"({"subject":"s"})"));
  ASSERT_TRUE(who);
  EXPECT_FALSE(who->minor);  // the policy decides
  EXPECT_FALSE(who->latching);
  EXPECT_FALSE(who->sale_opt_out || who->ciphertext_only);
  const auto said = parse_put_consent(*parse_json(R"({"statement":"granted","method":"online"})"));
  ASSERT_TRUE(said);
  EXPECT_FALSE(said->giver || said->stated_at || said->seen_epoch);
}

constexpr std::string_view full_layer =
    R"({"policy":{"purposes":{"recording":{"prohibit":true,"least_strength":"strong",)"
    R"("rule":"all_party","notice":"n1"}},"deny_sinks":["a"],"deny_processors":["b"],)"
    R"("sale":"deny","all_party":"stop","unflagged":"minor","contested_transfers":"deny",)"
    R"("transfer_by_explicit_consent":false}})";

constexpr std::string_view full_patch =
    R"({"jurisdictions":{"declared":["DE"],"ip":"192.0.2.7"},"reevaluate":true,)"
    R"("minor":false,"sale_opt_out":true,"ciphertext_only":false,)"
    R"("policy":{"deny_sinks":["a"]}})";

TEST(Requests, WhatBecomesKnownLaterIsReadWhole) {
  const auto change = parse_patch_participant(*parse_json(full_patch));
  ASSERT_TRUE(change) << change.error().detail;
  EXPECT_EQ(change->jurisdictions.value().ip, "192.0.2.7");
  EXPECT_TRUE(change->reevaluate);
  EXPECT_EQ(change->minor, MinorStatus::adult);
  EXPECT_TRUE(change->sale_opt_out);
  EXPECT_EQ(change->ciphertext_only, false);
  EXPECT_EQ(change->policy.value().deny_sinks, std::vector<std::string>{"a"});
  const auto nothing = parse_patch_participant(*parse_json("{}"));
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->jurisdictions || nothing->reevaluate || nothing->minor ||
               nothing->sale_opt_out || nothing->ciphertext_only || nothing->policy);
}

TEST(Requests, Row01OfSignUpDataOnlyAnOpaqueSubjectEnters) {
  using enum ProblemType;
  for (const auto* subject : {"ann@example.org", "Ann Example", "+31 20 1234567", "a/b"}) {
    const auto refused = participant(R"({"subject":")" + std::string(subject) + R"("})");
    ASSERT_TRUE(refused) << subject;
    EXPECT_EQ(refused->pointer, "/subject");
    EXPECT_EQ(refused->detail.find(subject), std::string::npos) << "nor is it repeated";
  }
  for (const auto* field : {"name", "email", "phone", "password", "company", "source"}) {
    const auto refused =
        participant(R"({"subject":"s-81",")" + std::string(field) + R"(":"whatever"})");
    ASSERT_TRUE(refused) << field;
    EXPECT_EQ(refused->type, unknown_field);
    EXPECT_EQ(refused->pointer, "/" + std::string(field));
  }
}

TEST(Requests, MinorIsTrueFalseOrUnknown) {
  const auto minor = [](std::string_view word) {
    const auto body = R"({"subject":"s","minor":)" + std::string(word) + "}";
    return parse_put_participant(*parse_json(body)).value().minor;
  };
  EXPECT_EQ(minor("true"), MinorStatus::minor);
  EXPECT_EQ(minor("false"), MinorStatus::adult);
  EXPECT_EQ(minor("\"unknown\""), MinorStatus::unknown);
}

struct Refused {
  Refuse parse;
  std::string body;
  ProblemType type;
  std::string pointer;
};

TEST(Requests, EveryFaultNamesItsFieldAndKind) {
  using enum ProblemType;
  const std::string long_id(65, 'a');
  const std::vector<Refused> table{
      {room, "[]", wrong_type, ""},
      {room, "null", wrong_type, ""},
      {room, R"({"tenants":"a"})", unknown_field, "/tenants"},
      {room, R"({"a/b~c":"a"})", unknown_field, "/a~1b~0c"},
      {room, R"({"tenant":7})", wrong_type, "/tenant"},
      {room, R"({"tenant":null})", wrong_type, "/tenant"},
      {room, R"({"tenant":"a b"})", invalid_value, "/tenant"},
      {room, R"({"tenant":".."})", invalid_value, "/tenant"},
      {participant, "{}", missing_field, "/subject"},
      {participant, R"({"subject":""})", invalid_value, "/subject"},
      {participant, R"({"subject":")" + long_id + R"("})", invalid_value, "/subject"},
      {participant, R"({"subject":"s\u0000"})", invalid_value, "/subject"},
      {participant, R"({"subject":"s","minor":1})", wrong_type, "/minor"},
      {participant, R"({"subject":"s","minor":"no"})", invalid_value, "/minor"},
      {participant, R"({"subject":"s","latching":"yes"})", wrong_type, "/latching"},
      {participant, R"({"subject":"s","language":"-nl"})", invalid_value, "/language"},
      {participant, R"({"subject":"s","jurisdictions":[]})", wrong_type, "/jurisdictions"},
      {participant, R"({"subject":"s","jurisdictions":{"declared":"NL"}})", wrong_type,
       "/jurisdictions/declared"},
      {participant, R"({"subject":"s","jurisdictions":{"declared":["NL",3]}})", wrong_type,
       "/jurisdictions/declared/1"},
      {participant, R"({"subject":"s","jurisdictions":{"declared":["NL","NL"]}})", invalid_value,
       "/jurisdictions/declared/1"},
      {participant, R"({"subject":"s","jurisdictions":{"declared":["nl"]}})", invalid_value,
       "/jurisdictions/declared"},
      {participant, R"({"subject":"s","jurisdictions":{"e164":"0031"}})", invalid_value,
       "/jurisdictions/e164"},
      {participant, R"({"subject":"s","jurisdictions":{"ip":"1.2.3"}})", invalid_value,
       "/jurisdictions/ip"},
      {participant, R"({"subject":"s","jurisdictions":{"gps":"1"}})", unknown_field,
       "/jurisdictions/gps"},
      {offer, R"({"sdp":"v=0"})", missing_field, "/from"},
      {offer, R"({"from":"client"})", missing_field, "/sdp"},
      {offer, R"({"from":"peer","sdp":"v=0"})", invalid_value, "/from"},
      {offer, R"({"from":"client","sdp":""})", invalid_value, "/sdp"},
      {offer, R"({"from":"client","sdp":"v=0","transport":"RTP/SAVPF"})", invalid_value,
       "/transport"},
      {answer, R"({"sdp":"v=0","from":"client"})", unknown_field, "/from"},
      {answer, R"({"sdp":"v=0\u0000"})", invalid_value, "/sdp"},
      {questions, R"({"language":"en"})", missing_field, "/purposes"},
      {questions, R"({"purposes":[]})", missing_field, "/purposes"},
      {questions, R"({"purposes":["a","a"]})", invalid_value, "/purposes/1"},
      {questions, R"({"purposes":["a"],"language":"e"})", invalid_value, "/language"},
      {questions, R"({"purposes":["a"],"answer_within_seconds":4})", invalid_value,
       "/answer_within_seconds"},
      {questions, R"({"purposes":["a"],"answer_within_seconds":601})", invalid_value,
       "/answer_within_seconds"},
      {questions, R"({"purposes":["a"],"notices":{"a":{"id":"n"}}})", missing_field,
       "/notices/a/version"},
      {questions, R"({"purposes":["a"],"key":1})", unknown_field, "/key"},
      {consent, R"({"method":"online"})", missing_field, "/statement"},
      {consent, R"({"statement":"granted"})", missing_field, "/method"},
      {consent, R"({"statement":"withdrawn","method":"online"})", invalid_value, "/statement"},
      {consent, R"({"statement":"granted","method":"telepathy"})", invalid_value, "/method"},
      {consent, R"({"statement":"granted","method":"online","evidence":{"a":1}})", wrong_type,
       "/evidence/a"},
      {consent, R"({"statement":"granted","method":"online","evidence":{"":"1"}})", invalid_value,
       "/evidence/"},
      {consent, R"({"statement":"granted","method":"online","expires":"tomorrow"})", invalid_value,
       "/expires"},
      {consent, R"({"statement":"granted","method":"online","notice":{"id":"n"}})", missing_field,
       "/notice/version"},
      {consent, R"({"statement":"granted","method":"online","giver":"subscriber"})", invalid_value,
       "/giver"},
      {consent, R"({"statement":"granted","method":"online","stated_at":"now"})", invalid_value,
       "/stated_at"},
      {consent, R"({"statement":"granted","method":"online","seen_epoch":"3"})", wrong_type,
       "/seen_epoch"},
      {consent, R"({"statement":"granted","method":"online","seen_epoch":-1})", invalid_value,
       "/seen_epoch"},
      {consent, R"({"statement":"granted","method":"online","seen_epoch":1.5})", invalid_value,
       "/seen_epoch"},
      {consent, R"({"statement":"granted","method":"online","seen_epoch":1e30})", invalid_value,
       "/seen_epoch"},
      {patch, R"({"subject":"s"})", unknown_field, "/subject"},
      {patch, R"({"sale_opt_out":false})", invalid_value, "/sale_opt_out"},
      {patch, R"({"sale_opt_out":"yes"})", wrong_type, "/sale_opt_out"},
      {patch, R"({"reevaluate":true})", missing_field, "/jurisdictions"},
      {patch, R"({"minor":"unflagged"})", invalid_value, "/minor"},
      {patch, R"({"ciphertext_only":null})", wrong_type, "/ciphertext_only"},
      {patch, R"({"jurisdictions":{"declared":["Germany"]}})", invalid_value,
       "/jurisdictions/declared/0"},
      {notice, "{}", missing_field, "/notice"},
      {notice, R"({"notice":{}})", missing_field, "/notice/id"},
      {room_patch, "{}", missing_field, "/policy"},
      {room_patch, R"({"policy":[]})", wrong_type, "/policy"},
      {room_patch, R"({"policy":{"allow_sinks":[]}})", unknown_field, "/policy/allow_sinks"},
      {room_patch, R"({"policy":{"sale":"maybe"}})", invalid_value, "/policy/sale"},
      {room_patch, R"({"policy":{"purposes":{"a b":{}}}})", invalid_value, "/policy/purposes/a b"},
      {room_patch, R"({"policy":{"purposes":{"r~":[]}}})", wrong_type, "/policy/purposes/r~0"},
      {room_patch, R"({"policy":{"purposes":{"r":{"prohibit":false}}}})", invalid_value,
       "/policy/purposes/r/prohibit"},
      {room_patch, R"({"policy":{"purposes":{"r":{"rule":"mild"}}}})", invalid_value,
       "/policy/purposes/r/rule"},
      {room_patch, R"({"policy":{"purposes":{"r":{"least_strength":"none"}}}})", invalid_value,
       "/policy/purposes/r/least_strength"},
      {participant, R"({"subject":"s","policy":{"sale":true}})", wrong_type, "/policy/sale"},
      {purpose, R"({"by":"sinks","requested":1})", wrong_type, "/requested"},
      {purpose, R"({})", missing_field, "/by"},
      {purpose, R"({"by":"sinks","sinks":[]})", invalid_value, "/sinks"},
      {purpose, R"({"by":"sinks","sinks":["a","/etc"]})", invalid_value, "/sinks/1"},
      {purpose, R"({"by":"server","sinks":["a"]})", invalid_value, "/sinks"},
      {purpose, R"({"by":"sinks","withhold":"drop"})", invalid_value, "/withhold"},
      {purpose, R"({"by":"server","withhold":"mute"})", invalid_value, "/withhold"},
  };
  for (const auto& row : table) {
    const auto problem = row.parse(row.body);
    ASSERT_TRUE(problem) << row.body << " was accepted";
    EXPECT_EQ(title_of(problem->type), title_of(row.type)) << row.body << ": " << problem->detail;
    EXPECT_EQ(problem->pointer, row.pointer) << row.body;
    EXPECT_FALSE(problem->detail.empty()) << row.body;
  }
}

TEST(Requests, UnsoundJsonIsRefusedBeforeAnythingReadsIt) {
  const std::string deep = std::string(17, '[') + std::string(17, ']');
  const std::vector<std::string> table{"",
                                       " ",
                                       "{",
                                       "{}}",
                                       "{} {}",
                                       "{'a':1}",
                                       R"({"a":1,})",
                                       R"({"a":01})",
                                       R"({"a":NaN})",
                                       "{\"a\":\"\xff\"}",
                                       "{\"a\":\"\n\"}",
                                       R"({"a":"\ud800"})",
                                       "/* */{}",
                                       deep,
                                       R"({"subject":"a","subject":"b"})",
                                       R"({"x":[{"a":{"b":1,"\u0062":2}}]})",
                                       std::string("{}\0", 3),
                                       "\xef\xbb\xbf{}"};
  for (const auto& body : table) {
    const auto value = parse_json(body);
    ASSERT_FALSE(value) << body;
    EXPECT_EQ(value.error().type, ProblemType::malformed_json) << body;
  }
  EXPECT_TRUE(parse_json(std::string(16, '[') + std::string(16, ']')));
  EXPECT_TRUE(parse_json(R"({"a":{"n":1},"b":{"n":1},"c":[{"n":1},{"n":1}]})"));
}

TEST(Rfc3339, TimesAreReadExactlyOrNotAtAll) {
  const auto same = [](std::string_view text) { return to_rfc3339(parse_rfc3339(text).value()); };
  EXPECT_EQ(same("2024-02-29T23:59:60Z"), "2024-03-01T00:00:00.000Z");
  EXPECT_EQ(same("1990-12-31t15:59:59.5-08:00"), "1990-12-31T23:59:59.500Z");
  EXPECT_EQ(same("2025-01-01T00:00:00.123999999Z"), "2025-01-01T00:00:00.123Z");
  for (const auto* bad :
       {"", "2025-01-01", "2025-02-29T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01T00:00:00",
        "2025-01-01 00:00:00Z", "2025-01-01T00:00:00.Z", "2025-01-01T00:00:00+2:00",
        "2025-01-01T00:00:00Zx", "1969-12-31T23:59:59Z", "2025-13-01T00:00:00Z",
        "-025-01-01T00:00:00Z", "2025-01-01T00:60:00Z", "2025-01-01T00:00:00+24:00"}) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
}

unsigned seed() {
  const char* given = std::getenv("ASSENT_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 42U;
}

// Bytes changed, cut, doubled and spliced: every outcome is a request or a problem whose pointer is
// sound, never a crash, and what was accepted names nothing outside its limits.
TEST(Requests, MutatedBodiesAreAcceptedOrRefusedButNeverHarm) {
  RecordProperty("seed", static_cast<int>(seed()));
  SCOPED_TRACE("ASSENT_SEED=" + std::to_string(seed()));
  std::mt19937 random{seed()};
  const std::vector<std::pair<Refuse, std::string>> sound{
      {room, R"({"tenant":"t-1"})"},
      {participant, std::string(full_participant)},
      {offer, R"({"from":"client","sdp":"v=0\r\ns=-\r\n","transport":"RTP/SAVP","carrier":"telco-7"})"},
      {answer, R"({"sdp":"v=0\r\n"})"},
      {consent, full_consent()},
      {room_patch, std::string(full_layer)},
      {patch, std::string(full_patch)},
      {questions, R"({"purposes":["a","b"],"language":"en","answer_within_seconds":9})"},
      {purpose, R"({"by":"sinks","sinks":["a","b"]})"}};
  constexpr std::string_view alphabet = "{}[]\",:\\u0n1e+-.\x00\xff\x7f tfn/~a"sv;
  const auto below = [&](std::size_t bound) { return random() % bound; };
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto& [parse, original] = sound[below(sound.size())];
    std::string body = original;
    for (std::size_t changes = 1 + below(4); changes > 0 && !body.empty(); --changes) {
      const std::size_t at = below(body.size());
      switch (below(4)) {
        case 0:
          body[at] = alphabet[below(alphabet.size())];
          break;
        case 1:
          body.erase(at, 1 + below(8));
          break;
        case 2:
          body.insert(at, body.substr(below(body.size()), 1 + below(16)));
          break;
        default:
          body.insert(at, 1, alphabet[below(alphabet.size())]);
          break;
      }
    }
    const auto problem = parse(body);
    if (!problem) continue;
    ++refused;
    ASSERT_TRUE(problem->pointer.empty() || problem->pointer.front() == '/') << body;
    ASSERT_TRUE(parse_json(to_json(*problem))) << body;
  }
  EXPECT_GT(refused, 10'000);
}

TEST(Problem, EveryTypeHasAUriATitleAndAnErrorStatus) {
  for (std::size_t i = 0; i < problem_types; ++i) {
    const auto type = static_cast<ProblemType>(i);
    EXPECT_TRUE(uri_of(type).starts_with("urn:assent:problem:"));
    EXPECT_FALSE(title_of(type).empty());
    EXPECT_GE(status_of(type), 400U);
    EXPECT_LT(status_of(type), 600U);
  }
}

}  // namespace
}  // namespace assent::gateway
