#pragma once

#include <array>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assent::gateway::test {

// Writes small MaxMind DB files (format 2.0) of any layout, so that tests see what makers of city
// databases ship, and what no maker would. IPv4 networks in an IPv6 tree, records of 24 bits.
class MmdbFile {
 public:
  void add(std::string_view network, unsigned prefix, const boost::json::value& record) {
    const auto leaf = static_cast<std::int64_t>(data_.size()) | leaf_bit;
    append(record, data_);
    const auto address = boost::asio::ip::make_address_v4(network).to_uint();
    std::size_t node = 0;
    const unsigned depth = 96 + prefix;  // IPv4 is ::/96
    for (unsigned bit = 0; bit < depth; ++bit) {
      const unsigned side = bit < 96 ? 0 : (address >> (127U - bit)) & 1U;
      if (bit + 1 == depth) {
        nodes_[node][side] = leaf;
      } else {
        if (nodes_[node][side] == empty) {
          nodes_[node][side] = static_cast<std::int64_t>(nodes_.size());
          nodes_.push_back({empty, empty});
        }
        node = static_cast<std::size_t>(nodes_[node][side]);
      }
    }
  }

  // A tree that never comes to a record.
  void go_in_circles() { nodes_ = {{0, 0}}; }

  [[nodiscard]] std::string bytes(std::uint64_t build_epoch) const {
    std::string out;
    for (const auto& sides : nodes_)
      for (const std::int64_t side : sides)
        append_bytes(record_of(side), 3, out);
    out.append(16, '\0');  // between the tree and the data
    out += data_;
    out += "\xab\xcd\xefMaxMind.com";
    append_metadata(build_epoch, out);
    return out;
  }

 private:
  static constexpr std::int64_t empty = -1;
  static constexpr std::int64_t leaf_bit = std::int64_t{1} << 32;
  enum class Type : unsigned char {
    text = 2,
    uint16 = 5,
    uint32 = 6,
    map = 7,
    uint64 = 9,
    array = 11
  };

  [[nodiscard]] std::uint64_t record_of(std::int64_t side) const {
    const auto count = static_cast<std::int64_t>(nodes_.size());
    if (side == empty) return static_cast<std::uint64_t>(count);
    if ((side & leaf_bit) != 0) return static_cast<std::uint64_t>(count + 16 + (side & ~leaf_bit));
    return static_cast<std::uint64_t>(side);
  }

  static void append_bytes(std::uint64_t number, unsigned size, std::string& out) {
    for (unsigned byte = size; byte-- > 0;)
      out += static_cast<char>((number >> (8 * byte)) & 0xffU);
  }
  static void append_head(Type type, std::size_t size, std::string& out) {
    if (size >= 29) throw std::length_error("a longer value than a test needs");
    const auto number = static_cast<unsigned>(type);
    if (number <= 7) {
      out += static_cast<char>(number << 5U | size);
    } else {
      out += static_cast<char>(size);
      out += static_cast<char>(number - 7);
    }
  }
  static void append_text(std::string_view text, std::string& out) {
    append_head(Type::text, text.size(), out);
    out += text;
  }
  static void append_number(Type type, std::uint64_t number, unsigned size, std::string& out) {
    append_head(type, size, out);
    append_bytes(number, size, out);
  }
  static void append(const boost::json::value& value, std::string& out) {
    if (const auto* map = value.if_object()) {
      append_head(Type::map, map->size(), out);
      for (const auto& [key, inner] : *map) {
        append_text(key, out);
        append(inner, out);
      }
    } else if (const auto* array = value.if_array()) {
      append_head(Type::array, array->size(), out);
      for (const auto& inner : *array)
        append(inner, out);
    } else if (const auto* text = value.if_string()) {
      append_text(*text, out);
    } else {
      append_number(Type::uint32, value.to_number<std::uint32_t>(), 4, out);
    }
  }
  void append_metadata(std::uint64_t build_epoch, std::string& out) const {
    append_head(Type::map, 9, out);
    const auto number = [&out](std::string_view key, Type type, std::uint64_t value,
                               unsigned size) {
      append_text(key, out);
      append_number(type, value, size, out);
    };
    number("node_count", Type::uint32, nodes_.size(), 4);
    number("record_size", Type::uint16, 24, 2);
    number("ip_version", Type::uint16, 6, 2);
    number("binary_format_major_version", Type::uint16, 2, 2);
    number("binary_format_minor_version", Type::uint16, 0, 2);
    number("build_epoch", Type::uint64, build_epoch, 8);
    append_text("database_type", out);
    append_text("Test-City", out);
    append_text("languages", out);
    append_head(Type::array, 0, out);
    append_text("description", out);
    append_head(Type::map, 0, out);
  }

  std::vector<std::array<std::int64_t, 2>> nodes_{{empty, empty}};
  std::string data_;
};

}  // namespace assent::gateway::test
