#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assent::gateway {

class ConfigPaths;
class YamlMap;

// Where the ledger is, and under what name it signs.
struct LedgerConfig {
  std::filesystem::path directory;
  std::filesystem::path key;
  std::filesystem::path subject_keys;
  std::string origin;
  std::vector<std::filesystem::path> checkpoint_copies;
  bool operator==(const LedgerConfig&) const = default;
};

[[nodiscard]] std::span<const std::string_view> ledger_keys();

// What stands under `ledger:`. By default it is beside the database's file, and has the gateway's
// name.
[[nodiscard]] LedgerConfig read_ledger(const YamlMap& map, const ConfigPaths& paths,
                                       const std::filesystem::path& beside,
                                       const std::string& gateway_name);

}  // namespace assent::gateway
