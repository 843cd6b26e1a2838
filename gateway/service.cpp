#include "gateway/service.hpp"

#include <openssl/rand.h>

#include <bit>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>
#include <utility>

#include "gateway/api_exports.hpp"
#include "gateway/api_subjects.hpp"
#include "gateway/cdrs_query.hpp"
#include "gateway/transfers_query.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::chrono::milliseconds record_again{250};  // what storage did not take
constexpr std::chrono::milliseconds storage_watched_every{100};
constexpr std::chrono::seconds storage_stalls{10};          // with one group of requests
constexpr std::chrono::seconds permits_outlast_storage{2};  // that takes no records

void fill_random(std::span<std::byte> bytes) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) !=
      1) {
    throw std::runtime_error("the system gives no random bytes");
  }
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  fill_random(std::as_writable_bytes(std::span{&number, 1}));
  return number;
}

std::vector<SinkPlace> places_of(const Config& config) {
  std::vector<SinkPlace> places;
  for (const auto& sink : config.sinks)
    places.push_back({sink.name, sink.transport});
  return places;
}

CandidateRules candidate_rules_of(const Config& config) {
  std::vector<media::Endpoint> own;
  for (const auto& address : config.media.addresses) {
    own.push_back(address.bind);
    own.push_back(address.announce);
  }
  return {std::move(own), config.media.candidate_networks};
}

LegAddresses addresses_of(const Config& config) {
  LegAddresses addresses;
  for (const auto& address : config.media.addresses) {
    addresses.push_back({address.bind, address.announce});
  }
  return addresses;
}

media::CipherPolicy ciphers_of(const Config& config) {
  media::CipherPolicy policy;
  if (!config.conference_server.srtp_suites.empty()) {
    policy.accepted = config.conference_server.srtp_suites;
  }
  return policy;
}

// Who is told of calls: webhooks, and who reads the daily files of records.
TransferPlaces transfer_places_of(const Config& config) {
  TransferPlaces places{config.gateway.name, config.gateway.jurisdiction, {}};
  const auto& storage = config.storage;
  if (!storage.cdr_directory.empty()) {
    const bool is_elsewhere = !storage.cdr_processor.empty() || !storage.cdr_jurisdiction.empty();
    places.exports.push_back({"cdr_directory",
                              storage.cdr_processor,
                              is_elsewhere ? storage.cdr_jurisdiction : places.jurisdiction,
                              {},
                              true});
  }
  for (const auto& webhook : config.webhooks)
    places.exports.push_back(
        {webhook.name, webhook.processor, webhook.jurisdiction, webhook.events, false});
  return places;
}

LedgerOptions ledger_options(const LedgerConfig& config,
                             std::function<void(const std::string&)> on_checkpoint) {
  LedgerOptions options;
  options.folder = config.directory;
  options.key = config.key;
  options.subject_keys = config.subject_keys;
  options.origin = config.origin;
  options.checkpoint_copies = config.checkpoint_copies;
  options.on_checkpoint = std::move(on_checkpoint);
  options.publish_every = std::chrono::seconds{1};
  return options;
}

StorageOptions storage_options(const Config& config,
                               std::function<void(const std::string&)> on_checkpoint) {
  StorageOptions options;
  options.ledger = ledger_options(config.ledger, std::move(on_checkpoint));
  options.database = config.storage.database;
  options.cdr_lines = config.storage.cdr_directory;
  options.queue_max = config.storage.queue_max;
  return options;
}

std::string what_is_wrong(const StorageHealth& health) {
  if (health.ledger_refused) return "The ledger is not to be trusted, so everything is denied";
  if (!health.ledger_opening) return "Storage cannot be written, so no consent can be granted";
  if (!health.readable) return "The database cannot be opened yet, so nothing is permitted";
  return "The ledger is not open yet, so nothing is permitted: verifying the ledger, " +
         std::to_string(health.verified) + " of " + std::to_string(health.to_verify);
}

bool is_well(const StorageHealth& health) {
  return health.writable && health.at_work < storage_stalls;
}

std::string problem_with(const StorageHealth& health) {
  return health.writable ? "the database does not answer" : health.problem;
}

}  // namespace

