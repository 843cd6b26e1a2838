#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ledger_key.hpp"
#include "policy/merkle_tree.hpp"

// The files of c2sp.org/tlog-tiles: hashes in tiles of 256, and the entries below them in bundles.
namespace assent::gateway {

inline constexpr std::size_t tile_width = 256;
inline constexpr std::size_t ledger_entry_bytes_max = 8u << 10;  // the form itself ends at 65,535

// Where a tile is, or the entries under one of level 0. Narrower than tile_width while it grows.
struct TileAddress {
  std::optional<unsigned> level;  // none: a bundle of entries
  std::uint64_t index = 0;
  std::size_t width = tile_width;

  bool operator==(const TileAddress&) const = default;
};
// "tile/0/x001/x234/067", "tile/entries/000.p/17"; relative to the ledger's folder.
[[nodiscard]] std::string tile_path(const TileAddress& address);
[[nodiscard]] std::optional<TileAddress> parse_tile_path(std::string_view path);

// A bundle: each entry after its length, 16 bits, the most significant first.
void append_to_bundle(std::string& bundle, std::string_view entry);
[[nodiscard]] std::optional<std::vector<std::string_view>> parse_bundle(std::string_view bundle);

struct LedgerFile {
  TileAddress address;
  std::string bytes;
};

// Folds entries into the files that a ledger of them consists of. Nothing is read or written here.
class TileBuilder {
 public:
  void add(std::string_view entry, const policy::Digest& leaf);
  [[nodiscard]] std::uint64_t size() const { return size_; }

  // The files that have become full, since they were last taken: entries before hashes.
  [[nodiscard]] std::vector<LedgerFile> take_full();
  // Those that are not, as they are now.
  [[nodiscard]] std::vector<LedgerFile> partial() const;

 private:
  void add_hash(std::size_t level, const policy::Digest& hash);

  struct Level {
    std::uint64_t index = 0;
    std::vector<policy::Digest> hashes;
  };
  std::uint64_t size_ = 0;
  std::string bundle_;
  std::vector<Level> levels_;
  std::vector<LedgerFile> full_bundles_;
  std::vector<LedgerFile> full_tiles_;
};

// The nodes of a published ledger of this size, for proofs; read from its tiles.
[[nodiscard]] policy::NodeSource nodes_in(std::filesystem::path folder, std::uint64_t size);

}  // namespace assent::gateway
