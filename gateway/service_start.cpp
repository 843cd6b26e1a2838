// From nothing to a service that listens; and what a start waits for behind that.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <stdexcept>
#include <utility>

#include "gateway/service.hpp"
#include "gateway/tls_context.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds begin_again{250};  // what storage did not take
// That a start waits for the ledger before it listens. The whole of it is to take less than 1 s.
constexpr std::chrono::milliseconds start_patience{300};

constexpr std::chrono::seconds erase_again{30};

}  // namespace

asio::awaitable<StartResult> Service::start() {
  if (!open_ip_database() || !load_prompts() || !open_consent_page()) co_return StartResult::failed;
  const auto readable = co_await storage_readable();
  if (readable == StartResult::misconfigured) co_return readable;
  const auto begun = co_await policy_changes_.begin();
  if (begun != StartResult::started) co_return begun;
  for (auto& worker : workers_) {
    const auto install = [this, index = worker->index()](MediaPath& path) {
      return sinks_.install(path, index);
    };
    const auto fault = co_await worker->run(install);
    if (fault) {
      log_.error("start.sink_failed",
                 {{"sink", OperatorText{fault->sink}}, {"what", OperatorText{fault->what}}});
      co_return StartResult::failed;
    }
  }
  if (!co_await open_webrtc_ports()) co_return StartResult::failed;
  asio::co_spawn(context_, watch_storage(), asio::detached);
  asio::co_spawn(context_, begin_records(), asio::detached);  // what waits for it stands in front
  co_await wait_for_records();
  if (records_begun_) co_await exports_.find_places();  // else the start would wait for more
  if (!listen() || !listen_for_janus() || !listen_for_whip()) co_return StartResult::failed;
  webhooks_.start();
  exports_.start();
  co_return StartResult::started;
}

// One UDP port a worker and address family, for all of its WebRTC legs.
asio::awaitable<bool> Service::open_webrtc_ports() {
  for (auto& worker : workers_) {
    std::vector<UdpPort> ports;
    std::vector<media::Endpoint> candidates;
    for (const auto& address : config_.media.addresses) {
      media::Endpoint local = address.bind;
      const auto first = config_.media.webrtc_port;
      local.port = static_cast<std::uint16_t>(first == 0 ? 0 : first + worker->index());
      auto port = UdpPort::bind(local);
      if (!port) {
        log_.error("start.webrtc_port_failed",
                   {{"port", static_cast<std::uint64_t>(local.port)},
                    {"what", OperatorText{port.error().message()}},
                    {"remedy", OperatorText{"free the port, or set another media.webrtc_port"}}});
        co_return false;
      }
      media::Endpoint candidate = address.announce;
      candidate.port = port->local().port;
      candidates.push_back(candidate);
      ports.push_back(std::move(*port));
    }
    const auto install = [&ports](MediaPath& path) {
      path.set_webrtc_ports(std::move(ports));
      return true;
    };
    co_await worker->run(install);
    worker->set_webrtc_candidates(std::move(candidates));
  }
  co_return true;
}

bool Service::open_ip_database() {
  const auto& file = config_.gateway.ip_database;
  if (file.empty()) return true;
  auto opened = IpDatabase::open(file);
  if (!opened) {
    log_.error("start.ip_database_failed",
               {{"file", OperatorText{file.native()}}, {"what", OperatorText{opened.error()}}});
    return false;
  }
  ip_database_ = std::move(*opened);
  return true;
}

bool Service::load_prompts() {
  auto loaded = Keypad::load(config_.keypad, config_.gateway.name);
  if (!loaded) {
    log_.error("start.prompt_failed", {{"what", OperatorText{loaded.error()}}});
    return false;
  }
  keypad_ = std::move(*loaded);
  return true;
}

bool Service::open_consent_page() {
  auto links = ConsentLinks::open(config_.consent_page.key);
  if (!links) {
    const Fault fault = links.error();
    log_.error("start.consent_page_failed", {{"file", OperatorText{fault.file}},
                                             {"what", OperatorText{fault.what}},
                                             {"remedy", OperatorText{fault.remedy}}});
    return false;
  }
  ConsentPage::Options options;
  options.public_url = config_.consent_page.public_url;
  options.lifetime =
      std::chrono::duration_cast<std::chrono::seconds>(config_.consent_page.lifetime);
  consent_page_.emplace(conferences_, storage_, *links, std::move(options));
  consent_page_->bind(dispatcher_);
  return true;
}

