#pragma once

#include <filesystem>

#include "gateway/config.hpp"
#include "gateway/yaml_reader.hpp"

// The section `api` of assent.yaml.
namespace assent::gateway {

class ConfigPaths;

inline constexpr std::string_view api_keys[] = {"listen", "tls", "tokens", "token_directory"};
inline constexpr std::string_view tls_keys[] = {"certificate", "key", "client_ca"};
inline constexpr std::string_view token_keys[] = {"name", "role", "sha256", "room", "participant"};

// `state`: folder of everything that is kept, where the file says nothing.
[[nodiscard]] TlsConfig read_tls(const YamlMap& map, const ConfigPaths& paths);
[[nodiscard]] ApiConfig read_api(const YamlMap& map, const ConfigPaths& paths,
                                 const std::filesystem::path& state);

}  // namespace assent::gateway
