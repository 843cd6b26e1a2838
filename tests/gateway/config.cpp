#include "gateway/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "gateway/embedded.hpp"
#include "gateway/http_message.hpp"
#include "gateway/socket_address.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view digest_a =
    "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";
constexpr std::string_view digest_b =
    "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";

Surroundings elsewhere() {
  return {"/var/lib/assent", 4, LogFormat::json, false};
}

std::string read_text(const fs::path& path) {
  std::ifstream stream{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

fs::path source_folder() {
  return ASSENT_SOURCE_FOLDER;
}

class ConfigFile : public testing::Test {
 protected:
  Config load(std::string_view text) {
    return load_config("assent.yaml", text, elsewhere(), faults);
  }
  std::string only_fault() const {
    EXPECT_EQ(faults.in_order().size(), 1U) << to_string(faults);
    return to_string(faults);
  }
  Faults faults;
};

TEST_F(ConfigFile, ANothingIsSafeDefaults) {
  const Config config = load("");
  EXPECT_TRUE(faults.empty()) << to_string(faults);
  ASSERT_EQ(config.media.addresses.size(), 1U);
  EXPECT_TRUE(is_loopback(config.media.addresses[0].bind));
  EXPECT_EQ(config.media.port_first, 40'000);
  EXPECT_EQ(config.media.port_last, 49'999);
  EXPECT_EQ(config.media.workers, 3U);
  EXPECT_EQ(config.media.webrtc_port, 0);
  EXPECT_EQ(config.media.coalescing_pause, 0us);
  EXPECT_EQ(std::get<media::Endpoint>(config.api.listen), parse_socket_address("127.0.0.1:8088"));
  EXPECT_FALSE(config.api.tls.has_value());
  EXPECT_EQ(config.api.token_directory, "/var/lib/assent/tokens");
  EXPECT_EQ(config.storage.database, DatabasePlace{"/var/lib/assent/assent.db"});
  EXPECT_EQ(config.storage.cdr_directory, "/var/lib/assent/cdr");
  EXPECT_EQ(config.storage.interim_period, 10s);
  EXPECT_THAT(config.sinks, IsEmpty());
  EXPECT_TRUE(config.gateway.jurisdiction.empty());
  EXPECT_EQ(config.log.level, LogLevel::info);
}

TEST_F(ConfigFile, OneCoreStillGetsOneWorker) {
  Surroundings small = elsewhere();
  small.cores = 1;
  EXPECT_EQ(load_config("a", "", small, faults).media.workers, 1U);
}

TEST_F(ConfigFile, ReadsEveryKey) {
  const Config config = load(
      "consent_page: {public_url: 'https://calls.example/c/', lifetime: 1h, key: page.key}\n"
      "gateway: {name: edge-1, jurisdiction: US-CA, ip_database: places.mmdb}\n"
      "conference_server: {jurisdiction: DE, processor: provider,\n"
      "  srtp_suites: [AES_CM_128_HMAC_SHA1_80]}\n"
      "media:\n"
      "  addresses: [{bind: 0.0.0.0, announce: 203.0.113.7}, {bind: '2001:db8::1'}]\n"
      "  port_range: {first: 20000, last: 20999}\n"
      "  webrtc_port: 19000\n"
      "  candidate_networks: [10.0.0.0/8, '::1']\n"
      "  workers: 2\n"
      "  coalescing_pause: 200us\n"
      "api:\n"
      "  listen: 192.0.2.1:8443\n"
      "  tls: {certificate: c.pem, key: k.pem, client_ca: /etc/ca.pem}\n"
      "  tokens:\n"
      "    - {name: server, role: conference-server, sha256: " +
      std::string{digest_a} +
      "}\n"
      "    - {name: kiosk, role: participant, room: r1, participant: p1, sha256: " +
      std::string{digest_b} +
      "}\n"
      "    - {name: parent, role: guardian, room: r1, participant: p1, sha256: " +
      std::string(64, 'c') +
      "}\n"
      "storage: {database: a.db, cdr_directory: cdr, interim_period: 1min, queue_max: 100}\n"
      "sinks:\n"
      "  recorder: {kind: ogg, directory: rec}\n"
      "  transcriber: {kind: rtp, address: '[2001:db8::2]:5004'}\n"
      "policy: {policy: p.yaml, jurisdictions: j.yaml, transfers: t.yaml}\n"
      "retention: {hour: -1, answers: 7d, contract_ends: [{tenant: t, last_day: 2027-01-31}]}\n"
      "webhooks: [{name: archive, url: 'http://127.0.0.1:81/x', secret_file: s, events: [cut],\n"
      "  allow_private: true}]\n"
      "log: {level: debug, format: text}\n");
  EXPECT_TRUE(faults.empty()) << to_string(faults);
  EXPECT_EQ(config.consent_page, (ConsentPageConfig{"https://calls.example/c", 1h, "page.key"}));
  EXPECT_EQ(config.gateway, (GatewayConfig{"edge-1", "US-CA", "places.mmdb"}));
  EXPECT_EQ(
      config.conference_server,
      (ConferenceServerConfig{"DE", "provider", {media::SrtpSuite::aes_cm_128_hmac_sha1_80}}));
  ASSERT_EQ(config.media.addresses.size(), 2U);
  EXPECT_EQ(media::address_text(config.media.addresses[0].announce), "203.0.113.7");
  EXPECT_EQ(config.media.addresses[1].bind, config.media.addresses[1].announce);
  EXPECT_EQ(config.media.port_last, 20'999);
  EXPECT_EQ(config.media.webrtc_port, 19'000);
  EXPECT_EQ(config.media.candidate_networks,
            (std::vector{*parse_network("10.0.0.0/8"), *parse_network("::1")}));
  EXPECT_EQ(config.media.coalescing_pause, 200us);
  ASSERT_TRUE(config.api.tls.has_value());
  EXPECT_EQ(config.api.tls->client_ca, "/etc/ca.pem");
  ASSERT_EQ(config.api.tokens.size(), 3U);
  EXPECT_EQ(config.api.tokens[0].role, Role::conference_server);
  EXPECT_EQ(config.api.tokens[0].sha256[0], std::byte{0x5f});
  EXPECT_EQ(config.api.tokens[0].sha256[31], std::byte{0xe9});
  EXPECT_EQ(config.api.tokens[1].participant, "p1");
  EXPECT_EQ(config.api.tokens[2].role, Role::guardian);
  EXPECT_TRUE(config.api.token_directory.empty());
  EXPECT_EQ(config.storage.interim_period, 60s);
  ASSERT_EQ(config.sinks.size(), 2U);
  EXPECT_EQ(std::get<OggSink>(config.sinks[0].transport).directory, "rec");
  EXPECT_EQ(std::get<RtpSink>(config.sinks[1].transport).address.port, 5004);
  EXPECT_EQ(config.policy, (PolicyFiles{"p.yaml", "j.yaml", "t.yaml"}));
  EXPECT_EQ(config.retention.hour, std::nullopt);
  EXPECT_EQ(config.retention.answers, 24h * 7);
  EXPECT_EQ(config.retention.contract_ends.at("t"),
            std::chrono::sys_days{std::chrono::year{2027} / 1 / 31});
  ASSERT_EQ(config.webhooks.size(), 1U);
  EXPECT_EQ(config.webhooks[0].url.port, 81);
  EXPECT_EQ(config.webhooks[0].events, std::vector<std::string>{"cut"});
  EXPECT_EQ(config.log, (LogConfig{LogLevel::debug, LogFormat::text}));
}

TEST_F(ConfigFile, PathsAreRelativeToTheFilesFolder) {
  const Config config = load_config("/etc/assent/assent.yaml", "policy: {policy: policy.yaml}\n",
                                    elsewhere(), faults);
  EXPECT_EQ(config.policy.policy, "/etc/assent/policy.yaml");
}

TEST_F(ConfigFile, TheApiLeavesTheMachineOnlyWithTls) {
  load("api: {listen: 0.0.0.0:8088}\n");
  EXPECT_THAT(only_fault(), HasSubstr("assent.yaml:1:15: api.listen: would carry tokens"));
}

TEST_F(ConfigFile, TheApiMayListenOnAUnixSocket) {
  const Config config = load("api: {listen: 'unix:/run/assent/api.sock'}\n");
  EXPECT_TRUE(faults.empty()) << to_string(faults);
  EXPECT_EQ(std::get<UnixSocket>(config.api.listen).path, "/run/assent/api.sock");
  load("api: {listen: 'unix:api.sock'}\n");
  EXPECT_THAT(only_fault(), HasSubstr("an absolute path"));
}

TEST_F(ConfigFile, AnAddressThatIsNoneIsAFault) {
  for (const std::string text : {"localhost:8088", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536",
                                 "::1:8088", "[127.0.0.1]:80", "127.0.0.1:80x", ":80"}) {
    Faults found;
    (void)load_config("a", "api: {listen: '" + text + "'}\n", elsewhere(), found);
    EXPECT_THAT(to_string(found), HasSubstr("not an address to listen on")) << text;
  }
}

TEST_F(ConfigFile, ATokenInThePlaceOfItsHashIsNotShown) {
  load("api:\n  tokens:\n    - {name: a, role: operator, sha256: canary-canary-canary}\n");
  const std::string fault = only_fault();
  EXPECT_THAT(fault, HasSubstr("sha256sum"));
  EXPECT_THAT(fault, Not(HasSubstr("canary")));
}

TEST_F(ConfigFile, TokensAreDistinctAndNamed) {
  load("api:\n  tokens:\n    - {name: a, role: operator, sha256: " + std::string{digest_a} +
       "}\n    - {name: a, role: operatr, sha256: " + std::string{digest_a} + "}\n");
  const std::string all = to_string(faults);
  EXPECT_THAT(all, HasSubstr("did you mean 'operator'?"));
  EXPECT_THAT(all, HasSubstr("its name is that of another token"));
  EXPECT_THAT(all, HasSubstr("its sha256 is that of another token"));
}

TEST_F(ConfigFile, OnlyAParticipantsTokenIsBoundToAParticipant) {
  load("api:\n  tokens:\n    - {name: a, role: participant, sha256: " + std::string{digest_a} +
       "}\n    - {name: b, role: operator, room: r, sha256: " + std::string{digest_b} + "}\n");
  const std::string all = to_string(faults);
  EXPECT_THAT(all, HasSubstr("'room' is missing"));
  EXPECT_THAT(all, HasSubstr("'participant' is missing"));
  EXPECT_THAT(all,
              HasSubstr("api.tokens[1].room: only a token with the role participant or guardian"));
}

TEST_F(ConfigFile, NoTokensAtAllIsAFault) {
  load("api: {tokens: []}\n");
  EXPECT_THAT(only_fault(), HasSubstr("nobody could use the API"));
}

TEST_F(ConfigFile, ThePortRangeHoldsAtLeastOneCall) {
  load("media:\n  port_range: {first: 40000, last: 40002}\n");
  EXPECT_THAT(only_fault(), HasSubstr("too few for one call"));
}

TEST_F(ConfigFile, EachWorkerHasAWebRtcPortThatNoCallTakes) {
  load("media: {webrtc_port: 39999, workers: 2}\n");
  EXPECT_THAT(only_fault(), HasSubstr("among those of 'port_range'"));
  faults = {};
  load("media: {webrtc_port: 65535, workers: 2}\n");
  EXPECT_THAT(only_fault(), HasSubstr("not as many ports"));
  faults = {};
  load("media: {webrtc_port: 39998, workers: 2}\n");
  EXPECT_TRUE(faults.empty());
}

TEST_F(ConfigFile, AWildcardIsNotAnnounced) {
  load("media: {addresses: [{bind: 0.0.0.0}]}\n");
  EXPECT_THAT(only_fault(), HasSubstr("add 'announce:'"));
}

TEST_F(ConfigFile, EachFamilyHasOneAddress) {
  load("media: {addresses: [{bind: 127.0.0.1}, {bind: 127.0.0.2}]}\n");
  EXPECT_THAT(only_fault(), HasSubstr("second IPv4"));
}

TEST_F(ConfigFile, AnnounceIsOfTheFamilyOfBind) {
  load("media: {addresses: [{bind: 10.0.0.1, announce: '2001:db8::1'}]}\n");
  EXPECT_THAT(only_fault(), HasSubstr("same family"));
}

TEST_F(ConfigFile, HostNamesAndMulticastAreNoMediaAddresses) {
  load("media: {addresses: [{bind: localhost}, {bind: 224.0.0.1}]}\n");
  EXPECT_EQ(faults.in_order().size(), 2U) << to_string(faults);
}

TEST_F(ConfigFile, CandidateNetworksAreWhatTheySay) {
  load("media:\n  candidate_networks: [10.0.0.0/8, 10.0.0.1/8]\n");
  EXPECT_THAT(only_fault(), HasSubstr(":2:36: "));
  EXPECT_THAT(only_fault(), HasSubstr("no network of IP addresses"));
}

TEST_F(ConfigFile, TwoSinksDoNotShareAPlace) {
  load(
      "sinks:\n"
      "  a: {kind: rtp, address: 127.0.0.1:5004}\n"
      "  b: {kind: rtp, address: 127.0.0.1:5004}\n"
      "  c: {kind: ogg, directory: x}\n"
      "  d: {kind: ogg, directory: y/../x}\n");
  EXPECT_EQ(faults.in_order().size(), 2U) << to_string(faults);
  EXPECT_THAT(to_string(faults), HasSubstr("sinks.b: goes to the same place as 'a'"));
  EXPECT_THAT(to_string(faults), HasSubstr("sinks.d: goes to the same place as 'c'"));
}

TEST_F(ConfigFile, AnRtpSinkKeepsTheHeaderExtensionsThatItNamesAndNoneByDefault) {
  const Config config = load(
      "sinks:\n"
      "  a: {kind: rtp, address: 127.0.0.1:5004}\n"
      "  b: {kind: rtp, address: 127.0.0.1:5006,\n"
      "    extensions: ['urn:3gpp:video-orientation']}\n");
  EXPECT_TRUE(faults.empty()) << to_string(faults);
  ASSERT_EQ(config.sinks.size(), 2U);
  EXPECT_EQ(std::get<RtpSink>(config.sinks[0].transport).extensions, 0U);
  EXPECT_EQ(std::get<RtpSink>(config.sinks[1].transport).extensions,
            media::extension_bit(media::HeaderExtension::video_orientation));
}

TEST_F(ConfigFile, OnlyExtensionsThatCopiesCanKeepAreNamed) {
  load(
      "sinks:\n"
      "  a: {kind: rtp, address: 127.0.0.1:5004,\n"
      "    extensions: ['urn:ietf:params:rtp-hdrext:csrc-audio-level']}\n"
      "  b: {kind: ogg, directory: x, extensions: ['urn:3gpp:video-orientation']}\n");
  EXPECT_EQ(faults.in_order().size(), 2U) << to_string(faults);
  EXPECT_THAT(to_string(faults), HasSubstr("is no header extension that copies can keep"));
}

TEST_F(ConfigFile, ASinksKeysFitItsKind) {
  load(
      "sinks:\n"
      "  a: {kind: rtp, address: 127.0.0.1:5004, directory: x}\n"
      "  b: {kind: ogg, address: 127.0.0.1:5004}\n"
      "  c: {kind: rtp}\n"
      "  d: {kind: wav}\n"
      "  e: {kind: rtp, address: 0.0.0.0:5004}\n");
  EXPECT_EQ(faults.in_order().size(), 5U) << to_string(faults);
}

TEST_F(ConfigFile, APcmSinkIsAWebSocketOrAStream) {
  const Config config = load(
      "sinks:\n"
      "  a: {kind: pcm, address: 127.0.0.1:2700}\n"
      "  b: {kind: pcm, address: \"[::1]:2700\", path: \"/audio?language=en\"}\n"
      "  c: {kind: pcm, address: \"unix:/run/transcriber.sock\", transport: stream}\n");
  ASSERT_TRUE(faults.empty()) << to_string(faults);
  const auto& a = std::get<PcmSink>(config.sinks[0].transport);
  EXPECT_EQ(std::get<media::Endpoint>(a.address).port, 2700);
  EXPECT_EQ(a.transport, PcmTransport::websocket);
  EXPECT_EQ(a.path, "/");
  EXPECT_EQ(std::get<PcmSink>(config.sinks[1].transport).path, "/audio?language=en");
  const auto& c = std::get<PcmSink>(config.sinks[2].transport);
  EXPECT_EQ(std::get<UnixSocket>(c.address).path, "/run/transcriber.sock");
  EXPECT_EQ(c.transport, PcmTransport::stream);
}

TEST_F(ConfigFile, APcmSinkIsAPlaceThatCanBeConnectedToAndSaysNothingElse) {
  const std::string long_path(120, 'x');
  for (const std::string keys : {
           "kind: pcm",
           "kind: pcm, address: transcriber:2700",
           "kind: pcm, address: 0.0.0.0:2700",
           "kind: pcm, address: 127.0.0.1:0",
           "kind: pcm, address: 224.0.0.1:2700",
           "kind: pcm, address: unix:relative.sock",
           "kind: pcm, address: unix:/run/",
           "kind: pcm, address: unix:",
           "kind: pcm, address: \"ws://127.0.0.1:2700\"",
           "kind: pcm, address: 127.0.0.1:2700, transport: tcp",
           "kind: pcm, address: 127.0.0.1:2700, directory: x",
           "kind: pcm, address: 127.0.0.1:2700, path: audio",
           "kind: pcm, address: 127.0.0.1:2700, path: \"/audio HTTP/1.1\"",
           "kind: pcm, address: 127.0.0.1:2700, path: \"/\\r\\nHost: x\"",
           "kind: pcm, address: 127.0.0.1:2700, path: \"/\\x7f\"",
           "kind: pcm, address: 127.0.0.1:2700, path: \"/a#b\"",
           "kind: pcm, address: 127.0.0.1:2700, transport: stream, path: /audio",
           "kind: rtp, address: unix:/run/transcriber.sock",
           "kind: rtp, address: 127.0.0.1:2700, transport: websocket",
           "kind: rtp, address: 127.0.0.1:2700, path: /audio",
           "kind: ogg, path: /audio",
       }) {
    Faults found;
    (void)load_config("a", "sinks:\n  a: {" + keys + "}\n", elsewhere(), found);
    EXPECT_EQ(found.in_order().size(), 1U) << keys << '\n' << to_string(found);
  }
  Faults found;
  (void)load_config("a", "sinks:\n  a: {kind: pcm, address: unix:/" + long_path + "}\n",
                    elsewhere(), found);
  EXPECT_EQ(found.in_order().size(), 1U) << to_string(found);
}

TEST_F(ConfigFile, TwoPcmSinksAtOneServerAreToldApartByTheirPaths) {
  load(
      "sinks:\n"
      "  a: {kind: pcm, address: 127.0.0.1:2700, path: /a}\n"
      "  b: {kind: pcm, address: 127.0.0.1:2700, path: /b}\n"
      "  c: {kind: pcm, address: 127.0.0.1:2700, path: /b}\n"
      "  d: {kind: pcm, address: unix:/run/t.sock, transport: stream}\n"
      "  e: {kind: pcm, address: unix:/run/../run/t.sock, transport: stream}\n"
      "  f: {kind: rtp, address: 127.0.0.1:2701}\n"
      "  g: {kind: pcm, address: 127.0.0.1:2701}\n");
  EXPECT_EQ(faults.in_order().size(), 3U) << to_string(faults);
  EXPECT_THAT(to_string(faults), HasSubstr("sinks.c: goes to the same place as 'b'"));
  EXPECT_THAT(to_string(faults), HasSubstr("sinks.e: goes to the same place as 'd'"));
  EXPECT_THAT(to_string(faults), HasSubstr("sinks.g: goes to the same place as 'f'"));
}

TEST_F(ConfigFile, ASinkThatThePolicyDoesNotDeclareIsAFault) {
  const Config config = load("sinks:\n  recoder: {kind: ogg}\n");
  const auto without_place = check_sinks(config, {"recorder", "transcriber"}, faults);
  EXPECT_THAT(only_fault(), HasSubstr("assent.yaml:2:12: sinks.recoder"));
  EXPECT_THAT(only_fault(), HasSubstr("did you mean 'recorder'?"));
  EXPECT_THAT(without_place, ElementsAre("recorder", "transcriber"));
}

TEST_F(ConfigFile, JurisdictionsAreIsoCodes) {
  for (const std::string text : {"de", "GER", "US-", "US-california", "Germany", "D1", "US_CA"}) {
    Faults found;
    (void)load_config("a", "gateway: {jurisdiction: " + text + "}\n", elsewhere(), found);
    EXPECT_FALSE(found.empty()) << text;
  }
  EXPECT_EQ(load("gateway: {jurisdiction: NO}\n").gateway.jurisdiction, "NO");
}

TEST_F(ConfigFile, AllFaultsOfAllSectionsComeAtOnce) {
  load(
      "gatway: {}\n"
      "media: {workers: 0, port_range: {first: 10, last: 20}}\n"
      "api: {listen: here, tls: {}}\n"
      "storage: {interim_period: 10, queue_max: many}\n"
      "sinks: [recorder]\n"
      "log: {level: verbose, format: yaml}\n");
  EXPECT_EQ(faults.in_order().size(), 12U) << to_string(faults);
}

TEST_F(ConfigFile, APathIsOneLine) {
  load("policy:\n  policy: |\n    policy.yaml\n");
  EXPECT_THAT(only_fault(), HasSubstr("policy.policy: is more than one line"));
}

// --- a database of a server ---

TEST_F(ConfigFile, TheDatabaseMayBeAServers) {
  const auto config = load(
      "storage:\n  postgresql: host=/run/postgresql dbname=records user=assent\n"
      "  postgresql_password_file: secret\n");
  EXPECT_TRUE(faults.empty()) << to_string(faults);
  const auto& server = std::get<PostgresqlPlace>(config.storage.database);
  EXPECT_EQ(server.parameters.at("dbname"), "records");
  EXPECT_EQ(server.password_file, "secret");
  EXPECT_EQ(shown(config.storage.database), "PostgreSQL database records on /run/postgresql");
  EXPECT_EQ(config.ledger.directory, elsewhere().state / "ledger");
}

TEST_F(ConfigFile, APasswordAmongTheServersWordsIsAFaultThatDoesNotRepeatIt) {
  for (const std::string words :
       {"dbname=assent password=open-sesame", "postgresql://assent:open-sesame@/assent",
        "dbname=assent password=a open-sesame", "dbname=assent open-sesame=a"}) {
    Faults found;
    (void)load_config("assent.yaml", "storage:\n  postgresql: " + words + "\n", elsewhere(), found);
    ASSERT_EQ(found.in_order().size(), 1U) << to_string(found);
    EXPECT_THAT(to_string(found), HasSubstr("assent.yaml:2:15: storage.postgresql: "));
    EXPECT_THAT(to_string(found), HasSubstr("postgresql_password_file"));
    EXPECT_THAT(to_string(found), Not(HasSubstr("sesame")));
  }
}

TEST_F(ConfigFile, AServerElsewhereHasToShowItsCertificate) {
  for (const std::string mode : {"", " sslmode=prefer", " sslmode=require"}) {
    Faults found;
    (void)load_config("a", "storage: {postgresql: 'host=db.example dbname=a" + mode + "'}\n",
                      elsewhere(), found);
    EXPECT_THAT(to_string(found), HasSubstr("sslmode=verify-full")) << mode;
  }
  load("storage: {postgresql: 'host=db.example dbname=a sslmode=verify-full'}\n");
  EXPECT_TRUE(faults.empty()) << to_string(faults);
}

TEST_F(ConfigFile, RecordsAreInOneDatabase) {
  load("storage:\n  database: a.db\n  postgresql: dbname=a\n");
  EXPECT_THAT(only_fault(), HasSubstr("storage.database: is given besides 'postgresql'"));
}

TEST_F(ConfigFile, APasswordFileIsForAServer) {
  load("storage: {postgresql_password_file: secret}\n");
  EXPECT_THAT(only_fault(), HasSubstr("is for a database that 'postgresql' names"));
}

// --- what is on this machine ---

class ConfigOnThisMachine : public testing::Test {
 protected:
  ConfigOnThisMachine() {
    std::string pattern = (fs::path{testing::TempDir()} / "config_XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~ConfigOnThisMachine() override { fs::remove_all(folder); }

  Config load(std::string_view text) {
    return load_config((folder / "assent.yaml").string(), text,
                       {folder / "state", 2, LogFormat::json, true}, faults);
  }
  void write(const std::string& name, mode_t mode) {
    std::ofstream{folder / name} << "x";
    ::chmod((folder / name).c_str(), mode);
  }

  fs::path folder;
  Faults faults;
};

TEST_F(ConfigOnThisMachine, AnIpDatabaseThatIsNoneIsAFaultOfItsLine) {
  std::ofstream{folder / "places.mmdb"} << "half a file";
  load("gateway:\n  ip_database: places.mmdb\n");
  EXPECT_THAT(to_string(faults),
              HasSubstr(":2:16: gateway.ip_database: cannot look up addresses in " +
                        (folder / "places.mmdb").string()));
  EXPECT_THAT(to_string(faults), HasSubstr("remedy: get a country or city database"));
}

TEST_F(ConfigOnThisMachine, AnIpDatabaseThatIsNotThereIsOneFault) {
  load("gateway: {ip_database: missing.mmdb}\n");
  EXPECT_EQ(faults.in_order().size(), 1U) << to_string(faults);
}

TEST_F(ConfigOnThisMachine, FilesThatAreNotThereAreFaults) {
  load("policy: {policy: missing.yaml}\n");
  EXPECT_THAT(to_string(faults),
              HasSubstr("policy.policy: cannot read " + (folder / "missing.yaml").string()));
}

TEST_F(ConfigOnThisMachine, AKeyThatEveryoneMayReadIsAFault) {
  write("c.pem", 0644);
  write("k.pem", 0644);
  load("api: {listen: 0.0.0.0:0, tls: {certificate: c.pem, key: k.pem}}\n");
  EXPECT_THAT(to_string(faults), HasSubstr("api.tls.key: every user of this machine may read"));
}

TEST_F(ConfigOnThisMachine, ADirectoryThatCannotBeMadeIsAFault) {
  write("file", 0600);
  load("storage: {cdr_directory: file/cdr, database: file/a.db}\n");
  EXPECT_EQ(faults.in_order().size(), 2U) << to_string(faults);
  EXPECT_THAT(to_string(faults), HasSubstr("file is not a directory"));
}

TEST_F(ConfigOnThisMachine, DirectoriesAreMadeForTheOwnerOnly) {
  const Config config = load("sinks: {recorder: {kind: ogg}}\n");
  ASSERT_TRUE(faults.empty()) << to_string(faults);
  make_directories(config, faults);
  ASSERT_TRUE(faults.empty()) << to_string(faults);
  for (const auto* name : {"state", "state/cdr", "state/tokens", "state/recordings/recorder"}) {
    EXPECT_EQ(fs::status(folder / name).permissions(), fs::perms::owner_all) << name;
  }
}

TEST_F(ConfigOnThisMachine, AFileIsReadFromDisk) {
  std::ofstream{folder / "assent.yaml"} << "gateway: {name: from-disk}\n";
  const Config config =
      load_config(folder / "assent.yaml", {folder / "state", 2, LogFormat::json, true}, faults);
  EXPECT_EQ(config.gateway.name, "from-disk");
  EXPECT_TRUE(faults.empty()) << to_string(faults);
}

// --- the documented example, the schema and the loader say the same ---

TEST(ConfigExample, IsThatOfTheRepositoryAndSetsNothingButDefaults) {
  const auto text = embedded("assent.yaml");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(*text, read_text(source_folder() / "config" / "assent.yaml"));
  Faults faults;
  const Config example = default_config(elsewhere(), faults);
  const Config defaults = load_config("none", "", elsewhere(), faults);
  EXPECT_TRUE(faults.empty()) << to_string(faults);
  EXPECT_EQ(example.media, defaults.media);
  EXPECT_EQ(example.api, defaults.api);
  EXPECT_EQ(example.storage, defaults.storage);
  EXPECT_EQ(example.policy, defaults.policy);
  EXPECT_EQ(example.gateway, defaults.gateway);
  EXPECT_EQ(example.conference_server, defaults.conference_server);
  EXPECT_EQ(example.log, defaults.log);
}

// Settings stand behind '#', prose behind '# '.
std::string with_all_settings(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    std::string line{text.substr(0, end)};
    text.remove_prefix(end);
    const std::size_t hash = line.find_first_not_of(' ');
    const bool is_setting = line[hash] == '#' && hash + 1 < line.size() &&
                            (std::isalpha(static_cast<unsigned char>(line[hash + 1])) != 0 ||
                             line.compare(hash, 3, "#  ") == 0);
    if (is_setting) line.erase(hash, 1);
    out += line;
  }
  return out;
}

// The keys of a document by the pattern of the path of their map.
std::map<std::string, std::set<std::string>> keys_of(const std::string& text) {
  std::map<std::string, std::set<std::string>> out;
  Faults faults;
  const auto document = YamlDocument::from_text("example", text, faults);
  const auto walk = [&out](const auto& self, const YamlValue& value,
                           const std::string& path) -> void {
    if (value.is_map()) {
      for (const YamlEntry& entry : value.entries()) {
        if (path != "sinks") out[path].insert(entry.key);
        const std::string name = path == "sinks" ? "*" : entry.key;
        self(self, entry.value, path.empty() ? name : path + '.' + name);
      }
    }
    if (value.is_sequence()) {
      for (const YamlValue& item : value.sequence())
        self(self, item, path + "[]");
    }
  };
  walk(walk, document.root(), "");
  return out;
}

std::map<std::string, std::set<std::string>> keys_of_loader() {
  std::map<std::string, std::set<std::string>> out;
  for (const ConfigKeys& map : config_keys()) {
    out[std::string{map.path}] = {map.keys.begin(), map.keys.end()};
  }
  return out;
}

void collect(const json::object& root, const json::object& schema, const std::string& path,
             std::map<std::string, std::set<std::string>>& out) {
  if (const auto* elsewhere = schema.if_contains("$ref")) {
    const std::string pointer{elsewhere->as_string().subview(1)};
    const json::value whole(root);
    collect(root, whole.at_pointer(pointer).as_object(), path, out);
  }
  const auto below = [&path](std::string_view name) {
    return path.empty() ? std::string{name} : path + '.' + std::string{name};
  };
  if (const auto* properties = schema.if_contains("properties")) {
    EXPECT_EQ(schema.at("additionalProperties"), json::value(false)) << path;
    for (const auto& property : properties->as_object()) {
      out[path].insert(std::string{property.key()});
      collect(root, property.value().as_object(), below(property.key()), out);
    }
  }
  if (const auto* items = schema.if_contains("items")) {
    collect(root, items->as_object(), path + "[]", out);
  }
  if (const auto* entries = schema.if_contains("additionalProperties")) {
    if (entries->is_object()) collect(root, entries->as_object(), below("*"), out);
  }
}

TEST(ConfigExample, EverySettingInItIsSoundWhenItsHashIsTakenAway) {
  std::string text = with_all_settings(embedded("assent.yaml").value_or(""));
  const std::string other_place = "  database: state/assent.db\n";  // of the records
  const auto at = text.find(other_place);
  ASSERT_NE(at, std::string::npos);
  text.erase(at, other_place.size());
  Faults faults;
  const Config config = load_config("assent.yaml", text, elsewhere(), faults);
  EXPECT_TRUE(faults.empty()) << to_string(faults) << text;
  EXPECT_EQ(config.sinks.size(), 3U);
  EXPECT_EQ(config.api.tokens.size(), 2U);
}

TEST(ConfigExample, ShowsEveryKeyThatTheLoaderKnows) {
  EXPECT_EQ(keys_of(with_all_settings(embedded("assent.yaml").value_or(""))), keys_of_loader());
}

TEST(ConfigSchema, KnowsTheKeysThatTheLoaderKnowsAndNoOthers) {
  const auto schema =
      json::parse(read_text(source_folder() / "config" / "assent.schema.json")).as_object();
  std::map<std::string, std::set<std::string>> keys;
  collect(schema, schema, "", keys);
  EXPECT_EQ(keys, keys_of_loader());
}

TEST(ConfigSchema, StatesTheDefaultsThatTheLoaderHas) {
  const auto schema = json::parse(read_text(source_folder() / "config" / "assent.schema.json"));
  const auto by_default = [&schema](std::string_view pointer) {
    return schema.at_pointer(pointer).at("default");
  };
  const Config config;
  EXPECT_EQ(by_default("/properties/gateway/properties/name").as_string(), config.gateway.name);
  EXPECT_EQ(by_default("/properties/media/properties/port_range/properties/first"),
            config.media.port_first);
  EXPECT_EQ(by_default("/properties/media/properties/port_range/properties/last"),
            config.media.port_last);
  EXPECT_EQ(by_default("/properties/storage/properties/queue_max"), config.storage.queue_max);
}

TEST(ConfigProperty, NoTextMakesTheLoaderThrowAndNoFaultIsWithoutAPlaceAndARemedy) {
  const char* environment = std::getenv("ASSENT_SEED");
  const auto seed = static_cast<std::uint32_t>(
      environment != nullptr ? std::strtoul(environment, nullptr, 10) : 42UL);
  SCOPED_TRACE("ASSENT_SEED=" + std::to_string(seed));
  std::mt19937 random{seed};
  const std::string sound = with_all_settings(embedded("assent.yaml").value_or(""));
  const std::string_view alphabet = "{}[]:,-'\"#\n /0129azAZ.%\x80";
  for (int round = 0; round < 3'000; ++round) {
    std::string text = sound;
    for (auto edits = 1 + random() % 4; edits != 0; --edits) {
      const auto at = random() % text.size();
      text.replace(at, random() % 4,
                   std::string(random() % 3, alphabet[random() % alphabet.size()]));
    }
    Faults faults;
    ASSERT_NO_THROW((void)load_config("mutant.yaml", text, elsewhere(), faults)) << text;
    for (const Fault& fault : faults.in_order()) {
      ASSERT_GT(fault.line, 0U) << to_string(fault) << '\n' << text;
      ASSERT_FALSE(fault.remedy.empty()) << to_string(fault);
    }
  }
}

TEST(SurroundingsOfProcess, HaveACoreAndAPlaceForState) {
  const Surroundings here = Surroundings::of_process();
  EXPECT_GE(here.cores, 1U);
  EXPECT_FALSE(here.state.empty());
  EXPECT_TRUE(here.is_here);
}

}  // namespace
}  // namespace assent::gateway
