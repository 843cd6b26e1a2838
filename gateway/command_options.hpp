#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "gateway/config.hpp"
#include "policy/rules.hpp"
#include "policy/time.hpp"

// What several commands take.
namespace assent::gateway {

[[nodiscard]] policy::WallTime wall_time();

// "2026-12-01T14:00:00Z", or a day for its beginning; nothing for an empty text. Another text is a
// CLI::ValidationError that names the option.
[[nodiscard]] std::optional<policy::WallTime> optional_instant(const std::string& option,
                                                               const std::string& text);
[[nodiscard]] std::optional<policy::Date> optional_day(const std::string& option,
                                                       const std::string& text);

// That file's, or without one the built-in configuration, for its paths: they need not be on this
// machine. Throws its faults.
[[nodiscard]] Config configuration_of(const std::filesystem::path& file);

// What --database was given: a file, or a postgresql:// URI. A CLI::ValidationError if neither.
[[nodiscard]] DatabasePlace database_place(const std::string& text);

// --database FILE, or --config FILE that names it.
class DatabaseOption {
 public:
  void add_to(CLI::App& command);
  [[nodiscard]] DatabasePlace place() const;
  // The gateway's whose database it is, as its configuration says.
  [[nodiscard]] std::string gateway_name() const;

 private:
  std::string database_;
  std::filesystem::path configuration_;
};

}  // namespace assent::gateway
