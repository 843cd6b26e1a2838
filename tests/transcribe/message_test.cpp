#include "gateway/transcribe/message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

#include "tests/transcribe/scripted.hpp"

namespace assent::transcribe::test {
namespace {

// As README and gateway/pcm_stream have it.
const std::string start_text =
    R"({"type":"start","protocol":"assent-pcm/1","call":"5d41","speaker":"7a38","sink":"transcriber",)"
    R"("purpose":"transcription","epoch":12,"purposes":{"summary":["summariser"],)"
    R"("transcription":["transcriber"]},"stream":0,"encoding":"s16le","sample_rate":16000,)"
    R"("channels":1,"connection":1,"position":640})";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  return at == text.npos ? "not there: " + from : text.replace(at, from.size(), to);
}

template <class T>
T parsed(std::string_view text) {
  const auto message = parse_message(text);
  EXPECT_TRUE(message) << (message ? "" : message.error().what);
  return message ? std::get<T>(*message) : T{};
}

TEST(PcmMessage, OfEachTypeIsRead) {
  const auto start = parsed<Start>(start_text);
  EXPECT_EQ(start.call, "5d41");
  EXPECT_EQ(start.speaker, "7a38");
  EXPECT_EQ(start.epoch, 12u);
  EXPECT_EQ(start.position, 640u);
  EXPECT_EQ(start.purposes, for_summary_too());
  EXPECT_EQ(parsed<Time>(R"({"type":"time","position":0,"time":"2026-01-31T12:00:00Z"})").time,
            noon());
  EXPECT_EQ(parsed<Gap>(R"({"type":"gap","reason":"missing","position":3,"samples":8})").samples,
            8u);
  EXPECT_EQ(parsed<Purposes>(R"({"type":"purposes","position":9,)"
                             R"("purposes":{"transcription":["transcriber"]}})")
                .purposes,
            for_transcript());
  const auto withdrawn = parsed<Withdrawn>(
      R"({"type":"withdrawn","reason":"consent_withdrawn","position":52160,"epoch":12,)"
      R"("time":"2026-01-31T12:00:00Z","last_sequence":65162,)"
      R"("forget_since":"2026-01-31T12:00:00Z"})");
  EXPECT_EQ(withdrawn.position, 52160u);
  EXPECT_EQ(withdrawn.epoch, 12u);
  EXPECT_EQ(withdrawn.forget_since, noon());
  (void)parsed<End>(R"({"type":"end","reason":"left","position":5})");
}

TEST(PcmMessage, APurposeOfNoSinkIsNotServed) {
  const auto start = parsed<Start>(with(start_text, R"(["summariser"])", "[]"));
  EXPECT_EQ(start.purposes, for_transcript());
}

TEST(PcmMessage, OfANewerGatewayMayHaveMoreFieldsButNoOtherTypes) {
  EXPECT_TRUE(parse_message(with(start_text, "{", R"({"mood":"cheerful",)")));
  EXPECT_FALSE(parse_message(R"({"type":"regretted","position":0})"));
  EXPECT_FALSE(parse_message(with(start_text, "pcm/1", "pcm/2")));
}

TEST(PcmMessage, WithNamesThatAreNoIdsIsRefused) {
  for (const auto& name :
       std::vector<std::string>{"..", "a/b", "", "a b", "\\u0000", std::string(65, 'a')}) {
    EXPECT_FALSE(parse_message(with(start_text, "5d41", name))) << name;
    EXPECT_FALSE(parse_message(with(start_text, "7a38", name))) << name;
    EXPECT_FALSE(parse_message(with(start_text, "summariser", name))) << name;
  }
}

TEST(PcmMessage, OfAnotherFormIsRefused) {
  const std::pair<const char*, const char*> changes[] = {
      {"s16le", "opus"},
      {"16000", "8000"},
      {R"("channels":1)", R"("channels":2)"},
      {R"("position":640)", R"("position":-1)"},
      {R"("position":640)", R"("position":1e30)"},
      {R"("position":640)", R"("position":18446744073709551615)"},
      {R"("epoch":12,)", ""},
      {R"(["transcriber"])", "[1]"}};
  for (const auto& [from, to] : changes)
    EXPECT_FALSE(parse_message(with(start_text, from, to))) << to;
  EXPECT_FALSE(parse_message("[]"));
  EXPECT_FALSE(parse_message(""));
  EXPECT_FALSE(parse_message(R"({"type":"time","position":0,"time":"noon"})"));
  EXPECT_FALSE(
      parse_message(R"({"type":"withdrawn","position":0,"epoch":1,"time":"2026-01-31T12:00:00Z",)"
                    R"("forget_since":"always"})"));
  EXPECT_FALSE(parse_message(std::string(message_bytes_max + 1, ' ')));
  EXPECT_FALSE(parse_message(std::string(1'000, '[')));
}

std::array<std::byte, frame_head_bytes> head(std::uint32_t length, char kind) {
  return {std::byte(length >> 24), std::byte(length >> 16 & 0xff), std::byte(length >> 8 & 0xff),
          std::byte(length & 0xff), std::byte(kind)};
}

TEST(PcmFrame, IsNoLongerThanAMessageMayBe) {
  EXPECT_EQ(parse_frame_head(head(641, 'A'))->message_bytes, 640u);
  EXPECT_TRUE(parse_frame_head(head(641, 'A'))->is_audio);
  EXPECT_FALSE(parse_frame_head(head(1, 'J'))->is_audio);
  EXPECT_TRUE(parse_frame_head(head(message_bytes_max + 1, 'A')));
  EXPECT_FALSE(parse_frame_head(head(message_bytes_max + 2, 'A')));
  EXPECT_FALSE(parse_frame_head(head(0xffffffff, 'A')));
  EXPECT_FALSE(parse_frame_head(head(0, 'A')));
  EXPECT_FALSE(parse_frame_head(head(2, 'x')));
}

}  // namespace
}  // namespace assent::transcribe::test
