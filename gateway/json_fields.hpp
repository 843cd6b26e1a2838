#pragma once

#include <array>
#include <boost/json.hpp>
#include <boost/system/result.hpp>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gateway/json_fault.hpp"
#include "gateway/rfc3339.hpp"
#include "policy/event.hpp"

// JSON of what is stored. One description of each structure serves both directions: a function
// `describe(visit, structure)` in this namespace shows its fields, by name, to a JsonWriter or to a
// JsonReader.
namespace assent::gateway {

// T or const T.
template <class T, class Of>
concept Is = std::same_as<std::remove_const_t<T>, Of>;

// The words of a closed enumeration; specialised for each that is stored.
template <class E>
using Word = std::pair<E, std::string_view>;
template <class E>
inline constexpr auto json_words = nullptr;

template <>
inline constexpr auto json_words<policy::Minor> = std::array{
    Word<policy::Minor>{policy::Minor::unknown, "unknown"},
    Word<policy::Minor>{policy::Minor::yes, "yes"}, Word<policy::Minor>{policy::Minor::no, "no"},
    Word<policy::Minor>{policy::Minor::unflagged, "unflagged"}};
template <>
inline constexpr auto json_words<policy::EvidenceKind> =
    std::array{Word<policy::EvidenceKind>{policy::EvidenceKind::declared, "declared"},
               Word<policy::EvidenceKind>{policy::EvidenceKind::account, "account"},
               Word<policy::EvidenceKind>{policy::EvidenceKind::e164, "e164"},
               Word<policy::EvidenceKind>{policy::EvidenceKind::ip, "ip"}};

template <class E>
std::string_view json_word(E value) {
  for (const auto& [candidate, word] : json_words<E>) {
    if (candidate == value) return word;
  }
  return "unknown";
}

template <class T>
concept Mapping = requires {
  typename T::mapped_type;
};
template <class T>
concept Listing = requires {
  typename T::value_type;
}
&&!Mapping<T> && !std::same_as<T, std::string>;

// Empty texts and absent optionals are left out; everything else is always there.
class JsonWriter {
 public:
  void operator()(std::string_view name, const std::string& text) {
    if (!text.empty()) object_.emplace(name, text);
  }
  template <class T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    if (value) object_.emplace(name, to_value(*value));
  }
  template <class T>
  void operator()(std::string_view name, const T& value) {
    object_.emplace(name, to_value(value));
  }
  // Left out where it is what it is by itself.
  template <class T>
  void unless_default(std::string_view name, const T& value) {
    if (!(value == T{})) (*this)(name, value);
  }
  // Stored in another form than it is held in; the form of a form is itself.
  template <class T, class Form>
  void formed(std::string_view name, const T& value, Form form) {
    (*this)(name, T{form(value)});
  }
  void version(std::string_view name, std::uint64_t newest, std::uint64_t, std::uint64_t) {
    object_.emplace(name, newest);
  }

  boost::json::object take() { return std::move(object_); }

 private:
  template <class T>
  static boost::json::value to_value(const T& value) {
    if constexpr (std::same_as<T, bool>) {
      return boost::json::value(value);
    } else if constexpr (std::unsigned_integral<T>) {
      return boost::json::value(static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_enum_v<T>) {
      return boost::json::value(json_word(value));
    } else if constexpr (std::same_as<T, UtcTime>) {
      return boost::json::value(to_rfc3339(value));
    } else if constexpr (std::same_as<T, std::string>) {
      return boost::json::value(value);
    } else if constexpr (Mapping<T>) {
      boost::json::object object;
      for (const auto& [key, of] : value)
        object.emplace(key, to_value(of));
      return object;
    } else if constexpr (Listing<T>) {
      boost::json::array array;
      array.reserve(value.size());
      for (const auto& item : value)
        array.emplace_back(to_value(item));
      return array;
    } else {
      JsonWriter writer;
      describe(writer, value);
      return writer.take();
    }
  }

  boost::json::object object_;
};

// Remembers the first fault; what is read after it does not matter.
class JsonReader {
 public:
  JsonReader(const boost::json::object& object, std::string pointer,
             std::optional<JsonFault>& fault)
      : object_{object}, pointer_{std::move(pointer)}, fault_{fault} {}

  void operator()(std::string_view name, std::string& text) {
    if (const auto* value = find(name)) from_value(*value, at(name), text);
  }
  template <class T>
  void operator()(std::string_view name, std::optional<T>& into) {
    if (const auto* value = find(name)) from_value(*value, at(name), into.emplace());
  }
  template <class T>
  void operator()(std::string_view name, T& into) {
    if (const auto* value = find(name)) {
      from_value(*value, at(name), into);
    } else {
      blame(at(name), "is missing");
    }
  }
  template <class T>
  void unless_default(std::string_view name, T& into) {
    if (const auto* value = find(name)) from_value(*value, at(name), into);
  }
  template <class T, class Form>
  void formed(std::string_view name, T& into, Form form) {
    (*this)(name, into);
    into = T{form(into)};
  }
  // `read`: the one that it is.
  void version(std::string_view name, std::uint64_t newest, std::uint64_t oldest,
               std::uint64_t& read) {
    read = 0;
    (*this)(name, read);
    if (read < oldest || read > newest) blame(at(name), "is a version this program does not know");
  }

