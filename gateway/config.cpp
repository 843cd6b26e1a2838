#include "gateway/config.hpp"

#include <algorithm>
#include <utility>

#include "gateway/api_config.hpp"
#include "gateway/config_paths.hpp"
#include "gateway/embedded.hpp"
#include "gateway/janus_config.hpp"
#include "gateway/jurisdiction_code.hpp"
#include "gateway/media_config.hpp"
#include "gateway/sinks_config.hpp"
#include "gateway/whip_config.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view root_keys[] = {"gateway",      "conference_server",
                                          "media",        "api",
                                          "consent_page", "storage",
                                          "ledger",       "sinks",
                                          "policy",       "keypad",
                                          "webhooks",     "janus",
                                          "log",          "retention",
                                          "exports",      "whip"};
constexpr std::string_view gateway_keys[] = {"name", "jurisdiction", "ip_database"};
constexpr std::string_view server_keys[] = {"jurisdiction", "processor", "srtp_suites"};
constexpr std::string_view consent_page_keys[] = {"public_url", "lifetime", "key"};
constexpr std::string_view storage_keys[] = {
    "database",      "postgresql",       "postgresql_password_file", "cdr_directory",
    "cdr_processor", "cdr_jurisdiction", "interim_period",           "queue_max"};
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
    {"retention", retention_keys()},
    {"retention.contract_ends[]", contract_end_keys()},
    {"sinks.*", sink_keys},
    {"policy", policy_keys},
    {"keypad", keypad_keys()},
    {"keypad.prompts[]", prompt_keys()},
    {"webhooks[]", webhook_keys()},
    {"exports[]", export_keys()},
    {"janus", janus_keys()},
    {"janus.tls", tls_keys},
    {"whip", whip_keys()},
    {"whip.tls", tls_keys},
    {"whip.paths[]", whip_path_keys()},
    {"log", log_keys},
};

// One reading of one file.
class ConfigReader {
 public:
  ConfigReader(const YamlDocument& document, const Surroundings& surroundings, Faults& faults)
      : document_{document},
        surroundings_{surroundings},
        faults_{faults},
        paths_{std::filesystem::path{document.file()}.parent_path(), surroundings.is_here, faults} {
  }

  Config read() {
    const YamlMap root = document_.root().map(root_keys);
    Config config;
    config.file = document_.file();
    const YamlMap gateway_map = root.optional("gateway").map(gateway_keys);
    const YamlMap server_map = root.optional("conference_server").map(server_keys);
    config.gateway = gateway(gateway_map);
    config.conference_server = server(server_map);
    config.places = {gateway_map.optional("jurisdiction").position(),
                     server_map.optional("jurisdiction").position(),
                     server_map.optional("processor").position()};
    config.media = read_media(root.optional("media").map(media_keys), surroundings_.cores);
    config.api = read_api(root.optional("api").map(api_keys), paths_, surroundings_.state);
    config.consent_page = consent_page(root.optional("consent_page").map(consent_page_keys));
    config.storage = storage(root.optional("storage").map(storage_keys));
    config.ledger = read_ledger(root.optional("ledger").map(ledger_keys()), paths_,
                                ledgers_folder(config.storage.database), config.gateway.name);
    config.retention = read_retention(root.optional("retention").map(retention_keys()));
    config.sinks = read_sinks(root.optional("sinks"), paths_, surroundings_.state);
    config.policy = policy(root.optional("policy").map(policy_keys));
    config.keypad =
        read_keypad(root.optional("keypad").map(keypad_keys()), paths_, surroundings_.is_here);
    config.webhooks = read_webhooks(root.optional("webhooks"), paths_, surroundings_.is_here);
    config.exports = read_exports(root.optional("exports"), paths_, surroundings_.is_here);
    check_export_folders(config);
    config.janus = read_janus(root.optional("janus").map(janus_keys()), paths_);
    config.whip = read_whip(root.optional("whip").map(whip_keys()), paths_);
    config.log = log(root.optional("log").map(log_keys));
    return config;
  }

