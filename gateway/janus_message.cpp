#include "gateway/janus_message.hpp"

#include <charconv>

#include "gateway/id.hpp"
#include "gateway/sha256.hpp"

namespace assent::gateway {
namespace json = boost::json;
namespace {

// Of an id of the gateway's, a plugin's name and what tells apart stand before it.
constexpr std::size_t own_name_max = 40;

const json::value* find(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

}  // namespace

std::optional<json::value> parse_janus_value(std::string_view text, const JanusBounds& bounds) {
  if (text.size() > bounds.bytes) return std::nullopt;
  json::parse_options options;
  options.max_depth = bounds.depth;
  boost::system::error_code error;
  auto value = json::parse(json::string_view{text.data(), text.size()}, error, {}, options);
  if (error) return std::nullopt;
  return value;
}

std::optional<json::object> parse_janus(std::string_view text, const JanusBounds& bounds) {
  auto value = parse_janus_value(text, bounds);
  if (!value || !value->is_object()) return std::nullopt;
  return std::move(value->get_object());
}

std::string_view janus_text(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

std::string janus_word(const json::object& object, std::string_view name) {
  std::string word{janus_text(object, name)};
  for (char& letter : word) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return word;
}

std::optional<std::uint64_t> janus_number(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  if (value == nullptr) return std::nullopt;
  if (value->is_uint64()) return value->get_uint64();
  if (value->is_int64() && value->get_int64() >= 0) {
    return static_cast<std::uint64_t>(value->get_int64());
  }
  return std::nullopt;
}

bool janus_flag(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object* janus_object(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

std::string janus_id(const json::object& object, std::string_view name) {
  if (const auto number = janus_number(object, name)) return std::to_string(*number);
  const std::string text{janus_text(object, name)};
  if (text.empty() || (text.size() <= own_name_max && is_id(text))) return text;
  return "x" + to_hex(sha256(text)).substr(0, own_name_max - 1);
}

bool has_transaction(const json::object& message) {
  const auto* transaction = find(message, "transaction");
  return transaction != nullptr && transaction->is_string();
}

void number_transaction(json::object& message, std::uint64_t number) {
  std::string mark = std::to_string(number);
  mark += ':';
  message.at("transaction").as_string().insert(0, mark);
}

std::uint64_t take_transaction_number(json::object& message) {
  const auto text = janus_text(message, "transaction");
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || digits == text.size() || text[digits] != ':') return 0;
  message.at("transaction").as_string().erase(0, digits + 1);
  return number;
}

std::string janus_plugin(std::string_view package) {
  std::string name{package.substr(package.rfind('.') + 1)};
  constexpr std::size_t plugin_max = 20;
  if (name.size() <= plugin_max && is_id(name)) return name;
  return "plugin";
}

}  // namespace assent::gateway
