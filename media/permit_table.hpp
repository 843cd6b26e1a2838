#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "media/codec.hpp"
#include "media/time.hpp"

namespace assent::media {

enum class SourceId : std::uint32_t {};  // a participant, dense, local to one relay
enum class SinkId : std::uint8_t {};     // a sink, or a purpose that the server itself performs

inline constexpr std::size_t sinks_max = 32;

[[nodiscard]] constexpr std::size_t index(SourceId id) {
  return static_cast<std::size_t>(id);
}
[[nodiscard]] constexpr std::size_t index(SinkId id) {
  return static_cast<std::size_t>(id);
}

// Why an authenticated packet of a participant did not go where a route leads. Closed: with
// what was delivered these add up to what was offered.
enum class Withheld : std::uint8_t {
  no_permit,       // the decision says no; its reason stands in the decision
  expired,         // the permit's deadline passed before the control side said anything
  before_grant,    // captured before the permit opened, or may carry audio from before it
  unfit_format,    // not audio or video itself (RTX, RED, FEC, DTMF), or not the sink's codec
  ssrc_collision,  // the sink hears this SSRC from somebody else (RFC 3550 §8.2)
  sink_full,       // it was not taken: queue full, socket refused, disk full, server on hold
};
inline constexpr std::size_t withheld_reasons = 6;

[[nodiscard]] std::string_view to_string(Withheld reason);

// The computed yes or no for (participant, sink). The zero value is no.
struct Permit {
  TimePoint open_until{};   // read against every packet; TimePoint::max() for no deadline
  std::uint64_t epoch = 0;  // the decision this permit stands on

  [[nodiscard]] static constexpr Permit denied(std::uint64_t epoch) { return {{}, epoch}; }
};

// What the packet path asks last before bytes for a sink come into being, and again wherever
// something queues.
class PermitTable {
 public:
  void resize(std::size_t sources) { permits_.resize(sources); }
  void clear(SourceId source) { permits_[index(source)] = {}; }

  void set(SourceId source, SinkId sink, Permit permit) {
    permits_[index(source)][index(sink)] = permit;
  }
  [[nodiscard]] const Permit& of(SourceId source, SinkId sink) const {
    return permits_[index(source)][index(sink)];
  }
  [[nodiscard]] bool admits(TimePoint now, SourceId source, SinkId sink) const {
    return now < of(source, sink).open_until;
  }

 private:
  std::vector<std::array<Permit, sinks_max>> permits_;
};

}  // namespace assent::media
