#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "gateway/database_place.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway {

// The databases on which the same tests run.
enum class Server : unsigned char { sqlite, postgresql };

// A PostgreSQL server of the tests' own, on a socket in a temporary folder: no system cluster is
// touched. Its commits are durable. It goes with the test, whatever becomes of that.
class PostgresqlServer {
 public:
  PostgresqlServer();
  ~PostgresqlServer();
  PostgresqlServer(const PostgresqlServer&) = delete;
  PostgresqlServer& operator=(const PostgresqlServer&) = delete;

  // One for all tests of this process; started when it is first asked for.
  static PostgresqlServer& shared();

  void start();                                  // comes back when it takes connections
  void stop(bool in_order = false);              // else as if it had crashed
  [[nodiscard]] PostgresqlPlace new_database();  // empty

  // As the server's own superuser; the first column, and that of the first row.
  std::vector<std::string> column(const PostgresqlPlace& in, const std::string& statement) const;
  std::string run(const PostgresqlPlace& in, const std::string& statement) const;
  [[nodiscard]] std::string words(const PostgresqlPlace& of) const;  // for a configuration

 private:
  [[nodiscard]] PostgresqlPlace place_of(const std::string& database) const;
  pid_t spawn(const char* program, const std::vector<std::string>& arguments) const;

  TemporaryFolder folder_;
  pid_t server_ = -1;
  int databases_ = 0;
};

}  // namespace assent::gateway
