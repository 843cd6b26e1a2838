#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "gateway/config.hpp"
#include "gateway/yaml_reader.hpp"

// The section `janus` of assent.yaml.
namespace assent::gateway {

class ConfigPaths;

[[nodiscard]] std::span<const std::string_view> janus_keys();

// What it performs has to be purposes of the policy.
void check_janus(const Config& config, const std::set<std::string, std::less<>>& purposes,
                 Faults& faults);

[[nodiscard]] JanusConfig read_janus(const YamlMap& map, const ConfigPaths& paths);

}  // namespace assent::gateway
