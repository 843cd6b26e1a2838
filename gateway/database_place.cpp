#include "gateway/database_place.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <memory>

namespace assent::gateway {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

std::string value_of(const PostgresqlPlace& place, const char* parameter) {
  const auto found = place.parameters.find(parameter);
  return found == place.parameters.end() ? std::string{} : found->second;
}

bool is_this_machine(const std::string& host) {
  constexpr std::array<std::string_view, 4> names{"", "localhost", "127.0.0.1", "::1"};
  return host.starts_with('/') || host.starts_with('@') ||
         std::find(names.begin(), names.end(), host) != names.end();
}

// What people's consents cross is encrypted, to a server that has shown who it is.
bool is_protected(const PostgresqlPlace& place) {
  const std::string mode = value_of(place, "sslmode");
  if (mode == "verify-full" || mode == "verify-ca") return true;
  const std::string address = value_of(place, "hostaddr");
  return is_this_machine(address.empty() ? value_of(place, "host") : address);
}

}  // namespace

boost::system::result<PostgresqlPlace, std::string> parse_postgresql_place(
    const std::string& words) {
  char* ignored = nullptr;  // it may repeat a part of a password
  const Options options{PQconninfoParse(words.c_str(), &ignored)};
  PQfreemem(ignored);
  if (!options) return std::string{"is not what libpq takes to reach a database"};
  PostgresqlPlace place;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) place.parameters[option->keyword] = option->val;
  if (place.parameters.contains("password")) return std::string{"holds a password"};
  if (!place.parameters.contains("dbname")) return std::string{"names no database"};
  if (!is_protected(place))
    return std::string{"names a server elsewhere, but not that it has to show its certificate"};
  return place;
}

bool is_postgresql_uri(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

bool is_nowhere(const DatabasePlace& place) {
  const auto* const file = std::get_if<std::filesystem::path>(&place);
  return file != nullptr && file->empty();
}

std::string shown(const DatabasePlace& place) {
  if (const auto* const file = std::get_if<std::filesystem::path>(&place)) return file->string();
  const auto& server = std::get<PostgresqlPlace>(place);
  const std::string host = value_of(server, "host");
  const std::string port = value_of(server, "port");
  std::string text = "PostgreSQL database ";
  text += value_of(server, "dbname");
  if (!host.empty()) text.append(" on ").append(host);
  if (!port.empty()) text.append(", port ").append(port);
  return text;
}

}  // namespace assent::gateway
