#include "gateway/request_reader.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <set>

namespace assent::gateway {
namespace {

namespace json = boost::json;

// A handler of Boost.JSON's event parser: only watches names.
struct DuplicateNames {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  std::vector<std::set<std::string>> open_objects;
  std::string name;
  std::optional<std::string> duplicate;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    open_objects.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    open_objects.pop_back();
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    name.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    name.append(part.data(), part.size());
    if (!open_objects.back().insert(name).second) {
      duplicate = name;
      error = json::error::syntax;
      return false;
    }
    name.clear();
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

json::parse_options options() {
  json::parse_options strict;
  strict.max_depth = json_depth_max;
  return strict;
}

std::string_view kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "true or false";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

std::string expected(std::string_view what, const json::value& got) {
  return "expected " + std::string(what) + ", got " + std::string(kind_of(got));
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}
bool breaks_lines(char c) {
  return c == '\r' || c == '\n' || c == '\t';
}

}  // namespace

std::string in_pointer(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

Answered<json::value> parse_json(std::string_view body) {
  json::error_code error;
  json::value value = json::parse(body, error, {}, options());
  if (error == json::error::too_deep) {
    return make_problem(ProblemType::malformed_json,
                        "nested deeper than " + std::to_string(json_depth_max) + " levels");
  }
  if (error) return make_problem(ProblemType::malformed_json, error.message());
  json::basic_parser<DuplicateNames> names{options()};
  names.write_some(false, body.data(), body.size(), error);
  if (const auto& duplicate = names.handler().duplicate) {
    return make_problem(
        ProblemType::malformed_json,
        "an object gives the name \"" + duplicate->substr(0, id_bytes_max) + "\" twice");
  }
  return value;
}

ObjectReader::ObjectReader(const json::value& value) : ObjectReader(value, std::string{}) {}

ObjectReader::ObjectReader(const json::value& value, std::string path) : path_{std::move(path)} {
  object_ = value.if_object();
  if (object_ == nullptr) fault_at(ProblemType::wrong_type, path_, expected("an object", value));
}

ObjectReader::~ObjectReader() = default;

std::string ObjectReader::pointer_of(std::string_view name) const {
  return path_ + '/' + in_pointer(name);
}

void ObjectReader::fault_at(ProblemType type, std::string pointer, std::string detail) {
  if (!problem_) problem_ = make_problem(type, std::move(detail), std::move(pointer));
}

void ObjectReader::fault(ProblemType type, std::string_view name, std::string detail) {
  fault_at(type, pointer_of(name), std::move(detail));
}

void ObjectReader::adopt(std::optional<Problem> problem) {
  if (problem && !problem_) problem_ = std::move(problem);
}

const json::value* ObjectReader::take(std::string_view name, bool required) {
  asked_.emplace_back(name);
  if (object_ == nullptr) return nullptr;
  const json::value* value = object_->if_contains(name);
  if (value == nullptr && required) {
    fault(ProblemType::missing_field, name, "\"" + std::string(name) + "\" is required");
  }
  return value;
}

std::optional<std::string> ObjectReader::text_in(const json::value& value,
                                                 const std::string& pointer, TextLimits limits) {
  const json::string* string = value.if_string();
  if (string == nullptr) {
    fault_at(ProblemType::wrong_type, pointer, expected("a string", value));
    return std::nullopt;
  }
  if (string->size() < limits.bytes_min || string->size() > limits.bytes_max) {
    fault_at(ProblemType::invalid_value, pointer,
             "must be " + std::to_string(limits.bytes_min) + " to " +
                 std::to_string(limits.bytes_max) + " bytes long");
    return std::nullopt;
  }
  const auto bad = [&](char c) { return is_control(c) && !(limits.lines && breaks_lines(c)); };
  if (std::any_of(string->begin(), string->end(), bad)) {
    fault_at(ProblemType::invalid_value, pointer, "must not contain control characters");
    return std::nullopt;
  }
  return std::string(string->data(), string->size());
}

std::string ObjectReader::text(std::string_view name, TextLimits limits) {
  const json::value* value = take(name, true);
  if (value == nullptr) return {};
  return text_in(*value, pointer_of(name), limits).value_or(std::string{});
}

std::optional<std::string> ObjectReader::optional_text(std::string_view name, TextLimits limits) {
  const json::value* value = take(name, false);
  if (value == nullptr) return std::nullopt;
  return text_in(*value, pointer_of(name), limits);
}

std::string ObjectReader::id(std::string_view name) {
  std::string text = this->text(name, {1, id_bytes_max, false});
  if (!problem_ && !is_id(text)) {
    fault(ProblemType::invalid_value, name, "must be 1 to 64 of A-Z a-z 0-9 . _ ~ -");
  }
  return text;
}

std::optional<std::string> ObjectReader::optional_id(std::string_view name) {
  if (object_ == nullptr || !object_->contains(name)) {
    asked_.emplace_back(name);
    return std::nullopt;
  }
  return id(name);
}

std::optional<bool> ObjectReader::flag_if_one(std::string_view name) {
  if (object_ == nullptr) return std::nullopt;
  const json::value* value = object_->if_contains(name);
  if (value == nullptr || !value->is_bool()) return std::nullopt;
  asked_.emplace_back(name);
  return value->get_bool();
}

std::optional<bool> ObjectReader::optional_flag(std::string_view name) {
  const json::value* value = take(name, false);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) {
    fault(ProblemType::wrong_type, name, expected("true or false", *value));
    return std::nullopt;
  }
  return value->get_bool();
}

std::optional<UtcTime> ObjectReader::optional_time(std::string_view name) {
  const auto text = optional_text(name, {1, 64, false});
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time) {
    fault(ProblemType::invalid_value, name,
          "must be an RFC 3339 time such as 2025-01-31T12:00:00Z");
  }
  return time;
}

std::optional<std::uint64_t> ObjectReader::optional_count(std::string_view name) {
  const json::value* value = take(name, false);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code inexact;
  const auto count = value->to_number<std::uint64_t>(inexact);
  if (!value->is_number()) {
    fault(ProblemType::wrong_type, name, expected("a number", *value));
  } else if (inexact) {
    fault(ProblemType::invalid_value, name, "must be a whole number from 0");
  }
  return count;
}

std::vector<std::pair<std::string, const json::value*>> ObjectReader::members(
    std::string_view name, std::size_t entries_max) {
  std::vector<std::pair<std::string, const json::value*>> found;
  const json::value* value = take(name, false);
  if (value == nullptr) return found;
  const json::object* object = value->if_object();
  if (object == nullptr) {
    fault(ProblemType::wrong_type, name, expected("an object", *value));
    return found;
  }
  if (object->size() > entries_max) {
    fault(ProblemType::invalid_value, name,
          "must have at most " + std::to_string(entries_max) + " entries");
    return found;
  }
  for (const auto& [id, member] : *object) {
    if (is_id(id)) {
      found.emplace_back(id, &member);
    } else {
      fault_at(ProblemType::invalid_value, pointer_of(name) + '/' + in_pointer(id),
               "names must be 1 to 64 of A-Z a-z 0-9 . _ ~ -");
    }
  }
  return found;
}

std::optional<std::size_t> ObjectReader::word_index(std::string_view name,
                                                    const std::vector<std::string_view>& words,
                                                    bool required) {
  const json::value* value = take(name, required);
  if (value == nullptr) return std::nullopt;
  const json::string* string = value->if_string();
  if (string == nullptr) {
    fault(ProblemType::wrong_type, name, expected("a string", *value));
    return std::nullopt;
  }
  const auto found = std::find(words.begin(), words.end(), std::string_view(*string));
  if (found == words.end()) {
    std::string choices;
    for (const auto word : words)
      choices += (choices.empty() ? "" : ", ") + std::string(word);
    fault(ProblemType::invalid_value, name, "must be one of: " + choices);
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - words.begin());
}

std::optional<std::vector<std::string>> ObjectReader::strings(std::string_view name,
                                                              std::size_t elements_max,
                                                              TextLimits limits, bool ids) {
  const json::value* value = take(name, false);
  if (value == nullptr) return std::nullopt;
  const json::array* array = value->if_array();
  if (array == nullptr) {
    fault(ProblemType::wrong_type, name, expected("an array", *value));
    return std::nullopt;
  }
  if (array->size() > elements_max) {
    fault(ProblemType::invalid_value, name,
          "must have at most " + std::to_string(elements_max) + " elements");
    return std::nullopt;
  }
  std::vector<std::string> elements;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string pointer = pointer_of(name) + '/' + std::to_string(i);
    auto element = text_in((*array)[i], pointer, limits);
    if (!element) return std::nullopt;
    if (ids && !is_id(*element)) {
      fault_at(ProblemType::invalid_value, pointer, "must be 1 to 64 of A-Z a-z 0-9 . _ ~ -");
    } else if (std::find(elements.begin(), elements.end(), *element) != elements.end()) {
      fault_at(ProblemType::invalid_value, pointer, "is in the array already");
    }
    elements.push_back(std::move(*element));
  }
  return elements;
}