  void finish() {
    if (seen_ != object_.size()) blame(pointer_, "has a field that is not known");
  }

 private:
  const boost::json::value* find(std::string_view name) {
    const auto* value = object_.if_contains(name);
    if (value != nullptr) ++seen_;
    return value;
  }
  std::string at(std::string_view name) const { return pointer_ + "/" + std::string(name); }
  void blame(std::string pointer, std::string what) {
    if (!fault_) fault_ = JsonFault{std::move(pointer), std::move(what)};
  }

  template <class T>
  void from_value(const boost::json::value& value, const std::string& pointer, T& into) {
    if constexpr (std::same_as<T, bool>) {
      const auto* flag = value.if_bool();
      if (flag == nullptr) return blame(pointer, "is neither true nor false");
      into = *flag;
    } else if constexpr (std::unsigned_integral<T>) {
      number_from(value, pointer, into);
    } else if constexpr (std::is_enum_v<T>) {
      word_from(value, pointer, into);
    } else if constexpr (std::same_as<T, UtcTime>) {
      const auto* text = value.if_string();
      const auto time = text != nullptr ? parse_rfc3339(*text) : std::nullopt;
      if (!time) return blame(pointer, "is no RFC 3339 time");
      into = *time;
    } else if constexpr (std::same_as<T, std::string>) {
      const auto* text = value.if_string();
      if (text == nullptr) return blame(pointer, "is no text");
      into.assign(text->data(), text->size());
    } else if constexpr (Mapping<T>) {
      const auto* object = value.if_object();
      if (object == nullptr) return blame(pointer, "is no object");
      for (const auto& [key, of] : *object)
        from_value(of, pointer + "/" + std::string(key), into[std::string(key)]);
    } else if constexpr (Listing<T>) {
      list_from(value, pointer, into);
    } else {
      const auto* object = value.if_object();
      if (object == nullptr) return blame(pointer, "is no object");
      JsonReader reader{*object, pointer, fault_};
      describe(reader, into);
      reader.finish();
    }
  }

  template <std::unsigned_integral T>
  void number_from(const boost::json::value& value, const std::string& pointer, T& into) {
    const auto* small = value.if_int64();
    const auto* large = value.if_uint64();
    const std::uint64_t number = large != nullptr   ? *large
                                 : small != nullptr ? static_cast<std::uint64_t>(*small)
                                                    : 0;
    const bool negative = small != nullptr && *small < 0;
    if ((small == nullptr && large == nullptr) || negative || !std::in_range<T>(number)) {
      return blame(pointer, "is no whole number in range");
    }
    into = static_cast<T>(number);
  }
  template <class E>
  void word_from(const boost::json::value& value, const std::string& pointer, E& into) {
    const auto* text = value.if_string();
    for (const auto& [candidate, word] : json_words<E>) {
      if (text == nullptr || std::string_view{*text} != word) continue;
      into = candidate;
      return;
    }
    blame(pointer, "is none of the known words");
  }
  template <Listing T>
  void list_from(const boost::json::value& value, const std::string& pointer, T& into) {
    const auto* array = value.if_array();
    if (array == nullptr) return blame(pointer, "is no array");
    for (std::size_t i = 0; i < array->size(); ++i) {
      typename T::value_type item{};
      from_value((*array)[i], pointer + "/" + std::to_string(i), item);
      into.insert(into.end(), std::move(item));
    }
  }

  const boost::json::object& object_;
  std::string pointer_;
  std::optional<JsonFault>& fault_;
  std::size_t seen_ = 0;
};

template <class T>
[[nodiscard]] std::string to_json_text(const T& described) {
  JsonWriter writer;
  describe(writer, described);
  return boost::json::serialize(writer.take());
}

// The inverse. Unknown fields and words, missing fields and other versions are faults.
template <class T>
[[nodiscard]] boost::system::result<T, JsonFault> parse_json_text(std::string_view text,
                                                                  std::size_t bytes_max) {
  if (text.size() > bytes_max) return JsonFault{"", "is too large"};
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  if (error) return JsonFault{"", "is no JSON: " + error.message()};
  const auto* object = value.if_object();
  if (object == nullptr) return JsonFault{"", "is no object"};
  T described{};
  std::optional<JsonFault> fault;
  JsonReader reader{*object, "", fault};
  describe(reader, described);
  reader.finish();
  if (fault) return *std::move(fault);
  return described;
}

}  // namespace assent::gateway
