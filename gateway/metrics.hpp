#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "media/codec.hpp"
#include "media/drop_reason.hpp"
#include "policy/consent.hpp"

// What GET /metrics tells. Whoever counts fills a snapshot; all counters are totals since the
// start. Labels are closed sets, the operator's sink names and the API's operations: never a room,
// a participant, an address or anything else out of a request.
namespace assent::gateway {

// How long something took, in buckets fixed at build time so that series of many gateways add up.
class LatencyHistogram {
 public:
  static constexpr std::array<std::chrono::microseconds, 12> bounds{
      std::chrono::microseconds{500},       std::chrono::microseconds{1'000},
      std::chrono::microseconds{2'500},     std::chrono::microseconds{5'000},
      std::chrono::microseconds{10'000},    std::chrono::microseconds{20'000},
      std::chrono::microseconds{50'000},    std::chrono::microseconds{100'000},
      std::chrono::microseconds{250'000},   std::chrono::microseconds{500'000},
      std::chrono::microseconds{1'000'000}, std::chrono::microseconds{5'000'000}};

  void observe(std::chrono::microseconds took);
  // Observations up to and with the bound; the last of all is count().
  [[nodiscard]] std::uint64_t up_to(std::size_t bound) const;
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] double sum_seconds() const { return sum_seconds_; }

 private:
  std::array<std::uint64_t, bounds.size() + 1> counts_{};  // the last is beyond all bounds
  double sum_seconds_ = 0;
};

using CountsByDropReason = std::array<std::uint64_t, media::drop_reasons>;

// What arrived on all legs of one side: received = relayed + lost + withheld from the server.
struct TrafficMetrics {
  std::uint64_t rtp_packets = 0;  // taken in: authentic and sound
  std::uint64_t rtp_bytes = 0;
  std::uint64_t rtcp_packets = 0;
  std::uint64_t relayed_packets = 0;  // RTP to the other side
  std::uint64_t relayed_bytes = 0;
  CountsByDropReason dropped{};  // not taken in
  CountsByDropReason lost{};     // taken in, and lost to the call
  std::uint64_t withheld_from_server = 0;
  std::uint64_t data_packets = 0;   // of data channels, beside the RTP above
  std::uint64_t data_withheld = 0;  // of these, kept from the server in part or whole
};

// One media worker's connection to a sink over TCP.
struct SinkConnection {
  std::size_t worker = 0;
  bool connected = false;
  std::uint64_t reconnects = 0;
  std::uint64_t withheld = 0;  // packets, while it was not connected
};

// What a pcm sink sent, of what it was given.
struct PcmMetrics {
  std::size_t streams = 0;
  std::size_t connected = 0;      // of these
  std::uint64_t connections = 0;  // ever made
  std::uint64_t sent = 0;         // samples
  std::uint64_t shed = 0;
  std::uint64_t missing = 0;
  std::uint64_t malformed = 0;  // packets
};

// Forks to one sink: offered = delivered + the sum of withheld.
struct SinkMetrics {
  std::string sink;
  std::uint64_t delivered_packets = 0;
  std::uint64_t delivered_bytes = 0;
  std::map<std::string, std::uint64_t, std::less<>> withheld;  // by the reason's word
  std::uint64_t recorder_overflows = 0;  // offered to a recorder whose queue was full
  std::uint64_t recorder_unwritten = 0;  // lost because the disk refused
  std::vector<SinkConnection> connections{};
  std::optional<PcmMetrics> pcm{};
};

struct ApiOperationMetrics {
  std::string operation;                        // "putConsent"; empty: no route
  std::map<unsigned, std::uint64_t> by_status;  // requests
  LatencyHistogram duration;
};

struct StorageMetrics {
  bool writable = false;
  std::size_t queued = 0;
  std::uint64_t records = 0;        // made durable
  std::uint64_t commits = 0;        // each with one sync
  std::uint64_t refused = 0;        // answered with an error
  bool permits_lapsed = false;      // nothing could be recorded for a while
  bool ledger_refused = false;      // everything is denied
  bool ledger_unpublished = false;  // a file, or a copy of a checkpoint, is not written
  std::uint64_t ledger_entries = 0;
  std::uint64_t lost_cdrs = 0;  // that could not be stored
  std::uint64_t owed_cdrs = 0;  // the last ones of their calls, which wait for storage
};

struct PolicyMetrics {
  std::uint64_t changes = 0;   // that came into force since the start
  std::uint64_t refused = 0;   // by PUT: with faults, outdated, or not recorded
  bool reload_failed = false;  // the last SIGHUP left the policy before in force
};

// Deliveries to one receiver of events.
struct WebhookMetrics {
  std::string webhook;
  std::size_t waiting = 0;
  std::uint64_t delivered = 0;
  std::uint64_t retried = 0;   // attempts that failed and are made again
  std::uint64_t given_up = 0;  // events that were never delivered
};

// Call detail records given to one target, since it was first configured.
struct ExportMetrics {
  std::string target;
  std::uint64_t sent = 0;
  std::map<std::string, std::uint64_t, std::less<>> refused;  // records that stayed, by reason
  bool failing = false;
};

struct MetricsSnapshot {
  std::chrono::sys_time<std::chrono::milliseconds> started{};
  TrafficMetrics from_client;
  TrafficMetrics from_server;
  std::vector<SinkMetrics> sinks;

  std::size_t rooms = 0;
  std::size_t participants = 0;
  std::size_t client_legs = 0;
  std::size_t server_legs = 0;
  std::size_t ports_used = 0;
  std::size_t ports_free = 0;

  std::array<std::uint64_t, policy::consent_states> consent_changes{};  // by the state reached
  LatencyHistogram withdrawals;          // from the request's end to the acknowledgement
  std::uint64_t unlawful_transfers = 0;  // ways of calls and their records, each once a participant

  std::vector<ApiOperationMetrics> api;
  StorageMetrics storage;
  PolicyMetrics policy;
  std::vector<WebhookMetrics> webhooks;
  std::vector<ExportMetrics> exports;
};

// Prometheus' text format, version 0.0.4.
inline constexpr std::string_view exposition_content_type =
    "text/plain; version=0.0.4; charset=utf-8";
[[nodiscard]] std::string exposition(const MetricsSnapshot& snapshot);

}  // namespace assent::gateway