std::optional<std::vector<std::string>> ObjectReader::optional_texts(std::string_view name,
                                                                     std::size_t elements_max,
                                                                     TextLimits limits) {
  return strings(name, elements_max, limits, false);
}

std::optional<std::vector<std::string>> ObjectReader::optional_ids(std::string_view name,
                                                                   std::size_t elements_max) {
  return strings(name, elements_max, {1, id_bytes_max, false}, true);
}

std::map<std::string, std::string> ObjectReader::optional_text_map(std::string_view name,
                                                                   std::size_t entries_max,
                                                                   TextLimits limits) {
  const json::value* value = take(name, false);
  if (value == nullptr) return {};
  const json::object* object = value->if_object();
  if (object == nullptr) {
    fault(ProblemType::wrong_type, name, expected("an object", *value));
    return {};
  }
  if (object->size() > entries_max) {
    fault(ProblemType::invalid_value, name,
          "must have at most " + std::to_string(entries_max) + " entries");
    return {};
  }
  std::map<std::string, std::string> entries;
  for (const auto& [key, entry] : *object) {
    const std::string pointer = pointer_of(name) + '/' + in_pointer(key);
    if (key.empty() || key.size() > id_bytes_max ||
        std::any_of(key.begin(), key.end(), is_control)) {
      fault_at(ProblemType::invalid_value, pointer, "names must be 1 to 64 bytes of text");
    }
    auto text = text_in(entry, pointer, limits);
    if (!text || problem_) return {};
    entries.emplace(key, std::move(*text));
  }
  return entries;
}

std::optional<Problem> ObjectReader::finish() {
  if (object_ == nullptr || problem_) return problem_;
  for (const auto& member : *object_) {
    const std::string_view name = member.key();
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) {
      fault(ProblemType::unknown_field, name,
            "\"" + std::string(name.substr(0, id_bytes_max)) + "\" is not a field of this object");
      break;
    }
  }
  return problem_;
}

}  // namespace assent::gateway
