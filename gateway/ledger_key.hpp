#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/ed25519.hpp"
#include "gateway/ledger_fault.hpp"
#include "policy/checkpoint.hpp"
#include "policy/merkle_tree.hpp"

namespace assent::gateway {

// The tree's hashes over OpenSSL's SHA-256.
[[nodiscard]] policy::Digest sha256_of_bytes(std::span<const std::byte> bytes);
[[nodiscard]] inline policy::MerkleHash ledger_hash() {
  return policy::MerkleHash{sha256_of_bytes};
}

// The key that signs checkpoints, in a file of the form that Go's sumdb/note writes too. Its name
// is the origin of the ledger.
class LedgerKey {
 public:
  // Makes the file, with mode 0600, when it is absent and `may_create`. Refuses one that others
  // than its owner can read.
  [[nodiscard]] static Ledgered<LedgerKey> open(const std::filesystem::path& file,
                                                const std::string& origin, bool may_create);

  [[nodiscard]] const policy::VerifierKey& verifier() const { return verifier_; }
  [[nodiscard]] std::optional<Ed25519Signature> sign_bytes(std::string_view message) const {
    return key_.sign(message);
  }
  // The signed note; empty when OpenSSL fails.
  [[nodiscard]] std::string sign(const policy::TreeHead& head) const;

 private:
  LedgerKey(policy::VerifierKey verifier, Ed25519Key key)
      : verifier_{std::move(verifier)}, key_{std::move(key)} {}

  policy::VerifierKey verifier_;
  Ed25519Key key_;
};

[[nodiscard]] Ledgered<policy::VerifierKey> read_verifier_key(const std::filesystem::path& file);

// A checkpoint of the ledger that this key signs. `file` is where the note stands, for the fault.
[[nodiscard]] Ledgered<policy::Checkpoint> open_checkpoint(std::string_view note,
                                                           const policy::VerifierKey& key,
                                                           const std::string& file);

}  // namespace assent::gateway
