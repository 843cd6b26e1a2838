#include "policy/signed_note.hpp"

#include <algorithm>

#include "policy/base64.hpp"

namespace assent::policy {
namespace {

constexpr std::byte ed25519{1};
constexpr std::string_view private_key = "PRIVATE+KEY+";
constexpr std::string_view signature_mark = "\u2014 ";
constexpr std::string_view hex_digits = "0123456789abcdef";

std::string to_hex(const KeyId& id) {
  std::string text;
  for (const std::byte byte : id) {
    text += hex_digits[std::to_integer<std::size_t>(byte >> 4)];
    text += hex_digits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

std::optional<KeyId> from_hex(std::string_view text) {
  KeyId id{};
  if (text.size() != 2 * id.size()) return std::nullopt;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const std::size_t high = hex_digits.find(text[2 * i]);
    const std::size_t low = hex_digits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    id[i] = static_cast<std::byte>(high << 4U | low);
  }
  return id;
}

// How long the UTF-8 sequence at the front is; 0 if it is none (RFC 3629 §4).
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (at(i) < 0x80 || at(i) > 0xBF) return 0;
  const unsigned second = at(1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool no_character = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
  return overlong || no_character ? 0 : length;
}

bool is_note_text(std::string_view text) {
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x20 && first != '\n') return false;
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// "<name>+<id>+<base64>", where a name has no '+' but base64 may.
struct KeyParts {
  std::string name;
  KeyId id{};
  std::array<std::byte, 32> bytes{};
};
Noted<KeyParts> parse_key(std::string_view text) {
  const std::size_t end_of_name = text.find('+');
  if (end_of_name == std::string_view::npos) return NoteFault::bad_key;
  const std::size_t end_of_id = text.find('+', end_of_name + 1);
  if (end_of_id == std::string_view::npos) return NoteFault::bad_key;
  const auto id = from_hex(text.substr(end_of_name + 1, end_of_id - end_of_name - 1));
  const auto bytes = from_base64(text.substr(end_of_id + 1));
  KeyParts parts;
  if (!id || !bytes || bytes->size() != 1 + parts.bytes.size() || bytes->front() != ed25519)
    return NoteFault::bad_key;
  parts.name = text.substr(0, end_of_name);
  if (!is_key_name(parts.name)) return NoteFault::bad_key;
  parts.id = *id;
  std::copy(bytes->begin() + 1, bytes->end(), parts.bytes.begin());
  return parts;
}

std::string key_text(std::string_view name, const KeyId& id, std::span<const std::byte> key) {
  std::vector<std::byte> bytes{ed25519};
  bytes.insert(bytes.end(), key.begin(), key.end());
  return std::string{name} + '+' + to_hex(id) + '+' + to_base64(bytes);
}

Noted<NoteSignature> parse_signature(std::string_view line) {
  if (!line.starts_with(signature_mark)) return NoteFault::bad_signature_line;
  line.remove_prefix(signature_mark.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return NoteFault::bad_signature_line;
  NoteSignature made;
  made.name = line.substr(0, space);
  const auto bytes = from_base64(line.substr(space + 1));
  if (!is_key_name(made.name) || !bytes || bytes->size() <= made.id.size())
    return NoteFault::bad_signature_line;
  std::copy_n(bytes->begin(), made.id.size(), made.id.begin());
  made.signature.assign(bytes->begin() + static_cast<std::ptrdiff_t>(made.id.size()), bytes->end());
  return made;
}

}  // namespace

std::string_view sentence(NoteFault fault) {
  switch (fault) {
    case NoteFault::too_large:
      return "it is larger than a note may be";
    case NoteFault::not_text:
      return "it is not UTF-8 text without control characters";
    case NoteFault::no_signatures:
      return "it does not end with an empty line and signature lines";
    case NoteFault::bad_signature_line:
      return "a signature line is not '\u2014 <name> <base64>'";
    case NoteFault::too_many_signatures:
      return "it has more signatures than a note may have";
    case NoteFault::bad_key:
      return "it is not '<name>+<key id>+<base64>' of an Ed25519 key";
    case NoteFault::not_a_checkpoint:
      return "its text is not an origin, a tree size and a root hash, a line each";
  }
  return "it is malformed";
}

KeyId key_id_of(std::string_view name, const Ed25519Public& key, Sha256Function sha256) {
  std::vector<std::byte> bytes;
  for (const char c : name)
    bytes.push_back(static_cast<std::byte>(c));
  bytes.push_back(std::byte{'\n'});
  bytes.push_back(ed25519);
  bytes.insert(bytes.end(), key.begin(), key.end());
  const Digest digest = sha256(bytes);
  KeyId id{};
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

bool is_key_name(std::string_view name) {
  const auto excluded = [](char c) { return c == '+' || c == ' ' || c == '\n' || c == '\x7f'; };
  return !name.empty() && name.size() <= key_name_bytes_max && is_note_text(name) &&
         std::none_of(name.begin(), name.end(), excluded);
}

std::string to_text(const VerifierKey& key) {
  return key_text(key.name, key.id, key.key);
}

Noted<VerifierKey> parse_verifier_key(std::string_view text, Sha256Function sha256) {
  const auto parts = parse_key(text);
  if (!parts) return parts.error();
  VerifierKey key{parts->name, parts->id, parts->bytes};
  if (key_id_of(key.name, key.key, sha256) != key.id) return NoteFault::bad_key;
  return key;
}

std::string to_text(const SignerKey& key) {
  return std::string{private_key} + key_text(key.name, key.id, key.seed);
}

Noted<SignerKey> parse_signer_key(std::string_view text) {
  if (!text.starts_with(private_key)) return NoteFault::bad_key;
  const auto parts = parse_key(text.substr(private_key.size()));
  if (!parts) return parts.error();
  return SignerKey{parts->name, parts->id, parts->bytes};
}

std::string to_text(const SignedNote& note) {
  std::string text = note.text + '\n';
  for (const NoteSignature& of : note.signatures) {
    std::vector<std::byte> bytes(of.id.begin(), of.id.end());
    bytes.insert(bytes.end(), of.signature.begin(), of.signature.end());
    text += std::string{signature_mark} + of.name + ' ' + to_base64(bytes) + '\n';
  }
  return text;
}

Noted<SignedNote> parse_note(std::string_view text) {
  if (text.size() > note_bytes_max) return NoteFault::too_large;
  if (!is_note_text(text)) return NoteFault::not_text;
  const std::size_t split = text.rfind("\n\n");
  if (split == std::string_view::npos || !text.ends_with('\n')) return NoteFault::no_signatures;
  SignedNote note;
  note.text = text.substr(0, split + 1);
  std::string_view lines = text.substr(split + 2);
  if (lines.empty()) return NoteFault::no_signatures;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const auto signature = parse_signature(lines.substr(0, end));
    if (!signature) return signature.error();
    if (note.signatures.size() == note_signatures_max) return NoteFault::too_many_signatures;
    note.signatures.push_back(*signature);
    lines.remove_prefix(end + 1);
  }
  return note;
}

const NoteSignature* signature_by(const SignedNote& note, const VerifierKey& key) {
  const NoteSignature* found = nullptr;
  for (const NoteSignature& of : note.signatures) {
    if (of.name != key.name || of.id != key.id) continue;
    if (found != nullptr) return nullptr;
    found = &of;
  }
  return found;
}

}  // namespace assent::policy
