#include "gateway/keypad.hpp"

#include <algorithm>
#include <fstream>
#include <span>
#include <utility>

#include "gateway/language_tag.hpp"
#include "media/wav.hpp"

namespace assent::gateway {
namespace {

// Two minutes, and what else a WAV file may say.
constexpr std::size_t file_bytes_max = 16U << 20U;

PromptResult<SpokenPrompt> spoken(const PromptConfig& config) {
  const auto sound = read_prompt(config.file);
  if (!sound) return config.file.string() + ": " + sound.error();
  SpokenPrompt prompt{config.purposes, config.language, "sha256:" + to_hex(sound->hash), {}};
  for (const auto codec : {media::Codec::opus, media::Codec::pcma, media::Codec::pcmu}) {
    auto encoded = media::encode_prompt(sound->samples, codec);
    if (!encoded) return config.file.string() + " could not be encoded";
    prompt.encoded.push_back(std::make_shared<const media::EncodedPrompt>(std::move(*encoded)));
  }
  return prompt;
}

}  // namespace

PromptResult<PromptSound> read_prompt(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::string bytes(file_bytes_max + 1, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  if (bytes.size() > file_bytes_max) return std::string{"it is longer than two minutes"};
  auto samples = media::parse_wav(std::as_bytes(std::span{bytes}));
  if (!samples) return samples.error().what;
  return PromptSound{std::move(*samples), sha256(bytes)};
}

PromptResult<Keypad> Keypad::load(const KeypadConfig& config, std::string attester) {
  Keypad keypad;
  keypad.attester_ = std::move(attester);
  keypad.accept_plain_rtp_ = config.accept_plain_rtp;
  for (const auto& prompt : config.prompts) {
    auto read = spoken(prompt);
    if (!read) return read.error();
    keypad.prompts_.push_back(std::move(*read));
  }
  return keypad;
}

const SpokenPrompt* Keypad::find(const std::set<std::string, std::less<>>& purposes,
                                 std::string_view language) const {
  const SpokenPrompt* best = nullptr;
  auto best_match = LanguageMatch::none;
  for (const auto& prompt : prompts_) {
    if (prompt.purposes != purposes) continue;
    if (language.empty()) return &prompt;
    const auto match = match_language(language, prompt.language);
    if (match > best_match) {
      best = &prompt;
      best_match = match;
    }
  }
  return best;
}

}  // namespace assent::gateway