Service::Service(asio::io_context& context, const Config& config, LoadedPolicy files,
                 std::vector<AccessToken> tokens, Log& log)
    : context_{context},
      config_{config},
      log_{log},
      storage_{storage_options(config,
                               [this](const std::string& note) {
                                 asio::post(context_, [this, note] { tell_checkpoint(note); });
                               })},
      policy_{hold_files(std::move(files), read_clocks().wall)},
      sinks_{
          places_of(config),
          config.media.workers,
          {[this](ClosedTrack track) {
             ++closed_tracks_;
             asio::post(context_, [this, closed = std::move(track)]() mutable {
               record_closed(std::move(closed));
             });
           },
           [&log](const std::string& sink, std::size_t worker, bool open) {
             if (open) {
               log.info("sink.connected", {{"sink", OperatorText{sink}}, {"worker", worker}});
             } else {
               log.warning("sink.disconnected", {{"sink", OperatorText{sink}}, {"worker", worker}});
             }
           },
           [&log](const std::string& sink, bool reachable) {
             if (reachable) {
               log.info("sink.reachable", {{"sink", OperatorText{sink}}});
             } else {
               log.warning("sink.unreachable", {{"sink", OperatorText{sink}}});
             }
           }}},
      ports_{config.media.port_first, config.media.port_last, random_number()},
      certificates_{fill_random},
      places_{transfer_places_of(config)},
      events_{context.get_executor(), std::to_string(random_number())},
      webhooks_{context.get_executor(), config.webhooks, storage_, fill_random, log},
      exports_{
          context.get_executor(), config.exports, {storage_, policy_, places_, fill_random, log}},
      conference_services_{
          policy_,
          storage_,
          sinks_,
          ports_,
          addresses_of(config),
          certificates_,
          candidate_rules_of(config),
          ciphers_of(config),
          fill_random,
          std::chrono::duration_cast<std::chrono::milliseconds>(config.storage.interim_period),
          [this](std::string_view type, std::string_view room, const std::string& text) {
            publish(type, room, text);
          },
          totals_,
          keypad_,
          places_,
          opt_outs_},
      workers_{make_workers()},
      conferences_{context.get_executor(), conference_services_, workers_},
      policy_changes_{context.get_executor(),
                      {config, policy_, conferences_, sinks_, storage_,
                       conference_services_.publish, totals_, log}},
      subject_rights_{{storage_, sinks_, policy_, &conferences_,
                       [this] { return recordings_settled(); },
                       [this](const PersonInSession& who, const std::string& pseudonym) {
                         webhooks_.rename(who.room, who.participant, pseudonym);
                       },
                       conference_services_.publish, opt_outs_, config.exports, &exports_}},
      retention_{context.get_executor(),
                 {storage_, sinks_, policy_, config.retention,
                  [this] { return recordings_settled(); }, log}},
      disclosures_{subject_rights_, policy_},
      access_{std::move(tokens)},
      dispatcher_{access_,
                  [this](std::string_view incident, std::string_view what) {
                    log_.error("api.incident", {{"incident", OperatorText{incident}},
                                                {"what", OperatorText{what}}});
                  }},
      backend_{conferences_,
               policy_,
               policy_changes_,
               storage_,
               ip_database_,
               opt_outs_,
               events_,
               totals_,
               [this] { return exposition_of_now(); },
               [this](bool told) { return readiness(told); }},
      server_{context.get_executor(), dispatcher_},
      janus_calls_{{conferences_, ip_database_, opt_outs_, conference_services_.entropy,
                    config_.janus.performs}} {
  totals_.started = read_clocks().wall;
  sinks_.list_in(totals_);
  bind_api(dispatcher_, backend_);
  bind_subjects(dispatcher_, subject_rights_, retention_);
  bind_disclosures(dispatcher_, disclosures_);
  bind_cdrs(dispatcher_, storage_, policy_, config.gateway.name);
  bind_transfers(dispatcher_, storage_, policy_);
  bind_exports(dispatcher_, exports_, policy_);
  bind_aggregates(dispatcher_, storage_, policy_);
}

Service::~Service() {
  workers_.clear();  // they offer to sinks, which therefore go later
  sinks_.stop();
  storage_.stop();
}

std::vector<std::unique_ptr<MediaWorker>> Service::make_workers() {
  std::vector<std::unique_ptr<MediaWorker>> workers;
  for (unsigned i = 0; i < config_.media.workers; ++i) {
    MediaWorker::Options options;
    options.index = i;
    options.coalescing_pause = config_.media.coalescing_pause;
    options.on_events = [this](std::vector<media::RelayEvent> events) {
      asio::post(context_,
                 [this, noticed = std::move(events)] { conferences_.on_relay_events(noticed); });
    };
    workers.push_back(std::make_unique<MediaWorker>(std::move(options)));
  }
  return workers;
}

