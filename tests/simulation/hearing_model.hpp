#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/simulation/consent_book.hpp"
#include "tests/simulation/line.hpp"

namespace assent::simulation {

enum class Verdict : std::uint8_t { must_not, may, must };

// What each sink heard of each stream, and may hear next. A conference server that performs a
// purpose is a sink like others here.
class HearingModel {
 public:
  HearingModel(const ConsentBook& book, const Lines& lines) : book_{book}, lines_{lines} {}

  // For every packet taken in, in the order of arrival.
  [[nodiscard]] Verdict judge(media::TimePoint now, const Line& line, const Datagram& datagram,
                              media::SinkId sink);
  void heard(const Line& line, const Datagram& datagram, std::int64_t extended, media::SinkId sink);
  // Of a report about a stream: has the sink heard it since its permit was given?
  [[nodiscard]] bool knows(const Line& line, media::Ssrc ssrc, media::SinkId sink) const;

  // The relay was told. Gives the cut that it must have told of, sorted.
  struct Mark {
    media::Ssrc ssrc{};
    std::uint64_t epoch = 0;
    std::int64_t last_sequence = 0;
    auto operator<=>(const Mark&) const = default;
  };
  [[nodiscard]] std::vector<Mark> permit_set(Person person, media::SinkId sink, std::uint64_t epoch,
                                             bool opens);
  [[nodiscard]] std::uint64_t epoch(Person person, media::SinkId sink) const;
  void leg_removed(const Line& line);

 private:
  struct Hearing {
    std::int64_t barred = INT64_MIN;   // the latest frame that arrived while forbidden
    std::int64_t highest = INT64_MIN;  // the latest frame that arrived
    std::int64_t first = 0;            // the first that was heard after the permit
    bool waiting = true;               // nothing was heard yet after the permit
    unsigned skipped = 0;              // in order, while waiting
    bool contested = false;            // somebody else spoke with this SSRC at a time
    std::optional<std::int64_t> last;  // extended, heard since the permit's epoch
  };
  using Key = std::tuple<LegSerial, media::Ssrc, media::SinkId>;

  [[nodiscard]] bool is_anothers(const Line& line, media::Ssrc ssrc, media::SinkId sink) const;
  [[nodiscard]] bool is_shared(const Line& line, media::Ssrc ssrc, media::SinkId sink) const;

  const ConsentBook& book_;
  const Lines& lines_;
  std::map<Key, Hearing> hearings_;
  // When anything of the person arrived that the sink must not have, last.
  std::map<std::pair<Person, media::SinkId>, media::TimePoint> forbidden_;
  std::map<std::pair<Person, media::SinkId>, std::uint64_t> epochs_;
  // What was heard from legs that are gone, since the permit's epoch.
  std::map<std::pair<Person, media::SinkId>, std::vector<Mark>> parted_;
  std::map<std::pair<media::SinkId, media::Ssrc>, std::set<LegSerial>> speakers_;
};

}  // namespace assent::simulation