// Whoever waits for a database that cannot be read does not keep calls from being served: they go
// on, and nothing is permitted. Only what is no database of this program ends the start, because
// no waiting makes it one, and whoever configured it is there to be told.
asio::awaitable<StartResult> Service::storage_readable() {
  const bool known = co_await load_opt_outs();
  if (known) co_return StartResult::started;
  const auto health = storage_.health();
  const std::string_view effect =
      health.misfit ? "the start ends; name another database under storage, or run the version of "
                      "this program that it is of"
                    : "calls go on, nothing is permitted or recorded until it can be read";
  log_.error("start.storage_failed", {{"database", OperatorText{shown(config_.storage.database)}},
                                      {"what", OperatorText{health.problem}},
                                      {"effect", OperatorText{effect}}});
  co_return health.misfit ? StartResult::misconfigured : StartResult::failed;
}

asio::awaitable<bool> Service::load_opt_outs() {
  const auto changes = co_await storage_.changes_of_subjects();
  if (!changes) co_return false;
  opt_outs_.learn(*changes);
  opt_outs_known_ = true;
  co_return true;
}

// What the start could not read: also for the calls that have begun since.
asio::awaitable<StartResult> Service::learn_from_records() {
  if (!opt_outs_known_) {
    const bool known = co_await load_opt_outs();
    if (!known) co_return StartResult::failed;
    co_await conferences_.heed_opt_outs();
  }
  co_return co_await policy_changes_.catch_up();
}

// Once the ledger is open, and never before: what was left open is closed, and the policy that is
// in force is recorded.
asio::awaitable<void> Service::begin_records() {
  while (!stopping_ && !records_begun_ && !misconfigured_) {
    const auto learned = co_await learn_from_records();
    misconfigured_ = learned == StartResult::misconfigured;
    if (learned == StartResult::started) co_await begin_run();
    if (learned == StartResult::failed) co_await pause(begin_again);
  }
  co_await finish_erasures();
  if (!stopping_ && records_begun_) co_await retention_.run_daily();
}

// Those that an earlier run was not done with.
asio::awaitable<void> Service::finish_erasures() {
  while (!stopping_ && conference_services_.begun) {
    const auto changes = co_await storage_.changes_of_subjects();
    const auto unfinished =
        changes ? unfinished_erasures(*changes) : std::map<std::string, std::string>{};
    std::size_t failed = 0;
    for (const auto& [subject, actor] : unfinished) {
      const auto erased = co_await subject_rights_.erase(subject, actor);
      failed += erased ? 0 : 1;
    }
    if (changes && failed == 0) {
      if (!unfinished.empty()) log_.info("erasure.finished", {{"subjects", unfinished.size()}});
      co_return;
    }
    log_.warning("erasure.unfinished", {{"subjects", failed}});
    co_await pause(erase_again);
  }
}

asio::awaitable<void> Service::begin_run() {
  auto policy = policy_changes_.unrecorded();
  const auto closed = co_await storage_.begin_run(read_clocks().wall, std::move(policy));
  const auto health = storage_.health();
  if (closed) {
    policy_changes_.recorded();
    log_.info("ledger.open", {{"entries", health.ledger_entries}});
    if (!closed->empty()) log_.info("start.closed_records", {{"records", closed->size()}});
    conference_services_.begun = records_begun_ = true;
  } else if (health.ledger_refused) {
    // Calls go on without any purpose; nothing can be permitted that cannot be recorded.
    log_.error("start.ledger_refused",
               {{"what", OperatorText{health.problem}},
                {"effect", OperatorText{"everything is denied, and nothing is recorded"}}});
    records_begun_ = true;
  } else {
    co_await pause(begin_again);
  }
}

