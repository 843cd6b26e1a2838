#include "gateway/api_config.hpp"

#include <algorithm>
#include <utility>

#include "gateway/config_paths.hpp"
#include "gateway/http_message.hpp"
#include "gateway/socket_address.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t tokens_max = 1'000;

std::variant<media::Endpoint, UnixSocket> read_listen(const YamlValue& value) {
  const media::Endpoint loopback =
      parse_socket_address("127.0.0.1:8088").value_or(media::Endpoint{});
  const auto text = value.text(256);
  if (!text) return loopback;
  constexpr std::string_view unix_prefix = "unix:";
  if (text->starts_with(unix_prefix)) {
    const std::filesystem::path path{text->substr(unix_prefix.size())};
    constexpr std::size_t sun_path_max = 107;  // unix(7), less the terminating zero
    if (!path.is_absolute() || path.native().size() > sun_path_max || !path.has_filename()) {
      value.fault("is not the path of a Unix socket",
                  "write unix: and an absolute path of at most 107 bytes, such as "
                  "unix:/run/assent/api.sock");
    }
    return UnixSocket{path};
  }
  if (const auto address = parse_socket_address(*text)) return *address;
  value.fault(as_shown(*text) + " is not an address to listen on",
              "write 127.0.0.1:8088, [::1]:8088 or unix:/run/assent/api.sock");
  return loopback;
}

// What stands here may be the token itself, put in the wrong place: it is not shown.
void read_sha256(const YamlValue& value, std::array<std::byte, 32>& out) {
  const auto text = value.text(256);
  if (!text) return;
  const auto digit = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    return 16;
  };
  const bool is_hex =
      std::all_of(text->begin(), text->end(), [&](char c) { return digit(c) < 16; });
  if (text->size() != 2 * out.size() || !is_hex) {
    value.fault("is not a SHA-256 in hexadecimal",
                "write the 64 digits that 'printf %s \"$TOKEN\" | sha256sum' prints");
    return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::byte>(digit((*text)[2 * i]) * 16 + digit((*text)[2 * i + 1]));
  }
}

TokenConfig read_token(const YamlMap& map) {
  TokenConfig out;
  out.name = map.required("name").id().value_or("");
  const auto role = map.required("role").one_of<Role>({
      {"conference-server", Role::conference_server},
      {"operator", Role::operator_},
      {"privacy-officer", Role::privacy_officer},
      {"participant", Role::participant},
      {"guardian", Role::guardian},
  });
  read_sha256(map.required("sha256"), out.sha256);
  if (!role) return out;
  out.role = *role;
  if (is_bound(out.role)) {
    out.room = map.required("room").id().value_or("");
    out.participant = map.required("participant").id().value_or("");
    return out;
  }
  for (const std::string_view key : {"room", "participant"}) {
    map.optional(key).fault_at_key("only a token with the role participant or guardian has it",
                                   "remove the key, or write 'role: participant'");
  }
  return out;
}

std::vector<TokenConfig> read_tokens(const YamlValue& list) {
  std::vector<TokenConfig> out;
  for (const YamlValue& value : list.sequence(tokens_max)) {
    TokenConfig token = read_token(value.map(token_keys));
    for (const TokenConfig& other : out) {
      if (!token.name.empty() && other.name == token.name) {
        value.fault("its name is that of another token", "give each token a name of its own");
      }
      if (token.sha256 != decltype(token.sha256){} && other.sha256 == token.sha256) {
        value.fault("its sha256 is that of another token", "make a token for each user");
      }
    }
    out.push_back(std::move(token));
  }
  return out;
}

}  // namespace

TlsConfig read_tls(const YamlMap& map, const ConfigPaths& paths) {
  TlsConfig out;
  out.certificate = paths.readable_file(map.required("certificate"));
  out.key = paths.private_file(map.required("key"));
  out.client_ca = paths.readable_file(map.optional("client_ca"));
  return out;
}

ApiConfig read_api(const YamlMap& map, const ConfigPaths& paths,
                   const std::filesystem::path& state) {
  ApiConfig out;
  const YamlValue listen_value = map.optional("listen");
  out.listen = read_listen(listen_value);
  if (map.optional("tls").is_present())
    out.tls = read_tls(map.optional("tls").map(tls_keys), paths);
  const auto* address = std::get_if<media::Endpoint>(&out.listen);
  if (address != nullptr && !is_loopback(*address) && !out.tls) {
    listen_value.fault("would carry tokens and consents over the network unencrypted",
                       "listen on 127.0.0.1 or a Unix socket, or add 'tls:' with a certificate");
  }
  if (address == nullptr && out.tls) {
    map.optional("tls").fault_at_key("a Unix socket does not use TLS", "remove 'tls'");
  }
  out.tokens = read_tokens(map.optional("tokens"));
  const YamlValue directory = map.optional("token_directory");
  if (directory.is_present()) {
    out.token_directory = paths.writable_directory(directory);
  } else if (!map.optional("tokens").is_present()) {
    out.token_directory = paths.checked_default(state / "tokens");
  }
  if (map.optional("tokens").is_present() && !directory.is_present() && out.tokens.empty()) {
    map.optional("tokens").fault_at_key("nobody could use the API",
                                        "list a token, or remove the key to have some made");
  }
  return out;
}

}  // namespace assent::gateway
