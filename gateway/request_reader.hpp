#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/id.hpp"
#include "gateway/problem.hpp"
#include "gateway/rfc3339.hpp"

namespace assent::gateway {

inline constexpr std::size_t json_depth_max = 16;

// A sound JSON document (RFC 8259, UTF-8, depth <= json_depth_max) in which no object gives a name
// twice: who reads the first and who reads the last would disagree about what was asked.
[[nodiscard]] Answered<boost::json::value> parse_json(std::string_view body);

// A name as it stands in a JSON pointer (RFC 6901 §3).
[[nodiscard]] std::string in_pointer(std::string_view name);

struct TextLimits {
  std::size_t bytes_min = 1;
  std::size_t bytes_max = 256;
  bool lines = false;  // CR, LF and TAB are allowed
};

// Reads one JSON object field by field. The first fault sticks, later reads yield empty values, so
// that a parser is straight-line code ending in `finish()`, which also rejects every field that
// nobody asked for. Faults carry the JSON pointer of the field. `value` must outlive the reader.
class ObjectReader {
 public:
  explicit ObjectReader(const boost::json::value& value);
  ~ObjectReader();
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;

  std::string text(std::string_view name, TextLimits limits = {});
  std::optional<std::string> optional_text(std::string_view name, TextLimits limits = {});
  std::string id(std::string_view name);
  std::optional<std::string> optional_id(std::string_view name);
  std::optional<bool> optional_flag(std::string_view name);
  std::optional<UtcTime> optional_time(std::string_view name);
  std::optional<std::uint64_t> optional_count(std::string_view name);  // a whole number from 0

  // One of a closed set of words.
  template <class E>
  using Words = std::span<const std::pair<std::string_view, E>>;
  template <class E>
  E word(std::string_view name, Words<E> words) {
    const auto index = word_index(name, names_of(words), true);
    return index ? words[*index].second : E{};
  }
  template <class E>
  std::optional<E> optional_word(std::string_view name, Words<E> words) {
    const auto index = word_index(name, names_of(words), false);
    return index ? std::optional<E>{words[*index].second} : std::nullopt;
  }

  // true and false or one of the words: for questions with a third answer.
  template <class E>
  std::optional<E> optional_flag_or_word(std::string_view name, E if_true, E if_false,
                                         Words<E> words) {
    if (const auto flag = flag_if_one(name)) return *flag ? if_true : if_false;
    return optional_word(name, words);
  }

  // No two elements alike.
  std::optional<std::vector<std::string>> optional_texts(std::string_view name,
                                                         std::size_t elements_max,
                                                         TextLimits limits = {});
  std::optional<std::vector<std::string>> optional_ids(std::string_view name,
                                                       std::size_t elements_max);
  // An object whose values are all strings; its names are 1-64 bytes.
  std::map<std::string, std::string> optional_text_map(std::string_view name,
                                                       std::size_t entries_max,
                                                       TextLimits limits = {});

  // A nested object: read(ObjectReader&) runs if it is there; its faults become this reader's.
  template <class Read>
  void object(std::string_view name, Read read) {
    read_nested(take(name, true), pointer_of(name), read);
  }
  template <class Read>
  bool optional_object(std::string_view name, Read read) {
    return read_nested(take(name, false), pointer_of(name), read);
  }
  // An object of objects, whose names are ids: read(name, ObjectReader&) for each.
  template <class Read>
  void optional_objects(std::string_view name, std::size_t entries_max, Read read) {
    for (const auto& [id, nested] : members(name, entries_max)) {
      read_nested(nested, pointer_of(name) + '/' + in_pointer(id),
                  [&, &each = id](ObjectReader& reader) { read(each, reader); });
    }
  }

  // A rule across fields, or one that only the caller knows.
  void fault(ProblemType type, std::string_view name, std::string detail);

  // The first fault, if any; a field that was not asked for is one.
  [[nodiscard]] std::optional<Problem> finish();

 private:
  ObjectReader(const boost::json::value& value, std::string path);

  template <class Read>
  bool read_nested(const boost::json::value* nested, std::string pointer, Read read) {
    if (nested == nullptr) return false;
    ObjectReader reader{*nested, std::move(pointer)};
    read(reader);
    adopt(reader.finish());
    return true;
  }
  std::vector<std::pair<std::string, const boost::json::value*>> members(std::string_view name,
                                                                         std::size_t entries_max);

  template <class E>
  static std::vector<std::string_view> names_of(Words<E> words) {
    std::vector<std::string_view> names;
    for (const auto& word : words)
      names.push_back(word.first);
    return names;
  }
  const boost::json::value* take(std::string_view name, bool required);
  std::optional<bool> flag_if_one(std::string_view name);
  std::optional<std::size_t> word_index(std::string_view name,
                                        const std::vector<std::string_view>& words, bool required);
  std::optional<std::string> text_in(const boost::json::value& value, const std::string& pointer,
                                     TextLimits limits);
  std::optional<std::vector<std::string>> strings(std::string_view name, std::size_t elements_max,
                                                  TextLimits limits, bool ids);
  std::string pointer_of(std::string_view name) const;
  void fault_at(ProblemType type, std::string pointer, std::string detail);
  void adopt(std::optional<Problem> problem);

  const boost::json::object* object_ = nullptr;
  std::string path_;
  std::vector<std::string> asked_;
  std::optional<Problem> problem_;
};

}  // namespace assent::gateway