asio::awaitable<void> Service::wait_for_records() {
  const auto until = std::chrono::steady_clock::now() + start_patience;
  while (!records_begun_ && std::chrono::steady_clock::now() < until)
    co_await pause(std::chrono::milliseconds{2});
  if (records_begun_) co_return;
  const auto health = storage_.health();
  log_.warning("start.ledger_opening",
               {{"what", OperatorText{health.problem}},
                {"entries", health.to_verify},
                {"effect", OperatorText{"calls go on, nothing is permitted until it is open"}}});
}

bool Service::listen_for_janus() {
  if (!config_.janus.listen) return true;
  const auto address = media::address_text(*config_.janus.listen);
  std::shared_ptr<asio::ssl::context> tls;
  if (config_.janus.tls) {
    tls = tls_context_of(*config_.janus.tls);
    if (tls == nullptr) return false;
  }
  janus_.emplace(context_.get_executor(), config_.janus, janus_calls_, log_, tls);
  const auto listening = janus_->listen();
  if (!listening) {
    log_.error("start.listen_failed", {{"address", OperatorText{address}},
                                       {"port", config_.janus.listen->port},
                                       {"error", std::error_code(listening.error())}});
    return false;
  }
  janus_port_ = *listening;
  log_.info("janus.listening",
            {{"address", OperatorText{address}}, {"port", janus_port_}, {"tls", tls != nullptr}});
  return true;
}

bool Service::listen_for_whip() {
  if (!config_.whip.listen) return true;
  const auto address = media::address_text(*config_.whip.listen);
  std::shared_ptr<asio::ssl::context> tls;
  if (config_.whip.tls) {
    tls = tls_context_of(*config_.whip.tls);
    if (tls == nullptr) return false;
  }
  const WhipFront::Parts parts{conferences_, ip_database_, opt_outs_, conference_services_.entropy,
                               log_};
  try {
    whip_.emplace(context_.get_executor(), config_.whip, parts, tls);
  } catch (const std::runtime_error& unreadable) {
    log_.error("start.tls_failed", {{"file", OperatorText{config_.whip.server_ca.native()}},
                                    {"what", OperatorText{unreadable.what()}}});
    return false;
  }
  const auto listening = whip_->listen();
  if (!listening) {
    log_.error("start.listen_failed", {{"address", OperatorText{address}},
                                       {"port", config_.whip.listen->port},
                                       {"error", std::error_code(listening.error())}});
    return false;
  }
  whip_port_ = *listening;
  log_.info("whip.listening",
            {{"address", OperatorText{address}}, {"port", whip_port_}, {"tls", tls != nullptr}});
  return true;
}

// nullptr: it is in the log why.
std::shared_ptr<asio::ssl::context> Service::tls_context_of(const TlsConfig& config) const {
  auto made = make_tls_context({config.certificate, config.key, config.client_ca});
  if (made) return *made;
  log_.error("start.tls_failed", {{"file", OperatorText{made.error().file.native()}},
                                  {"what", OperatorText{made.error().what}}});
  return nullptr;
}

bool Service::listen() {
  if (const auto* socket = std::get_if<UnixSocket>(&config_.api.listen)) {
    const auto listening = server_.listen_unix(socket->path);
    if (!listening) {
      log_.error("start.listen_failed", {{"socket", OperatorText{socket->path.native()}},
                                         {"error", std::error_code(listening.error())}});
      return false;
    }
    log_.info("api.listening", {{"socket", OperatorText{socket->path.native()}}});
    return true;
  }
  const auto& endpoint = std::get<media::Endpoint>(config_.api.listen);
  const auto address = media::address_text(endpoint);
  std::shared_ptr<asio::ssl::context> tls;
  if (config_.api.tls) {
    tls = tls_context_of(*config_.api.tls);
    if (tls == nullptr) return false;
  }
  const auto listening = server_.listen_tcp(address, endpoint.port, tls);
  if (!listening) {
    log_.error("start.listen_failed", {{"address", OperatorText{address}},
                                       {"port", endpoint.port},
                                       {"error", std::error_code(listening.error())}});
    return false;
  }
  api_port_ = *listening;
  log_.info("api.listening",
            {{"address", OperatorText{address}}, {"port", api_port_}, {"tls", tls != nullptr}});
  return true;
}

}  // namespace assent::gateway
