#pragma once

#include <boost/system/result.hpp>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

namespace assent::gateway {

// A database of a PostgreSQL server.
struct PostgresqlPlace {
  std::map<std::string, std::string> parameters;  // libpq's, without a password
  std::filesystem::path password_file;  // read at every connection; empty: what libpq finds itself
  bool operator==(const PostgresqlPlace&) const = default;
};

// Where the records are: a file of SQLite, or a server. An empty path: nowhere.
using DatabasePlace = std::variant<std::filesystem::path, PostgresqlPlace>;

// From words as libpq takes them, "host=/run/postgresql dbname=assent" or a postgresql:// URI. The
// error says what is wrong, without the words: a password may stand among them.
[[nodiscard]] boost::system::result<PostgresqlPlace, std::string> parse_postgresql_place(
    const std::string& words);

inline constexpr std::string_view postgresql_remedy =
    "write such as host=/run/postgresql dbname=assent user=assent, for a server elsewhere "
    "sslmode=verify-full, too; a password stands in a file of its own";

// What the configuration names is no database that this program can serve, or one of a later
// version of it: no waiting mends that.
struct DatabaseMisfit : std::runtime_error {
  using runtime_error::runtime_error;
};

[[nodiscard]] bool is_postgresql_uri(std::string_view text);
[[nodiscard]] bool is_nowhere(const DatabasePlace& place);

// For people: the file, or the server and the database's name. It has no secret to show.
[[nodiscard]] std::string shown(const DatabasePlace& place);

}  // namespace assent::gateway
