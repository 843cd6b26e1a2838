#include "gateway/yaml_reader.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <system_error>
#include <utility>

#include "gateway/yaml_tree.hpp"

namespace assent::gateway {
namespace {

using Kind = YamlNode::Kind;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr Unit duration_units[] = {
    {"us", 1},           {"ms", 1'000},        {"s", 1'000'000},
    {"min", 60'000'000}, {"h", 3'600'000'000}, {"d", 86'400'000'000}};
constexpr Unit size_units[] = {
    {"B", 1},           {"kB", 1'000},      {"MB", 1'000'000}, {"GB", 1'000'000'000},
    {"KiB", 1U << 10U}, {"MiB", 1U << 20U}, {"GiB", 1U << 30U}};

// "10s" in units of the table; nullopt: not of that form, or beyond 2^63 - 1.
std::optional<std::uint64_t> quantity(std::string_view text, std::span<const Unit> units) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{}) return std::nullopt;
  std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  if (count == 0 && name.empty()) return 0;
  if (name.starts_with(' ')) name.remove_prefix(1);
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (count > static_cast<std::uint64_t>(INT64_MAX) / unit.factor) return std::nullopt;
    return count * unit.factor;
  }
  return std::nullopt;
}

// In the largest unit that divides it: 600'000'000 is "10min".
std::string with_unit(std::uint64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0 && unit.factor > best->factor) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string{best->name};
}

std::string from_to(const std::string& min, const std::string& max) {
  return "from " + min + " to " + max;
}

