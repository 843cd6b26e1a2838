#include "gateway/database_snapshot.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>

namespace assent::gateway {
namespace fs = std::filesystem;

namespace {

constexpr int attempts_max = 20;

fs::path log_of(const fs::path& database) {
  return fs::path{database.native() + "-wal"};
}

// Names the log's generation: SQLite writes another one whenever it begins the log anew.
std::string log_header(const fs::path& database) {
  constexpr std::size_t header_bytes = 32;
  std::ifstream log{log_of(database), std::ios::binary};
  std::string header(header_bytes, '\0');
  log.read(header.data(), static_cast<std::streamsize>(header.size()));
  header.resize(static_cast<std::size_t>(log.gcount()));
  return header;
}

fs::path private_folder() {
  std::string name = (fs::temp_directory_path() / "assent-snapshot-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(),
                            "no folder for a copy of the database; set TMPDIR");
  }
  return name;
}

// Pages that a checkpoint moves into the file while it is copied are in the log as well, which is
// copied after it: together they are whole as long as the log was not begun anew in between.
bool copy_whole(const fs::path& database, const fs::path& copy) {
  const std::string before = log_header(database);
  fs::copy_file(database, copy, fs::copy_options::overwrite_existing);
  fs::remove(log_of(copy));
  std::error_code gone;
  fs::copy_file(log_of(database), log_of(copy), gone);
  if (gone && gone != std::errc::no_such_file_or_directory) {
    throw fs::filesystem_error("the database's log cannot be copied", log_of(database), gone);
  }
  return log_header(database) == before;
}

}  // namespace

DatabaseSnapshot::DatabaseSnapshot(const fs::path& database) {
  if (!fs::is_regular_file(database)) {
    throw std::runtime_error("there is no database " + database.string() +
                             "; name the service's own with --database, or its configuration with "
                             "--config");
  }
  folder_ = private_folder();
  try {
    for (int attempt = 0; attempt < attempts_max; ++attempt)
      if (copy_whole(database, file())) return;
    throw std::runtime_error(
        "the database is written to so fast that no copy of it comes out whole");
  } catch (...) {
    remove();
    throw;
  }
}

DatabaseSnapshot::~DatabaseSnapshot() {
  remove();
}

void DatabaseSnapshot::remove() noexcept {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace assent::gateway
