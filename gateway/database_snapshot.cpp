#include "gateway/database_snapshot.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

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

sigset_t signals_to_end() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&signals, signal);
  return signals;
}

// In pieces, because a large one takes long and somebody may want to interrupt it. False: there is
// no such file.
bool copy_bytes(const fs::path& from, const fs::path& to) {
  constexpr std::size_t piece_bytes = 1U << 20U;
  std::ifstream in{from, std::ios::binary};
  if (!in && !fs::exists(from)) return false;
  std::ofstream out{to, std::ios::binary | std::ios::trunc};
  std::vector<char> piece(piece_bytes);
  while (in && out) {
    if (SignalsHeld::is_one_waiting()) throw std::runtime_error("interrupted");
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    out.write(piece.data(), in.gcount());
  }
  out.close();
  if (!in.eof() || !out) {
    throw fs::filesystem_error("the database cannot be copied", from, to,
                               std::make_error_code(std::errc::io_error));
  }
  return true;
}

// Pages that a checkpoint moves into the file while it is copied are in the log as well, which is
// copied after it: together they are whole as long as the log was not begun anew in between.
bool copy_whole(const fs::path& database, const fs::path& copy) {
  const std::string before = log_header(database);
  if (!copy_bytes(database, copy)) return false;
  if (!copy_bytes(log_of(database), log_of(copy))) fs::remove(log_of(copy));
  return log_header(database) == before;
}

}  // namespace

SignalsHeld::SignalsHeld() {
  const auto signals = signals_to_end();
  ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
}

SignalsHeld::~SignalsHeld() {
  release();
}

void SignalsHeld::release() {
  if (std::exchange(held_, false)) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool SignalsHeld::is_one_waiting() {
  sigset_t waiting;
  ::sigpending(&waiting);
  const auto to_end = signals_to_end();
  sigset_t both;
  ::sigandset(&both, &waiting, &to_end);
  return ::sigisemptyset(&both) == 0;
}

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
    drop_names();
    throw;
  }
}

DatabaseSnapshot::~DatabaseSnapshot() {
  drop_names();
}

void DatabaseSnapshot::drop_names() noexcept {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(std::exchange(folder_, {}), ignored);
  signals_.release();
}

std::unique_ptr<Database> open_snapshot(const DatabasePlace& place) {
  if (const auto* const server = std::get_if<PostgresqlPlace>(&place))
    return std::make_unique<Database>(*server);
  DatabaseSnapshot copy{std::get<fs::path>(place)};
  auto records = std::make_unique<Database>(copy.file(), false, std::nullopt);
  copy.drop_names();
  return records;
}

}  // namespace assent::gateway