std::optional<unsigned> digits(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

bool YamlValue::is_scalar() const {
  return is_present() &&
         (tree_->nodes[node_].kind == Kind::plain || tree_->nodes[node_].kind == Kind::quoted);
}

bool YamlValue::is_sequence() const {
  return is_present() && tree_->nodes[node_].kind == Kind::sequence;
}

bool YamlValue::is_map() const {
  return is_present() && tree_->nodes[node_].kind == Kind::map;
}

YamlPosition YamlValue::position() const {
  return is_present() ? tree_->nodes[node_].at : YamlPosition{};
}

std::string YamlValue::path() const {
  return is_present() ? tree_->path(node_) : "";
}

void YamlValue::fault(std::string what, std::string remedy) const {
  if (is_present()) tree_->fault(position(), path(), std::move(what), std::move(remedy));
}

void YamlValue::fault_at_key(std::string what, std::string remedy) const {
  if (!is_present()) return;
  const YamlPosition key_at = tree_->nodes[node_].key_at;
  tree_->fault(key_at.line == 0 ? position() : key_at, path(), std::move(what), std::move(remedy));
}

// The scalar's text; nullptr when there is none, with the fault added if there should be one.
const std::string* YamlValue::scalar(std::string_view expected) const {
  if (!is_present()) return nullptr;
  const YamlNode& node = tree_->nodes[node_];
  switch (node.kind) {
    case Kind::plain:
    case Kind::quoted:
      return &node.scalar;
    case Kind::null:
      fault("has no value", "write " + std::string{expected} + ", or remove the key");
      break;
    case Kind::sequence:
      fault("is a list", "write " + std::string{expected});
      break;
    case Kind::map:
      fault("is a map", "write " + std::string{expected});
      break;
    case Kind::refused:
      break;
  }
  return nullptr;
}

const std::string* YamlValue::plain_scalar(std::string_view expected) const {
  const std::string* text = scalar(expected);
  if (text == nullptr || tree_->nodes[node_].kind == Kind::plain) return text;
  fault("is text in quotes", "write " + std::string{expected} + " without quotes");
  return nullptr;
}

std::optional<std::int64_t> YamlValue::integer_between(std::int64_t min, std::int64_t max) const {
  const std::string expected =
      "a whole number " + from_to(std::to_string(min), std::to_string(max));
  const std::string* text = plain_scalar(expected);
  if (text == nullptr) return std::nullopt;
  const std::string_view number{*text};
  const std::string_view unsigned_part = number.substr(number.starts_with('-') ? 1 : 0);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  // A leading zero is octal in YAML 1.1 and decimal in 1.2: nobody shall guess.
  const bool is_octal = unsigned_part.size() > 1 && unsigned_part.front() == '0';
  if (error == std::errc::invalid_argument || end != number.data() + number.size() || is_octal) {
    fault(as_shown(number) + " is not a whole number", "write " + expected);
    return std::nullopt;
  }
  if (error != std::errc{} || value < min || value > max) {
    fault(as_shown(number) + " is out of bounds", "write " + expected);
    return std::nullopt;
  }
  return value;
}

std::optional<bool> YamlValue::boolean() const {
  const std::string* text = plain_scalar("true or false");
  if (text == nullptr) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  fault(as_shown(*text) + " is neither true nor false", "write true or false");
  return std::nullopt;
}

std::optional<std::chrono::microseconds> YamlValue::duration(std::chrono::microseconds min,
                                                             std::chrono::microseconds max) const {
  const auto shown = [](std::chrono::microseconds value) {
    return with_unit(static_cast<std::uint64_t>(value.count()), duration_units);
  };
  const std::string expected = "a duration " + from_to(shown(min), shown(max)) +
                               ", a whole number with a unit (us, ms, s, min, h, d)";
  const std::string* text = scalar(expected);
  if (text == nullptr) return std::nullopt;
  const auto value = quantity(*text, duration_units);
  if (!value) {
    fault(as_shown(*text) + " is not a duration", "write " + expected);
    return std::nullopt;
  }
  const std::chrono::microseconds duration{static_cast<std::int64_t>(*value)};
  if (duration < min || duration > max) {
    fault(as_shown(*text) + " is out of bounds", "write " + expected);
    return std::nullopt;
  }
  return duration;
}

std::optional<std::uint64_t> YamlValue::size_bytes(std::uint64_t min, std::uint64_t max) const {
  const std::string expected = "a size " +
                               from_to(with_unit(min, size_units), with_unit(max, size_units)) +
                               ", a whole number with a unit (B, kB, MB, GB, KiB, MiB, GiB)";
  const std::string* text = scalar(expected);
  if (text == nullptr) return std::nullopt;
  const auto value = quantity(*text, size_units);
  if (!value) {
    fault(as_shown(*text) + " is not a size", "write " + expected);
    return std::nullopt;
  }
  if (*value < min || *value > max) {
    fault(as_shown(*text) + " is out of bounds", "write " + expected);
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> YamlValue::id() const {
  constexpr std::string_view expected = "1 to 64 of A-Z a-z 0-9 . _ ~ -";
  const std::string* text = scalar(expected);
  if (text == nullptr) return std::nullopt;
  if (!is_id(*text)) {
    fault(as_shown(*text) + " is not an id", "write " + std::string{expected});
    return std::nullopt;
  }
  return *text;
}

bool YamlValue::text_is_sound(const std::string& text, std::size_t bytes_max) const {
  const std::string expected = "write text of 1 to " + std::to_string(bytes_max) + " bytes";
  if (text.empty()) {
    fault("is empty", expected + ", or remove the key");
    return false;
  }
  if (text.size() > bytes_max) {
    fault("is " + std::to_string(text.size()) + " bytes long", expected);
    return false;
  }
  const auto is_control = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7f;
  };
  if (std::any_of(text.begin(), text.end(), is_control)) {
    fault("holds control characters", expected + " without them");
    return false;
  }
  return true;
}

std::optional<std::string> YamlValue::text(std::size_t bytes_max) const {
  const std::string* text = scalar("text");
  if (text == nullptr || !text_is_sound(*text, bytes_max)) return std::nullopt;
  return *text;
}

std::optional<std::chrono::sys_days> YamlValue::date() const {
  constexpr std::string_view expected = "a date of the calendar as YYYY-MM-DD";
  const std::string* text = scalar(expected);
  if (text == nullptr) return std::nullopt;
  const std::string_view view{*text};
  if (view.size() == 10 && view[4] == '-' && view[7] == '-') {
    const auto year = digits(view.substr(0, 4));
    const auto month = digits(view.substr(5, 2));
    const auto day = digits(view.substr(8, 2));
    if (year && month && day) {
      const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                             std::chrono::month{*month}, std::chrono::day{*day}};
      if (date.ok()) return std::chrono::sys_days{date};
    }
  }
  fault(as_shown(view) + " is not a date", "write " + std::string{expected});
  return std::nullopt;
}

std::optional<std::ptrdiff_t> YamlValue::word_index(std::span<const std::string_view> words) const {
  const std::string* text = scalar(suggest("", words));
  if (text == nullptr) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), std::string_view{*text});
  if (found != words.end()) return found - words.begin();
  fault(as_shown(*text) + " is not known here", suggest(*text, words));
  return std::nullopt;
}

YamlMap YamlValue::map(std::span<const std::string_view> known_keys) const {
  std::vector<std::string> known(known_keys.begin(), known_keys.end());
  if (!is_present()) return {YamlValue{}, std::move(known)};
  const YamlNode& node = tree_->nodes[node_];
  if (node.kind == Kind::plain || node.kind == Kind::quoted || node.kind == Kind::sequence) {
    fault(node.kind == Kind::sequence ? "is a list, not a map" : "is a single value, not a map",
          "write keys and values under it; " + suggest("", known_keys));
  }
  if (node.kind != Kind::map && node.kind != Kind::null) return {YamlValue{}, std::move(known)};
  for (const std::uint32_t child : node.children) {
    const std::string& key = tree_->nodes[child].key;
    if (std::find(known_keys.begin(), known_keys.end(), key) == known_keys.end()) {
      YamlValue{tree_, child}.fault_at_key("this key is not known here", suggest(key, known_keys));
    }
  }
  return {*this, std::move(known)};
}

