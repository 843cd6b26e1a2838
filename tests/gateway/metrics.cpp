#include "gateway/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <regex>
#include <set>
#include <sstream>

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

MetricsSnapshot busy() {
  MetricsSnapshot out;
  out.started = std::chrono::sys_time<std::chrono::milliseconds>{1'800'000'000'000ms};
  out.from_client.rtp_packets = 10;
  out.from_client.rtp_bytes = 1720;
  out.from_client.rtcp_packets = 2;
  out.from_client.relayed_packets = 9;
  out.from_client.data_packets = 6;
  out.from_client.data_withheld = 5;
  out.from_client.dropped[static_cast<std::size_t>(media::DropReason::replayed)] = 3;
  out.from_client.lost[static_cast<std::size_t>(media::DropReason::not_connected)] = 1;
  out.from_server.rtp_packets = 8;
  out.sinks.push_back({"recorder", 5, 600, {{"consent_refused", 4}}, 1, 2, {{0, true, 3, 17}}});
  out.sinks.push_back(
      {"transcriber", 7, 1204, {}, 0, 0, {}, PcmMetrics{3, 2, 5, 640, 320, 160, 1}});
  out.rooms = 1;
  out.participants = 3;
  out.client_legs = 3;
  out.ports_used = 12;
  out.ports_free = 9988;
  out.consent_changes[static_cast<std::size_t>(policy::ConsentState::withdrawn)] = 7;
  out.withdrawals.observe(1800us);
  out.withdrawals.observe(30s);
  ApiOperationMetrics api{"putConsent", {{200, 4}, {409, 1}}, {}};
  api.duration.observe(500us);
  out.api.push_back(api);
  out.storage.writable = true;
  out.storage.records = 44;
  return out;
}

