#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/candidate_rules.hpp"
#include "gateway/database_place.hpp"
#include "gateway/exports_config.hpp"
#include "gateway/fault.hpp"
#include "gateway/keypad_config.hpp"
#include "gateway/ledger_config.hpp"
#include "gateway/log.hpp"
#include "gateway/retention_config.hpp"
#include "gateway/webhook_config.hpp"
#include "gateway/whip_path.hpp"
#include "gateway/yaml_reader.hpp"
#include "media/endpoint.hpp"
#include "media/header_extension.hpp"
#include "media/srtp_key.hpp"

// What assent.yaml says: where and how to run. config/assent.yaml documents every key, and
// config/assent.schema.json describes the form; tests hold the three together.
namespace assent::gateway {

enum class Role : unsigned char;  // gateway/http_message.hpp

struct MediaAddress {
  media::Endpoint bind;      // port 0
  media::Endpoint announce;  // what session descriptions carry; port 0
  bool operator==(const MediaAddress&) const = default;
};

struct MediaConfig {
  std::vector<MediaAddress> addresses;  // one, or one of each family
  std::uint16_t port_first = 40'000;
  std::uint16_t port_last = 49'999;  // inclusive
  // Of the first worker's WebRTC legs; each further worker has the next. 0: the system chooses.
  std::uint16_t webrtc_port = 0;
  // Of servers' candidates, besides what CandidateRules allows by itself.
  std::vector<IpNetwork> candidate_networks;
  unsigned workers = 1;
  std::chrono::microseconds coalescing_pause{0};  // before each drain: latency for throughput
  bool operator==(const MediaConfig&) const = default;
};

struct TlsConfig {
  std::filesystem::path certificate;  // PEM chain
  std::filesystem::path key;          // PEM
  std::filesystem::path client_ca;    // PEM; empty: clients need no certificate
  bool operator==(const TlsConfig&) const = default;
};

struct TokenConfig {
  std::string name;  // for logs
  Role role{};
  std::array<std::byte, 32> sha256{};  // of the token's text; the token itself is not kept
  std::string room;                    // both only with the role participant
  std::string participant;
  bool operator==(const TokenConfig&) const = default;
};

struct UnixSocket {
  std::filesystem::path path;
  bool operator==(const UnixSocket&) const = default;
};

struct ApiConfig {
  std::variant<media::Endpoint, UnixSocket> listen;
  std::optional<TlsConfig> tls;
  std::vector<TokenConfig> tokens;
  // Where gateway/token_files makes a token for each staff role at the start; empty: none are made.
  std::filesystem::path token_directory;
  bool operator==(const ApiConfig&) const = default;
};

struct StorageConfig {
  DatabasePlace database;
  std::filesystem::path cdr_directory;  // daily files of JSON lines
  std::string cdr_processor;            // who gets them; empty: the operator
  std::string cdr_jurisdiction;         // where; empty: where the gateway is
  std::chrono::microseconds interim_period{std::chrono::seconds{10}};
  std::size_t queue_max = 8'192;  // requests
  bool operator==(const StorageConfig&) const = default;
};

enum class RtpTransport : unsigned char {
  udp,  // and RTCP on the port above
  tcp,  // framed, with RTCP (RFC 4571)
};
struct RtpSink {
  media::Endpoint address;
  RtpTransport transport = RtpTransport::udp;
  media::HeaderExtensions extensions = 0;  // that its copies keep
  bool operator==(const RtpSink&) const = default;
};
struct OggSink {
  std::filesystem::path directory;
  bool operator==(const OggSink&) const = default;
};
enum class PcmTransport : unsigned char {
  websocket,
  stream,  // of frames
};
struct PcmSink {
  std::variant<media::Endpoint, UnixSocket> address;
  PcmTransport transport = PcmTransport::websocket;
  std::string path = "/";  // of a WebSocket
  bool operator==(const PcmSink&) const = default;
};
using SinkTransport = std::variant<RtpSink, OggSink, PcmSink>;
struct SinkConfig {
  std::string name;  // the policy declares its purpose under the same name
  SinkTransport transport;
  YamlPosition at;  // in the file, for faults found later
};

// Empty: the data set that is part of the program.
struct PolicyFiles {
  std::filesystem::path policy;
  std::filesystem::path jurisdictions;
  std::filesystem::path transfers;
  bool operator==(const PolicyFiles&) const = default;
};

struct GatewayConfig {
  std::string name = "assent";
  std::string jurisdiction;           // ISO 3166-1 or -2; empty: not known, and nothing is assumed
  std::filesystem::path ip_database;  // MaxMind DB; empty: no address is looked up
  bool operator==(const GatewayConfig&) const = default;
};

struct ConferenceServerConfig {
  std::string jurisdiction;  // as above
  std::string processor;     // who runs it, by its name in the policy; empty: the operator
  std::vector<media::SrtpSuite> srtp_suites;  // offered to it, in this order; empty: all
  bool operator==(const ConferenceServerConfig&) const = default;
};

// The participant's own page, /consent/{token}.
struct ConsentPageConfig {
  std::string public_url;  // what stands before /consent/; empty: links are paths only
  std::chrono::microseconds lifetime{std::chrono::hours{4}};  // of a link that says none
  std::filesystem::path key;                                  // links are sealed with
  bool operator==(const ConsentPageConfig&) const = default;
};

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
  bool operator==(const LogConfig&) const = default;
};

