#include "gateway/ledger_tiles.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <span>
#include <utility>

namespace assent::gateway {
namespace {

constexpr unsigned tile_height = 8;
constexpr unsigned levels_max = 8;
constexpr std::string_view root_folder = "tile/";
constexpr std::string_view entries_folder = "entries/";
constexpr std::string_view partial_mark = ".p/";

std::string three_digits(std::uint64_t number) {
  std::string text = std::to_string(number);
  return std::string(3 - text.size(), '0') + text;
}

// Exactly the decimal spelling that tile_path() writes.
template <class Number>
std::optional<Number> parse_decimal(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (text != std::to_string(number)) return std::nullopt;
  return number;
}

// "x001/x234/067"
std::optional<std::uint64_t> parse_index(std::string_view text) {
  std::uint64_t index = 0;
  for (bool last = false; !last;) {
    last = !text.starts_with('x');
    if (!last) text.remove_prefix(1);
    const std::size_t end = last ? text.size() : text.find('/');
    if (end != 3 || index > (~std::uint64_t{0} - 999) / 1000) return std::nullopt;
    for (const char c : text.substr(0, 3)) {
      if (c < '0' || c > '9') return std::nullopt;
      index = index * 10 + static_cast<std::uint64_t>(c - '0');
    }
    text.remove_prefix(last ? 3 : 4);
  }
  return index;
}

std::string bytes_of(std::span<const policy::Digest> hashes) {
  std::string bytes(hashes.size() * sizeof(policy::Digest), '\0');
  if (!hashes.empty()) std::memcpy(bytes.data(), hashes.data(), bytes.size());
  return bytes;
}

policy::Digest root_over(std::span<const policy::Digest> hashes) {
  policy::MerkleTree tree{ledger_hash()};
  for (const policy::Digest& hash : hashes)
    tree.append(hash);
  return tree.root();
}

}  // namespace

std::string tile_path(const TileAddress& address) {
  std::string index = three_digits(address.index % 1000);
  for (std::uint64_t rest = address.index / 1000; rest != 0; rest /= 1000)
    index = 'x' + three_digits(rest % 1000) + '/' + index;
  std::string path{root_folder};
  path += address.level ? std::to_string(*address.level) + '/' : std::string{entries_folder};
  path += index;
  if (address.width != tile_width)
    path += std::string{partial_mark} + std::to_string(address.width);
  return path;
}

std::optional<TileAddress> parse_tile_path(std::string_view path) {
  const std::string_view whole = path;
  if (!path.starts_with(root_folder)) return std::nullopt;
  path.remove_prefix(root_folder.size());
  TileAddress address;
  if (path.starts_with(entries_folder)) {
    path.remove_prefix(entries_folder.size());
  } else {
    const std::size_t end = path.find('/');
    if (end == std::string_view::npos) return std::nullopt;
    address.level = parse_decimal<unsigned>(path.substr(0, end));
    if (!address.level || *address.level >= levels_max) return std::nullopt;
    path.remove_prefix(end + 1);
  }
  if (const std::size_t mark = path.find(partial_mark); mark != std::string_view::npos) {
    const auto width = parse_decimal<std::size_t>(path.substr(mark + partial_mark.size()));
    if (!width || *width == 0 || *width >= tile_width) return std::nullopt;
    address.width = *width;
    path = path.substr(0, mark);
  }
  const auto index = parse_index(path);
  if (!index) return std::nullopt;
  address.index = *index;
  return tile_path(address) == whole ? std::optional{address} : std::nullopt;
}

void append_to_bundle(std::string& bundle, std::string_view entry) {
  bundle += static_cast<char>(entry.size() >> 8U);
  bundle += static_cast<char>(entry.size() & 0xFFU);
  bundle += entry;
}

std::optional<std::vector<std::string_view>> parse_bundle(std::string_view bundle) {
  std::vector<std::string_view> entries;
  while (!bundle.empty()) {
    if (bundle.size() < 2) return std::nullopt;
    const auto high = static_cast<unsigned char>(bundle[0]);
    const auto low = static_cast<unsigned char>(bundle[1]);
    const std::size_t length = std::size_t{high} << 8U | low;
    if (bundle.size() - 2 < length) return std::nullopt;
    entries.push_back(bundle.substr(2, length));
    bundle.remove_prefix(2 + length);
  }
  return entries;
}

void TileBuilder::add(std::string_view entry, const policy::Digest& leaf) {
  append_to_bundle(bundle_, entry);
  ++size_;
  if (size_ % tile_width == 0) {
    const TileAddress address{std::nullopt, size_ / tile_width - 1, tile_width};
    full_bundles_.push_back({address, std::exchange(bundle_, {})});
  }
  add_hash(0, leaf);
}

void TileBuilder::add_hash(std::size_t level, const policy::Digest& hash) {
  if (levels_.size() == level) levels_.emplace_back();
  levels_[level].hashes.push_back(hash);
  if (levels_[level].hashes.size() < tile_width) return;
  const auto hashes = std::exchange(levels_[level].hashes, {});
  const TileAddress address{static_cast<unsigned>(level), levels_[level].index++, tile_width};
  full_tiles_.push_back({address, bytes_of(hashes)});
  add_hash(level + 1, root_over(hashes));
}

std::vector<LedgerFile> TileBuilder::take_full() {
  auto files = std::exchange(full_bundles_, {});
  auto tiles = std::exchange(full_tiles_, {});
  std::move(tiles.begin(), tiles.end(), std::back_inserter(files));
  return files;
}

std::vector<LedgerFile> TileBuilder::partial() const {
  std::vector<LedgerFile> files;
  if (size_ % tile_width != 0)
    files.push_back({{std::nullopt, size_ / tile_width, size_ % tile_width}, bundle_});
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    const auto& [index, hashes] = levels_[level];
    if (hashes.empty()) continue;
    files.push_back({{static_cast<unsigned>(level), index, hashes.size()}, bytes_of(hashes)});
  }
  return files;
}

policy::NodeSource nodes_in(std::filesystem::path folder, std::uint64_t size) {
  return [folder = std::move(folder), size](unsigned height,
                                            std::uint64_t index) -> std::optional<policy::Digest> {
    const unsigned level = height / tile_height;
    const unsigned rise = height % tile_height;  // how far the node is above the tile's hashes
    const std::uint64_t first = index << rise;
    const std::uint64_t hashes = size >> (level * tile_height);  // in all tiles of the level
    const std::uint64_t count = std::uint64_t{1} << rise;
    if (first + count > hashes) return std::nullopt;
    const std::uint64_t tile = first / tile_width;
    const auto width =
        static_cast<std::size_t>(std::min<std::uint64_t>(tile_width, hashes - tile * tile_width));
    const auto bytes = read_whole(folder / tile_path({level, tile, width}));
    if (!bytes || bytes->size() != width * sizeof(policy::Digest)) return std::nullopt;
    std::vector<policy::Digest> nodes(count);
    std::memcpy(nodes.data(), bytes->data() + first % tile_width * sizeof(policy::Digest),
                count * sizeof(policy::Digest));
    return root_over(nodes);
  };
}

}  // namespace assent::gateway
