#include "policy/merkle_tree.hpp"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <random>
#include <string>
#include <string_view>

#include "tests/seed.hpp"

namespace assent::policy {
namespace {

Digest sha256(std::span<const std::byte> bytes) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

const MerkleHash hash{sha256};

std::string hex(const Digest& digest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : digest) {
    text += digits[std::to_integer<std::size_t>(byte >> 4)];
    text += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

// The definition of RFC 6962 §2.1, as it stands there.
Digest naive_root(std::span<const Digest> leaves) {
  if (leaves.empty()) return hash.of_nothing();
  if (leaves.size() == 1) return leaves.front();
  std::size_t k = 1;
  while (2 * k < leaves.size())
    k *= 2;
  return hash.of_node(naive_root(leaves.first(k)), naive_root(leaves.subspan(k)));
}

MerkleProof naive_path(std::size_t m, std::span<const Digest> leaves) {
  if (leaves.size() == 1) return {};
  std::size_t k = 1;
  while (2 * k < leaves.size())
    k *= 2;
  MerkleProof proof = m < k ? naive_path(m, leaves.first(k)) : naive_path(m - k, leaves.subspan(k));
  proof.push_back(naive_root(m < k ? leaves.subspan(k) : leaves.first(k)));
  return proof;
}

MerkleProof naive_subproof(std::size_t m, std::span<const Digest> leaves, bool known) {
  if (m == leaves.size()) return known ? MerkleProof{} : MerkleProof{naive_root(leaves)};
  std::size_t k = 1;
  while (2 * k < leaves.size())
    k *= 2;
  MerkleProof proof = m <= k ? naive_subproof(m, leaves.first(k), known)
                             : naive_subproof(m - k, leaves.subspan(k), false);
  proof.push_back(naive_root(m <= k ? leaves.subspan(k) : leaves.first(k)));
  return proof;
}

std::vector<Digest> numbered_leaves(std::size_t count) {
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string entry = std::to_string(i);
    leaves.push_back(hash.of_leaf(std::as_bytes(std::span{entry})));
  }
  return leaves;
}

NodeSource nodes_of(const std::vector<Digest>& leaves) {
  return [&leaves](unsigned height, std::uint64_t index) -> std::optional<Digest> {
    const std::size_t begin = index << height;
    const std::size_t width = std::size_t{1} << height;
    if (begin + width > leaves.size()) return std::nullopt;
    return naive_root(std::span{leaves}.subspan(begin, width));
  };
}

TEST(MerkleTree, HasTheRootsThatImplementationsOfRfc6962AgreeOn) {
  // The inputs and roots that the test of the reference implementation of RFC 6962 uses.
  const std::vector<std::string> inputs{
      std::string(),
      std::string(1, '\0'),
      std::string("\x10", 1),
      std::string("\x20\x21", 2),
      std::string("\x30\x31", 2),
      std::string("\x40\x41\x42\x43", 4),
      std::string("\x50\x51\x52\x53\x54\x55\x56\x57", 8),
      std::string("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16)};
  const std::vector<std::string> roots{
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  MerkleTree tree{hash};
  EXPECT_EQ(hex(tree.root()), roots[0]);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    tree.append(hash.of_leaf(std::as_bytes(std::span{inputs[i]})));
    EXPECT_EQ(hex(tree.root()), roots[i + 1]) << i + 1 << " leaves";
  }
}

TEST(MerkleTree, GrowsAsItsRecursiveDefinitionSays) {
  const auto leaves = numbered_leaves(300);
  MerkleTree tree{hash};
  for (std::size_t size = 0; size <= leaves.size(); ++size) {
    ASSERT_EQ(tree.size(), size);
    const Digest expected = naive_root(std::span{leaves}.first(size));
    ASSERT_EQ(tree.root(), expected) << size;
    ASSERT_EQ(root_of(hash, size, nodes_of(leaves)), expected) << size;
    if (size < leaves.size()) tree.append(leaves[size]);
  }
}

TEST(MerkleTree, ProvesEveryLeafOfEverySizeAndNoOther) {
  const auto leaves = numbered_leaves(40);
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    const std::span all = std::span{leaves}.first(size);
    const TreeHead head{size, naive_root(all)};
    for (std::size_t index = 0; index < size; ++index) {
      const auto proof = inclusion_proof(hash, index, size, nodes_of(leaves));
      ASSERT_TRUE(proof);
      ASSERT_EQ(*proof, naive_path(index, all));
      for (std::size_t claimed = 0; claimed < size + 2; ++claimed)
        ASSERT_EQ(proves_inclusion(hash, leaves[index], claimed, head, *proof), claimed == index);
    }
    EXPECT_FALSE(inclusion_proof(hash, size, size, nodes_of(leaves)));
  }
}

TEST(MerkleTree, ProvesThatEverySizeContinuesEveryEarlierOne) {
  const auto leaves = numbered_leaves(40);
  for (std::size_t size = 0; size <= leaves.size(); ++size) {
    const std::span all = std::span{leaves}.first(size);
    const TreeHead head{size, naive_root(all)};
    for (std::size_t before = 0; before <= size; ++before) {
      const TreeHead earlier{before, naive_root(all.first(before))};
      const auto proof = consistency_proof(hash, before, size, nodes_of(leaves));
      ASSERT_TRUE(proof);
      if (before != 0) {
        ASSERT_EQ(*proof, naive_subproof(before, all, true));
      }
      ASSERT_TRUE(proves_consistency(hash, earlier, head, *proof)) << before << " of " << size;
      TreeHead forged = earlier;
      forged.root[7] ^= std::byte{1};
      ASSERT_FALSE(proves_consistency(hash, forged, head, *proof)) << before << " of " << size;
    }
    EXPECT_FALSE(consistency_proof(hash, size + 1, size, nodes_of(leaves)));
  }
}

TEST(MerkleTree, NoEditOfAProofStillProves) {
  const auto seed = tests::Seed::from_environment_or(6962);
  SCOPED_TRACE(seed.text());
  std::mt19937_64 random{seed.value()};
  const auto leaves = numbered_leaves(97);
  const std::span all{leaves};
  for (int round = 0; round < 2'000; ++round) {
    const std::size_t size = 2 + random() % (leaves.size() - 1);
    const TreeHead head{size, naive_root(all.first(size))};
    const std::size_t index = random() % size;
    const std::size_t before = 1 + random() % (size - 1);
    const TreeHead earlier{before, naive_root(all.first(before))};
    auto inclusion = *inclusion_proof(hash, index, size, nodes_of(leaves));
    auto consistency = *consistency_proof(hash, before, size, nodes_of(leaves));
    for (MerkleProof* proof : {&inclusion, &consistency}) {
      const MerkleProof genuine = *proof;
      const std::uint64_t kind = genuine.empty() ? 2 : random() % 4;
      if (kind == 0) proof->at(random() % proof->size())[random() % 32] ^= std::byte{4};
      if (kind == 1) proof->pop_back();
      if (kind == 2) proof->push_back(leaves[random() % leaves.size()]);
      if (kind == 3) std::swap(proof->front(), proof->back());
      if (*proof == genuine) proof->push_back(head.root);
    }
    ASSERT_FALSE(proves_inclusion(hash, leaves[index], index, head, inclusion));
    ASSERT_FALSE(proves_consistency(hash, earlier, head, consistency));
  }
}

TEST(MerkleTree, WithoutANodeThereIsNoProof) {
  const NodeSource nowhere = [](unsigned, std::uint64_t) { return std::nullopt; };
  EXPECT_FALSE(inclusion_proof(hash, 1, 5, nowhere));
  EXPECT_FALSE(consistency_proof(hash, 3, 5, nowhere));
  EXPECT_FALSE(root_of(hash, 5, nowhere));
}

TEST(MerkleTree, TheLargestSizesAnEnemyCanClaimAreOnlyFalse) {
  const MerkleProof proof(70);
  const TreeHead head{~std::uint64_t{0}, {}};
  EXPECT_FALSE(proves_inclusion(hash, {}, ~std::uint64_t{0} - 1, head, proof));
  EXPECT_FALSE(proves_consistency(hash, {~std::uint64_t{0} - 1, {}}, head, proof));
  EXPECT_FALSE(proves_consistency(hash, {~std::uint64_t{0} >> 1U, {}}, head, proof));
  EXPECT_FALSE(proves_inclusion(hash, {}, 0, {0, {}}, {}));
}

}  // namespace
}  // namespace assent::policy
