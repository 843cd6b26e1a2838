#include "gateway/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <sstream>

#include "gateway/version.hpp"

namespace assent::gateway {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

double seconds(std::chrono::microseconds value) {
  return std::chrono::duration<double>{value}.count();
}

class Family {
 public:
  Family(std::string name, std::string help, MetricType type) {
    family_.name = "assent_" + std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }

  Family& add(Labels labels, std::uint64_t value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    // Beyond 2^53 a double counts in steps of two: after some 280 years at a million packets/s.
    metric.counter.value = static_cast<double>(value);
    metric.gauge.value = metric.counter.value;
    family_.metric.push_back(std::move(metric));
    return *this;
  }

  Family& add(Labels labels, const LatencyHistogram& histogram) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.histogram.sample_count = histogram.count();
    metric.histogram.sample_sum = histogram.sum_seconds();
    for (std::size_t i = 0; i < LatencyHistogram::bounds.size(); ++i) {
      metric.histogram.bucket.push_back({histogram.up_to(i), seconds(LatencyHistogram::bounds[i])});
    }
    metric.histogram.bucket.push_back({histogram.count(), std::numeric_limits<double>::infinity()});
    family_.metric.push_back(std::move(metric));
    return *this;
  }

  [[nodiscard]] const MetricFamily& family() const { return family_; }

 private:
  MetricFamily family_;
};

Family counter(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Counter};
}
Family gauge(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Gauge};
}
Family histogram(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Histogram};
}

class Exposition {
 public:
  void add(const Family& family) {
    // A family without a series says nothing, and a comment alone is no metric.
    if (!family.family().metric.empty()) families_.push_back(family.family());
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families_);
    return out.str();
  }

 private:
  std::vector<MetricFamily> families_;
};

void add_drops(Family& family, const std::string& side, const CountsByDropReason& counts) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::string reason{media::to_string(static_cast<media::DropReason>(i))};
    family.add({{"side", side}, {"reason", reason}}, counts[i]);
  }
}

void add_traffic(Exposition& out, const MetricsSnapshot& snapshot) {
  auto received = counter("received_packets_total",
                          "Authentic, sound packets taken in, by the side they came from.");
  auto received_bytes = counter("received_bytes_total", "RTP bytes taken in.");
  auto relayed = counter("relayed_packets_total",
                         "RTP packets handed to the other side, by the side they came from.");
  auto relayed_bytes = counter("relayed_bytes_total", "RTP bytes handed to the other side.");
  auto dropped = counter("dropped_packets_total", "Packets not taken in, by reason.");
  auto lost =
      counter("lost_packets_total", "RTP packets taken in but lost to the call, by reason.");
  auto from_server = counter("server_withheld_packets_total",
                             "RTP packets kept from a conference server that performs a purpose "
                             "without a permit.");
  auto data_from_server = counter("server_withheld_data_packets_total",
                                  "Packets of data channels kept from it in the same way.");
  const std::pair<std::string, const TrafficMetrics*> sides[] = {{"client", &snapshot.from_client},
                                                                 {"server", &snapshot.from_server}};
  for (const auto& [side, traffic] : sides) {
    received.add({{"side", side}, {"kind", "rtp"}}, traffic->rtp_packets)
        .add({{"side", side}, {"kind", "rtcp"}}, traffic->rtcp_packets)
        .add({{"side", side}, {"kind", "data"}}, traffic->data_packets);
    received_bytes.add({{"side", side}}, traffic->rtp_bytes);
    relayed.add({{"side", side}}, traffic->relayed_packets);
    relayed_bytes.add({{"side", side}}, traffic->relayed_bytes);
    add_drops(dropped, side, traffic->dropped);
    add_drops(lost, side, traffic->lost);
    from_server.add({{"side", side}}, traffic->withheld_from_server);
    data_from_server.add({{"side", side}}, traffic->data_withheld);
  }
  for (const Family* family : {&received, &received_bytes, &relayed, &relayed_bytes, &dropped,
                               &lost, &from_server, &data_from_server}) {
    out.add(*family);
  }
}

void add_sinks(Exposition& out, const MetricsSnapshot& snapshot) {
  auto delivered = counter("sink_delivered_packets_total", "Packets that a sink was given.");
  auto bytes = counter("sink_delivered_bytes_total", "RTP bytes that a sink was given.");
  auto withheld = counter("sink_withheld_packets_total", "Packets kept from a sink, by reason.");
  auto overflows = counter("recorder_overflows_total",
                           "Packets that a recorder missed because its queue was full.");
  auto unwritten = counter("recorder_unwritten_total",
                           "Packets that a recorder lost because the disk refused them.");
  for (const SinkMetrics& sink : snapshot.sinks) {
    delivered.add({{"sink", sink.sink}}, sink.delivered_packets);
    bytes.add({{"sink", sink.sink}}, sink.delivered_bytes);
    for (const auto& [reason, packets] : sink.withheld) {
      withheld.add({{"sink", sink.sink}, {"reason", reason}}, packets);
    }
    overflows.add({{"sink", sink.sink}}, sink.recorder_overflows);
    unwritten.add({{"sink", sink.sink}}, sink.recorder_unwritten);
  }
  for (const Family* family : {&delivered, &bytes, &withheld, &overflows, &unwritten}) {
    out.add(*family);
  }
}