// In front of the API of a Janus server; absent where nothing listens.
struct JanusConfig {
  std::optional<media::Endpoint> listen;
  std::optional<TlsConfig> tls;
  std::optional<WebhookUrl> websocket;  // of the server; without TLS
  std::optional<WebhookUrl> http;
  std::vector<std::string> performs;  // purposes that the server performs in every room
  YamlPosition performs_at;
  bool forwarded_for = false;  // the client's address is the last one of X-Forwarded-For
};

// In front of a server of WHIP and WHEP; absent where nothing listens.
struct WhipConfig {
  std::optional<media::Endpoint> listen;
  std::optional<TlsConfig> tls;
  std::optional<WebhookUrl> server;
  std::filesystem::path server_ca;    // PEM; empty: the system's
  std::vector<WhipRule> paths;        // the first that matches counts
  std::string public_url;             // what stands before the paths of sessions; empty: nothing
  std::vector<std::string> performs;  // purposes that the server performs in every room
  YamlPosition performs_at;
  bool forwarded_for = false;  // the client's address is the last one of X-Forwarded-For
  std::size_t sessions_max = 1'000;
  std::chrono::microseconds answer_within{std::chrono::seconds{10}};  // of the server
  std::chrono::microseconds lost_after{std::chrono::seconds{30}};     // somebody is not there
  std::chrono::microseconds silent_after{std::chrono::minutes{10}};   // no media
};

// Where the file says what only the policy can judge. {0, 0}: it does not say it.
struct ConfigPlaces {
  YamlPosition gateway_jurisdiction;
  YamlPosition server_jurisdiction;
  YamlPosition server_processor;
};

struct Config {
  std::string file;  // for faults found later, and so are the places
  ConfigPlaces places;
  MediaConfig media;
  ApiConfig api;
  ConsentPageConfig consent_page;
  StorageConfig storage;
  LedgerConfig ledger;
  RetentionConfig retention;
  std::vector<SinkConfig> sinks;  // in the file's order
  PolicyFiles policy;
  GatewayConfig gateway;
  ConferenceServerConfig conference_server;
  KeypadConfig keypad;
  std::vector<WebhookConfig> webhooks;
  std::vector<ExportConfig> exports;
  JanusConfig janus;
  WhipConfig whip;
  LogConfig log;
};

// What the defaults take from the machine.
struct Surroundings {
  std::filesystem::path state;  // folder of everything that is kept
  unsigned cores = 1;
  LogFormat log_format = LogFormat::json;
  // False: the file is for another machine; its folders and certificates are not looked at.
  bool is_here = true;

  // State: $STATE_DIRECTORY (systemd), $XDG_STATE_HOME/assent, or build/assent-state. Text logs on
  // a terminal, JSON elsewhere.
  [[nodiscard]] static Surroundings of_process();
};

// Relative paths are relative to the file's folder. With a fault the result is not to be used.
[[nodiscard]] Config load_config(const std::filesystem::path& file,
                                 const Surroundings& surroundings, Faults& faults);
[[nodiscard]] Config load_config(std::string name, std::string_view text,
                                 const Surroundings& surroundings, Faults& faults);
// The embedded config/assent.yaml.
[[nodiscard]] Config default_config(const Surroundings& surroundings, Faults& faults);

// Sinks of the file that the policy does not declare are faults. Declared ones without a place in
// the file get no media, which is safe, so they are only returned.
[[nodiscard]] std::vector<std::string> check_sinks(
    const Config& config, const std::set<std::string, std::less<>>& declared_by_policy,
    Faults& faults);

// Makes the folders that the configuration names (mode 0700 for those with personal data).
void make_directories(const Config& config, Faults& faults);

// Every key the loader knows, by the path of its map: "media.port_range", "api.tokens[]",
// "sinks.*".
struct ConfigKeys {
  std::string_view path;
  std::span<const std::string_view> keys;
};
[[nodiscard]] std::span<const ConfigKeys> config_keys();

}  // namespace assent::gateway