YamlMap YamlValue::map(std::initializer_list<std::string_view> known_keys) const {
  return map(std::span<const std::string_view>{known_keys.begin(), known_keys.size()});
}

std::vector<YamlEntry> YamlValue::entries(std::size_t max) const {
  std::vector<YamlEntry> out;
  if (!is_present()) return out;
  const YamlNode& node = tree_->nodes[node_];
  if (node.kind == Kind::plain || node.kind == Kind::quoted || node.kind == Kind::sequence) {
    fault(node.kind == Kind::sequence ? "is a list, not a map" : "is a single value, not a map",
          "write 'name: ...' under it, one a line");
  }
  if (node.kind != Kind::map) return out;
  if (node.children.size() > max) {
    fault("has " + std::to_string(node.children.size()) + " entries",
          "use at most " + std::to_string(max));
    return out;
  }
  for (const std::uint32_t child : node.children) {
    const YamlValue value{tree_, child};
    const std::string& key = tree_->nodes[child].key;
    if (is_id(key)) {
      out.push_back({key, value});
    } else {
      value.fault_at_key(as_shown(key) + " is not a name",
                         "write 1 to 64 of A-Z a-z 0-9 . _ ~ - before the colon");
    }
  }
  return out;
}

std::vector<YamlValue> YamlValue::sequence(std::size_t max) const {
  std::vector<YamlValue> out;
  if (!is_present()) return out;
  const YamlNode& node = tree_->nodes[node_];
  if (node.kind == Kind::plain || node.kind == Kind::quoted) {
    fault("is a single value, not a list", "put it in brackets: [ ... ]");
  } else if (node.kind == Kind::map) {
    fault("is a map, not a list", "begin each item with '- '");
  }
  if (node.kind != Kind::sequence) return out;
  if (node.children.size() > max) {
    fault("has " + std::to_string(node.children.size()) + " items",
          "use at most " + std::to_string(max));
    return out;
  }
  for (const std::uint32_t child : node.children)
    out.push_back(YamlValue{tree_, child});
  return out;
}

std::vector<std::string> YamlValue::ids(std::size_t max) const {
  std::vector<std::string> out;
  for (const YamlValue& value : sequence(max)) {
    if (auto id = value.id()) out.push_back(std::move(*id));
  }
  return out;
}

std::vector<std::string> YamlValue::texts(std::size_t max) const {
  std::vector<std::string> out;
  for (const YamlValue& value : sequence(max)) {
    if (auto text = value.text()) out.push_back(std::move(*text));
  }
  return out;
}

YamlValue YamlMap::optional(std::string_view key) const {
  assert(std::find(known_keys_.begin(), known_keys_.end(), key) != known_keys_.end());
  if (!is_present()) return {};
  for (const std::uint32_t child : value_.tree_->nodes[value_.node_].children) {
    if (value_.tree_->nodes[child].key == key) return YamlValue{value_.tree_, child};
  }
  return {};
}

YamlValue YamlMap::required(std::string_view key) const {
  const YamlValue value = optional(key);
  if (!value.is_present()) {
    value_.fault("the key '" + std::string{key} + "' is missing",
                 "add '" + std::string{key} + ": ...'");
  }
  return value;
}

YamlDocument::YamlDocument(std::unique_ptr<YamlTree> tree) : tree_{std::move(tree)} {}
YamlDocument::YamlDocument(YamlDocument&&) noexcept = default;
YamlDocument& YamlDocument::operator=(YamlDocument&&) noexcept = default;
YamlDocument::~YamlDocument() = default;

YamlDocument YamlDocument::from_text(std::string file, std::string_view text, Faults& faults) {
  auto tree = std::make_unique<YamlTree>();
  tree->file = std::move(file);
  tree->faults = &faults;
  parse_yaml(text, *tree);
  return YamlDocument{std::move(tree)};
}

YamlDocument YamlDocument::from_file(const std::filesystem::path& file, Faults& faults) {
  errno = 0;
  std::ifstream stream{file, std::ios::binary};
  std::string text(yaml_file_bytes_max + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad() || (stream.gcount() == 0 && errno != 0)) {
    auto tree = std::make_unique<YamlTree>();
    tree->file = file.string();
    faults.add({file.string(), 0, 0, "",
                "cannot be read: " + std::generic_category().message(errno),
                "check the path and the permissions"});
    return YamlDocument{std::move(tree)};
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return from_text(file.string(), text, faults);
}

YamlValue YamlDocument::root() const {
  if (tree_->nodes.empty()) return {};
  return YamlValue{tree_.get(), 0};
}

const std::string& YamlDocument::file() const {
  return tree_->file;
}

}  // namespace assent::gateway