void Service::publish(std::string_view type, std::string_view room, const std::string& text) {
  events_.publish(type, room, text);
  webhooks_.tell(type, text);
  // Who and where is in the event and the record; the log grows with its logarithm.
  const auto unlawful = totals_.unlawful_transfers;
  if (type == "unlawful_transfer" && std::has_single_bit(unlawful))
    log_.warning("transfer.unlawful", {{"since_start", unlawful}});
}

// For whoever keeps checkpoints elsewhere.
void Service::tell_checkpoint(const std::string& note) {
  conference_services_.publish("checkpoint", "", json::serialize(json::object{{"note", note}}));
}

// What the manifest of a recording says, so that the ledger commits to it.
void Service::record_closed(ClosedTrack track) {
  ClosedRecording record;
  record.session = std::move(track.spec.session);
  record.room = std::move(track.spec.room);
  record.participant = std::move(track.spec.participant);
  record.subject = std::move(track.spec.subject);
  record.sink = std::move(track.spec.sink);
  record.purpose = std::move(track.spec.purpose);
  record.epoch = track.spec.epoch;
  record.json = std::move(track.json);
  record.at = read_clocks().wall;
  asio::co_spawn(context_, record_until_stored(Record{std::move(record)}), asio::detached);
}

// Until it is stored, or the service ends: then the next start finds it in its manifest.
asio::awaitable<void> Service::record_until_stored(Record record) {
  for (bool told = false;; told = true) {
    std::vector<Record> alone(1, record);
    const auto stored = co_await storage_.append_patiently(std::move(alone));
    const bool passes = !stored && (stored.error() == StorageError::unavailable ||
                                    stored.error() == StorageError::queue_full);
    const bool is_there = stored || stored.error() == StorageError::duplicate;
    if (!is_there && !told) log_.error("recording.unrecorded", {{"what", stored.error()}});
    if (!passes || stopping_ || storage_.health().ledger_refused) break;
    co_await pause(record_again);
  }
  --closed_tracks_;
}

