#include "gateway/ledger_fault.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "gateway/durable_file.hpp"

namespace assent::gateway {

Fault file_fault(const std::filesystem::path& file, std::string what, std::string remedy) {
  Fault fault;
  fault.file = file.string();
  fault.what = std::move(what);
  fault.remedy = std::move(remedy);
  return fault;
}

Fault disk_fault(const std::filesystem::path& file, const std::error_code& error) {
  return file_fault(file, error.message(),
                    "check that it exists, its permissions, and the disk and the room on it");
}

std::error_code last_disk_error() {
  return {errno, std::generic_category()};
}

Ledgered<std::string> read_whole(const std::filesystem::path& file) {
  const FileHandle handle{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!handle) return disk_fault(file, last_disk_error());
  struct stat status {};
  if (::fstat(handle.get(), &status) != 0) return disk_fault(file, last_disk_error());
  if (!S_ISREG(status.st_mode))
    return disk_fault(file, std::make_error_code(std::errc::invalid_argument));
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t got =
        ::pread(handle.get(), text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_fault(file, last_disk_error());
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return Ledgered<std::string>{boost::system::in_place_value, std::move(text)};
}

}  // namespace assent::gateway
