#include "gateway/policy_diff.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "gateway/request_reader.hpp"
#include "gateway/yaml_tree.hpp"

namespace assent::gateway {
namespace {

using Values = std::map<std::string, std::string>;  // by path

// In this order they name an item of a list.
constexpr std::array<std::string_view, 7> naming_keys{
    "id", "name", "language", "exporter", "importer", "mechanism", "country"};

class Flattening {
 public:
  Flattening(const YamlTree& tree, Values& values) : tree_{tree}, values_{values} {}

  void visit(std::uint32_t index, const std::string& path) {
    const YamlNode& node = tree_.nodes[index];
    if (node.children.empty() || is_plain_list(node)) {
      values_[path] = in_words(node);
    } else if (node.kind == YamlNode::Kind::map) {
      for (const std::uint32_t child : node.children)
        visit(child, below(path, tree_.nodes[child].key));
    } else {
      visit_items(node, path);
    }
  }

 private:
  static std::string below(const std::string& path, std::string_view key) {
    return path.empty() ? in_pointer(key) : path + '/' + in_pointer(key);
  }

  void visit_items(const YamlNode& list, const std::string& path) {
    std::map<std::string, std::size_t> seen;
    for (const std::uint32_t child : list.children) {
      std::string name = name_of(tree_.nodes[child]);
      if (name.empty()) name = std::to_string(tree_.nodes[child].place);
      const std::size_t times = ++seen[name];
      if (times > 1) name += " #" + std::to_string(times);
      visit(child, below(path, name));
    }
  }

  [[nodiscard]] std::string name_of(const YamlNode& item) const {
    std::string name;
    for (const std::string_view key : naming_keys) {
      for (const std::uint32_t child : item.children) {
        const YamlNode& value = tree_.nodes[child];
        if (value.key != key || value.scalar.empty()) continue;
        if (!name.empty()) name += ' ';
        name += value.scalar;
      }
    }
    return name;
  }

  [[nodiscard]] bool is_plain_list(const YamlNode& node) const {
    return node.kind == YamlNode::Kind::sequence &&
           std::all_of(node.children.begin(), node.children.end(),
                       [this](std::uint32_t child) { return tree_.nodes[child].children.empty(); });
  }

  [[nodiscard]] std::string in_words(const YamlNode& node) const {
    if (node.kind == YamlNode::Kind::map) return "{}";
    if (node.kind != YamlNode::Kind::sequence) return node.scalar;
    std::string out = "[";
    for (const std::uint32_t child : node.children) {
      if (out.size() > 1) out += ", ";
      out += in_words(tree_.nodes[child]);
    }
    return out + ']';
  }

  const YamlTree& tree_;
  Values& values_;
};

Values values_of(const PolicyText& text) {
  Faults none;
  YamlTree tree{text.name, &none, {}};
  parse_yaml(text.text, tree);
  Values values;
  if (!tree.nodes.empty()) Flattening{tree, values}.visit(0, "");
  return values;
}

void compare(const PolicyText& before, const PolicyText& after, PolicyDiff& diff) {
  if (before.text == after.text) return;
  const Values was = values_of(before);
  const Values is = values_of(after);
  const auto add = [&diff](const std::string& path, const std::string* from,
                           const std::string* to) {
    if (diff.differences.size() == PolicyDiff::differences_max) {
      ++diff.left_out;
      return;
    }
    PolicyDifference& difference = diff.differences.emplace_back();
    difference.path = path;
    if (from != nullptr) difference.before = *from;
    if (to != nullptr) difference.after = *to;
  };
  auto old = was.begin();
  auto now = is.begin();
  while (old != was.end() || now != is.end()) {
    if (now == is.end() || (old != was.end() && old->first < now->first)) {
      add(old->first, &old->second, nullptr);
      ++old;
    } else if (old == was.end() || now->first < old->first) {
      add(now->first, nullptr, &now->second);
      ++now;
    } else {
      if (old->second != now->second) add(old->first, &old->second, &now->second);
      ++old;
      ++now;
    }
  }
}

}  // namespace

PolicyDiff diff_of(const PolicyTexts& before, const PolicyTexts& after) {
  PolicyDiff diff;
  compare(before.policy, after.policy, diff);
  compare(before.jurisdictions, after.jurisdictions, diff);
  compare(before.transfers, after.transfers, diff);
  return diff;
}

}  // namespace assent::gateway
