#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/webhook_url.hpp"

namespace assent::gateway {

class ConfigPaths;
class YamlMap;
class YamlValue;

// One receiver of events.
struct WebhookConfig {
  std::string name;  // for logs, metrics and the queue
  WebhookUrl url;
  std::string secret;               // bytes; never shown
  std::vector<std::string> events;  // words of webhook_events(); never empty
  bool allow_private = false;       // see webhook_address.hpp
  std::filesystem::path ca_file;    // PEM; empty: the system's authorities
  std::string processor;            // who receives them; empty: the operator
  std::string jurisdiction;         // where; empty: not known
};

// The events that GET /v1/events tells, and a webhook may ask for.
[[nodiscard]] std::span<const std::string_view> webhook_events();
[[nodiscard]] std::span<const std::string_view> webhook_keys();  // of one webhook in the file

// What a map says of how to reach a receiver: url, secret_file, allow_private and ca_file.
[[nodiscard]] WebhookConfig read_receiver(const YamlMap& map, const ConfigPaths& paths,
                                          bool is_here);

// The list under `webhooks:`.
[[nodiscard]] std::vector<WebhookConfig> read_webhooks(const YamlValue& list,
                                                       const ConfigPaths& paths, bool is_here);

}  // namespace assent::gateway
