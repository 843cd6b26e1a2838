// What sinks of this program are told of a participant's media, beside the packets.
#include <algorithm>
#include <utility>

#include "gateway/conference.hpp"
#include "gateway/sha256.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

constexpr std::string_view sink_failed = "sink_failed";
constexpr std::string_view renewed = "renewed";

// The permission goes because the participant, or the purpose, does.
bool is_end_of_all(policy::Reason reason) {
  return reason == policy::Reason::participant_unknown ||
         reason == policy::Reason::purpose_not_started;
}

}  // namespace

// It stands before the permit opens: not one permitted packet is lost to it.
asio::awaitable<void> Conference::open_track(PermitOrder& order) {
  TrackSink* sink = services_.sinks.track_sink(order.sink);
  if (sink == nullptr) co_return;
  const Participant& who = *order.participant;
  TrackSpec spec;
  spec.session = identity_.session;
  spec.room = identity_.room;
  spec.participant = who.id;
  spec.subject = who.who.subject;
  spec.sink = order.decision.sink;
  spec.purpose = order.decision.purpose;
  spec.epoch = order.decision.epoch;
  spec.call = pseudonym_of({}, spec.sink);
  spec.speaker = pseudonym_of(who.id, spec.sink);
  spec.open_until = order.permit.open_until;
  // It may serve its own purpose from now on; and whatever else it may already.
  spec.purposes = purposes_served(who);
  auto& own = spec.purposes[spec.purpose];
  if (std::find(own.begin(), own.end(), spec.sink) == own.end()) own.push_back(spec.sink);
  std::sort(own.begin(), own.end());
  auto purposes = spec.purposes;
  const auto opened = co_await sink->open(std::move(spec));
  if (opened) {
    order.track = *opened;
    order.purposes = std::move(purposes);
  } else {
    order.hindrance = sink_failed;
    order.permit = media::Permit::denied(order.decision.epoch);
    publish_sink_failure(order.decision, opened.error());
  }
}

asio::awaitable<void> Conference::close_track(const PermitOrder& order, TrackId track) {
  TrackSink* sink = services_.sinks.track_sink(order.sink);
  Participant& who = *order.participant;
  const auto& decision = order.decision;
  TrackEnd how;
  how.withdrawn = !order.track && !is_end_of_all(decision.reason);
  how.reason = to_string(decision.reason);
  if (decision.permitted) how.reason = order.track ? renewed : order.hindrance;
  for (const auto& mark : order.cut) {
    how.cuts.push_back({static_cast<std::uint32_t>(mark.ssrc),
                        static_cast<std::uint64_t>(std::max<std::int64_t>(mark.last_sequence, 0))});
  }
  if (how.withdrawn && erased_.contains(who.id)) how.forget_since = who.record.cdr().opened;
  co_await sink->end(track, std::move(how));
}

// What the worker was told: neither what is still to be recorded, nor what does not pass.
ServedPurposes Conference::purposes_served(const Participant& who) const {
  ServedPurposes served;
  const auto now = read_clocks().wall;
  for (const auto& [sink, standing] : who.standing) {
    const auto& decision = standing.decision;
    const bool open = decision.permitted && standing.hindrance.empty() &&
                      (!decision.deadline || *decision.deadline > now);
    if (open && policy_.rules().sinks.contains(decision.sink))
      served[decision.purpose].push_back(decision.sink);
  }
  for (auto& [purpose, sinks] : served)
    std::sort(sinks.begin(), sinks.end());
  return served;
}

// A sink that has somebody's words must know when they may go to a summary no more.
asio::awaitable<void> Conference::tell_purposes(std::vector<Participant*> affected) {
  std::sort(affected.begin(), affected.end());
  affected.erase(std::unique(affected.begin(), affected.end()), affected.end());
  for (Participant* who : affected) {
    const auto served = purposes_served(*who);
    for (auto& [sink, standing] : who->standing) {
      if (!standing.track || standing.purposes == served) continue;
      standing.purposes = served;
      auto told = served;
      co_await services_.sinks.track_sink(sink)->serve(*standing.track, std::move(told));
    }
  }
}

// The same for the whole of this holding, another at each sink; nothing leads back from it but what
// the events of the API say.
std::string Conference::pseudonym_of(std::string_view participant, std::string_view sink) const {
  std::string text(reinterpret_cast<const char*>(pseudonym_key_.data()), pseudonym_key_.size());
  text += sink;
  text += '\0';
  text += participant;
  constexpr std::size_t digits = 32;  // 128 bits
  return to_hex(sha256(text)).substr(0, digits);
}

}  // namespace assent::gateway
