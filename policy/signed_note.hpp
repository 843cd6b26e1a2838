#pragma once

#include <array>
#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/merkle_tree.hpp"

// The text forms of c2sp.org/signed-note: a text that people and programs read, an empty line, and
// a line a signature. Signing itself is done by whoever has cryptography.
namespace assent::policy {

inline constexpr std::size_t note_bytes_max = 64u << 10;
inline constexpr std::size_t note_signatures_max = 100;
inline constexpr std::size_t key_name_bytes_max = 100;

// What may be wrong with a note, a key or a checkpoint that somebody hands us.
enum class NoteFault : std::uint8_t {
  too_large,
  not_text,       // control characters, or not UTF-8
  no_signatures,  // no empty line and signature lines at the end
  bad_signature_line,
  too_many_signatures,
  bad_key,
  not_a_checkpoint,  // anything but origin, size and root
};
[[nodiscard]] std::string_view sentence(NoteFault fault);

template <class T>
using Noted = boost::system::result<T, NoteFault>;

// Tells keys of one name apart: the first bytes of SHA-256(name || 0x0A || 0x01 || public key).
using KeyId = std::array<std::byte, 4>;
using Ed25519Public = std::array<std::byte, 32>;
using Ed25519Seed = std::array<std::byte, 32>;

[[nodiscard]] KeyId key_id_of(std::string_view name, const Ed25519Public& key,
                              Sha256Function sha256);

// Where the name of a key may stand in a note: not empty, no white space, no '+'.
[[nodiscard]] bool is_key_name(std::string_view name);

// "<name>+<key id in hex>+<base64 of 0x01 || public key>"
struct VerifierKey {
  std::string name;
  KeyId id{};
  Ed25519Public key{};

  bool operator==(const VerifierKey&) const = default;
};
[[nodiscard]] std::string to_text(const VerifierKey& key);
[[nodiscard]] Noted<VerifierKey> parse_verifier_key(std::string_view text, Sha256Function sha256);

// "PRIVATE+KEY+<name>+<key id in hex>+<base64 of 0x01 || seed>"; whether the id is that of the
// seed's public key is for whoever can compute it.
struct SignerKey {
  std::string name;
  KeyId id{};
  Ed25519Seed seed{};
};
[[nodiscard]] std::string to_text(const SignerKey& key);
[[nodiscard]] Noted<SignerKey> parse_signer_key(std::string_view text);

struct NoteSignature {
  std::string name;
  KeyId id{};
  std::vector<std::byte> signature;

  bool operator==(const NoteSignature&) const = default;
};

struct SignedNote {
  std::string text;  // what is signed, with its last newline
  std::vector<NoteSignature> signatures;

  bool operator==(const SignedNote&) const = default;
};
[[nodiscard]] std::string to_text(const SignedNote& note);
[[nodiscard]] Noted<SignedNote> parse_note(std::string_view text);

// The only signature by this key; two are as good as none.
[[nodiscard]] const NoteSignature* signature_by(const SignedNote& note, const VerifierKey& key);

}  // namespace assent::policy
