#pragma once

#include <filesystem>

#include "gateway/fault.hpp"
#include "gateway/yaml_reader.hpp"

namespace assent::gateway {

// By their names alone: with or without a slash at the end, and with ways around.
[[nodiscard]] bool is_same_folder(const std::filesystem::path& one,
                                  const std::filesystem::path& other);

// The paths of one configuration file: made absolute or relative to its folder, and looked at, as
// long as the file is for this machine. Each reader gives the path even when it is at fault, and an
// empty one for an absent value.
class ConfigPaths {
 public:
  ConfigPaths(std::filesystem::path folder, bool is_here, Faults& faults)
      : folder_{std::move(folder)}, is_here_{is_here}, faults_{faults} {}

  [[nodiscard]] std::filesystem::path readable_file(const YamlValue& value) const;
  [[nodiscard]] std::filesystem::path readable_folder(const YamlValue& value) const;
  // One that others cannot read: a key.
  [[nodiscard]] std::filesystem::path private_file(const YamlValue& value) const;
  // One that gateway/ip_database takes.
  [[nodiscard]] std::filesystem::path ip_database(const YamlValue& value) const;
  // It may not be there yet, if it can be made.
  [[nodiscard]] std::filesystem::path writable_directory(const YamlValue& value) const;
  [[nodiscard]] std::filesystem::path file_in_writable_directory(const YamlValue& value) const;
  // A directory of the defaults, which no line of the file is to blame for.
  [[nodiscard]] std::filesystem::path checked_default(const std::filesystem::path& directory) const;

 private:
  [[nodiscard]] std::filesystem::path path_of(const YamlValue& value) const;

  std::filesystem::path folder_;
  bool is_here_;
  Faults& faults_;
};

}  // namespace assent::gateway