TEST(Exposition, TellsTrafficSinksConsentsApiAndStorage) {
  const std::string text = exposition(busy());
  for (const auto* line : {
           "assent_received_packets_total{side=\"client\",kind=\"rtp\"} 10\n",
           "assent_received_packets_total{side=\"client\",kind=\"rtcp\"} 2\n",
           "assent_received_packets_total{side=\"client\",kind=\"data\"} 6\n",
           "assent_server_withheld_data_packets_total{side=\"client\"} 5\n",
           "assent_received_bytes_total{side=\"client\"} 1720\n",
           "assent_relayed_packets_total{side=\"client\"} 9\n",
           "assent_dropped_packets_total{side=\"client\",reason=\"replayed\"} 3\n",
           "assent_lost_packets_total{side=\"client\",reason=\"not_connected\"} 1\n",
           "assent_sink_delivered_packets_total{sink=\"recorder\"} 5\n",
           "assent_sink_withheld_packets_total{sink=\"recorder\",reason=\"consent_refused\"} 4\n",
           "assent_recorder_overflows_total{sink=\"recorder\"} 1\n",
           "assent_recorder_unwritten_total{sink=\"recorder\"} 2\n",
           "assent_sink_connected{sink=\"recorder\",worker=\"0\"} 1\n",
           "assent_sink_reconnects_total{sink=\"recorder\",worker=\"0\"} 3\n",
           "assent_sink_unconnected_packets_total{sink=\"recorder\",worker=\"0\"} 17\n",
           "assent_pcm_streams{sink=\"transcriber\",connected=\"true\"} 2\n",
           "assent_pcm_streams{sink=\"transcriber\",connected=\"false\"} 1\n",
           "assent_pcm_connections_total{sink=\"transcriber\"} 5\n",
           "assent_pcm_samples_total{sink=\"transcriber\",fate=\"sent\"} 640\n",
           "assent_pcm_samples_total{sink=\"transcriber\",fate=\"shed\"} 320\n",
           "assent_pcm_samples_total{sink=\"transcriber\",fate=\"missing\"} 160\n",
           "assent_pcm_malformed_packets_total{sink=\"transcriber\"} 1\n",
           "assent_rooms 1\n",
           "assent_legs{side=\"client\"} 3\n",
           "assent_ports{state=\"free\"} 9988\n",
           "assent_consent_changes_total{state=\"withdrawn\"} 7\n",
           "assent_withdrawal_seconds_count 2\n",
           "assent_api_requests_total{operation=\"putConsent\",status=\"409\"} 1\n",
           "assent_storage_writable 1\n",
           "assent_permits_lapsed 0\n",
           "assent_storage_records_total 44\n",
           "assent_start_time_seconds 1800000000\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Exposition, ShowsEveryDropReasonAndStateFromTheStartSoThatRatesHaveABeginning) {
  const std::string text = exposition({});
  for (std::size_t i = 0; i < media::drop_reasons; ++i) {
    const std::string reason{media::to_string(static_cast<media::DropReason>(i))};
    EXPECT_THAT(text, HasSubstr("assent_dropped_packets_total{side=\"server\",reason=\"" + reason +
                                "\"} 0\n"));
  }
  for (std::size_t i = 0; i < policy::consent_states; ++i) {
    const std::string state{policy::to_string(static_cast<policy::ConsentState>(i))};
    EXPECT_THAT(text, HasSubstr("assent_consent_changes_total{state=\"" + state + "\"} 0\n"));
  }
}

TEST(Exposition, HasOnlyLabelsThatCannotNameAPerson) {
  const std::set<std::string> allowed{"fate",      "side",    "kind",   "reason",
                                      "sink",      "state",   "le",     "status",
                                      "operation", "version", "worker", "connected"};
  const std::string text = exposition(busy());
  const std::regex label{R"re(([a-z_]+)="[^"]*")re"};
  for (auto match = std::sregex_iterator(text.begin(), text.end(), label);
       match != std::sregex_iterator{}; ++match) {
    EXPECT_TRUE(allowed.contains((*match)[1].str())) << (*match)[0];
  }
}

TEST(Exposition, EveryLineIsACommentOrASampleAndEveryFamilyHasHelpAndType) {
  std::istringstream lines{exposition(busy())};
  const std::regex sample{
      R"re(assent_[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+)re"};
  std::set<std::string> described;
  std::size_t samples = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) described.insert(line.substr(7, line.find(' ', 7) - 7));
    if (line.starts_with("#")) continue;
    EXPECT_TRUE(std::regex_match(line, sample)) << line;
    ++samples;
  }
  EXPECT_GT(samples, 60U);
  EXPECT_TRUE(described.contains("assent_withdrawal_seconds"));
}

TEST(Exposition, LargeCountersStayWholeNumbers) {
  MetricsSnapshot snapshot;
  snapshot.from_client.rtp_bytes = (std::uint64_t{1} << 53) - 1;
  EXPECT_THAT(exposition(snapshot),
              HasSubstr("assent_received_bytes_total{side=\"client\"} 9007199254740991\n"));
}

TEST(LatencyHistogram, CountsEachObservationInItsBucketAndAllAbove) {
  LatencyHistogram histogram;
  histogram.observe(0us);
  histogram.observe(500us);
  histogram.observe(501us);
  histogram.observe(1h);
  EXPECT_EQ(histogram.up_to(0), 2U);
  EXPECT_EQ(histogram.up_to(1), 3U);
  EXPECT_EQ(histogram.up_to(LatencyHistogram::bounds.size() - 1), 3U);
  EXPECT_EQ(histogram.count(), 4U);
  EXPECT_NEAR(histogram.sum_seconds(), 3600.001, 0.001);
}

TEST(LatencyHistogram, HasABoundAtTheTargetOfWithdrawals) {
  EXPECT_NE(std::find(LatencyHistogram::bounds.begin(), LatencyHistogram::bounds.end(), 20ms),
            LatencyHistogram::bounds.end());
}

}  // namespace
}  // namespace assent::gateway
