#include "gateway/janus_config.hpp"

#include <string>

#include "gateway/api_config.hpp"
#include "gateway/config_paths.hpp"
#include "gateway/socket_address.hpp"

namespace assent::gateway {
namespace {

constexpr std::string_view keys[] = {"listen", "tls",      "websocket",
                                     "http",   "performs", "forwarded_for"};
constexpr std::size_t purposes_max = 16;

// ws:// or http://, without TLS: the way to the server stays on the machine or in one network.
std::optional<WebhookUrl> read_url(const YamlValue& value, std::string_view scheme,
                                   const std::string& example) {
  const auto text = value.text(1'000);
  if (!text) return std::nullopt;
  std::optional<WebhookUrl> url;
  if (text->starts_with(scheme)) {
    url = parse_webhook_url("http://" + text->substr(scheme.size()));
  }
  if (url && url->target.find('?') == std::string::npos) return url;
  value.fault(as_shown(*text) + " is not where Janus listens", "write " + example);
  return std::nullopt;
}

}  // namespace

std::span<const std::string_view> janus_keys() {
  return keys;
}

void check_janus(const Config& config, const std::set<std::string, std::less<>>& purposes,
                 Faults& faults) {
  const std::vector<std::string_view> known(purposes.begin(), purposes.end());
  for (const auto& purpose : config.janus.performs) {
    if (purposes.contains(purpose)) continue;
    const auto& at = config.janus.performs_at;
    faults.add({config.file, at.line, at.column, "janus.performs",
                as_shown(purpose) + " is no purpose of the policy", suggest(purpose, known)});
  }
}

JanusConfig read_janus(const YamlMap& map, const ConfigPaths& paths) {
  JanusConfig out;
  const YamlValue listen = map.optional("listen");
  if (!listen.is_present()) {
    for (const std::string_view key : keys) {
      map.optional(key).fault_at_key("needs an address to listen on",
                                     "add 'listen: 127.0.0.1:8989' to 'janus'");
    }
    return out;
  }
  if (const auto text = listen.text(256)) {
    out.listen = parse_socket_address(*text);
    if (!out.listen) {
      listen.fault(as_shown(*text) + " is not an address to listen on",
                   "write 127.0.0.1:8989 or [::1]:8989");
    }
  }
  if (map.optional("tls").is_present()) {
    out.tls = read_tls(map.optional("tls").map(tls_keys), paths);
  }
  if (out.listen && !is_loopback(*out.listen) && !out.tls) {
    listen.fault("would carry session descriptions over the network unencrypted",
                 "listen on 127.0.0.1, or add 'tls:' with a certificate");
  }
  out.websocket = read_url(map.optional("websocket"), "ws://", "ws://127.0.0.1:8188");
  out.http = read_url(map.optional("http"), "http://", "http://127.0.0.1:8088/janus");
  if (!map.optional("websocket").is_present() && !map.optional("http").is_present()) {
    listen.fault_at_key("leads to no server",
                        "add 'websocket: ws://127.0.0.1:8188', 'http: "
                        "http://127.0.0.1:8088/janus', or both");
  }
  const YamlValue performs = map.optional("performs");
  out.performs = performs.ids(purposes_max);
  out.performs_at = performs.position();
  out.forwarded_for = map.optional("forwarded_for").boolean().value_or(false);
  return out;
}

}  // namespace assent::gateway
