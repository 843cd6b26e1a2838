#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/keypad_config.hpp"
#include "gateway/sha256.hpp"
#include "media/prompt.hpp"

namespace assent::gateway {

struct PromptSound {
  std::vector<std::int16_t> samples;
  Sha256 hash{};  // of the file
};
template <class T>
using PromptResult = boost::system::result<T, std::string>;  // what is wrong, in words

[[nodiscard]] PromptResult<PromptSound> read_prompt(const std::filesystem::path& file);

// A prompt as it is played, and named in the evidence of the answer to it.
struct SpokenPrompt {
  std::set<std::string, std::less<>> purposes;
  std::string language;
  std::string hash;  // "sha256:<hex>" of the file
  // The preferred codec first: Opus, then G.711.
  std::vector<std::shared_ptr<const media::EncodedPrompt>> encoded;

  [[nodiscard]] std::chrono::milliseconds length() const { return encoded.front()->duration(); }
};

// How participants are asked aloud. Nothing changes in it after the start.
class Keypad {
 public:
  Keypad() = default;  // nobody can be asked anything
  // Reads and encodes the prompts: takes a while.
  [[nodiscard]] static PromptResult<Keypad> load(const KeypadConfig& config, std::string attester);

  // Words that ask for exactly these purposes, in this language or another form of it; without a
  // language the first of the file. nullptr: none.
  [[nodiscard]] const SpokenPrompt* find(const std::set<std::string, std::less<>>& purposes,
                                         std::string_view language) const;
  [[nodiscard]] bool accepts_plain_rtp() const { return accept_plain_rtp_; }
  // Who vouches for what was heard.
  [[nodiscard]] const std::string& attester() const { return attester_; }

 private:
  std::vector<SpokenPrompt> prompts_;
  std::string attester_;
  bool accept_plain_rtp_ = false;
};

}  // namespace assent::gateway
