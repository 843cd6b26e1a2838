#include "gateway/durable_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace assent::gateway {
namespace {

std::error_code last_error() {
  return {errno, std::generic_category()};
}

// All of it on disk, or an error and perhaps a part.
std::error_code write_draft(const std::filesystem::path& draft, std::string_view text) {
  constexpr mode_t owner_only = 0600;
  const FileHandle handle{
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, owner_only)};
  if (!handle) return last_error();
  if (const auto error = write_at(handle.get(), 0, std::as_bytes(std::span{text}))) return error;
  return sync_file(handle.get());
}

}  // namespace

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::error_code write_at(int descriptor, std::size_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_error();
    if (written == 0) return std::make_error_code(std::errc::no_space_on_device);
    offset += static_cast<std::size_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

std::error_code sync_file(int descriptor) {
  return ::fsync(descriptor) == 0 ? std::error_code{} : last_error();
}

std::error_code sync_folder(const std::filesystem::path& folder) {
  const FileHandle handle{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!handle) return last_error();
  return sync_file(handle.get());
}

std::error_code make_private_folder(const std::filesystem::path& folder) {
  constexpr mode_t owner_only = 0700;
  if (::mkdir(folder.c_str(), owner_only) == 0) {
    const auto parent = folder.parent_path();
    return sync_folder(parent.empty() ? std::filesystem::path{"."} : parent);
  }
  if (errno != EEXIST) return last_error();
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    return error ? error : std::make_error_code(std::errc::not_a_directory);
  }
  return {};
}

std::error_code replace_file(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path draft = file.string() + ".tmp";
  auto error = write_draft(draft, text);
  if (!error && ::rename(draft.c_str(), file.c_str()) != 0) error = last_error();
  if (!error) return sync_folder(file.parent_path());
  ::unlink(draft.c_str());  // it may hold what is to be nowhere any more
  return error;
}

// The name is linked only when the text is on disk.
std::error_code create_private_file(const std::filesystem::path& file, std::string_view text) {
  constexpr mode_t owner_only = 0600;
  const std::filesystem::path draft = file.string() + ".new";
  ::unlink(draft.c_str());
  const FileHandle handle{
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, owner_only)};
  if (!handle) return last_error();
  if (const auto error = write_at(handle.get(), 0, std::as_bytes(std::span{text}))) return error;
  if (const auto error = sync_file(handle.get())) return error;
  if (::link(draft.c_str(), file.c_str()) != 0) return last_error();
  ::unlink(draft.c_str());
  const auto folder = file.parent_path();
  return sync_folder(folder.empty() ? std::filesystem::path{"."} : folder);
}

}  // namespace assent::gateway