 private:
  GatewayConfig gateway(const YamlMap& map) const {
    GatewayConfig out;
    if (auto name = map.optional("name").id()) out.name = *name;
    out.jurisdiction = read_jurisdiction(map.optional("jurisdiction"));
    out.ip_database = paths_.ip_database(map.optional("ip_database"));
    return out;
  }

  static ConferenceServerConfig server(const YamlMap& map) {
    ConferenceServerConfig out;
    out.jurisdiction = read_jurisdiction(map.optional("jurisdiction"));
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

  [[nodiscard]] std::filesystem::path ledgers_folder(const DatabasePlace& place) const {
    const auto* const file = std::get_if<std::filesystem::path>(&place);
    return file != nullptr ? file->parent_path() : paths_.checked_default(surroundings_.state);
  }

  [[nodiscard]] DatabasePlace database(const YamlMap& map) const {
    const YamlValue file = map.optional("database");
    const YamlValue server = map.optional("postgresql");
    const YamlValue password = map.optional("postgresql_password_file");
    if (!server.is_present()) {
      password.fault_at_key("is for a database that 'postgresql' names", "write that key as well");
      return file.is_present() ? paths_.file_in_writable_directory(file)
                               : paths_.checked_default(surroundings_.state) / "assent.db";
    }
    file.fault_at_key("is given besides 'postgresql'", "keep the one that has the records");
    PostgresqlPlace place;
    if (const auto words = server.text(4'000)) {
      auto parsed = parse_postgresql_place(*words);
      if (parsed) {
        place = *std::move(parsed);
      } else {
        server.fault(parsed.error(),
                     std::string(postgresql_remedy) + " that postgresql_password_file names");
      }
    }
    place.password_file = paths_.private_file(password);
    return place;
  }

  StorageConfig storage(const YamlMap& map) const {
    StorageConfig out;
    const YamlValue cdrs = map.optional("cdr_directory");
    out.database = database(map);
    out.cdr_directory = cdrs.is_present() ? paths_.writable_directory(cdrs)
                                          : paths_.checked_default(surroundings_.state / "cdr");
    out.cdr_processor = map.optional("cdr_processor").id().value_or("");
    out.cdr_jurisdiction = read_jurisdiction(map.optional("cdr_jurisdiction"));
    out.interim_period =
        map.optional("interim_period").duration(1s, 1h).value_or(out.interim_period);
    out.queue_max =
        map.optional("queue_max").integer<std::size_t>(64, 1'000'000).value_or(out.queue_max);
    return out;
  }

  // Where the gateway keeps its own, whoever collects an export's files would find those, too.
  void check_export_folders(const Config& config) const {
    std::vector<std::pair<std::string, std::filesystem::path>> own{
        {"the daily files (storage.cdr_directory)", config.storage.cdr_directory},
        {"the ledger", config.ledger.directory}};
    for (const auto& sink : config.sinks) {
      const auto* recorder = std::get_if<OggSink>(&sink.transport);
      if (recorder == nullptr) continue;
      std::string whose = "the recorder ";
      whose += as_shown(sink.name);
      own.emplace_back(std::move(whose), recorder->directory);
    }
    for (const auto& target : config.exports) {
      const auto* files = std::get_if<FileExport>(&target.to);
      if (files == nullptr || files->directory.empty()) continue;
      for (const auto& [whose, folder] : own) {
        if (!is_same_folder(files->directory, folder)) continue;
        std::string what = as_shown(target.name);
        what += " writes into the folder of ";
        what += whose;
        faults_.add({config.file, target.at.line, target.at.column, "exports", std::move(what),
                     "give the export a folder of its own"});
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
  Faults& faults_;
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

std::span<const ConfigKeys> config_keys() {
  return all_keys;
}

}  // namespace assent::gateway
