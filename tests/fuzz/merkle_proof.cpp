// Any proof: a tree of up to 255 leaves accepts the genuine one and no other. The hash is a toy
// that mixes well, so that what the mutations reach is the walk, not the cryptography.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "policy/merkle_tree.hpp"

using namespace assent::policy;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

Digest toy_hash(std::span<const std::byte> bytes) {
  std::array<std::uint64_t, 4> state{1, 2, 3, 4};
  for (const std::byte byte : bytes) {
    for (std::uint64_t& word : state)
      word = (word ^ std::to_integer<std::uint64_t>(byte)) * 0x9E3779B97F4A7C15U;
    for (std::size_t i = 0; i < state.size(); ++i)
      state[i] ^= state[(i + 1) % state.size()] >> 29U;
  }
  Digest digest{};
  std::memcpy(digest.data(), state.data(), digest.size());
  return digest;
}

const MerkleHash hash{toy_hash};

Digest leaf(std::uint64_t index) {
  return hash.of_leaf(std::as_bytes(std::span{&index, 1}));
}

// Of 256 leaves, by height: the same in every run, so they are computed once.
std::vector<std::vector<Digest>> all_nodes() {
  std::vector<std::vector<Digest>> nodes(1);
  for (std::uint64_t index = 0; index < 256; ++index)
    nodes[0].push_back(leaf(index));
  while (nodes.back().size() > 1) {
    const auto below = nodes.back();
    auto& level = nodes.emplace_back();
    for (std::size_t index = 0; index + 1 < below.size(); index += 2)
      level.push_back(hash.of_node(below[index], below[index + 1]));
  }
  return nodes;
}

std::optional<Digest> node(unsigned height, std::uint64_t index) {
  static const auto nodes = all_nodes();
  return nodes.at(height).at(index);
}

MerkleProof read_proof(std::span<const std::uint8_t> bytes) {
  MerkleProof proof(bytes.size() / sizeof(Digest));
  if (!proof.empty()) std::memcpy(proof.data(), bytes.data(), proof.size() * sizeof(Digest));
  return proof;
}

// The genuine proof with one digest replaced, or cut, or with one more.
MerkleProof mutated(MerkleProof proof, std::uint8_t how, const MerkleProof& foreign) {
  if (how % 3 == 0 && !proof.empty() && !foreign.empty())
    proof[how % proof.size()] = foreign.front();
  if (how % 3 == 1) proof.resize(proof.size() / 2);
  if (how % 3 == 2) proof.insert(proof.end(), foreign.begin(), foreign.end());
  return proof;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t header_bytes = 3;
  if (size < header_bytes || data[0] == 0) return 0;
  const std::uint64_t leaves = data[0];
  const std::uint64_t index = data[1] % leaves;
  const TreeHead head{leaves, *root_of(hash, leaves, node)};
  const TreeHead earlier{index, *root_of(hash, index, node)};
  const auto inclusion = inclusion_proof(hash, index, leaves, node);
  const auto consistency = consistency_proof(hash, index, leaves, node);
  require(inclusion && proves_inclusion(hash, leaf(index), index, head, *inclusion));
  require(consistency && proves_consistency(hash, earlier, head, *consistency));

  const auto foreign = read_proof({data + header_bytes, size - header_bytes});
  for (const MerkleProof& proof : {foreign, mutated(*inclusion, data[2], foreign)})
    require(proves_inclusion(hash, leaf(index), index, head, proof) == (proof == *inclusion));
  for (const MerkleProof& proof : {foreign, mutated(*consistency, data[2], foreign)})
    require(proves_consistency(hash, earlier, head, proof) == (proof == *consistency));
  return 0;
}
