#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/fault.hpp"
#include "gateway/yaml_reader.hpp"

namespace assent::gateway {

class ConfigPaths;

inline constexpr std::size_t purposes_of_question_max = 16;

// Words in which somebody is asked to press a key.
struct PromptConfig {
  std::set<std::string, std::less<>> purposes;  // what the words ask for: all of it, no more
  std::string language;                         // BCP 47
  std::filesystem::path file;                   // WAV that media/wav takes
  YamlPosition at;                              // in the file, for faults found later
};

struct KeypadConfig {
  // Takes an answer from a leg on which only an address vouches for who pressed the key.
  bool accept_plain_rtp = false;
  std::vector<PromptConfig> prompts;
};

[[nodiscard]] std::span<const std::string_view> keypad_keys();
[[nodiscard]] std::span<const std::string_view> prompt_keys();  // of one prompt in the file

// The map under `keypad:`.
[[nodiscard]] KeypadConfig read_keypad(const YamlMap& map, const ConfigPaths& paths, bool is_here);

// Prompts for purposes that the policy does not declare are faults.
void check_prompts(const std::string& file, const KeypadConfig& keypad,
                   const std::set<std::string, std::less<>>& declared_by_policy, Faults& faults);

}  // namespace assent::gateway
