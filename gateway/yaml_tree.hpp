#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/fault.hpp"
#include "gateway/yaml_reader.hpp"

// The inside of gateway/yaml_reader, and what policy_diff.cpp compares as it stands. yaml-cpp is
// used for its events, not for its nodes: these lose positions and silently drop a key given twice.
namespace assent::gateway {

struct YamlNode {
  enum class Kind : unsigned char {
    null,
    plain,   // a scalar without quotes
    quoted,  // a scalar in quotes, or a block scalar
    sequence,
    map,
    refused,  // an alias or a tagged value: its fault is in, readers pass over it
  };
  Kind kind = Kind::null;
  YamlPosition at;
  YamlPosition key_at;       // under a map
  std::uint32_t parent = 0;  // of the root: itself
  std::uint32_t place = 0;   // among the parent's children
  std::string key;           // under a map
  std::string scalar;
  std::vector<std::uint32_t> children;
};

struct YamlTree {
  std::string file;
  Faults* faults = nullptr;
  std::vector<YamlNode> nodes;  // the root is the first; empty: the text is not usable

  [[nodiscard]] std::string path(std::uint32_t node) const;
  void fault(YamlPosition at, std::string path, std::string what, std::string remedy) const;
};

// Fills tree.nodes from the text, or leaves it empty with the fault added.
void parse_yaml(std::string_view text, YamlTree& tree);

}  // namespace assent::gateway
