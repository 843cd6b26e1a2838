#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/call_record.hpp"
#include "gateway/config.hpp"
#include "gateway/keypad.hpp"
#include "gateway/language_tag.hpp"
#include "gateway/policy_of_config.hpp"
#include "tests/gateway/prompt_file.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway::test {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class KeypadConfiguration : public testing::Test {
 protected:
  // Everything that `assent check` would say.
  std::string faults_of(const std::string& keypad) {
    Faults faults;
    const Surroundings surroundings{folder.path(), 2, LogFormat::json, true};
    config = load_config("test.yaml", "gateway: {jurisdiction: NL}\nkeypad:\n" + keypad,
                         surroundings, faults);
    const auto policy = policy_of_config(config, read_clocks().wall, faults);
    EXPECT_TRUE(policy.has_value() || !faults.empty());
    return to_string(faults);
  }
  std::string prompt(const std::string& purposes, const std::string& language,
                     const std::string& file) {
    return "    - {purposes: [" + purposes + "], language: " + language + ", file: " + file + "}\n";
  }

  TemporaryFolder folder;
  Config config;
  const std::string sound = write_file(folder.path() / "sound.wav", prompt_wav(100));
};

TEST_F(KeypadConfiguration, NamesPromptsByWhatTheyAskForAndTheirLanguage) {
  EXPECT_EQ(faults_of("  accept_plain_rtp: true\n  prompts:\n" +
                      prompt("recording, transcription", "nl", sound)),
            "");
  EXPECT_TRUE(config.keypad.accept_plain_rtp);
  ASSERT_EQ(config.keypad.prompts.size(), 1U);
  EXPECT_EQ(config.keypad.prompts[0].purposes.size(), 2U);
  EXPECT_EQ(config.keypad.prompts[0].file, sound);
}

TEST_F(KeypadConfiguration, ASoundThatCannotBePlayedIsAFaultOfItsLine) {
  const auto slow = write_file(folder.path() / "slow.wav", prompt_wav(100, 8'000));
  const auto none = write_file(folder.path() / "none.wav", "RIFF");
  const auto faults =
      faults_of("  prompts:\n" + prompt("recording", "en", slow) + prompt("recording", "nl", none) +
                prompt("recording", "de", (folder.path() / "missing.wav").string()));
  EXPECT_THAT(faults, HasSubstr("test.yaml:4:"));
  EXPECT_THAT(faults, HasSubstr("cannot be played: its rate is not 48000 Hz"));
  EXPECT_THAT(faults, HasSubstr("cannot be played: it is not a WAV file"));
  EXPECT_THAT(faults, HasSubstr("ffmpeg"));
  EXPECT_THAT(faults, HasSubstr("test.yaml:6:"));
  EXPECT_THAT(faults, HasSubstr("cannot read"));
}

TEST_F(KeypadConfiguration, APurposeThatThePolicyDoesNotDeclareIsAFault) {
  const auto faults = faults_of("  prompts:\n" + prompt("recordings", "en", sound));
  EXPECT_THAT(faults, HasSubstr("test.yaml:4:"));
  EXPECT_THAT(faults, HasSubstr("the policy declares no purpose 'recordings'"));
  EXPECT_THAT(faults, HasSubstr("did you mean 'recording'?"));
}

TEST_F(KeypadConfiguration, TwoPromptsDoNotAskForTheSameInTheSameLanguage) {
  EXPECT_THAT(faults_of("  prompts:\n" + prompt("recording", "en", sound) +
                        prompt("recording", "EN", sound)),
              HasSubstr("test.yaml:5:"));
}

TEST_F(KeypadConfiguration, APromptAsksForSomethingInSomeLanguage) {
  EXPECT_THAT(faults_of("  prompts:\n" + prompt("", "en", sound)), HasSubstr("is empty"));
  EXPECT_THAT(faults_of("  prompts:\n" + prompt("recording", "e", sound)),
              HasSubstr("'e' is not a language tag"));
  EXPECT_THAT(faults_of("  prompts: [{language: en}]\n"), HasSubstr("purposes"));
}

TEST_F(KeypadConfiguration, OnlyWordsThatNameExactlyThePurposesAreSpoken) {
  ASSERT_EQ(faults_of("  prompts:\n" + prompt("recording", "en-GB", sound) +
                      prompt("recording", "en-US", sound) + prompt("recording", "nl", sound) +
                      prompt("recording, transcription", "de", sound)),
            "");
  const auto keypad = Keypad::load(config.keypad, "edge");
  ASSERT_TRUE(keypad);
  const auto language_for = [&](const std::set<std::string, std::less<>>& purposes,
                                std::string_view wanted) -> std::string {
    const auto* found = keypad->find(purposes, wanted);
    return found != nullptr ? found->language : "none";
  };
  EXPECT_EQ(language_for({"recording"}, "en-us"), "en-US");
  EXPECT_EQ(language_for({"recording"}, "en"), "en-GB");
  EXPECT_EQ(language_for({"recording"}, "nl-BE"), "nl");
  EXPECT_EQ(language_for({"recording"}, ""), "en-GB");
  EXPECT_EQ(language_for({"recording"}, "de"), "none");
  EXPECT_EQ(language_for({"transcription"}, "de"), "none");
  EXPECT_EQ(language_for({"recording", "transcription"}, "de"), "de");
}

TEST_F(KeypadConfiguration, APromptIsMadeForOpusAndG711) {
  ASSERT_EQ(faults_of("  prompts:\n" + prompt("recording", "en", sound)), "");
  const auto keypad = Keypad::load(config.keypad, "edge");
  ASSERT_TRUE(keypad);
  const auto* spoken = keypad->find({"recording"}, "en");
  ASSERT_NE(spoken, nullptr);
  EXPECT_EQ(spoken->length(), 100ms);
  EXPECT_EQ(spoken->hash, "sha256:" + to_hex(sha256(prompt_wav(100))));
  std::vector<media::Codec> codecs;
  for (const auto& encoded : spoken->encoded) {
    codecs.push_back(encoded->codec);
    EXPECT_EQ(encoded->duration(), 100ms);
  }
  EXPECT_THAT(codecs,
              testing::ElementsAre(media::Codec::opus, media::Codec::pcma, media::Codec::pcmu));
}

}  // namespace
}  // namespace assent::gateway::test
