#include "gateway/subject_keys.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

namespace assent::gateway {
namespace {

constexpr std::size_t digest_bytes = 32;
constexpr std::size_t slot_bytes = 128;  // hash of the subject, key, hash of both, zeros
constexpr std::size_t slots_grown = 4'096;

using Slot = std::array<std::byte, slot_bytes>;

policy::Digest hash_of(std::string_view subject) {
  return sha256_of_bytes(std::as_bytes(std::span{subject}));
}

Slot slot_of(const policy::Digest& subject, const SubjectKey& key) {
  Slot slot{};
  std::copy(subject.begin(), subject.end(), slot.begin());
  std::copy(key.begin(), key.end(), slot.begin() + digest_bytes);
  const auto check = sha256_of_bytes(std::span{slot}.first(2 * digest_bytes));
  std::copy(check.begin(), check.end(), slot.begin() + 2 * digest_bytes);
  return slot;
}

policy::Digest part_of(std::span<const std::byte> slot, std::size_t which) {
  policy::Digest part{};
  std::copy_n(slot.begin() + static_cast<std::ptrdiff_t>(which * digest_bytes), digest_bytes,
              part.begin());
  return part;
}

}  // namespace

Ledgered<SubjectKeys> SubjectKeys::open(const std::filesystem::path& file, bool may_create) {
  constexpr mode_t owner_only = 0600;
  const int create = may_create ? O_CREAT : 0;
  SubjectKeys made{
      file, FileHandle{::open(file.c_str(), O_RDWR | create | O_CLOEXEC | O_NOFOLLOW, owner_only)}};
  if (!made.handle_ && errno == ENOENT)
    return file_fault(file, "the keys of the ledger's subjects are gone",
                      "restore them from a backup, without those of subjects erased since");
  if (!made.handle_) return disk_fault(file, last_disk_error());
  if (auto fault = made.read_slots()) return *std::move(fault);
  if (const auto error = sync_folder(std::filesystem::absolute(file).parent_path()))
    return disk_fault(file, error);
  return made;
}

std::optional<Fault> SubjectKeys::read_slots() {
  auto bytes = read_whole(file_);
  if (!bytes) return bytes.error();
  const auto all = std::as_bytes(std::span{*bytes});
  capacity_ = all.size() / slot_bytes;
  std::optional<Fault> fault;
  for (std::uint64_t i = 0; i < capacity_ && !fault; ++i) {
    const auto slot = all.subspan(i * slot_bytes, slot_bytes);
    const Slot expected = slot_of(part_of(slot, 0), part_of(slot, 1));
    if (std::all_of(slot.begin(), slot.end(), [](std::byte b) { return b == std::byte{}; })) {
      free_.push_back(i);
    } else if (!std::equal(slot.begin(), slot.end(), expected.begin())) {
      fault =
          file_fault(file_, "the slot at byte " + std::to_string(i * slot_bytes) + " is damaged",
                     "restore it from a backup, without the keys of subjects erased since");
    } else {
      slots_.emplace(part_of(slot, 0), i);
    }
  }
  std::reverse(free_.begin(), free_.end());
  OPENSSL_cleanse(bytes->data(), bytes->size());
  return fault;
}

std::optional<SubjectKey> SubjectKeys::find(std::string_view subject) const {
  const auto at = slots_.find(hash_of(subject));
  if (at == slots_.end()) return std::nullopt;
  Slot slot{};
  const ssize_t got =
      ::pread(handle_.get(), slot.data(), slot.size(), static_cast<off_t>(at->second * slot_bytes));
  if (got != static_cast<ssize_t>(slot.size()) || part_of(slot, 0) != at->first)
    return std::nullopt;
  const SubjectKey key = part_of(slot, 1);
  OPENSSL_cleanse(slot.data(), slot.size());
  return key;
}

Ledgered<SubjectKey> SubjectKeys::find_or_make(std::string_view subject) {
  const policy::Digest hash = hash_of(subject);
  if (slots_.contains(hash)) {
    if (const auto key = find(subject)) return *key;
    return file_fault(file_, "a subject's key cannot be read", "check the disk");
  }
  if (free_.empty())
    if (const auto error = grow()) return disk_fault(file_, error);
  SubjectKey key{};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) != 1)
    return file_fault(file_, "there is no entropy for a key", "check the machine's random source");
  const std::uint64_t at = free_.back();
  Slot slot = slot_of(hash, key);
  const auto error = write_at(handle_.get(), at * slot_bytes, slot);
  OPENSSL_cleanse(slot.data(), slot.size());
  if (error) return disk_fault(file_, error);
  free_.pop_back();
  slots_.emplace(hash, at);
  unsynced_ = true;
  return key;
}

std::error_code SubjectKeys::sync() {
  if (!unsynced_) return {};
  if (::fdatasync(handle_.get()) != 0) return last_disk_error();
  unsynced_ = false;
  return {};
}

std::error_code SubjectKeys::destroy(std::string_view subject) {
  const auto at = slots_.find(hash_of(subject));
  if (at == slots_.end()) return {};
  if (const auto error = write_at(handle_.get(), at->second * slot_bytes, Slot{})) return error;
  unsynced_ = true;
  if (const auto error = sync()) return error;
  free_.push_back(at->second);
  slots_.erase(at);
  return {};
}

// Zeros written ahead, so that a key's sync waits for its block only.
std::error_code SubjectKeys::grow() {
  const std::vector<std::byte> zeros(slots_grown * slot_bytes);
  if (const auto error = write_at(handle_.get(), capacity_ * slot_bytes, zeros)) return error;
  if (const auto error = sync_file(handle_.get())) return error;
  for (std::uint64_t i = slots_grown; i > 0; --i)
    free_.push_back(capacity_ + i - 1);
  capacity_ += slots_grown;
  return {};
}

}  // namespace assent::gateway
