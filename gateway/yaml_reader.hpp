#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/fault.hpp"
#include "gateway/id.hpp"

// Reads YAML that operators write, and finds everything that is wrong with it in one go.
//
//   Faults faults;
//   const auto document = YamlDocument::from_file("assent.yaml", faults);
//   const YamlMap root = document.root().map({"media", "log"});
//   const YamlMap media = root.optional("media").map({"workers", "coalescing_pause"});
//   config.workers = media.optional("workers").integer(1, 64).value_or(1);
//   config.name = root.required("name").id().value_or("");
//   if (!faults.empty()) ...
//
// No reader stops or throws: what is wrong is added to the faults and comes back as nullopt (or
// empty), and what is absent comes back as nullopt without a fault; required() has already said it.
// So a loader reads straight on, and looks at the faults once, at the end.
//
// The YAML accepted is YAML 1.2's core, less what makes files hard to review: no anchors and
// aliases, no tags, one document a file, no key twice, true and false spelled so, no numbers in
// quotes. `NO` is a country, not a boolean.
namespace assent::gateway {

inline constexpr std::size_t yaml_file_bytes_max = 1U << 20U;
inline constexpr std::size_t yaml_depth_max = 32;
inline constexpr std::size_t yaml_items_max = 10'000;  // of one sequence or map

struct YamlTree;
class YamlMap;
struct YamlEntry;

struct YamlPosition {
  unsigned line = 0;    // from 1
  unsigned column = 0;  // from 1, in bytes
};

// A place in a document that holds a value, or nothing. Cheap to copy; must not outlive its
// YamlDocument, nor that document's Faults.
class YamlValue {
 public:
  YamlValue() = default;

  [[nodiscard]] bool is_present() const { return node_ != nothing; }
  [[nodiscard]] bool is_scalar() const;
  [[nodiscard]] bool is_sequence() const;
  [[nodiscard]] bool is_map() const;
  [[nodiscard]] YamlPosition position() const;  // of the value; {0, 0} when absent
  [[nodiscard]] std::string path() const;

  // For rules of the loader's own: a fault at the value, or at the key it stands under.
  // Nothing happens when the value is absent.
  void fault(std::string what, std::string remedy) const;
  void fault_at_key(std::string what, std::string remedy) const;

  // Bounds are inclusive.
  template <std::integral T>
  [[nodiscard]] std::optional<T> integer(T min, T max) const {
    const auto value =
        integer_between(static_cast<std::int64_t>(min), static_cast<std::int64_t>(max));
    if (!value) return std::nullopt;
    return static_cast<T>(*value);
  }
  [[nodiscard]] std::optional<bool> boolean() const;
  // A whole number with a unit: us, ms, s, min, h, d (24 hours). "0" needs none.
  [[nodiscard]] std::optional<std::chrono::microseconds> duration(
      std::chrono::microseconds min, std::chrono::microseconds max) const;
  // A whole number with a unit: B, kB, MB, GB (powers of 1000), KiB, MiB, GiB (powers of 1024).
  [[nodiscard]] std::optional<std::uint64_t> size_bytes(std::uint64_t min, std::uint64_t max) const;
  [[nodiscard]] std::optional<std::string> id() const;
  // Free text of 1 to `bytes_max` bytes without control characters (line feeds are allowed).
  // Its faults never show the value: it may be a secret, or one put in the wrong place.
  [[nodiscard]] std::optional<std::string> text(std::size_t bytes_max = 1024) const;
  [[nodiscard]] std::optional<std::chrono::sys_days> date() const;  // YYYY-MM-DD

  // One of a closed set of words: one_of<Kind>({{"rtp", Kind::rtp}, {"ogg", Kind::ogg}}).
  template <class T>
  [[nodiscard]] std::optional<T> one_of(
      std::initializer_list<std::pair<std::string_view, T>> words) const {
    std::vector<std::string_view> names;
    for (const auto& word : words)
      names.push_back(word.first);
    const auto index = word_index(names);
    if (!index) return std::nullopt;
    return (words.begin() + *index)->second;
  }

  // A map with a fixed set of keys; others are faults, with the nearest known key as the remedy.
  // An empty value (`media:` and nothing under it) is an empty map.
  [[nodiscard]] YamlMap map(std::span<const std::string_view> known_keys) const;
  [[nodiscard]] YamlMap map(std::initializer_list<std::string_view> known_keys) const;
  // A map whose keys are ids of the operator's choice, in the file's order.
  [[nodiscard]] std::vector<YamlEntry> entries(std::size_t max = yaml_items_max) const;
  [[nodiscard]] std::vector<YamlValue> sequence(std::size_t max = yaml_items_max) const;
  // Sequences of ids and of texts; elements at fault are left out.
  [[nodiscard]] std::vector<std::string> ids(std::size_t max = yaml_items_max) const;
  [[nodiscard]] std::vector<std::string> texts(std::size_t max = yaml_items_max) const;

 private:
  friend class YamlDocument;
  friend class YamlMap;
  static constexpr std::uint32_t nothing = UINT32_MAX;

  YamlValue(const YamlTree* tree, std::uint32_t node) : tree_{tree}, node_{node} {}
  [[nodiscard]] std::optional<std::int64_t> integer_between(std::int64_t min,
                                                            std::int64_t max) const;
  [[nodiscard]] std::optional<std::ptrdiff_t> word_index(
      std::span<const std::string_view> words) const;
  [[nodiscard]] const std::string* scalar(std::string_view expected) const;
  [[nodiscard]] const std::string* plain_scalar(std::string_view expected) const;
  [[nodiscard]] bool text_is_sound(const std::string& text, std::size_t bytes_max) const;

  const YamlTree* tree_ = nullptr;
  std::uint32_t node_ = nothing;
};

struct YamlEntry {
  std::string key;
  YamlValue value;
};

class YamlMap {
 public:
  // False when the map is absent or was no map: then required() finds nothing to blame.
  [[nodiscard]] bool is_present() const { return value_.is_present(); }
  [[nodiscard]] YamlValue value() const { return value_; }
  // The key must be among the known keys of the map: another is a mistake of the loader.
  [[nodiscard]] YamlValue optional(std::string_view key) const;
  [[nodiscard]] YamlValue required(std::string_view key) const;  // a fault when absent

 private:
  friend class YamlValue;
  YamlMap(YamlValue value, std::vector<std::string> known_keys)
      : value_{value}, known_keys_{std::move(known_keys)} {}

  YamlValue value_;
  std::vector<std::string> known_keys_;
};

class YamlDocument {
 public:
  // `file` is what faults call it. The faults must outlive the document.
  [[nodiscard]] static YamlDocument from_text(std::string file, std::string_view text,
                                              Faults& faults);
  [[nodiscard]] static YamlDocument from_file(const std::filesystem::path& file, Faults& faults);

  // Absent when the file could not be read or is no YAML: the one fault of that is enough.
  [[nodiscard]] YamlValue root() const;
  [[nodiscard]] const std::string& file() const;

  YamlDocument(YamlDocument&&) noexcept;
  YamlDocument& operator=(YamlDocument&&) noexcept;
  YamlDocument(const YamlDocument&) = delete;
  YamlDocument& operator=(const YamlDocument&) = delete;
  ~YamlDocument();

 private:
  explicit YamlDocument(std::unique_ptr<YamlTree> tree);
  std::unique_ptr<YamlTree> tree_;  // values point into it: its address does not change
};

}  // namespace assent::gateway
