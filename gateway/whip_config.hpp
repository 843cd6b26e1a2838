#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "gateway/config.hpp"
#include "gateway/yaml_reader.hpp"

// The section `whip` of assent.yaml.
namespace assent::gateway {

class ConfigPaths;

[[nodiscard]] std::span<const std::string_view> whip_keys();
[[nodiscard]] std::span<const std::string_view> whip_path_keys();

// What the server performs has to be purposes of the policy.
void check_whip(const Config& config, const std::set<std::string, std::less<>>& purposes,
                Faults& faults);

[[nodiscard]] WhipConfig read_whip(const YamlMap& map, const ConfigPaths& paths);

}  // namespace assent::gateway