asio::awaitable<void> Service::pause(std::chrono::milliseconds period) {
  asio::steady_timer timer{context_, period};
  boost::system::error_code cancelled;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

// Grants are refused where they cannot be recorded; what was permitted before lapses, too, when
// that lasts, and opens again by itself.
asio::awaitable<void> Service::watch_storage() {
  while (!stopping_) {
    co_await pause(storage_watched_every);
    if (!records_begun_ || stopping_) continue;  // the start tells for itself
    const auto health = storage_.health();
    heed_storage(is_well(health), health);
  }
}

void Service::heed_storage(bool well, const StorageHealth& health) {
  const auto now = std::chrono::steady_clock::now();
  if (well) well_until_ = now;
  if (well != std::exchange(storage_well_, well)) {
    if (well) {
      log_.info("storage.recovered");
    } else {
      log_.error("storage.failed",
                 {{"what", OperatorText{problem_with(health)}},
                  {"effect", OperatorText{"calls go on; grants are refused, and what is permitted "
                                          "lapses"}}});
    }
  }
  const bool lapsed = now - well_until_ >= permits_outlast_storage;
  if (lapsed == std::exchange(conference_services_.lapsed, lapsed)) return;
  if (lapsed) log_.error("storage.permits_lapsed");
  conferences_.review_permits();
}

asio::awaitable<void> Service::stop(CauseForClosing cause) {
  stopping_ = true;
  events_.close();
  co_await server_.stop(std::chrono::seconds{2});
  if (janus_) co_await janus_->stop();
  if (whip_) co_await whip_->stop();
  co_await retention_.stop();
  co_await policy_changes_.settle();
  co_await conferences_.close_all(cause);
  co_await webhooks_.stop();
  co_await exports_.stop();
  workers_.clear();  // they offer to sinks
  sinks_.stop();     // whose recorders write their last manifests, and tell of them
  // What storage does not take now, it may until it ends, or the next start finds its manifest.
  const auto settled = co_await recordings_settled();
  (void)settled;
  // Storage answers in order: when this comes back, all that was handed over before is on disk.
  const auto last = co_await storage_.latest_consents("none");
  (void)last;
}

// All that the recorders have told of is on its way to storage, which answers in order; or storage
// takes nothing, and nobody knows for how long.
asio::awaitable<bool> Service::recordings_settled() {
  while (closed_tracks_ != 0 && storage_.health().writable)
    co_await pause(std::chrono::milliseconds{1});
  co_return closed_tracks_ == 0;
}

asio::awaitable<std::string> Service::exposition_of_now() {
  totals_.rooms = conferences_.rooms();
  totals_.participants = conferences_.participants();
  totals_.ports_used = ports_.used_pairs() * 2;
  totals_.ports_free = ports_.free_pairs() * 2;
  totals_.client_legs = totals_.server_legs = 0;
  MetricsSnapshot connections;
  sinks_.list_in(connections);
  for (auto& worker : workers_) {
    const auto count = [&](MediaPath& path) {
      sinks_.count_connections(path, worker->index(), connections);
      return path.relay().leg_count();
    };
    const auto legs = co_await worker->run(count);
    totals_.client_legs += legs[0];
    totals_.server_legs += legs[1];
  }
  for (std::size_t i = 0; i < connections.sinks.size(); ++i)
    totals_.sinks[i].connections = std::move(connections.sinks[i].connections);
  totals_.webhooks = webhooks_.metrics();
  totals_.exports = exports_.metrics();
  const auto health = storage_.health();
  totals_.storage.writable = health.writable;
  totals_.storage.queued = health.queued;
  totals_.storage.records = health.records;
  totals_.storage.commits = health.commits;
  totals_.storage.refused = health.refused;
  totals_.storage.ledger_refused = health.ledger_refused;
  totals_.storage.permits_lapsed = conference_services_.lapsed;
  totals_.storage.ledger_entries = health.ledger_entries;
  totals_.storage.ledger_unpublished = !health.ledger_problem.empty();
  for (const auto& [sink, recorder] : sinks_.recorders()) {
    if (SinkMetrics* line = sinks_.totals(totals_, sink)) {
      line->recorder_unwritten = recorder->health().unwritten;
      line->recorder_overflows = line->withheld["sink_full"];
    }
  }
  for (const auto& [sink, sender] : sinks_.senders()) {
    const auto health_of = sender->health();
    if (SinkMetrics* line = sinks_.totals(totals_, sink)) {
      line->pcm =
          PcmMetrics{health_of.streams,      health_of.connected,    health_of.connections,
                     health_of.samples.sent, health_of.samples.shed, health_of.samples.missing,
                     health_of.malformed};
    }
  }
  co_return exposition(totals_);
}

Answered<std::string> Service::readiness(bool told) const {
  const auto health = storage_.health();
  if (misconfigured_) {
    return make_problem(ProblemType::unavailable,
                        "The policy that was PUT does not fit assent.yaml any more, as the log "
                        "says, so nothing is permitted. Mend assent.yaml, or change the policy's "
                        "files, and start again.");
  }
  if (health.writable && !records_begun_) {
    return make_problem(ProblemType::unavailable,
                        "What an earlier run left open is being closed; ask again.");
  }
  if (!is_well(health)) {
    std::string what = what_is_wrong(health);
    what += told ? ": " + problem_with(health)
                 : ". What it is, and the remedy, is in the log, and here for whoever asks with "
                   "the token of an operator.";
    return make_problem(ProblemType::unavailable, std::move(what));
  }
  json::object state{{"status", "ready"}, {"rooms", conferences_.rooms()}};
  state["policy"] = {{"hash", policy_.now().rules.hash},
                     {"reload_failed", totals_.policy.reload_failed}};
  json::array failing;
  for (const auto& [sink, recorder] : sinks_.recorders()) {
    if (!recorder->health().writable) failing.push_back(json::value(sinks_.name(sink)));
  }
  for (const auto& [sink, sender] : sinks_.senders()) {
    if (!sender->health().reachable) failing.push_back(json::value(sinks_.name(sink)));
  }
  state["ledger"] = {{"entries", health.ledger_entries}, {"lags", !health.ledger_problem.empty()}};
  if (told) state["ledger"].as_object()["problem"] = health.ledger_problem;
  state["failing_sinks"] = std::move(failing);
  return json::serialize(state);
}

}  // namespace assent::gateway