void add_pcm(Exposition& out, const MetricsSnapshot& snapshot) {
  auto streams = gauge("pcm_streams", "Streams of audio that are sent to a sink, by connection.");
  auto made = counter("pcm_connections_total", "Connections made for them.");
  auto samples = counter("pcm_samples_total",
                         "Samples, 16000 a second, that a sink was sent; that it did not take in "
                         "time (shed); or that were lost, withheld or not spoken (missing).");
  auto malformed = counter("pcm_malformed_packets_total", "Packets that no decoder takes.");
  for (const SinkMetrics& sink : snapshot.sinks) {
    if (!sink.pcm) continue;
    const auto of = [&](std::string_view label, std::string_view value) {
      return Labels{{"sink", sink.sink}, {std::string{label}, std::string{value}}};
    };
    streams.add(of("connected", "true"), sink.pcm->connected);
    streams.add(of("connected", "false"), sink.pcm->streams - sink.pcm->connected);
    made.add({{"sink", sink.sink}}, sink.pcm->connections);
    samples.add(of("fate", "sent"), sink.pcm->sent);
    samples.add(of("fate", "shed"), sink.pcm->shed);
    samples.add(of("fate", "missing"), sink.pcm->missing);
    malformed.add({{"sink", sink.sink}}, sink.pcm->malformed);
  }
  for (const Family* family : {&streams, &made, &samples, &malformed})
    out.add(*family);
}

void add_connections(Exposition& out, const MetricsSnapshot& snapshot) {
  auto connected = gauge("sink_connected", "Whether a worker's connection to a sink stands.");
  auto reconnects = counter("sink_reconnects_total", "Times that it was made again.");
  auto withheld = counter("sink_unconnected_packets_total",
                          "Packets kept from a sink because it was not connected.");
  for (const SinkMetrics& sink : snapshot.sinks) {
    for (const SinkConnection& of : sink.connections) {
      const Labels whose{{"sink", sink.sink}, {"worker", std::to_string(of.worker)}};
      connected.add(whose, of.connected ? 1U : 0U);
      reconnects.add(whose, of.reconnects);
      withheld.add(whose, of.withheld);
    }
  }
  for (const Family* family : {&connected, &reconnects, &withheld})
    out.add(*family);
}

void add_calls(Exposition& out, const MetricsSnapshot& snapshot) {
  out.add(gauge("rooms", "Rooms open.").add({}, snapshot.rooms));
  out.add(gauge("participants", "Participants in all rooms.").add({}, snapshot.participants));
  out.add(gauge("legs", "Transports to peers, by side.")
              .add({{"side", "client"}}, snapshot.client_legs)
              .add({{"side", "server"}}, snapshot.server_legs));
  out.add(gauge("ports", "UDP ports of the configured range, by state.")
              .add({{"state", "used"}}, snapshot.ports_used)
              .add({{"state", "free"}}, snapshot.ports_free));
  auto changes = counter("consent_changes_total", "Consents that changed, by the state reached.");
  for (std::size_t i = 0; i < snapshot.consent_changes.size(); ++i) {
    const std::string state{policy::to_string(static_cast<policy::ConsentState>(i))};
    changes.add({{"state", state}}, snapshot.consent_changes.at(i));
  }
  out.add(changes);
  out.add(counter("unlawful_transfers_total",
                  "Ways of calls and their records that nothing makes lawful; each once a person.")
              .add({}, snapshot.unlawful_transfers));
  out.add(histogram("withdrawal_seconds",
                    "From a withdrawal's request to its acknowledgement; media stopped before it.")
              .add({}, snapshot.withdrawals));
}

void add_api(Exposition& out, const MetricsSnapshot& snapshot) {
  auto requests = counter("api_requests_total", "API requests, by operation and status.");
  auto durations = histogram("api_request_seconds", "How long API requests took, by operation.");
  for (const ApiOperationMetrics& operation : snapshot.api) {
    const std::string name = operation.operation.empty() ? "none" : operation.operation;
    for (const auto& [status, count] : operation.by_status) {
      requests.add({{"operation", name}, {"status", std::to_string(status)}}, count);
    }
    durations.add({{"operation", name}}, operation.duration);
  }
  out.add(requests);
  out.add(durations);
}

