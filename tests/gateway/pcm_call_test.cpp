// Speech of a real call, at a transcriber.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <thread>

#include "gateway/policy_file.hpp"
#include "gateway/rfc3339.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/gateway/pcm_receiver.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

std::string grant_of(std::string_view purpose) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  Faults faults;
  const auto loaded = load_policy({}, now, faults);
  const auto* notice = policy::find_notice(loaded->rules, purpose, "en");
  return json::serialize(json::object{{"statement", "granted"},
                                      {"method", "online"},
                                      {"default_state", "unticked"},
                                      {"notice",
                                       {{"id", notice->id},
                                        {"version", notice->version},
                                        {"language", notice->language},
                                        {"hash", notice->hash.substr(sizeof "sha256:" - 1)}}}});
}

class TranscribedCall : public testing::Test {
 protected:
  void SetUp() override {
    service.ask("PUT", "/v1/rooms/standup", "{}");
    start("transcription");
    caller.emplace(service, "standup", "caller", 0xabc);
    caller->connect(service);
  }
  void start(const std::string& purpose) {
    service.ask("PUT", "/v1/rooms/standup/purposes/" + purpose, R"({"by": "sinks"})");
  }
  void grant(const std::string& purpose) {
    service.ask("PUT", caller->path + "/consents/" + purpose, grant_of(purpose));
  }
  void speak(int packets) {
    for (int i = 0; i < packets; ++i) {
      caller->speak();
      std::this_thread::sleep_for(2ms);
    }
  }
  // Of the rest up to the end, also where the connection was torn down over it.
  std::vector<PcmHeard> rest_of(std::unique_ptr<PcmHearing>& hearing) {
    std::vector<PcmHeard> all;
    while (all.empty() || all.back().type() != "end") {
      if (auto one = hearing->next()) {
        all.push_back(*std::move(one));
      } else {
        hearing = receiver.accept();
      }
    }
    return all;
  }
  static const PcmHeard* find(const std::vector<PcmHeard>& all, std::string_view type) {
    for (const auto& one : all)
      if (one.type() == type) return &one;
    return nullptr;
  }
  static std::size_t audio_in(const std::vector<PcmHeard>& all) {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const auto& one) { return one.is_audio; }));
  }

  PcmReceiver receiver;
  Socket summariser;
  RunningService service{{.sinks = "  transcriber: {kind: pcm, address: \"127.0.0.1:" +
                                   std::to_string(receiver.port()) +
                                   "\"}\n  summariser: {kind: rtp, address: " + "\"127.0.0.1:" +
                                   std::to_string(summariser.port()) + "\"}\n"}};
  std::optional<Caller> caller;
};

TEST_F(TranscribedCall, IsHeardUnderAPseudonymFromTheGrantToTheWithdrawal) {
  speak(5);
  EXPECT_LT(receiver.accept_unheard(100ms), 0) << "nobody agreed to anything";
  grant("transcription");
  auto hearing = receiver.accept();
  const auto first = hearing->next();
  ASSERT_TRUE(first);
  const auto who = first->json();
  EXPECT_EQ(who.at("sink").as_string(), "transcriber");
  EXPECT_EQ(who.at("speaker").as_string().size(), 32U);
  EXPECT_NE(who.at("speaker"), who.at("call"));
  for (const auto* id : {"caller", "standup", "s-caller"})
    EXPECT_THAT(first->bytes, testing::Not(testing::HasSubstr(id)));
  EXPECT_EQ(json::serialize(who.at("purposes")), R"({"transcription":["transcriber"]})");

  speak(30);
  for (std::size_t audio = 0; audio < 25;) {
    const auto one = hearing->next();
    ASSERT_TRUE(one);
    audio += one->is_audio ? 1 : 0;
  }
  const auto withdrawn = service.ask("DELETE", caller->path + "/consents/transcription");
  const auto& cut = withdrawn.at("cut").as_array().at(0);
  speak(30);
  const auto rest = rest_of(hearing);
  EXPECT_LE(audio_in(rest), 8U) << "beyond the cut";
  const auto* told = find(rest, "withdrawn");
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->json().at("reason").as_string(), "consent_withdrawn");
  EXPECT_EQ(told->json().at("last_sequence").to_number<std::int64_t>(),
            cut.at("last_sequence").to_number<std::int64_t>());
  EXPECT_EQ(told->json().at("epoch"), who.at("epoch"));
  EXPECT_FALSE(told->json().contains("forget_since"));
  EXPECT_LT(receiver.accept_unheard(100ms), 0);

  // Another grant is another track, of the same speaker.
  grant("transcription");
  auto again = receiver.accept();
  const auto second = again->next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->json().at("speaker"), who.at("speaker"));
  EXPECT_GT(second->json().at("epoch").to_number<int>(), who.at("epoch").to_number<int>());
}

TEST_F(TranscribedCall, TellsWhetherWordsMayGoIntoASummary) {
  grant("transcription");
  const auto hearing = receiver.accept();
  EXPECT_FALSE(hearing->next()->json().at("purposes").as_object().contains("summary"));
  start("summary");
  grant("summary");
  const auto wider = hearing->until("purposes").back();
  EXPECT_EQ(json::serialize(wider.json().at("purposes")),
            R"({"summary":["summariser"],"transcription":["transcriber"]})");
  speak(20);
  service.ask("DELETE", caller->path + "/consents/summary");
  speak(20);
  const auto narrower = hearing->until("purposes").back();
  EXPECT_EQ(json::serialize(narrower.json().at("purposes")),
            R"({"transcription":["transcriber"]})");
  while (const auto one = hearing->next(200ms))
    EXPECT_EQ(one->bytes.find("summariser"), std::string::npos);
}

TEST_F(TranscribedCall, ALeavingOrAPurposeThatStopsIsNoWithdrawal) {
  grant("transcription");
  auto hearing = receiver.accept();
  service.ask("DELETE", "/v1/rooms/standup/purposes/transcription");
  auto rest = rest_of(hearing);
  EXPECT_EQ(rest.back().json().at("reason").as_string(), "purpose_not_started");
  EXPECT_EQ(find(rest, "withdrawn"), nullptr);

  start("transcription");
  hearing = receiver.accept();
  service.ask("DELETE", caller->path);
  rest = rest_of(hearing);
  EXPECT_EQ(rest.back().json().at("reason").as_string(), "participant_unknown");
  EXPECT_EQ(find(rest, "withdrawn"), nullptr);
}

TEST_F(TranscribedCall, WhoIsErasedIsToBeForgottenFromTheBeginning) {
  const auto before = std::chrono::system_clock::now() - 1h;
  grant("transcription");
  auto hearing = receiver.accept();
  const auto erased = service.call_as(Role::privacy_officer, "DELETE", "/v1/subjects/s-caller");
  EXPECT_EQ(erased.status, 200U) << json::serialize(erased.body);
  const auto rest = rest_of(hearing);
  const auto* told = find(rest, "withdrawn");
  ASSERT_NE(told, nullptr);
  const auto since =
      parse_rfc3339(std::string(told->json().at("forget_since").as_string())).value();
  EXPECT_GT(since, before);
  EXPECT_LT(since, std::chrono::system_clock::now());
}

}  // namespace
}  // namespace assent::gateway::test
