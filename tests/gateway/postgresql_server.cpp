#include "tests/gateway/postgresql_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace assent::gateway {
namespace {

constexpr const char* programs = "/usr/lib/postgresql/15/bin/";
constexpr const char* superuser = "assent";

struct Finish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};

// It refuses the superuser of the machine.
const passwd* server_user() {
  const passwd* user = ::getpwnam("postgres");
  return user != nullptr ? user : ::getpwnam("nobody");
}

void become(const passwd* user) {
  if (::geteuid() != 0) return;
  if (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)
    ::_exit(126);
}

}  // namespace

PostgresqlServer::PostgresqlServer() {
  const auto* const user = server_user();
  if (::geteuid() == 0 && ::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0)
    throw std::runtime_error("no folder for a PostgreSQL server");
  const pid_t making = spawn(
      "initdb", {"-D", "data", "-E", "UTF8", "--locale=C", "-A", "trust", "-N", "-U", superuser});
  int status = -1;
  ::waitpid(making, &status, 0);
  if (status != 0)
    throw std::runtime_error("initdb failed; remedy: gateway/setup tests (Debian's postgresql)");
  start();
}

PostgresqlServer::~PostgresqlServer() {
  stop();
}

PostgresqlServer& PostgresqlServer::shared() {
  static PostgresqlServer server;
  return server;
}

pid_t PostgresqlServer::spawn(const char* program,
                              const std::vector<std::string>& arguments) const {
  const std::string path = std::string(programs) + program;
  std::vector<char*> words{const_cast<char*>(path.c_str())};
  for (const auto& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const auto* const user = server_user();
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int log =
      ::open((folder_.path() / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  become(user);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::chdir(folder_.path().c_str()) == 0) ::execv(path.c_str(), words.data());
  ::_exit(127);
}

void PostgresqlServer::start() {
  server_ = spawn("postgres", {"-D", "data", "-k", folder_.path().string(), "-c",
                               "listen_addresses=", "-c", "max_connections=40"});
  const std::string where = words(place_of("postgres"));
  for (int i = 0; i < 600; ++i) {
    if (PQping(where.c_str()) == PQPING_OK) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  throw std::runtime_error("the PostgreSQL server does not start");
}

void PostgresqlServer::stop(bool in_order) {
  if (server_ < 0) return;
  ::kill(server_, in_order ? SIGINT : SIGQUIT);
  ::waitpid(server_, nullptr, 0);
  server_ = -1;
}

PostgresqlPlace PostgresqlServer::place_of(const std::string& database) const {
  return {{{"host", folder_.path().string()}, {"dbname", database}, {"user", superuser}}, {}};
}

PostgresqlPlace PostgresqlServer::new_database() {
  const auto place = place_of("test_" + std::to_string(++databases_));
  run(place_of("postgres"),
      "CREATE DATABASE " + place.parameters.at("dbname") + " TEMPLATE template0");
  return place;
}

std::string PostgresqlServer::words(const PostgresqlPlace& of) const {
  std::string text;
  for (const auto& [name, value] : of.parameters)
    text += (text.empty() ? "" : " ") + name + '=' + value;
  return text;
}

std::vector<std::string> PostgresqlServer::column(const PostgresqlPlace& in,
                                                  const std::string& statement) const {
  const std::unique_ptr<PGconn, Finish> connection{PQconnectdb(words(in).c_str())};
  const std::unique_ptr<PGresult, Clear> result{PQexec(connection.get(), statement.c_str())};
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error(statement + ": " + PQerrorMessage(connection.get()));
  std::vector<std::string> found;
  for (int row = 0; row < PQntuples(result.get()); ++row)
    found.emplace_back(PQgetvalue(result.get(), row, 0));
  return found;
}

std::string PostgresqlServer::run(const PostgresqlPlace& in, const std::string& statement) const {
  const auto found = column(in, statement);
  return found.empty() ? std::string{} : found.front();
}

}  // namespace assent::gateway
