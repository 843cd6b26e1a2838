#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

namespace assent::gateway {

// Owner of a file descriptor; -1 is none.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_{descriptor} {}
  FileHandle(FileHandle&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileHandle();

  [[nodiscard]] int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// All of it at this offset, or the error; a short write is retried until it says why.
[[nodiscard]] std::error_code write_at(int descriptor, std::size_t offset,
                                       std::span<const std::byte> bytes);
[[nodiscard]] std::error_code sync_file(int descriptor);
// Makes created, renamed and removed names durable.
[[nodiscard]] std::error_code sync_folder(const std::filesystem::path& folder);
// One folder with this mode, if it does not exist; its parent must.
[[nodiscard]] std::error_code make_private_folder(const std::filesystem::path& folder);
// Readers, and a crash at any instant, see the old text or the new, whole.
[[nodiscard]] std::error_code replace_file(const std::filesystem::path& file,
                                           std::string_view text);

// A new file that only its owner reads (mode 0600); durable, and never there in part. An existing
// one stays as it is: EEXIST.
[[nodiscard]] std::error_code create_private_file(const std::filesystem::path& file,
                                                  std::string_view text);

}  // namespace assent::gateway
