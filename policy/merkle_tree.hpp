#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace assent::policy {

using Digest = std::array<std::byte, 32>;
// SHA-256, handed in by whoever has one: policy/ links no cryptography.
using Sha256Function = Digest (*)(std::span<const std::byte>);

// The three hashes of a Merkle tree, RFC 9162 §2.1.1 (RFC 6962 §2.1). Leaves and inner nodes are
// told apart by a prefix, so that no node can be passed off as an entry.
class MerkleHash {
 public:
  explicit MerkleHash(Sha256Function sha256) : sha256_{sha256} {}

  [[nodiscard]] Digest of_nothing() const { return sha256_({}); }
  [[nodiscard]] Digest of_leaf(std::span<const std::byte> entry) const;
  [[nodiscard]] Digest of_node(const Digest& left, const Digest& right) const;

 private:
  Sha256Function sha256_;
};

// An append-only tree, of which only the right edge is kept: the roots of its complete subtrees,
// one for each bit that is set in its size.
class MerkleTree {
 public:
  explicit MerkleTree(MerkleHash hash) : hash_{hash} {}

  void append(const Digest& leaf);  // the hash of an entry
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Digest root() const;

 private:
  MerkleHash hash_;
  std::uint64_t size_ = 0;
  std::vector<Digest> peaks_;  // the largest first
};

// The root of the complete subtree over the leaves [index << height, (index + 1) << height), from
// wherever the nodes are kept; nothing when they cannot be had.
using NodeSource = std::function<std::optional<Digest>(unsigned height, std::uint64_t index)>;
using MerkleProof = std::vector<Digest>;

[[nodiscard]] std::optional<Digest> root_of(MerkleHash hash, std::uint64_t size,
                                            const NodeSource& nodes);

// RFC 9162 §2.1.3.1: that this leaf is in the tree of this size. Nothing without such a leaf.
[[nodiscard]] std::optional<MerkleProof> inclusion_proof(MerkleHash hash, std::uint64_t index,
                                                         std::uint64_t size,
                                                         const NodeSource& nodes);
// RFC 9162 §2.1.4.1: that the tree of `size` begins with that of `earlier`. Nothing when it is
// not the smaller one.
[[nodiscard]] std::optional<MerkleProof> consistency_proof(MerkleHash hash, std::uint64_t earlier,
                                                           std::uint64_t size,
                                                           const NodeSource& nodes);

struct TreeHead {
  std::uint64_t size = 0;
  Digest root{};

  bool operator==(const TreeHead&) const = default;
};

// RFC 9162 §2.1.3.2 and §2.1.4.2. The proof may come from an enemy.
[[nodiscard]] bool proves_inclusion(MerkleHash hash, const Digest& leaf, std::uint64_t index,
                                    const TreeHead& head, std::span<const Digest> proof);
[[nodiscard]] bool proves_consistency(MerkleHash hash, const TreeHead& earlier,
                                      const TreeHead& later, std::span<const Digest> proof);

}  // namespace assent::policy
