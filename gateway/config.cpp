#include "gateway/config.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "gateway/config_paths.hpp"
#include "gateway/embedded.hpp"
#include "gateway/http_message.hpp"
#include "gateway/media_config.hpp"
#include "gateway/socket_address.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view root_keys[] = {"gateway",      "conference_server",
                                          "media",        "api",
                                          "consent_page", "storage",
                                          "ledger",       "sinks",
                                          "policy",       "keypad",
                                          "webhooks",     "log"};
constexpr std::string_view gateway_keys[] = {"name", "jurisdiction", "ip_database"};
constexpr std::string_view server_keys[] = {"jurisdiction", "processor", "srtp_suites"};
constexpr std::string_view api_keys[] = {"listen", "tls", "tokens", "token_directory"};
constexpr std::string_view tls_keys[] = {"certificate", "key", "client_ca"};
constexpr std::string_view token_keys[] = {"name", "role", "sha256", "room", "participant"};
constexpr std::string_view consent_page_keys[] = {"public_url", "lifetime", "key"};
constexpr std::string_view storage_keys[] = {"database", "cdr_directory", "interim_period",
                                             "queue_max"};
constexpr std::string_view sink_keys[] = {"kind", "address", "directory"};
constexpr std::string_view policy_keys[] = {"policy", "jurisdictions", "transfers"};
constexpr std::string_view log_keys[] = {"level", "format"};

const ConfigKeys all_keys[] = {
    {"", root_keys},
    {"gateway", gateway_keys},
    {"conference_server", server_keys},
    {"media", media_keys},
    {"media.addresses[]", address_keys},
    {"media.port_range", port_range_keys},
    {"api", api_keys},
    {"api.tls", tls_keys},
    {"api.tokens[]", token_keys},
    {"consent_page", consent_page_keys},
    {"storage", storage_keys},
    {"ledger", ledger_keys()},
    {"sinks.*", sink_keys},
    {"policy", policy_keys},
    {"keypad", keypad_keys()},
    {"keypad.prompts[]", prompt_keys()},
    {"webhooks[]", webhook_keys()},
    {"log", log_keys},
};

constexpr std::size_t sinks_max = 16;
constexpr std::size_t tokens_max = 1'000;

// One reading of one file.
class ConfigReader {
 public:
  ConfigReader(const YamlDocument& document, const Surroundings& surroundings, Faults& faults)
      : document_{document},
        surroundings_{surroundings},
        paths_{std::filesystem::path{document.file()}.parent_path(), surroundings.is_here, faults} {
  }

  Config read() {
    const YamlMap root = document_.root().map(root_keys);
    Config config;
    config.file = document_.file();
    config.gateway = gateway(root.optional("gateway").map(gateway_keys));
    config.conference_server = server(root.optional("conference_server").map(server_keys));
    config.media = read_media(root.optional("media").map(media_keys), surroundings_.cores);
    config.api = api(root.optional("api").map(api_keys));
    config.consent_page = consent_page(root.optional("consent_page").map(consent_page_keys));
    config.storage = storage(root.optional("storage").map(storage_keys));
    config.ledger = read_ledger(root.optional("ledger").map(ledger_keys()), paths_,
                                config.storage.database, config.gateway.name);
    config.sinks = sinks(root.optional("sinks"));
    config.policy = policy(root.optional("policy").map(policy_keys));
    config.keypad =
        read_keypad(root.optional("keypad").map(keypad_keys()), paths_, surroundings_.is_here);
    config.webhooks = read_webhooks(root.optional("webhooks"), paths_, surroundings_.is_here);
    config.log = log(root.optional("log").map(log_keys));
    return config;
  }

 private:
  static std::string jurisdiction(const YamlValue& value) {
    const auto text = value.text(64);
    if (!text) return {};
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto upper_or_digit = [&upper](char c) { return upper(c) || (c >= '0' && c <= '9'); };
    const std::string_view code{*text};
    const bool country = code.size() >= 2 && upper(code[0]) && upper(code[1]);
    const bool region = code.size() >= 4 && code.size() <= 6 && code[2] == '-' &&
                        std::all_of(code.begin() + 3, code.end(), upper_or_digit);
    if (country && (code.size() == 2 || region)) return *text;
    value.fault(as_shown(code) + " is not a jurisdiction",
                "write an ISO 3166-1 country such as DE, or an ISO 3166-2 region such as US-CA");
    return {};
  }

  GatewayConfig gateway(const YamlMap& map) const {
    GatewayConfig out;
    if (auto name = map.optional("name").id()) out.name = *name;
    out.jurisdiction = jurisdiction(map.optional("jurisdiction"));
    out.ip_database = paths_.ip_database(map.optional("ip_database"));
    return out;
  }

