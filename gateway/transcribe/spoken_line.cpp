#include "gateway/transcribe/spoken_line.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cmath>
#include <string>
#include <utility>

#include "gateway/transcribe/message.hpp"

namespace assent::transcribe {
namespace json = boost::json;

namespace {

constexpr std::size_t words_max = 4'096;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(json::string_view{name.data(), name.size()});
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view{} : trimmed({text->data(), text->size()});
}

// In samples; nothing that is not said, or cannot be.
std::optional<std::uint64_t> place_of(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const auto samples = value->to_number<double>() * sample_rate_hz;
  if (!(samples >= 0 && samples <= static_cast<double>(position_max))) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(samples));
}

// `unsaid`: where it is if it is not said where.
std::optional<HeardWord> word_of(const json::object& object, const char* name,
                                 const HeardWord& unsaid, std::uint64_t& told_until) {
  const auto start = place_of(object, "start");
  const auto end = place_of(object, "end");
  HeardWord word{std::string{text_of(object, name)}, start.value_or(unsaid.from),
                 std::min(end.value_or(unsaid.to), unsaid.to)};
  if (word.text.empty() || word.from >= word.to) return std::nullopt;
  if (end) told_until = std::max(told_until, word.to);
  return word;
}

Utterance words_in(const json::object& object, const HeardWord& unsaid, std::uint64_t& told_until) {
  const auto* list = object.if_contains("words");
  const auto* array = list == nullptr ? nullptr : list->if_array();
  Utterance words;
  const auto take = [&](const json::object& one, const char* name) {
    auto word = word_of(one, name, unsaid, told_until);
    if (word && words.size() < words_max) words.push_back(*std::move(word));
  };
  if (array == nullptr) take(object, "text");
  if (array != nullptr)
    for (const auto& value : *array)
      if (const auto* one = value.if_object()) take(*one, "word");
  return words;
}

}  // namespace

std::optional<Utterance> SpokenLines::take(std::string_view line, std::uint64_t given) {
  line = trimmed(line);
  if (line.empty() || line.size() > spoken_line_bytes_max || told_until_ >= given)
    return std::nullopt;
  const HeardWord whole{std::string{line}, told_until_, given};
  if (line.front() != '{') return Utterance{whole};
  boost::system::error_code error;
  const auto value = json::parse(json::string_view{line.data(), line.size()}, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr) return std::nullopt;
  std::uint64_t told_until = 0;
  Utterance words = words_in(*object, whole, told_until);
  if (words.empty()) return std::nullopt;
  if (told_until > 0 && told_until <= told_until_)  // times of another beginning
    for (HeardWord& word : words)
      word = {std::move(word.text), whole.from, whole.to};
  told_until_ = std::max(told_until_, told_until);
  return words;
}

}  // namespace assent::transcribe
