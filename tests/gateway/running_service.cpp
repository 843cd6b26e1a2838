#include "tests/gateway/running_service.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "gateway/policy_file.hpp"
#include "gateway/policy_of_config.hpp"
#include "gateway/sha256.hpp"
#include "media/endpoint.hpp"

namespace assent::gateway::test {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::string_view token = "token-of-the-test";

// A block of media ports for each service of this process, and apart from other processes'.
std::uint16_t next_ports() {
  static std::atomic<unsigned> next{static_cast<unsigned>(::getpid()) % 80};
  return static_cast<std::uint16_t>(20'000 + (next.fetch_add(1) % 80) * 200);
}

std::string configuration(const RunningService::Options& options,
                          const std::filesystem::path& state) {
  const auto first = options.port_first != 0 ? options.port_first : next_ports();
  const auto last = options.port_last != 0 ? options.port_last : first + 199;
  std::string text = "gateway: {jurisdiction: " + options.gateway_place;
  if (!options.ip_database.empty()) text += ", ip_database: " + options.ip_database.string();
  text += "}\nconference_server: {jurisdiction: " + options.server_place + "}\n";
  text += "media:\n  addresses: [{bind: 127.0.0.1}]\n  workers: 1\n  port_range: {first: " +
          std::to_string(first) + ", last: " + std::to_string(last) + "}\n";
  const auto hash = to_hex(sha256(token));
  text += "api:\n  tokens:\n";
  text += "    - {name: server, role: conference-server, sha256: " + hash + "}\n";
  text += "storage: {";
  text += options.postgresql.empty() ? "database: " + (state / "assent.db").string()
                                     : "postgresql: '" + options.postgresql + "'";
  text += ", cdr_directory: " + (state / "cdr").string() + ", interim_period: 1s" +
          options.storage + "}\n";
  text += "sinks:\n  recorder: {kind: ogg, directory: " + (state / "ogg").string() + "}\n";
  if (options.archive_port != 0) {
    text += "  archive: {kind: rtp, address: \"127.0.0.1:" + std::to_string(options.archive_port) +
            "\"}\n";
  }
  text += options.sinks;
  if (!options.webhooks.empty()) text += "webhooks:\n" + options.webhooks;
  if (!options.exports.empty()) text += "exports:\n" + options.exports;
  if (!options.janus.empty()) text += "janus:\n" + options.janus;
  if (!options.whip.empty()) text += "whip:\n" + options.whip;
  if (!options.keypad.empty()) text += "keypad:\n" + options.keypad;
  auto policy = options.policy;
  if (!options.policy_text.empty()) {
    policy = state / "policy.yaml";
    std::ofstream{policy} << options.policy_text;
  }
  if (!policy.empty() || !options.transfers.empty()) text += "policy:\n";
  if (!policy.empty()) text += "  policy: " + policy.string() + "\n";
  if (!options.transfers.empty()) text += "  transfers: " + options.transfers.string() + "\n";
  return text;
}

}  // namespace

RunningService::RunningService(Options options)
    : state_{options.state.empty() ? folder_.path() : options.state},
      log_{{LogLevel::info, LogFormat::json, [this](std::string_view line) {
              const std::lock_guard lock{lines_access_};
              lines_ += std::string(line) + '\n';
            }}} {
  Faults faults;
  const Surroundings surroundings{state_, 2, LogFormat::json, true};
  config_ = load_config("test.yaml", configuration(options, state_), surroundings, faults);
  auto loaded = policy_of_config(config_, read_clocks().wall, faults);
  make_directories(config_, faults);
  if (!faults.empty() || !loaded) throw std::runtime_error(to_string(faults));
  config_.api.listen = *media::parse_endpoint("127.0.0.1", 0);
  if (config_.janus.listen) config_.janus.listen->port = 0;
  if (config_.whip.listen) config_.whip.listen->port = 0;
  std::vector<AccessToken> tokens;
  for (std::size_t i = 0; i < roles; ++i) {
    const auto role = static_cast<Role>(i);
    const std::string name{to_string(role)};
    tokens.push_back({name, sha256(std::string(token) + name), role,
                      is_bound(role) ? "standup" : "", is_bound(role) ? "caller" : ""});
  }
  tokens.push_back({"second-officer", sha256(std::string(token) + "second-officer"),
                    Role::privacy_officer, "", ""});
  service_ =
      std::make_unique<Service>(context_, config_, std::move(*loaded), std::move(tokens), log_);
  auto started = asio::co_spawn(context_, service_->start(), asio::use_future);
  control_ = std::thread{[this] {
    const auto guard = asio::make_work_guard(context_);
    context_.run();
  }};
  const auto result = started.get();
  if (result != StartResult::started) {
    context_.stop();
    control_.join();
    service_.reset();
    throw std::runtime_error(result == StartResult::misconfigured ? "it is misconfigured"
                                                                  : "the service did not start");
  }
  if (options.while_opening) return;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!log_says("\"ledger.open\"") && !log_says("start.ledger_refused")) {
    if (std::chrono::steady_clock::now() > until) throw std::runtime_error("the ledger stays shut");
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

bool RunningService::log_says(std::string_view word) const {
  const std::lock_guard lock{lines_access_};
  return lines_.find(word) != std::string::npos;
}

RunningService::~RunningService() {
  stop();
}

void RunningService::stop() {
  if (!service_) return;
  asio::co_spawn(context_, service_->stop(CauseForClosing::shutdown), asio::use_future).get();
  context_.stop();
  control_.join();
  service_.reset();
}

std::string RunningService::bearer(Role role) {
  return "Bearer " + std::string(token) + std::string(to_string(role));
}

void RunningService::reload() {
  asio::co_spawn(context_, service_->reload_policy(), asio::use_future).get();
}

std::future<void> RunningService::stall_control(std::chrono::milliseconds period) {
  return asio::post(context_, asio::use_future([period] { std::this_thread::sleep_for(period); }));
}

std::string RunningService::log() const {
  const std::lock_guard lock{lines_access_};
  return lines_;
}

ApiAnswer RunningService::call(std::string_view method, const std::string& path,
                               std::string_view body, std::string_view key) {
  const bool records = path.starts_with("/v1/cdrs") || path.starts_with("/v1/transfers") ||
                       path.starts_with("/metrics") || path.starts_with("/v1/polic");
  return call_as(records ? Role::operator_ : Role::conference_server, method, path, body, key);
}

ApiAnswer RunningService::call_as(Role role, std::string_view method, const std::string& path,
                                  std::string_view body, std::string_view key) {
  return send(bearer(role), method, path, body, key);
}

ApiAnswer RunningService::call_as_second_officer(std::string_view method, const std::string& path,
                                                 std::string_view body) {
  return send("Bearer " + std::string(token) + "second-officer", method, path, body, {});
}

ApiAnswer RunningService::send(const std::string& authorization, std::string_view method,
                               const std::string& path, std::string_view body,
                               std::string_view key) {
  asio::io_context io;
  beast::tcp_stream stream{io};
  stream.connect({asio::ip::make_address("127.0.0.1"), service_->api_port()});
  http::request<http::string_body> request{http::string_to_verb({method.data(), method.size()}),
                                           path, 11};
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::authorization, authorization);
  if (!key.empty()) request.set("Idempotency-Key", std::string(key));
  if (!body.empty()) {
    request.set(http::field::content_type, "application/json");
    request.body() = std::string(body);
  }
  request.prepare_payload();
  http::write(stream, request);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(stream, buffer, response);
  ApiAnswer answer;
  answer.arrived = std::chrono::system_clock::now();
  answer.status = response.result_int();
  boost::system::error_code not_json;
  answer.body = boost::json::parse(response.body(), not_json);
  if (not_json) answer.body = boost::json::string(response.body());
  return answer;
}

boost::json::value RunningService::ask(std::string_view method, const std::string& path,
                                       std::string_view body) {
  auto answer = call(method, path, body);
  if (answer.status >= 300) {
    throw std::runtime_error(std::string(method) + " " + path + ": " +
                             std::to_string(answer.status) + " " +
                             boost::json::serialize(answer.body));
  }
  return std::move(answer.body);
}

std::string grant() {
  Faults faults;
  const auto loaded = load_policy({}, read_clocks().wall, faults);
  const auto* notice = policy::find_notice(loaded->rules, "recording", "en");
  return boost::json::serialize(
      boost::json::object{{"statement", "granted"},
                          {"method", "online"},
                          {"default_state", "unticked"},
                          {"notice",
                           {{"id", notice->id},
                            {"version", notice->version},
                            {"language", notice->language},
                            {"hash", notice->hash.substr(sizeof "sha256:" - 1)}}}});
}

}  // namespace assent::gateway::test
