#include "gateway/ledger_key.hpp"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <utility>

#include "gateway/durable_file.hpp"

namespace assent::gateway {
namespace {

std::string_view without_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

Ledgered<policy::SignerKey> make_key(const std::filesystem::path& file, const std::string& origin) {
  policy::SignerKey made;
  made.name = origin;
  auto* const seed = reinterpret_cast<unsigned char*>(made.seed.data());
  if (RAND_bytes(seed, static_cast<int>(made.seed.size())) != 1)
    return file_fault(file, "there is no entropy for a key", "check the machine's random source");
  const auto key = Ed25519Key::from_seed(made.seed);
  if (!key)
    return file_fault(file, "OpenSSL makes no Ed25519 key", "check the OpenSSL installation");
  made.id = policy::key_id_of(origin, key->public_key(), sha256_of_bytes);
  if (const auto error = create_private_file(file, to_text(made) + '\n'))
    return disk_fault(file, error);
  return made;
}

Ledgered<policy::SignerKey> read_key(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return disk_fault(file, last_disk_error());
  if ((status.st_mode & 077U) != 0)
    return file_fault(file, "others than its owner may read the ledger's private key",
                      "chmod 600 it, and consider whether it has been read");
  const auto text = read_whole(file);
  if (!text) return text.error();
  const auto key = policy::parse_signer_key(without_newline(*text));
  if (!key)
    return file_fault(file, std::string{sentence(key.error())}, "restore the file from a backup");
  return *key;
}

}  // namespace

policy::Digest sha256_of_bytes(std::span<const std::byte> bytes) {
  policy::Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

Ledgered<LedgerKey> LedgerKey::open(const std::filesystem::path& file, const std::string& origin,
                                    bool may_create) {
  std::error_code error;
  const bool exists = std::filesystem::exists(file, error);
  if (!exists && !may_create)
    return file_fault(file, "the key that signed this ledger is gone",
                      "restore it from a backup, or move the ledger away and begin a new one");
  const auto signer = exists ? read_key(file) : make_key(file, origin);
  if (!signer) return signer.error();
  auto key = Ed25519Key::from_seed(signer->seed);
  if (!key)
    return file_fault(file, "OpenSSL takes no Ed25519 key", "check the OpenSSL installation");
  if (policy::key_id_of(signer->name, key->public_key(), sha256_of_bytes) != signer->id)
    return file_fault(file, "the key id is not that of the key", "restore the file from a backup");
  if (signer->name != origin)
    return file_fault(file, "it is the key of '" + signer->name + "', not of '" + origin + "'",
                      "configure the origin that the key was made for");
  return LedgerKey{{signer->name, signer->id, key->public_key()}, *std::move(key)};
}

std::string LedgerKey::sign(const policy::TreeHead& head) const {
  policy::SignedNote note;
  note.text = to_text(policy::Checkpoint{verifier_.name, head});
  const auto signature = key_.sign(note.text);
  if (!signature) return {};
  policy::NoteSignature line{verifier_.name, verifier_.id, {}};
  line.signature.assign(signature->begin(), signature->end());
  note.signatures.push_back(std::move(line));
  return to_text(note);
}

Ledgered<policy::VerifierKey> read_verifier_key(const std::filesystem::path& file) {
  const auto text = read_whole(file);
  if (!text) return text.error();
  const auto key = policy::parse_verifier_key(without_newline(*text), sha256_of_bytes);
  if (!key)
    return file_fault(file, std::string{sentence(key.error())},
                      "give the verifier key that was kept when the ledger was begun");
  return *key;
}

Ledgered<policy::Checkpoint> open_checkpoint(std::string_view text, const policy::VerifierKey& key,
                                             const std::string& file) {
  const auto refuse = [&](std::string what) {
    return file_fault(file, std::move(what),
                      "compare it with a copy of the checkpoint that is kept elsewhere");
  };
  const auto note = policy::parse_note(text);
  if (!note) return refuse("no signed note: " + std::string{sentence(note.error())});
  const auto checkpoint = policy::parse_checkpoint(note->text);
  if (!checkpoint) return refuse("no checkpoint: " + std::string{sentence(checkpoint.error())});
  if (checkpoint->origin != key.name)
    return refuse("the checkpoint is of '" + checkpoint->origin + "', not of '" + key.name + "'");
  const auto* const signature = signature_by(*note, key);
  if (signature == nullptr) return refuse("the ledger's key has not signed the checkpoint");
  if (!is_signed_by(key.key, note->text, signature->signature))
    return refuse("the signature of the checkpoint is false");
  return *checkpoint;
}

}  // namespace assent::gateway
