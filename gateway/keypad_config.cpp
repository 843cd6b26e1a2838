#include "gateway/keypad_config.hpp"

#include <algorithm>

#include "gateway/config_paths.hpp"
#include "gateway/keypad.hpp"
#include "gateway/language_tag.hpp"

namespace assent::gateway {
namespace {

constexpr std::string_view keys[] = {"accept_plain_rtp", "prompts"};
constexpr std::string_view keys_of_prompt[] = {"purposes", "language", "file"};
constexpr std::size_t prompts_max = 256;

std::string read_language(const YamlValue& value) {
  const auto tag = value.text(35);
  if (!tag) return {};
  if (!is_language_tag(*tag)) {
    value.fault(as_shown(*tag) + " is not a language tag",
                "write a language tag (BCP 47) such as nl or en-US");
    return {};
  }
  return *tag;
}

std::filesystem::path read_sound(const YamlValue& value, const ConfigPaths& paths, bool is_here) {
  auto file = paths.readable_file(value);
  std::error_code unknown;
  if (file.empty() || !is_here || !std::filesystem::is_regular_file(file, unknown)) return file;
  if (const auto sound = read_prompt(file); !sound) {
    value.fault(file.string() + " cannot be played: " + sound.error(),
                "make a WAV of one channel, 16 bits and 48000 Hz, of at most two minutes: ffmpeg "
                "-i SOUND -ac 1 -ar 48000 -c:a pcm_s16le PROMPT.wav");
  }
  return file;
}

PromptConfig prompt_of(const YamlValue& value, const ConfigPaths& paths, bool is_here) {
  const YamlMap map = value.map(keys_of_prompt);
  PromptConfig prompt;
  const YamlValue purposes = map.required("purposes");
  for (auto& purpose : purposes.ids(purposes_of_question_max))
    prompt.purposes.insert(std::move(purpose));
  if (purposes.is_sequence() && purposes.sequence().empty()) {
    purposes.fault("is empty", "list the purposes that the words ask for");
  }
  prompt.language = read_language(map.required("language"));
  prompt.file = read_sound(map.required("file"), paths, is_here);
  prompt.at = value.position();
  return prompt;
}

}  // namespace

std::span<const std::string_view> keypad_keys() {
  return keys;
}
std::span<const std::string_view> prompt_keys() {
  return keys_of_prompt;
}

KeypadConfig read_keypad(const YamlMap& map, const ConfigPaths& paths, bool is_here) {
  KeypadConfig out;
  out.accept_plain_rtp = map.optional("accept_plain_rtp").boolean().value_or(false);
  for (const YamlValue& value : map.optional("prompts").sequence(prompts_max)) {
    auto prompt = prompt_of(value, paths, is_here);
    const auto says_the_same = [&prompt](const PromptConfig& other) {
      return other.purposes == prompt.purposes && !prompt.language.empty() &&
             match_language(other.language, prompt.language) == LanguageMatch::same_tag;
    };
    if (std::any_of(out.prompts.begin(), out.prompts.end(), says_the_same)) {
      value.fault("asks for the same purposes in the same language as another prompt",
                  "remove one of them");
    }
    out.prompts.push_back(std::move(prompt));
  }
  return out;
}

void check_prompts(const std::string& file, const KeypadConfig& keypad,
                   const std::set<std::string, std::less<>>& declared_by_policy, Faults& faults) {
  const std::vector<std::string_view> names(declared_by_policy.begin(), declared_by_policy.end());
  for (std::size_t i = 0; i < keypad.prompts.size(); ++i) {
    const PromptConfig& prompt = keypad.prompts[i];
    for (const auto& purpose : prompt.purposes) {
      if (declared_by_policy.contains(purpose)) continue;
      faults.add({file, prompt.at.line, prompt.at.column,
                  "keypad.prompts[" + std::to_string(i) + "].purposes",
                  "the policy declares no purpose " + as_shown(purpose), suggest(purpose, names)});
    }
  }
}

}  // namespace assent::gateway
