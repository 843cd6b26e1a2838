#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/database_place.hpp"

namespace soci {
class session;
class soci_error;
}  // namespace soci

namespace assent::gateway {

enum class DatabaseUse : unsigned char {
  create,  // it may be empty
  serve,   // it was there before: an empty one is a fault
  look,    // at one instant, beside whoever serves it; changes nothing
};

// What differs between SQLite and PostgreSQL, and nothing else does: every statement of the
// database's own files runs on both. What fails throws a std::exception for the operator.
class DatabaseDialect {
 public:
  DatabaseDialect() = default;
  virtual ~DatabaseDialect() = default;
  DatabaseDialect(const DatabaseDialect&) = delete;
  DatabaseDialect& operator=(const DatabaseDialect&) = delete;

  // Connects. To serve: as the only one, and so that what is committed is on disk.
  virtual void open(soci::session& sql) = 0;
  // How many of the migrations were applied.
  [[nodiscard]] virtual std::size_t schema_version(soci::session& sql) = 0;
  // A transaction of its own, which ends in this version.
  virtual void migrate(soci::session& sql, const std::string& script, std::size_t version) = 0;
  virtual void commit(soci::session& sql) = 0;
  // A row was there already; the transaction can be rolled back to a savepoint and go on.
  [[nodiscard]] virtual bool is_duplicate(const soci::soci_error& error) const = 0;
  // Behind a table's name: this index is to be taken, where that has to be said.
  [[nodiscard]] virtual std::string by_index(std::string_view index) const = 0;
  // What was deleted or overwritten goes from wherever else it is, as far as the database can.
  virtual void scrub(soci::session& sql) = 0;
};

[[nodiscard]] std::unique_ptr<DatabaseDialect> dialect_of(const DatabasePlace& place,
                                                          DatabaseUse use);
// What dialect_of() chooses from.
[[nodiscard]] std::unique_ptr<DatabaseDialect> sqlite_dialect(const std::filesystem::path& file,
                                                              DatabaseUse use);
[[nodiscard]] std::unique_ptr<DatabaseDialect> postgresql_dialect(const PostgresqlPlace& place,
                                                                  DatabaseUse use);

}  // namespace assent::gateway
