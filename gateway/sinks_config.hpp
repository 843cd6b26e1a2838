#pragma once

#include <filesystem>

#include "gateway/config.hpp"
#include "gateway/yaml_reader.hpp"

// The section `sinks` of assent.yaml.
namespace assent::gateway {

class ConfigPaths;

inline constexpr std::string_view sink_keys[] = {"kind", "address",   "transport",
                                                 "path", "directory", "extensions"};

// `state`: folder of everything that is kept, where the file says nothing.
[[nodiscard]] std::vector<SinkConfig> read_sinks(const YamlValue& value, const ConfigPaths& paths,
                                                 const std::filesystem::path& state);

}  // namespace assent::gateway