  static ConferenceServerConfig server(const YamlMap& map) {
    ConferenceServerConfig out;
    out.jurisdiction = jurisdiction(map.optional("jurisdiction"));
    out.processor = map.optional("processor").id().value_or("");
    for (const YamlValue& suite : map.optional("srtp_suites").sequence(media::srtp_suites.size())) {
      using enum media::SrtpSuite;
      const auto known = suite.one_of<media::SrtpSuite>(
          {{to_string(aead_aes_128_gcm), aead_aes_128_gcm},
           {to_string(aead_aes_256_gcm), aead_aes_256_gcm},
           {to_string(aes_cm_128_hmac_sha1_80), aes_cm_128_hmac_sha1_80}});
      if (known) out.srtp_suites.push_back(*known);
    }
    return out;
  }

  ApiConfig api(const YamlMap& map) const {
    ApiConfig out;
    const YamlValue listen_value = map.optional("listen");
    out.listen = listen(listen_value);
    if (map.optional("tls").is_present()) out.tls = tls(map.optional("tls").map(tls_keys));
    const auto* address = std::get_if<media::Endpoint>(&out.listen);
    if (address != nullptr && !is_loopback(*address) && !out.tls) {
      listen_value.fault("would carry tokens and consents over the network unencrypted",
                         "listen on 127.0.0.1 or a Unix socket, or add 'tls:' with a certificate");
    }
    if (address == nullptr && out.tls) {
      map.optional("tls").fault_at_key("a Unix socket does not use TLS", "remove 'tls'");
    }
    out.tokens = tokens(map.optional("tokens"));
    const YamlValue directory = map.optional("token_directory");
    if (directory.is_present()) {
      out.token_directory = paths_.writable_directory(directory);
    } else if (!map.optional("tokens").is_present()) {
      out.token_directory = paths_.checked_default(surroundings_.state / "tokens");
    }
    if (map.optional("tokens").is_present() && !directory.is_present() && out.tokens.empty()) {
      map.optional("tokens").fault_at_key("nobody could use the API",
                                          "list a token, or remove the key to have some made");
    }
    return out;
  }

