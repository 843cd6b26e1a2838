// What a power failure leaves: only what was synced. Preloaded into the gateway (LD_PRELOAD), it
// copies a file under SYNCED_FROM to SYNCED_TO at each fsync and fdatasync that succeeds, before
// the caller hears of it, and the names in a folder when the folder is synced. A test kills the
// gateway and puts the copies in the files' place. Each sync is made to take a while longer, as on
// a disk, so that the gateway is often killed between what it wrote and the sync.
//
// SYNCED_TO/content/<inode> is the file as it was at its last sync; SYNCED_TO/names/<path> holds
// the inode that the name stood for when its folder, or the file itself, was synced last. Syncing a
// new file makes its name durable too, as ext4 and XFS do. A copy takes the place of the one before
// by a rename, so that a kill leaves one of the two.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace {
namespace fs = std::filesystem;

// In a folder of names: it was synced, so that what it does not name is gone for good.
constexpr const char* listed = ".listed";
constexpr ::useconds_t sync_takes_us = 3'000;

fs::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path{} : fs::path{value};
}

// Another file may get the inode of one that is gone; not within the same nanosecond.
std::string identity(const fs::path& file) {
  struct statx status {};
  if (::statx(AT_FDCWD, file.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &status) != 0)
    return {};
  return std::to_string(status.stx_ino) + '-' + std::to_string(status.stx_btime.tv_sec) + '-' +
         std::to_string(status.stx_btime.tv_nsec);
}

// Two threads may sync at once.
fs::path own_draft(const fs::path& target) {
  return target.parent_path() /
         ("." + target.filename().string() + "." + std::to_string(::gettid()));
}

bool is_draft(const fs::path& name) {
  return name.native().starts_with('.');
}

void keep_name(const fs::path& names, const fs::path& file, const fs::path& relative) {
  std::error_code ignored;
  fs::create_directories((names / relative).parent_path(), ignored);
  const fs::path draft = own_draft(names / relative);
  std::ofstream{draft} << identity(file);
  fs::rename(draft, names / relative, ignored);
}

void keep_names(const fs::path& names, const fs::path& folder, const fs::path& relative) {
  std::error_code ignored;
  fs::create_directories(names / relative, ignored);
  std::ofstream{names / relative / listed};
  for (const auto& entry : fs::directory_iterator{folder, ignored})
    if (entry.is_regular_file(ignored))
      keep_name(names, entry.path(), relative / entry.path().filename());
  for (const auto& entry : fs::directory_iterator{names / relative, ignored}) {
    const fs::path name = entry.path().filename();
    if (is_draft(name) || !entry.is_regular_file(ignored)) continue;
    if (!fs::exists(folder / name, ignored)) fs::remove(entry.path(), ignored);
  }
}

void keep_content(const fs::path& content, const fs::path& file) {
  std::error_code failed;
  fs::create_directories(content, failed);
  const fs::path target = content / identity(file);
  const fs::path draft = own_draft(target);
  fs::copy_file(file, draft, fs::copy_options::overwrite_existing, failed);
  if (!failed) fs::rename(draft, target, failed);
}

void keep(int descriptor) {
  static const fs::path from = from_environment("SYNCED_FROM");
  static const fs::path to = from_environment("SYNCED_TO");
  if (from.empty() || to.empty()) return;
  std::error_code gone;
  const fs::path path = fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor), gone);
  if (gone || !fs::exists(path, gone)) return;
  const fs::path relative = path.lexically_relative(from);
  if (relative.empty() || *relative.begin() == "..") return;
  if (fs::is_directory(path, gone)) return keep_names(to / "names", path, relative);
  keep_content(to / "content", path);
  keep_name(to / "names", path, relative);
}

int synced(const char* call, int descriptor) {
  using Call = int (*)(int);
  const auto real = reinterpret_cast<Call>(::dlsym(RTLD_NEXT, call));
  ::usleep(sync_takes_us);
  const int result = real(descriptor);
  if (result == 0) keep(descriptor);
  return result;
}

}  // namespace

extern "C" int fsync(int descriptor) {
  return synced("fsync", descriptor);
}
extern "C" int fdatasync(int descriptor) {
  return synced("fdatasync", descriptor);
}
