// One connection holds the file exclusively (with two, SQLite 3.40 can corrupt a WAL), and
// synchronous=FULL syncs the WAL at every commit (NORMAL may lose commits at power loss).
#include <fcntl.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "gateway/database_dialect.hpp"
#include "gateway/durable_file.hpp"

namespace assent::gateway {
namespace {

using soci::into;

// "ASNT": tells our files from other SQLite files.
constexpr int application_id = 0x41534E54;

class SqliteDialect final : public DatabaseDialect {
 public:
  SqliteDialect(std::filesystem::path file, DatabaseUse use) : file_{std::move(file)}, use_{use} {}

  void open(soci::session& sql) override {
    prepare_file();
    sql.open(soci::sqlite3, connection_text());
    configure(sql);
    opened_ = named("");
  }

  std::size_t schema_version(soci::session& sql) override {
    int application = 0;
    int version = 0;
    sql << "PRAGMA application_id", into(application);
    sql << "PRAGMA user_version", into(version);
    if (version > 0 && application != application_id)
      throw DatabaseMisfit("the database file belongs to another program");
    return static_cast<std::size_t>(std::max(0, version));
  }

  void migrate(soci::session& sql, const std::string& script, std::size_t version) override {
    // SOCI would prepare the first statement of a script only.
    auto* const backend = static_cast<soci::sqlite3_session_backend*>(sql.get_backend());
    const std::string whole = "BEGIN IMMEDIATE;" + script +
                              "PRAGMA application_id=" + std::to_string(application_id) +
                              ";PRAGMA user_version=" + std::to_string(version) + ";COMMIT";
    if (sqlite_api::sqlite3_exec(backend->conn_, whole.c_str(), nullptr, nullptr, nullptr) != 0) {
      throw std::runtime_error("the database's schema cannot be migrated: " +
                               std::string(sqlite_api::sqlite3_errmsg(backend->conn_)));
    }
  }

  // A file that somebody removed or replaced still takes commits, and loses them.
  void commit(soci::session& sql) override {
    sql.commit();
    const struct stat now = named("");
    if (now.st_ino != opened_.st_ino || now.st_dev != opened_.st_dev)
      throw std::runtime_error("the database file was replaced by another one");
    static_cast<void>(named("-wal"));
  }

  bool is_duplicate(const soci::soci_error& error) const override {
    constexpr int constraint = 19;  // SQLITE_CONSTRAINT
    const auto* const ours = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
    return ours != nullptr && ours->result() == constraint;
  }

  std::string by_index(std::string_view index) const override {
    std::string text = " INDEXED BY ";
    text += index;
    return text;
  }

  // Empties the write-ahead log into the file: what was deleted or overwritten is in neither.
  void scrub(soci::session& sql) override {
    int busy = 0;
    int log = 0;
    int moved = 0;
    sql << "PRAGMA wal_checkpoint(TRUNCATE)", into(busy), into(log), into(moved);
    if (busy != 0) throw std::runtime_error("the database's log cannot be emptied");
  }

 private:
  // Before SQLite opens the file: closing any descriptor of it later would drop SQLite's lock.
  void prepare_file() const {
    constexpr mode_t owner_only = 0600;
    const int flags = O_RDWR | O_CLOEXEC | (use_ == DatabaseUse::create ? O_CREAT : 0);
    const FileHandle handle{::open(file_.c_str(), flags, owner_only)};
    if (!handle) {
      throw std::system_error(errno, std::generic_category(), "the database file cannot be opened");
    }
    if (::fchmod(handle.get(), owner_only) != 0) {
      throw std::system_error(errno, std::generic_category(),
                              "the database file cannot be made private");
    }
    const auto folder = file_.parent_path();
    if (const auto error = sync_folder(folder.empty() ? "." : folder)) {
      throw std::system_error(error, "the database's folder cannot be synced");
    }
  }

  [[nodiscard]] std::string connection_text() const {
    if (file_.string().find('"') != std::string::npos)
      throw DatabaseMisfit("the database's path holds a quotation mark");
    return "db=\"" + file_.string() + "\"";
  }

  static void configure(soci::session& sql) {
    std::string mode;
    int synchronous = 0;
    // Exclusive before WAL: then the WAL's index is in memory and nobody else can open the file.
    sql << "PRAGMA locking_mode=EXCLUSIVE", into(mode);
    sql << "PRAGMA auto_vacuum=INCREMENTAL";  // of a new file: retention gives space back later
    sql << "PRAGMA journal_mode=WAL", into(mode);
    sql << "PRAGMA synchronous=FULL";
    sql << "PRAGMA secure_delete=ON";  // what is erased is overwritten
    sql << "PRAGMA synchronous", into(synchronous);
    constexpr int full = 2;
    if (mode != "wal" || synchronous != full)
      throw std::runtime_error("the database does not take journal_mode=WAL, synchronous=FULL");
  }

  [[nodiscard]] struct stat named(const std::string& suffix) const {
    struct stat status {};
    const std::string name = file_.string() + suffix;
    if (::stat(name.c_str(), &status) != 0)
      throw std::system_error(errno, std::generic_category(), "the database file is gone");
    return status;
  }

  std::filesystem::path file_;
  DatabaseUse use_;
  struct stat opened_ {};
};

}  // namespace

std::unique_ptr<DatabaseDialect> sqlite_dialect(const std::filesystem::path& file,
                                                DatabaseUse use) {
  return std::make_unique<SqliteDialect>(file, use);
}

std::unique_ptr<DatabaseDialect> dialect_of(const DatabasePlace& place, DatabaseUse use) {
  if (const auto* const server = std::get_if<PostgresqlPlace>(&place))
    return postgresql_dialect(*server, use);
  return sqlite_dialect(std::get<std::filesystem::path>(place), use);
}

}  // namespace assent::gateway
