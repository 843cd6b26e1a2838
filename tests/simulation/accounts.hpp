#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "media/relay.hpp"
#include "tests/simulation/line.hpp"

namespace assent::simulation {

// What really arrived, left and came back since the relay was last asked, to hold its records
// against.
class Accounts {
 public:
  struct Copy {  // of a packet, to a sink
    media::Ssrc ssrc{};
    std::uint64_t epoch = 0;
    std::int64_t extended = 0;
    std::size_t bytes = 0;
    bool given_back = false;
  };
  struct Period {
    std::uint64_t taken = 0;
    std::uint64_t taken_bytes = 0;
    std::uint64_t rtcp = 0;
    std::uint64_t dropped = 0;
    std::uint64_t forwarded = 0;
    std::uint64_t forwarded_bytes = 0;
    std::uint64_t not_forwarded = 0;
    std::uint64_t surely_withheld = 0;   // from the server: it could have been forwarded
    std::uint64_t perhaps_withheld = 0;  // the server performed a purpose
    std::map<media::SinkId, std::vector<Copy>> copies;
  };

  [[nodiscard]] Period& of(LegSerial serial) { return periods_[serial]; }
  void route_opened(Person person, media::SinkId sink) { routes_[person].insert(sink); }
  void route_closed(Person person, media::SinkId sink) { routes_[person].erase(sink); }
  [[nodiscard]] const std::set<media::SinkId>& routes(Person person) { return routes_[person]; }

  // Nothing has happened on it that the relay was not asked about.
  [[nodiscard]] bool is_settled(LegSerial serial) const;
  // Ends the period. What differs, in words; empty: nothing.
  [[nodiscard]] std::string compare(const Line& line, const media::LegRecord& record);

 private:
  std::map<LegSerial, Period> periods_;
  std::map<Person, std::set<media::SinkId>> routes_;
};

}  // namespace assent::simulation
