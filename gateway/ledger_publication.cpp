#include "gateway/ledger_publication.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <span>
#include <utility>

#include "gateway/durable_file.hpp"

namespace assent::gateway {

LedgerPublication::LedgerPublication(std::filesystem::path folder, TileBuilder builder)
    : folder_{std::move(folder)}, builder_{std::move(builder)}, published_{builder_.size()} {
  (void)builder_.take_full();  // on disk
  for (const LedgerFile& file : builder_.partial())
    partial_paths_.push_back(tile_path(file.address));
}

std::error_code LedgerPublication::publish(std::string_view note) {
  auto full = builder_.take_full();
  std::move(full.begin(), full.end(), std::back_inserter(full_));
  const auto partial = builder_.partial();
  std::vector<LedgerFile> files = full_;
  std::copy_if(partial.begin(), partial.end(), std::back_inserter(files),
               [&](const LedgerFile& file) {
                 const auto path = tile_path(file.address);
                 return std::find(partial_paths_.begin(), partial_paths_.end(), path) ==
                        partial_paths_.end();
               });
  const auto tiles = std::stable_partition(
      files.begin(), files.end(), [](const LedgerFile& file) { return !file.address.level; });
  if (const auto error = write_files({files.begin(), tiles})) return error;
  if (const auto error = write_files({tiles, files.end()})) return error;
  if (const auto error = replace_file(folder_ / checkpoint_name, note)) return error;
  published_ = builder_.size();
  full_.clear();
  remove_superseded(partial);
  return {};
}

std::error_code LedgerPublication::write_files(const std::vector<LedgerFile>& files) const {
  std::set<std::filesystem::path> folders;
  for (const LedgerFile& file : files) {
    const auto relative = std::filesystem::path{tile_path(file.address)}.parent_path();
    if (const auto error = make_folders(relative)) return error;
    if (const auto error = write_new(file)) return error;
    folders.insert(relative);
  }
  for (const auto& relative : folders)
    if (const auto error = sync_folder(folder_ / relative)) return error;
  // The checkpoint vouches for what can be read, not for what was meant to be written.
  for (const LedgerFile& file : files) {
    const auto again = read_whole(folder_ / tile_path(file.address));
    if (!again || *again != file.bytes) return std::make_error_code(std::errc::io_error);
  }
  return {};
}

std::error_code LedgerPublication::write_new(const LedgerFile& file) const {
  const auto path = folder_ / tile_path(file.address);
  constexpr mode_t owner_only = 0600;
  // A file of that name is what a crash left before a checkpoint covered it.
  const FileHandle handle{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, owner_only)};
  if (!handle) return last_disk_error();
  if (const auto error = write_at(handle.get(), 0, std::as_bytes(std::span{file.bytes})))
    return error;
  return sync_file(handle.get());
}

std::error_code LedgerPublication::make_folders(const std::filesystem::path& relative) const {
  auto folder = folder_;
  for (const auto& part : relative) {
    folder /= part;
    if (const auto error = make_private_folder(folder)) return error;
  }
  return {};
}

// What a crash keeps of these is a prefix of what is current, and is removed at the next start.
void LedgerPublication::remove_superseded(const std::vector<LedgerFile>& current) {
  std::vector<std::string> now;
  for (const LedgerFile& file : current)
    now.push_back(tile_path(file.address));
  for (const std::string& path : partial_paths_) {
    if (std::find(now.begin(), now.end(), path) != now.end()) continue;
    ::unlink((folder_ / path).c_str());
    ::rmdir((folder_ / path).parent_path().c_str());  // when it was the last of its tile
  }
  partial_paths_ = std::move(now);
}

}  // namespace assent::gateway
