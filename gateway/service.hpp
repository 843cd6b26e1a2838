#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/access.hpp"
#include "gateway/api.hpp"
#include "gateway/conferences.hpp"
#include "gateway/config.hpp"
#include "gateway/consent_page.hpp"
#include "gateway/disclosures.hpp"
#include "gateway/dispatcher.hpp"
#include "gateway/event_stream.hpp"
#include "gateway/exports.hpp"
#include "gateway/http_server.hpp"
#include "gateway/ip_database.hpp"
#include "gateway/janus_front.hpp"
#include "gateway/keypad.hpp"
#include "gateway/log.hpp"
#include "gateway/media_worker.hpp"
#include "gateway/metrics.hpp"
#include "gateway/policy_changes.hpp"
#include "gateway/policy_in_force.hpp"
#include "gateway/port_range.hpp"
#include "gateway/retention.hpp"
#include "gateway/sink_places.hpp"
#include "gateway/storage.hpp"
#include "gateway/subject_rights.hpp"
#include "gateway/webhooks.hpp"
#include "gateway/whip_front.hpp"

namespace assent::gateway {

// The whole gateway in one process: storage, recorders, media workers, conferences, API. Whoever
// owns it runs the context on one thread, which is the control thread.
class Service {
 public:
  // `files`: the policy that the configuration names.
  Service(boost::asio::io_context& context, const Config& config, LoadedPolicy files,
          std::vector<AccessToken> tokens, Log& log);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Connects the sinks and listens. A short ledger is verified before; a long one behind it: calls
  // go on meanwhile, nothing is permitted, and then what an earlier run left open is closed.
  boost::asio::awaitable<StartResult> start();
  // Reads the files of the policy again, as on SIGHUP. What is wrong with them is in the log.
  boost::asio::awaitable<void> reload_policy() { return policy_changes_.reload(); }
  // Ends requests, closes every room with `cause`, waits until all of it is stored.
  boost::asio::awaitable<void> stop(CauseForClosing cause);

  [[nodiscard]] std::uint16_t api_port() const { return api_port_; }      // 0 for a Unix socket
  [[nodiscard]] std::uint16_t janus_port() const { return janus_port_; }  // 0: none
  [[nodiscard]] std::uint16_t whip_port() const { return whip_port_; }    // 0: none

 private:
  void publish(std::string_view type, std::string_view room, const std::string& text);
  boost::asio::awaitable<StartResult> storage_readable();
  boost::asio::awaitable<void> begin_records();
  boost::asio::awaitable<void> begin_run();
  boost::asio::awaitable<void> finish_erasures();
  boost::asio::awaitable<void> wait_for_records();
  boost::asio::awaitable<void> watch_storage();
  void heed_storage(bool well, const StorageHealth& health);
  boost::asio::awaitable<void> pause(std::chrono::milliseconds period);
  void tell_checkpoint(const std::string& note);
  void record_closed(ClosedTrack track);
  boost::asio::awaitable<void> record_until_stored(Record record);
  boost::asio::awaitable<bool> recordings_settled();
  boost::asio::awaitable<StartResult> learn_from_records();
  bool install_sinks();
  boost::asio::awaitable<bool> open_webrtc_ports();
  bool open_ip_database();
  bool load_prompts();
  bool open_consent_page();
  boost::asio::awaitable<bool> load_opt_outs();
  bool listen();
  bool listen_for_janus();
  bool listen_for_whip();
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> tls_context_of(
      const TlsConfig& config) const;
  boost::asio::awaitable<std::string> exposition_of_now();
  // `told`: whoever asks may know of files and faults.
  [[nodiscard]] Answered<std::string> readiness(bool told) const;
  std::vector<std::unique_ptr<MediaWorker>> make_workers();

  boost::asio::io_context& context_;
  const Config& config_;
  Log& log_;
  MetricsSnapshot totals_;
  Storage storage_;
  IpDatabase ip_database_;
  PolicyInForce policy_;
  SinkPlaces sinks_;
  PortRange ports_;
  DtlsCertificates certificates_;
  Keypad keypad_;
  TransferPlaces places_;
  EventHub events_;
  Webhooks webhooks_;
  Exports exports_;
  OptOuts opt_outs_;
  ConferenceServices conference_services_;
  std::vector<std::unique_ptr<MediaWorker>> workers_;
  Conferences conferences_;
  PolicyChanges policy_changes_;
  SubjectRights subject_rights_;
  Retention retention_;
  Disclosures disclosures_;
  Access access_;
  Dispatcher dispatcher_;
  ApiBackend backend_;
  std::optional<ConsentPage> consent_page_;  // from the start on
  HttpServer server_;
  JanusCalls janus_calls_;
  std::optional<JanusFront> janus_;  // where one is configured, from the start on
  std::optional<WhipFront> whip_;    // the same
  std::uint16_t api_port_ = 0;
  std::uint16_t janus_port_ = 0;
  std::uint16_t whip_port_ = 0;
  std::atomic<std::size_t> closed_tracks_ = 0;  // that are on their way to storage
  bool records_begun_ = false;                  // or never will, as the log says
  bool storage_well_ = true;                    // as it was told last
  std::chrono::steady_clock::time_point well_until_{};
  bool opt_outs_known_ = false;
  bool misconfigured_ = false;  // found once calls ran
  bool stopping_ = false;
};

}  // namespace assent::gateway
