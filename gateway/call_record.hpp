#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
// records to store. Totals are cumulative; intervals are given again until storage has one record
// with them.
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

  void add_leg(media::LegId leg, media::Side side, std::string media, std::string transport,
               WallTime now);
  void remove_leg(media::LegId leg) { legs_.erase(leg); }  // its counters stay
  void name_carrier(media::LegId leg, const std::string& carrier);
  [[nodiscard]] std::size_t legs() const { return cdr_.legs.size(); }  // that there ever were

  // From here to detach every packet of the client legs is delivered to the sink or withheld. A
  // sink that comes again goes on in the route that it had.
  void attach(media::SinkId sink, Destination destination);
  void detach(media::SinkId sink);

  // `reason_of(sink)`: why the sink was denied while these packets were counted.
  using ReasonOf = std::function<std::string_view(media::SinkId)>;
  void fold(const media::SourceRecord& record, const ClockReading& clocks,
            const ReasonOf& reason_of);

  // With all totals; its intervals are in the records of next().
  [[nodiscard]] Cdr& cdr() { return cdr_; }
  [[nodiscard]] std::uint32_t last_number() const { return sequence_; }

  // The record as it stands, numbered.
  [[nodiscard]] Cdr next(CdrKind kind, std::optional<CauseForClosing> cause, WallTime now);
  // The record with this number is on disk.
  void stored(std::uint32_t number);

 private:
  struct Place {
    std::size_t leg = 0;    // in cdr_.legs
    std::size_t route = 0;  // in its routes
    auto operator<=>(const Place&) const = default;
  };
  struct Growing {
    DeliveredInterval interval;
    std::uint32_t changed_for;  // the number of the first record that says how it is now
  };
  struct OpenLeg {
    std::size_t index = 0;  // in cdr_.legs
    WallTime counted;       // until when
  };

  void fold_leg(OpenLeg& open, const media::LegRecord& record, const ClockReading& clocks,
                const ReasonOf& reason_of);
  void deliver(Place place, const DeliveredInterval& more);
  void attach_route(CdrLeg& leg, const Destination& destination) const;
  [[nodiscard]] std::optional<std::size_t> open_route(const CdrLeg& leg, media::SinkId sink) const;

  Cdr cdr_;
  std::uint32_t sequence_ = 0;
  std::uint32_t stored_ = 0;  // the last record that storage acknowledged
  std::map<media::LegId, OpenLeg> legs_;
  std::map<media::SinkId, Destination> attached_;
  std::map<Place, std::vector<Growing>> intervals_;  // that may grow, or are not stored
};

}  // namespace assent::gateway
