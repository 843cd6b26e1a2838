#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "gateway/durable_file.hpp"
#include "gateway/ledger_key.hpp"

namespace assent::gateway {

using SubjectKey = std::array<std::byte, 32>;

// A random key for each subject, the only thing by which the ledger's commitments can be opened.
// Destroying it makes everything that the ledger has on the subject meaningless, without touching
// the ledger. Slots of one size in one file, overwritten in place: what is destroyed is not kept
// in a journal, a free page or an older version. (A copy-on-write file system or the disk itself
// may still have it: encrypt the disk. Backups of this file must be shredded likewise.)
// One thread uses it.
class SubjectKeys {
 public:
  // Makes the file, with mode 0600, when it is absent and `may_create`. Every slot is checked.
  [[nodiscard]] static Ledgered<SubjectKeys> open(const std::filesystem::path& file,
                                                  bool may_create);

  [[nodiscard]] std::optional<SubjectKey> find(std::string_view subject) const;
  // Made when there is none yet, and durable after the next sync(). The error says what the disk
  // or the source of randomness refused.
  [[nodiscard]] Ledgered<SubjectKey> find_or_make(std::string_view subject);
  [[nodiscard]] std::error_code sync();
  // Durably. Nothing happens to a subject without a key.
  [[nodiscard]] std::error_code destroy(std::string_view subject);

  [[nodiscard]] std::size_t size() const { return slots_.size(); }

 private:
  explicit SubjectKeys(std::filesystem::path file, FileHandle handle)
      : file_{std::move(file)}, handle_{std::move(handle)} {}

  [[nodiscard]] std::optional<Fault> read_slots();
  [[nodiscard]] std::error_code grow();

  std::filesystem::path file_;
  FileHandle handle_;
  std::map<policy::Digest, std::uint64_t> slots_;  // by the subject's hash
  std::vector<std::uint64_t> free_;
  std::uint64_t capacity_ = 0;
  bool unsynced_ = false;
};

}  // namespace assent::gateway
