#include "policy/merkle_tree.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace assent::policy {
namespace {

constexpr std::byte leaf_prefix{0};
constexpr std::byte node_prefix{1};

// Where a range of `size` leaves, more than one, is divided: the largest power of two below.
std::uint64_t split_of(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

// The recursive definitions of the RFC, over nodes that somebody keeps.
class Prover {
 public:
  Prover(MerkleHash hash, const NodeSource& nodes) : hash_{hash}, nodes_{nodes} {}

  std::optional<Digest> root(std::uint64_t begin, std::uint64_t end) const {
    const std::uint64_t size = end - begin;
    if (std::has_single_bit(size)) {
      const auto height = static_cast<unsigned>(std::countr_zero(size));
      return nodes_(height, begin >> height);
    }
    const std::uint64_t middle = begin + split_of(size);
    const auto left = root(begin, middle);
    const auto right = root(middle, end);
    if (!left || !right) return std::nullopt;
    return hash_.of_node(*left, *right);
  }

  // PATH of RFC 9162 §2.1.3.1, iterated: from the root down, so in reverse.
  std::optional<MerkleProof> path(std::uint64_t index, std::uint64_t size) const {
    MerkleProof proof;
    std::uint64_t begin = 0;
    std::uint64_t end = size;
    while (end - begin > 1) {
      const std::uint64_t middle = begin + split_of(end - begin);
      const bool goes_left = index < middle;
      if (!add(proof, goes_left ? middle : begin, goes_left ? end : middle)) return std::nullopt;
      (goes_left ? end : begin) = middle;
    }
    std::reverse(proof.begin(), proof.end());
    return proof;
  }

  // SUBPROOF of RFC 9162 §2.1.4.1, iterated likewise.
  std::optional<MerkleProof> extension(std::uint64_t earlier, std::uint64_t size) const {
    MerkleProof proof;
    std::uint64_t begin = 0;
    std::uint64_t end = size;
    while (end != earlier) {
      const std::uint64_t middle = begin + split_of(end - begin);
      const bool goes_left = earlier <= middle;
      if (!add(proof, goes_left ? middle : begin, goes_left ? end : middle)) return std::nullopt;
      (goes_left ? end : begin) = middle;
    }
    // Who verifies knows the earlier root itself when it is a subtree of its own.
    if (begin != 0 && !add(proof, begin, end)) return std::nullopt;
    std::reverse(proof.begin(), proof.end());
    return proof;
  }

 private:
  bool add(MerkleProof& proof, std::uint64_t begin, std::uint64_t end) const {
    const auto node = root(begin, end);
    if (node) proof.push_back(*node);
    return node.has_value();
  }

  MerkleHash hash_;
  const NodeSource& nodes_;
};

}  // namespace

Digest MerkleHash::of_leaf(std::span<const std::byte> entry) const {
  std::vector<std::byte> bytes(1 + entry.size());
  bytes[0] = leaf_prefix;
  std::copy(entry.begin(), entry.end(), bytes.begin() + 1);
  return sha256_(bytes);
}

Digest MerkleHash::of_node(const Digest& left, const Digest& right) const {
  std::array<std::byte, 1 + 2 * std::tuple_size_v<Digest>> bytes{};
  bytes[0] = node_prefix;
  std::copy(left.begin(), left.end(), bytes.begin() + 1);
  std::copy(right.begin(), right.end(), bytes.begin() + 1 + left.size());
  return sha256_(bytes);
}

void MerkleTree::append(const Digest& leaf) {
  Digest node = leaf;
  // Every set bit at the end of the size is a subtree that the new leaf makes twice as large.
  for (std::uint64_t rest = size_; rest & 1U; rest >>= 1U) {
    node = hash_.of_node(peaks_.back(), node);
    peaks_.pop_back();
  }
  peaks_.push_back(node);
  ++size_;
}

Digest MerkleTree::root() const {
  if (peaks_.empty()) return hash_.of_nothing();
  Digest node = peaks_.back();
  for (auto left = peaks_.rbegin() + 1; left != peaks_.rend(); ++left)
    node = hash_.of_node(*left, node);
  return node;
}

std::optional<Digest> root_of(MerkleHash hash, std::uint64_t size, const NodeSource& nodes) {
  if (size == 0) return hash.of_nothing();
  return Prover{hash, nodes}.root(0, size);
}

std::optional<MerkleProof> inclusion_proof(MerkleHash hash, std::uint64_t index, std::uint64_t size,
                                           const NodeSource& nodes) {
  if (index >= size) return std::nullopt;
  return Prover{hash, nodes}.path(index, size);
}

std::optional<MerkleProof> consistency_proof(MerkleHash hash, std::uint64_t earlier,
                                             std::uint64_t size, const NodeSource& nodes) {
  if (earlier > size) return std::nullopt;
  if (earlier == 0 || earlier == size) return MerkleProof{};
  return Prover{hash, nodes}.extension(earlier, size);
}

bool proves_inclusion(MerkleHash hash, const Digest& leaf, std::uint64_t index,
                      const TreeHead& head, std::span<const Digest> proof) {
  if (index >= head.size) return false;
  std::uint64_t at = index;
  std::uint64_t last = head.size - 1;
  Digest node = leaf;
  for (const Digest& sibling : proof) {
    if (last == 0) return false;
    if ((at & 1U) != 0 || at == last) {
      node = hash.of_node(sibling, node);
      // A node without a right neighbour rises until it is one.
      while ((at & 1U) == 0 && at != 0) {
        at >>= 1U;
        last >>= 1U;
      }
    } else {
      node = hash.of_node(node, sibling);
    }
    at >>= 1U;
    last >>= 1U;
  }
  return last == 0 && node == head.root;
}

bool proves_consistency(MerkleHash hash, const TreeHead& earlier, const TreeHead& later,
                        std::span<const Digest> proof) {
  if (earlier.size > later.size) return false;
  if (earlier.size == later.size) return proof.empty() && earlier.root == later.root;
  if (earlier.size == 0) return proof.empty() && earlier.root == hash.of_nothing();
  // The earlier tree's last complete subtree: its root is the first of the proof, or known.
  std::uint64_t at = earlier.size - 1;
  std::uint64_t last = later.size - 1;
  const int rise = std::countr_one(at);
  at >>= rise;
  last >>= rise;
  if (at != 0 && proof.empty()) return false;
  const Digest first = at == 0 ? earlier.root : proof.front();
  Digest earlier_root = first;
  Digest later_root = first;
  for (const Digest& node : proof.subspan(at == 0 ? 0 : 1)) {
    if (last == 0) return false;
    if ((at & 1U) != 0 || at == last) {
      earlier_root = hash.of_node(node, earlier_root);
      later_root = hash.of_node(node, later_root);
      while ((at & 1U) == 0 && at != 0) {
        at >>= 1U;
        last >>= 1U;
      }
    } else {
      later_root = hash.of_node(later_root, node);
    }
    at >>= 1U;
    last >>= 1U;
  }
  return last == 0 && earlier_root == earlier.root && later_root == later.root;
}

}  // namespace assent::policy
