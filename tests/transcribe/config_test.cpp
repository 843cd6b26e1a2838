#include "gateway/transcribe/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "gateway/socket_address.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::transcribe::test {
namespace {

using gateway::Faults;
using testing::HasSubstr;

class TranscribeConfigTest : public testing::Test {
 protected:
  Config load(const std::string& text) {
    std::ofstream{file} << text;
    faults = Faults{};
    return load_transcribe_config(file, surroundings(), faults);
  }
  [[nodiscard]] gateway::Surroundings surroundings() const {
    gateway::Surroundings around;
    around.state = folder.path();
    around.is_here = false;
    return around;
  }
  void expect_fault(const std::string& text, const std::string& what) {
    (void)load(text);
    EXPECT_THAT(to_string(faults), HasSubstr(what)) << text;
  }

  gateway::TemporaryFolder folder;
  std::filesystem::path file = folder.path() / "transcribe.yaml";
  Faults faults;
};

TEST_F(TranscribeConfigTest, TheExampleSaysWhatHoldsWithoutAFile) {
  const auto example = std::filesystem::path{ASSENT_SOURCE_FOLDER} / "config" / "transcribe.yaml";
  const Config read = load_transcribe_config(example, surroundings(), faults);
  const Config otherwise = load_transcribe_config({}, surroundings(), faults);
  EXPECT_TRUE(faults.empty()) << to_string(faults);
  EXPECT_EQ(read.listen, otherwise.listen);
  EXPECT_EQ(read.directory, otherwise.directory);
  EXPECT_EQ(read.engine, otherwise.engine);
  EXPECT_EQ(read.streams_max, otherwise.streams_max);
}

TEST_F(TranscribeConfigTest, AnEngineOfAnotherKindTakesItsPlace) {
  const Config config = load("engine: {kind: command, command: [whisper-stream, --stdin]}");
  EXPECT_TRUE(faults.empty()) << to_string(faults);
  EXPECT_EQ(std::get<CommandConfig>(config.engine).command,
            (std::vector<std::string>{"whisper-stream", "--stdin"}));
  const Config grammar = load("directory: words\nengine: {grammar: words.jsgf}");
  EXPECT_EQ(grammar.directory, folder.path() / "words");
  EXPECT_TRUE(faults.empty()) << to_string(faults);
  const auto& pocketsphinx = std::get<PocketSphinxConfig>(grammar.engine);
  EXPECT_EQ(pocketsphinx.grammar, folder.path() / "words.jsgf");
  EXPECT_TRUE(pocketsphinx.language_model.empty());
}

TEST_F(TranscribeConfigTest, WhatIsWrongIsNamedWithItsPlaceAndARemedy) {
  expect_fault("listen:\n  - {address: \"0.0.0.0:8790\"}",
               "transcribe.yaml:2:15: listen[0].address: '0.0.0.0:8790' is not an address of this "
               "machine alone");
  expect_fault("listen: [{address: unix:audio.sock}]", "is not the path of a Unix socket");
  expect_fault("listen: [{address: \"127.0.0.1:1\"}, {address: \"127.0.0.1:1\"}]", "another, too");
  expect_fault("listen: []", "is empty");
  expect_fault("listen: [{transport: stream}]", "address");
  expect_fault("engine: {kind: command}", "command");
  expect_fault("engine: {kind: command, command: []}", "is empty");
  expect_fault("engine: {kind: command, command: [a], model: b}", "only PocketSphinx has one");
  expect_fault("engine: {command: [a]}", "PocketSphinx runs none");
  expect_fault("engine: {grammar: a, language_model: b}", "stands beside 'language_model'");
  expect_fault("engine: {kind: whisper}", "one of: pocketsphinx, command");
  expect_fault("streams_max: 0", "streams_max");
  expect_fault("directry: x", "did you mean 'directory'?");
}

TEST_F(TranscribeConfigTest, FilesOfThisMachineAreLookedAt) {
  gateway::Surroundings here = surroundings();
  here.is_here = true;
  std::ofstream{file} << "engine: {model: nowhere, dictionary: nowhere.dict, grammar: none.jsgf}";
  (void)load_transcribe_config(file, here, faults);
  const std::string said = to_string(faults);
  EXPECT_THAT(said, HasSubstr("nowhere is no folder that can be read"));
  EXPECT_THAT(said, HasSubstr("nowhere.dict"));
  EXPECT_THAT(said, HasSubstr("none.jsgf"));
}

}  // namespace
}  // namespace assent::transcribe::test