  std::variant<media::Endpoint, UnixSocket> listen(const YamlValue& value) const {
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

  TlsConfig tls(const YamlMap& map) const {
    TlsConfig out;
    out.certificate = paths_.readable_file(map.required("certificate"));
    out.key = paths_.private_file(map.required("key"));
    out.client_ca = paths_.readable_file(map.optional("client_ca"));
    return out;
  }

  static std::vector<TokenConfig> tokens(const YamlValue& list) {
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

  static TokenConfig read_token(const YamlMap& map) {
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

  // What stands here may be the token itself, put in the wrong place: it is not shown.
  static void read_sha256(const YamlValue& value, std::array<std::byte, 32>& out) {
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

  ConsentPageConfig consent_page(const YamlMap& map) const {
    ConsentPageConfig out;
    out.public_url = public_url(map.optional("public_url"));
    out.lifetime = map.optional("lifetime").duration(1min, 24h).value_or(out.lifetime);
    const YamlValue key = map.optional("key");
    out.key = key.is_present() ? paths_.file_in_writable_directory(key)
                               : paths_.checked_default(surroundings_.state) / "consent-page.key";
    return out;
  }

  // Without the slash at its end.
  static std::string public_url(const YamlValue& value) {
    auto text = value.text(1'000);
    if (!text) return {};
    const auto url = parse_webhook_url(*text);
    const bool plain = url && url->target.find('?') == std::string::npos;
    if (!plain || (!url->tls && url->host != "localhost" && url->host != "127.0.0.1")) {
      value.fault(as_shown(*text) + " is not where people can reach a page",
                  "write https://HOST or https://HOST/PATH, without a query; http:// is for "
                  "localhost only");
    }
    while (text->ends_with('/'))
      text->pop_back();
    return *text;
  }

  StorageConfig storage(const YamlMap& map) const {
    StorageConfig out;
    const YamlValue database = map.optional("database");
    const YamlValue cdrs = map.optional("cdr_directory");
    out.database = database.is_present()
                       ? paths_.file_in_writable_directory(database)
                       : paths_.checked_default(surroundings_.state) / "assent.db";
    out.cdr_directory = cdrs.is_present() ? paths_.writable_directory(cdrs)
                                          : paths_.checked_default(surroundings_.state / "cdr");
    out.interim_period =
        map.optional("interim_period").duration(1s, 1h).value_or(out.interim_period);
    out.queue_max =
        map.optional("queue_max").integer<std::size_t>(64, 1'000'000).value_or(out.queue_max);
    return out;
  }

  std::vector<SinkConfig> sinks(const YamlValue& value) const {
    std::vector<SinkConfig> out;
    for (const YamlEntry& entry : value.entries(sinks_max)) {
      const YamlMap map = entry.value.map(sink_keys);
      enum class Kind : unsigned char { rtp, ogg };
      const auto kind = map.required("kind").one_of<Kind>({{"rtp", Kind::rtp}, {"ogg", Kind::ogg}});
      if (!kind) continue;
      SinkConfig sink{entry.key, {}, entry.value.position()};
      if (*kind == Kind::rtp) {
        map.optional("directory")
            .fault_at_key("a sink of kind rtp has no directory",
                          "remove the key, or write 'kind: ogg'");
        sink.transport = RtpSink{sink_address(map.required("address"))};
      } else {
        map.optional("address").fault_at_key("a sink of kind ogg has no address",
                                             "remove the key, or write 'kind: rtp'");
        const YamlValue directory = map.optional("directory");
        sink.transport =
            OggSink{directory.is_present()
                        ? paths_.writable_directory(directory)
                        : paths_.checked_default(surroundings_.state / "recordings" / entry.key)};
      }
      out.push_back(std::move(sink));
    }
    refuse_shared_places(value, out);
    return out;
  }

  static media::Endpoint sink_address(const YamlValue& value) {
    const auto text = value.text(64);
    if (!text) return {};
    const auto address = parse_socket_address(*text);
    if (address && !is_multicast(*address) && !is_wildcard(*address)) return *address;
    value.fault(as_shown(*text) + " is not the address of a host and a port",
                "write 192.0.2.1:5004 or [2001:db8::1]:5004, in numbers");
    return {};
  }

  // A place that two sinks share serves two purposes, and a consent to one would reach the other.
  static void refuse_shared_places(const YamlValue& value, const std::vector<SinkConfig>& sinks) {
    std::map<std::string, std::string> owners;
    for (const YamlEntry& entry : value.entries(sinks_max)) {
      const auto sink = std::find_if(sinks.begin(), sinks.end(),
                                     [&entry](const auto& s) { return s.name == entry.key; });
      if (sink == sinks.end()) continue;
      const auto* rtp = std::get_if<RtpSink>(&sink->transport);
      const auto* ogg = std::get_if<OggSink>(&sink->transport);
      const bool is_rtp_at_fault = rtp != nullptr && !rtp->address.is_set();
      if (is_rtp_at_fault || (ogg != nullptr && ogg->directory.empty())) continue;
      const std::string place = rtp != nullptr ? socket_address_text(rtp->address)
                                               : ogg->directory.lexically_normal().string();
      const auto [owner, is_first] = owners.emplace(place, entry.key);
      if (!is_first) {
        entry.value.fault_at_key("goes to the same place as " + as_shown(owner->second),
                                 "give each sink a place of its own: it serves one purpose");
      }
    }
  }

  PolicyFiles policy(const YamlMap& map) const {
    return {paths_.readable_file(map.optional("policy")),
            paths_.readable_file(map.optional("jurisdictions")),
            paths_.readable_file(map.optional("transfers"))};
  }

  LogConfig log(const YamlMap& map) const {
    return {map.optional("level")
                .one_of<LogLevel>({{"debug", LogLevel::debug},
                                   {"info", LogLevel::info},
                                   {"warning", LogLevel::warning},
                                   {"error", LogLevel::error}})
                .value_or(LogLevel::info),
            map.optional("format")
                .one_of<LogFormat>({{"json", LogFormat::json}, {"text", LogFormat::text}})
                .value_or(surroundings_.log_format)};
  }

  const YamlDocument& document_;
  const Surroundings& surroundings_;
  ConfigPaths paths_;
};

}  // namespace

Config load_config(const std::filesystem::path& file, const Surroundings& surroundings,
                   Faults& faults) {
  const auto document = YamlDocument::from_file(file, faults);
  return ConfigReader{document, surroundings, faults}.read();
}

Config load_config(std::string name, std::string_view text, const Surroundings& surroundings,
                   Faults& faults) {
  const auto document = YamlDocument::from_text(std::move(name), text, faults);
  return ConfigReader{document, surroundings, faults}.read();
}

Config default_config(const Surroundings& surroundings, Faults& faults) {
  return load_config("assent.yaml", embedded("assent.yaml").value_or(""), surroundings, faults);
}

std::vector<std::string> check_sinks(const Config& config,
                                     const std::set<std::string, std::less<>>& declared_by_policy,
                                     Faults& faults) {
  const std::vector<std::string_view> names(declared_by_policy.begin(), declared_by_policy.end());
  std::set<std::string, std::less<>> without_place = declared_by_policy;
  for (const SinkConfig& sink : config.sinks) {
    without_place.erase(sink.name);
    if (declared_by_policy.contains(sink.name)) continue;
    faults.add({config.file, sink.at.line, sink.at.column, "sinks." + sink.name,
                "the policy declares no sink of this name",
                "declare it in policy.yaml with its purpose, processor and jurisdiction; " +
                    suggest(sink.name, names)});
  }
  return {without_place.begin(), without_place.end()};
}

std::span<const ConfigKeys> config_keys() {
  return all_keys;
}

}  // namespace assent::gateway
