#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "gateway/yaml_reader.hpp"
#include "policy/rules.hpp"

// The words that the files of the policy share.
namespace assent::gateway {

template <class T>
[[nodiscard]] std::optional<T> word_of(const YamlValue& value, std::initializer_list<T> possible) {
  // Through the policy's own words: one spelling everywhere.
  const auto text = value.is_present() ? value.text() : std::nullopt;
  if (!text) return std::nullopt;
  std::vector<std::string_view> words;
  for (const T one : possible) {
    if (to_string(one) == *text) return one;
    words.push_back(to_string(one));
  }
  value.fault(as_shown(*text) + " is not possible here", suggest(*text, words));
  return std::nullopt;
}

[[nodiscard]] inline std::optional<policy::Rule> rule_word(const YamlValue& value) {
  using policy::Rule;
  return word_of(value, {Rule::prohibit, Rule::all_party, Rule::per_participant, Rule::one_party,
                         Rule::notice, Rule::none});
}

// Of a bar that a consent must reach: none would be no bar.
[[nodiscard]] inline std::optional<policy::Strength> strength_word(const YamlValue& value) {
  using policy::Strength;
  return word_of(value, {Strength::weakest, Strength::weak, Strength::firm, Strength::strong});
}

[[nodiscard]] inline std::optional<policy::Mechanism> mechanism_word(const YamlValue& value) {
  using policy::Mechanism;
  return word_of(
      value, {Mechanism::adequacy, Mechanism::dpf, Mechanism::uk_extension, Mechanism::swiss_dpf,
              Mechanism::scc, Mechanism::idta, Mechanism::intra_group, Mechanism::explicit_consent,
              Mechanism::use_as_acceptance});
}

[[nodiscard]] inline std::string text_or_empty(const YamlValue& value) {
  return value.is_present() ? value.text().value_or("") : std::string{};
}

}  // namespace assent::gateway
