#include "tests/simulation/accounts.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace assent::simulation {
namespace {

// Collects differences.
class Differences {
 public:
  void expect(std::string_view what, std::uint64_t counted, std::uint64_t really) {
    if (counted == really) return;
    text_ += std::string(what) + ": recorded " + std::to_string(counted) + ", really " +
             std::to_string(really) + "; ";
  }
  void expect(std::string_view what, bool holds) {
    if (!holds) text_ += std::string(what) + "; ";
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

template <class Counts>
std::uint64_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

// One stream, sink and epoch: as recorded or as it really was.
struct Delivered {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::int64_t first = INT64_MAX;
  std::int64_t last = INT64_MIN;

  void reach(std::int64_t from, std::int64_t to) {
    first = std::min(first, from);
    last = std::max(last, to);
  }
};
using DeliveredOf = std::map<std::tuple<media::SinkId, media::Ssrc, std::uint64_t>, Delivered>;

DeliveredOf recorded(const media::LegRecord& record) {
  DeliveredOf found;
  for (const auto& interval : record.delivered) {
    auto& at = found[{interval.sink, interval.ssrc, interval.epoch}];
    at.packets += interval.packets;
    at.bytes += interval.bytes;
    at.reach(interval.first_sequence, interval.last_sequence);
  }
  return found;
}

// What left (its range may also cover what came back: a sink may have part of it), and what
// stayed away for good.
std::pair<DeliveredOf, DeliveredOf> really(const Accounts::Period& period) {
  DeliveredOf left;
  DeliveredOf stayed;
  for (const auto& [sink, copies] : period.copies) {
    for (const auto& copy : copies) {
      left[{sink, copy.ssrc, copy.epoch}].reach(copy.extended, copy.extended);
      if (copy.given_back) continue;
      auto& at = stayed[{sink, copy.ssrc, copy.epoch}];
      ++at.packets;
      at.bytes += copy.bytes;
      at.reach(copy.extended, copy.extended);
    }
  }
  return {left, stayed};
}

void compare_delivered(Differences& differences, const media::LegRecord& record,
                       const Accounts::Period& period) {
  const auto counted = recorded(record);
  const auto [left, stayed] = really(period);
  differences.expect("delivered intervals of streams, sinks and epochs", counted.size(),
                     stayed.size());
  for (const auto& [key, truth] : stayed) {
    const auto found = counted.find(key);
    if (found == counted.end()) continue;
    const auto name = std::string(place_of(std::get<0>(key)).name) + " epoch " +
                      std::to_string(std::get<2>(key)) + " ";
    const auto& interval = found->second;
    const auto& widest = left.at(key);
    differences.expect(name + "packets", interval.packets, truth.packets);
    differences.expect(name + "bytes", interval.bytes, truth.bytes);
    differences.expect(name + "sequence range",
                       interval.first <= truth.first && interval.first >= widest.first &&
                           interval.last >= truth.last && interval.last <= widest.last);
  }
}

void compare_routes(Differences& differences, const media::LegRecord& record,
                    const Accounts::Period& period, const std::set<media::SinkId>& open) {
  std::map<media::SinkId, std::uint64_t> delivered;
  for (const auto& interval : record.delivered)
    delivered[interval.sink] += interval.packets;
  std::set<media::SinkId> listed;
  for (const auto& [sink, route] : record.routes) {
    listed.insert(sink);
    const std::string name{place_of(sink).name};
    differences.expect(name + " offered", route.offered, period.taken);
    differences.expect(name + " delivered + withheld", delivered[sink] + sum(route.withheld),
                       route.offered);
    delivered.erase(sink);
  }
  differences.expect("delivered on no route", delivered.empty());
  differences.expect("a route is not listed",
                     std::includes(listed.begin(), listed.end(), open.begin(), open.end()));
}

}  // namespace

bool Accounts::is_settled(LegSerial serial) const {
  const auto found = periods_.find(serial);
  if (found == periods_.end()) return true;
  const Period& period = found->second;
  return period.taken + period.rtcp + period.dropped == 0;
}

std::string Accounts::compare(const Line& line, const media::LegRecord& record) {
  const Period period = std::exchange(periods_[line.serial], {});
  const auto& counters = record.counters;
  Differences differences;
  differences.expect("RTP packets", counters.rtp_packets, period.taken);
  differences.expect("RTP bytes", counters.rtp_bytes, period.taken_bytes);
  differences.expect("RTCP packets", counters.rtcp_packets, period.rtcp);
  differences.expect("dropped", sum(counters.drops), period.dropped);
  differences.expect("forwarded", counters.forwarded_packets, period.forwarded);
  differences.expect("forwarded bytes", counters.forwarded_bytes, period.forwarded_bytes);
  differences.expect("lost or withheld from the server",
                     sum(counters.unforwarded) + counters.withheld_from_server,
                     period.not_forwarded);
  differences.expect("withheld from the server",
                     counters.withheld_from_server >= period.surely_withheld &&
                         counters.withheld_from_server <= period.perhaps_withheld);
  compare_delivered(differences, record, period);
  if (line.is_client()) compare_routes(differences, record, period, routes_[line.person]);
  return differences.text();
}

}  // namespace assent::simulation
