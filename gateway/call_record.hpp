#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "gateway/cdr.hpp"
#include "media/relay.hpp"

namespace assent::gateway {

// The same instant on both clocks, to date what the relay measured.
struct ClockReading {
  WallTime wall;
  media::TimePoint steady;

  [[nodiscard]] WallTime wall_of(media::TimePoint time) const {
    return wall + std::chrono::duration_cast<std::chrono::milliseconds>(time - steady);
  }
  [[nodiscard]] media::TimePoint steady_of(WallTime time) const { return steady + (time - wall); }
};
[[nodiscard]] ClockReading read_clocks();

// One participant's call detail record while it grows: takes what the relay settles, and gives the
// records to store. Counters are cumulative.
class CallRecord {
 public:
  // `before`: the number of the last record that this session has of the same id; whoever comes
  // again goes on from there.
  explicit CallRecord(Cdr opening, std::uint32_t before = 0)
      : cdr_{std::move(opening)}, sequence_{before} {}

  // Who a sink is in the record.
  struct Destination {
    std::string sink;
    std::string purpose;
  };

  void add_leg(media::LegId leg, media::Side side, std::string media, std::string transport);
  void remove_leg(media::LegId leg) { legs_.erase(leg); }  // its counters stay

  // From here to detach every packet of the client legs is delivered to the sink or withheld.
  void attach(media::SinkId sink, Destination destination);
  void detach(media::SinkId sink);

  // `reason_of(sink)`: why the sink was denied while these packets were counted.
  using ReasonOf = std::function<std::string_view(media::SinkId)>;
  void fold(const media::SourceRecord& record, const ClockReading& clocks,
            const ReasonOf& reason_of);

  [[nodiscard]] Cdr& cdr() { return cdr_; }
  [[nodiscard]] std::uint32_t last_number() const { return sequence_; }

  // The record as it stands, numbered.
  [[nodiscard]] Cdr next(CdrKind kind, std::optional<CauseForClosing> cause, WallTime now);

 private:
  void fold_leg(CdrLeg& leg, const media::LegRecord& record, const ClockReading& clocks,
                const ReasonOf& reason_of);
  [[nodiscard]] CdrRoute* open_route(CdrLeg& leg, media::SinkId sink);

  Cdr cdr_;
  std::uint32_t sequence_ = 0;
  std::map<media::LegId, std::size_t> legs_;  // position in cdr_.legs
  std::map<media::SinkId, Destination> attached_;
};

}  // namespace assent::gateway
