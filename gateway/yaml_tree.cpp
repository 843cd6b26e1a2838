#include "gateway/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <optional>
#include <streambuf>
#include <unordered_set>
#include <utility>

namespace assent::gateway {
namespace {

YamlPosition position_of(const YAML::Mark& mark) {
  if (mark.line < 0 || mark.column < 0) return {};
  return {static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
}

// Leaves yaml-cpp's parser from inside an event; never leaves parse_yaml.
struct Abandoned {};

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlTree& tree) : tree_{tree} {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (!tree_.nodes.empty()) {
      abandon(mark, "a second document in one file", "remove the line '---', or split the file");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    take(YamlNode::Kind::null, mark, "", "", anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    const auto node = take(YamlNode::Kind::refused, mark, "", "", 0);
    fault_at(node, mark, "an alias (*name) is not accepted", "write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    take(tag == "?" ? YamlNode::Kind::plain : YamlNode::Kind::quoted, mark, tag, value, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Open {
    std::uint32_t node = 0;
    bool is_map = false;
    std::optional<std::string> key;  // of the value that comes next
    YamlPosition key_at;
    std::unordered_set<std::string> keys;
  };

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (open_.size() >= yaml_depth_max) {
      abandon(mark, "nested deeper than " + std::to_string(yaml_depth_max) + " levels",
              "check the brackets and the indentation");
    }
    const auto node = take(kind, mark, tag, "", anchor);
    open_.push_back({node, kind == YamlNode::Kind::map, std::nullopt, {}, {}});
  }

  // Puts a value under what is open, or remembers it as the next value's key.
  std::uint32_t take(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
                     const std::string& scalar, YAML::anchor_t anchor) {
    if (!open_.empty() && open_.back().is_map && !open_.back().key) {
      take_key(kind, mark, scalar);
      return open_.back().node;
    }
    const auto index = static_cast<std::uint32_t>(tree_.nodes.size());
    YamlNode node;
    node.kind = kind;
    node.at = position_of(mark);
    node.scalar = scalar;
    if (!open_.empty()) adopt(index, node);
    tree_.nodes.push_back(std::move(node));
    if (anchor != 0) {
      fault_at(index, mark, "an anchor (&name) is not accepted", "write the value out");
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      tree_.nodes.back().kind = YamlNode::Kind::refused;
      fault_at(index, mark, "a tag (!name) is not accepted", "remove the tag");
    }
    return index;
  }

  void take_key(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& scalar) {
    if (kind != YamlNode::Kind::plain && kind != YamlNode::Kind::quoted) {
      abandon(mark, "a key that is not a word", "write 'key: value'");
    }
    Open& map = open_.back();
    map.key = scalar;
    map.key_at = position_of(mark);
    if (!map.keys.insert(scalar).second) {
      std::string path = tree_.path(map.node);
      if (!path.empty()) path += '.';
      tree_.fault(map.key_at, path + scalar, "this key was given before in the same map",
                  "keep one of the two");
    }
  }

  void adopt(std::uint32_t index, YamlNode& node) {
    Open& container = open_.back();
    YamlNode& parent = tree_.nodes[container.node];
    node.parent = container.node;
    node.place = static_cast<std::uint32_t>(parent.children.size());
    if (container.is_map) {
      node.key = *std::exchange(container.key, std::nullopt);
      node.key_at = container.key_at;
      if (node.kind == YamlNode::Kind::null) node.at = node.key_at;
    }
    if (parent.children.size() >= yaml_items_max) {
      tree_.fault(node.at, tree_.path(container.node),
                  "more than " + std::to_string(yaml_items_max) + " items", "use fewer items");
      throw Abandoned{};
    }
    parent.children.push_back(index);
  }

  void fault_at(std::uint32_t node, const YAML::Mark& mark, std::string what,
                std::string remedy) const {
    tree_.fault(position_of(mark), tree_.path(node), std::move(what), std::move(remedy));
  }

  [[noreturn]] void abandon(const YAML::Mark& mark, std::string what, std::string remedy) const {
    const std::string path = open_.empty() ? "" : tree_.path(open_.back().node);
    tree_.fault(position_of(mark), path, std::move(what), std::move(remedy));
    throw Abandoned{};
  }

  YamlTree& tree_;
  std::vector<Open> open_;
};

// How many bytes the UTF-8 character at the front of the text has; 0: it is none (RFC 3629 §4).
std::size_t utf8_character(std::string_view text) {
  const auto byte = [&text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&byte](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return !overlong && !surrogate && continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool beyond = first == 0xf4 && byte(1) > 0x8f;
    return !overlong && !beyond && continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

// yaml-cpp guesses UTF-16 and UTF-32 and mends bad bytes; a configuration must be what it looks.
bool is_utf8_text(std::string_view text, const YamlTree& tree) {
  YamlPosition at{1, 1};
  while (!text.empty()) {
    const std::size_t bytes = utf8_character(text);
    const auto byte = static_cast<unsigned char>(text.front());
    const bool is_control = byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t';
    if (bytes == 0 || is_control || byte == 0x7f) {
      tree.fault(at, "", bytes == 0 ? "bytes that are not UTF-8" : "a control character",
                 "save the file as plain UTF-8 text");
      return false;
    }
    at = byte == '\n' ? YamlPosition{at.line + 1, 1}
                      : YamlPosition{at.line, at.column + static_cast<unsigned>(bytes)};
    text.remove_prefix(bytes);
  }
  return true;
}

std::string remedy_of(const std::string& message) {
  if (message.find("tab") != std::string::npos) return "indent with spaces, not with tabs";
  if (message.find("end of") != std::string::npos || message.find("EOF") != std::string::npos) {
    return "check that brackets and quotes opened before this place are closed, and that "
           "neighbouring keys are indented alike";
  }
  return "check the indentation, and put text with any of :{}[]&*#?|<>=!%@ in quotes";
}

class ReadOnlyBuffer final : public std::streambuf {
 public:
  explicit ReadOnlyBuffer(std::string text) : text_{std::move(text)} {
    setg(text_.data(), text_.data(), text_.data() + text_.size());
  }

 private:
  std::string text_;
};

}  // namespace

std::string YamlTree::path(std::uint32_t node) const {
  std::vector<std::uint32_t> way;
  for (; node != 0; node = nodes[node].parent)
    way.push_back(node);
  std::string out;
  for (auto step = way.rbegin(); step != way.rend(); ++step) {
    const YamlNode& at = nodes[*step];
    if (nodes[at.parent].kind == YamlNode::Kind::sequence) {
      out += '[' + std::to_string(at.place) + ']';
    } else {
      if (!out.empty()) out += '.';
      out += at.key;
    }
  }
  return out;
}

void YamlTree::fault(YamlPosition at, std::string path, std::string what,
                     std::string remedy) const {
  faults->add({file, at.line, at.column, std::move(path), std::move(what), std::move(remedy)});
}

void parse_yaml(std::string_view text, YamlTree& tree) {
  if (text.size() > yaml_file_bytes_max) {
    tree.fault({}, "", "larger than 1 MiB", "split it, or remove what is not configuration");
    return;
  }
  if (!is_utf8_text(text, tree)) return;
  try {
    ReadOnlyBuffer buffer{std::string{text}};
    std::istream stream{&buffer};
    YAML::Parser parser{stream};
    TreeBuilder builder{tree};
    while (parser.HandleNextDocument(builder)) {
    }
    if (tree.nodes.empty()) {
      tree.nodes.emplace_back();
      tree.nodes.front().at = {1, 1};
    }
    return;
  } catch (const YAML::Exception& exception) {
    tree.fault(position_of(exception.mark), "", "not YAML: " + exception.msg,
               remedy_of(exception.msg));
  } catch (const Abandoned&) {
  }
  tree.nodes.clear();  // half a tree would accuse the other half of being absent
}

}  // namespace assent::gateway
