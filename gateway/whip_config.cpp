#include "gateway/whip_config.hpp"

#include <utility>

#include "gateway/api_config.hpp"
#include "gateway/config_paths.hpp"
#include "gateway/socket_address.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view keys[] = {"listen",       "tls",           "server",     "server_ca",
                                     "paths",        "public_url",    "performs",   "forwarded_for",
                                     "sessions_max", "answer_within", "lost_after", "silent_after"};
constexpr std::string_view path_keys[] = {"path", "endpoint", "room", "subject"};
constexpr std::size_t purposes_max = 16;
constexpr std::size_t paths_max = 64;

// Without a query; a slash at its end says nothing.
std::optional<WebhookUrl> read_url(const YamlValue& value, std::string_view what,
                                   std::string remedy) {
  const auto text = value.text(1'000);
  if (!text) return std::nullopt;
  auto url = parse_webhook_url(*text);
  if (url && url->target.find('?') == std::string::npos) return url;
  std::string fault = as_shown(*text);
  fault += what;
  value.fault(std::move(fault), std::move(remedy));
  return std::nullopt;
}

std::string read_public_url(const YamlValue& value) {
  if (!value.is_present()) return {};
  const auto url = read_url(value, " is not where clients reach the gateway",
                            "write https://HOST or https://HOST/PATH, without a query");
  if (!url) return {};
  std::string out = url->tls ? "https://" : "http://";
  out += url->authority;
  out += url->target;
  while (out.ends_with('/'))
    out.pop_back();
  return out;
}

std::optional<WhipPattern> read_pattern(const YamlValue& value) {
  const auto text = value.text(1'000);
  if (!text) return std::nullopt;
  auto pattern = WhipPattern::parse(*text);
  if (!pattern)
    value.fault(as_shown(*text) + " is no path of an endpoint",
                "write such as /live/{room}/whip, or /whip?stream={room}");
  if (!text->starts_with(whip_session_path)) return pattern;
  value.fault("begins as the gateway's own sessions do", "choose another path");
  return std::nullopt;
}

std::optional<WhipRule> read_rule(const YamlMap& map) {
  auto pattern = read_pattern(map.required("path"));
  const auto endpoint =
      map.required("endpoint")
          .one_of<WhipEndpoint>({{"whip", WhipEndpoint::whip}, {"whep", WhipEndpoint::whep}});
  const YamlValue room = map.optional("room");
  const bool of_token = map.optional("subject")
                            .one_of<bool>({{"participant", false}, {"token", true}})
                            .value_or(false);
  if (!pattern || !endpoint) return std::nullopt;
  if (pattern->names_room()) room.fault_at_key("is in the path already", "keep one of both");
  if (!pattern->names_room() && !room.is_present())
    map.value().fault("says no room", "write {room} in the path, or the key 'room'");
  WhipRule out;
  out.path = *std::move(pattern);
  out.endpoint = *endpoint;
  out.room = room.id().value_or("");
  out.subject_of_token = of_token;
  return out;
}

std::optional<media::Endpoint> read_listen(const YamlValue& value, bool has_tls) {
  const auto text = value.text(256);
  if (!text) return std::nullopt;
  const auto out = parse_socket_address(*text);
  if (!out)
    value.fault(as_shown(*text) + " is not an address to listen on",
                "write 127.0.0.1:8990 or [::1]:8990");
  if (out && !is_loopback(*out) && !has_tls)
    value.fault("would carry session descriptions over the network unencrypted",
                "listen on 127.0.0.1, or add 'tls:' with a certificate");
  return out;
}

void read_limits(const YamlMap& map, WhipConfig& out) {
  out.sessions_max =
      map.optional("sessions_max").integer<std::size_t>(1, 100'000).value_or(out.sessions_max);
  out.answer_within = map.optional("answer_within").duration(1s, 60s).value_or(out.answer_within);
  out.lost_after = map.optional("lost_after").duration(1s, 1h).value_or(out.lost_after);
  out.silent_after = map.optional("silent_after").duration(1s, 24h).value_or(out.silent_after);
}

}  // namespace

std::span<const std::string_view> whip_keys() {
  return keys;
}

std::span<const std::string_view> whip_path_keys() {
  return path_keys;
}

void check_whip(const Config& config, const std::set<std::string, std::less<>>& purposes,
                Faults& faults) {
  const std::vector<std::string_view> known(purposes.begin(), purposes.end());
  for (const auto& purpose : config.whip.performs) {
    if (purposes.contains(purpose)) continue;
    const auto& at = config.whip.performs_at;
    faults.add({config.file, at.line, at.column, "whip.performs",
                as_shown(purpose) + " is no purpose of the policy", suggest(purpose, known)});
  }
}

WhipConfig read_whip(const YamlMap& map, const ConfigPaths& paths) {
  WhipConfig out;
  const YamlValue listen = map.optional("listen");
  if (!listen.is_present()) {
    for (const std::string_view key : keys) {
      map.optional(key).fault_at_key("needs an address to listen on",
                                     "add 'listen: 127.0.0.1:8990' to 'whip'");
    }
    return out;
  }
  if (map.optional("tls").is_present()) {
    out.tls = read_tls(map.optional("tls").map(tls_keys), paths);
  }
  out.listen = read_listen(listen, out.tls.has_value());
  out.server = read_url(map.required("server"), " is not where the server listens",
                        "write such as http://127.0.0.1:8889, without a query");
  out.server_ca = paths.readable_file(map.optional("server_ca"));
  for (const YamlValue& value : map.required("paths").sequence(paths_max)) {
    if (auto rule = read_rule(value.map(path_keys))) out.paths.push_back(*std::move(rule));
  }
  out.public_url = read_public_url(map.optional("public_url"));
  const YamlValue performs = map.optional("performs");
  out.performs = performs.ids(purposes_max);
  out.performs_at = performs.position();
  out.forwarded_for = map.optional("forwarded_for").boolean().value_or(false);
  read_limits(map, out);
  return out;
}

}  // namespace assent::gateway