void add_storage(Exposition& out, const StorageMetrics& storage) {
  out.add(gauge("storage_writable", "1 if the last attempt to write was durable.")
              .add({}, storage.writable ? 1 : 0));
  out.add(gauge("permits_lapsed", "1 while no permit is open because nothing could be recorded.")
              .add({}, storage.permits_lapsed ? 1 : 0));
  out.add(gauge("storage_queued", "Requests that wait for the disk.").add({}, storage.queued));
  out.add(counter("storage_records_total", "Records made durable.").add({}, storage.records));
  out.add(counter("storage_commits_total", "Transactions, each with one sync.")
              .add({}, storage.commits));
  out.add(counter("storage_refused_total", "Requests that storage answered with an error.")
              .add({}, storage.refused));
  out.add(gauge("ledger_refused", "1 if the ledger contradicts itself; then everything is denied.")
              .add({}, storage.ledger_refused ? 1 : 0));
  out.add(gauge("ledger_unpublished",
                "1 if a static file of the ledger or a copy of its checkpoint is not written.")
              .add({}, storage.ledger_unpublished ? 1 : 0));
  out.add(gauge("ledger_entries", "Entries of the ledger.").add({}, storage.ledger_entries));
  out.add(gauge("storage_owed_cdrs", "Last records of calls that wait until storage takes them.")
              .add({}, storage.owed_cdrs));
  out.add(counter("storage_lost_cdrs_total", "Call detail records that could not be stored.")
              .add({}, storage.lost_cdrs));
}

void add_policy(Exposition& out, const PolicyMetrics& policy) {
  out.add(counter("policy_changes_total", "Policies that came into force since the start.")
              .add({}, policy.changes));
  out.add(counter("policy_refused_total", "Policies that were PUT and did not come into force.")
              .add({}, policy.refused));
  out.add(gauge("policy_reload_failed",
                "1 if the last SIGHUP found faults in the files, and the policy before stayed.")
              .add({}, policy.reload_failed ? 1 : 0));
}

void add_webhooks(Exposition& out, const std::vector<WebhookMetrics>& webhooks) {
  auto deliveries =
      counter("webhook_deliveries_total", "Attempts to deliver an event, by outcome.");
  auto waiting = gauge("webhook_waiting", "Events that wait for their receiver.");
  for (const WebhookMetrics& webhook : webhooks) {
    const auto add = [&](std::string outcome, std::uint64_t count) {
      deliveries.add({{"webhook", webhook.webhook}, {"outcome", std::move(outcome)}}, count);
    };
    add("delivered", webhook.delivered);
    add("retried", webhook.retried);
    add("given_up", webhook.given_up);
    waiting.add({{"webhook", webhook.webhook}}, webhook.waiting);
  }
  out.add(deliveries);
  out.add(waiting);
}

void add_exports(Exposition& out, const std::vector<ExportMetrics>& exports) {
  auto sent = counter("export_records_total", "Call detail records that left for a target.");
  auto refused = counter("export_refused_total",
                         "Call detail records that may not leave for a target, by reason.");
  auto failing = gauge("export_failing", "1 if the target does not take records now.");
  for (const ExportMetrics& target : exports) {
    sent.add({{"export", target.target}}, target.sent);
    for (const auto& [reason, records] : target.refused)
      refused.add({{"export", target.target}, {"reason", reason}}, records);
    failing.add({{"export", target.target}}, target.failing ? 1 : 0);
  }
  for (const Family* family : {&sent, &refused, &failing})
    out.add(*family);
}

}  // namespace

void LatencyHistogram::observe(std::chrono::microseconds took) {
  const auto bound = std::lower_bound(bounds.begin(), bounds.end(), took);
  ++counts_.at(static_cast<std::size_t>(bound - bounds.begin()));
  sum_seconds_ += seconds(took);
}

std::uint64_t LatencyHistogram::up_to(std::size_t bound) const {
  return std::accumulate(counts_.begin(), counts_.begin() + static_cast<std::ptrdiff_t>(bound) + 1,
                         std::uint64_t{0});
}

std::uint64_t LatencyHistogram::count() const {
  return up_to(bounds.size());
}

std::string exposition(const MetricsSnapshot& snapshot) {
  Exposition out;
  out.add(
      gauge("build_info", "The release that runs.").add({{"version", std::string{version()}}}, 1));
  const auto started =
      std::chrono::duration_cast<std::chrono::seconds>(snapshot.started.time_since_epoch());
  out.add(gauge("start_time_seconds", "When the process started, in Unix time.")
              .add({}, static_cast<std::uint64_t>(std::max<std::int64_t>(0, started.count()))));
  add_traffic(out, snapshot);
  add_sinks(out, snapshot);
  add_connections(out, snapshot);
  add_pcm(out, snapshot);
  add_calls(out, snapshot);
  add_api(out, snapshot);
  add_storage(out, snapshot.storage);
  add_policy(out, snapshot.policy);
  add_webhooks(out, snapshot.webhooks);
  add_exports(out, snapshot.exports);
  return out.text();
}

}  // namespace assent::gateway
