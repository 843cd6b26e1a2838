#pragma once

#include "gateway/config.hpp"
#include "gateway/yaml_reader.hpp"

// The section `media` of assent.yaml.
namespace assent::gateway {

inline constexpr std::string_view media_keys[] = {
    "addresses", "port_range", "webrtc_port", "candidate_networks", "workers", "coalescing_pause"};
inline constexpr std::string_view address_keys[] = {"bind", "announce"};
inline constexpr std::string_view port_range_keys[] = {"first", "last"};

// `cores`: of this machine; all but one of them are workers where the file says nothing.
[[nodiscard]] MediaConfig read_media(const YamlMap& map, unsigned cores);

}  // namespace assent::gateway
