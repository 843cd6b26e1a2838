#include "gateway/command_options.hpp"

#include <chrono>
#include <stdexcept>

#include "gateway/fault.hpp"
#include "gateway/rfc3339.hpp"

namespace assent::gateway {

policy::WallTime wall_time() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::optional<policy::WallTime> optional_instant(const std::string& option,
                                                 const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto time = parse_day_or_time(text);
  if (!time) {
    throw CLI::ValidationError(option, as_shown(text) + " is neither a day such as 2026-12-01 " +
                                           "nor a time such as 2026-12-01T14:00:00Z");
  }
  return *time;
}

std::optional<policy::Date> optional_day(const std::string& option, const std::string& text) {
  const auto time = optional_instant(option, text);
  return time ? std::optional{std::chrono::floor<std::chrono::days>(*time)} : std::nullopt;
}

Config configuration_of(const std::filesystem::path& file) {
  auto surroundings = Surroundings::of_process();
  surroundings.is_here = false;  // only its paths are of interest
  Faults faults;
  auto config =
      file.empty() ? default_config(surroundings, faults) : load_config(file, surroundings, faults);
  if (!faults.empty()) throw std::runtime_error(to_string(faults));
  return config;
}

DatabasePlace database_place(const std::string& text) {
  if (!is_postgresql_uri(text)) return std::filesystem::path{text};
  auto server = parse_postgresql_place(text);
  if (!server)
    throw CLI::ValidationError("--database",
                               "the URI " + server.error() + "; " + std::string(postgresql_remedy));
  return *std::move(server);
}

void DatabaseOption::add_to(CLI::App& command) {
  auto* database = command.add_option("--database", database_,
                                      "The service's database, or a copy of it, or a "
                                      "postgresql:// URI; it is only read");
  command
      .add_option("--config", configuration_,
                  "Or the configuration that names it; without either, the built-in one")
      ->excludes(database);
}

DatabasePlace DatabaseOption::place() const {
  return database_.empty() ? configuration_of(configuration_).storage.database
                           : database_place(database_);
}

std::string DatabaseOption::gateway_name() const {
  return database_.empty() ? configuration_of(configuration_).gateway.name : GatewayConfig{}.name;
}

}  // namespace assent::gateway
