// What control does to the relay, between batches.
#include <algorithm>
#include <bit>
#include <cassert>
#include <string>
#include <utility>

#include "media/earlier_media.hpp"
#include "media/relay.hpp"

namespace assent::media {
namespace {

std::uint64_t owner_key(RoomKey room, Ssrc ssrc) {
  return (static_cast<std::uint64_t>(room) << 32) | static_cast<std::uint32_t>(ssrc);
}

void cut_links(Leg& leg, LegId removed) {
  for (auto& link : leg.links) {
    if (link && link->leg == removed) link.reset();
  }
}

constexpr std::size_t parted_max = 256;  // marks of a participant

constexpr std::uint32_t bit(SinkId sink) {
  return std::uint32_t{1} << index(sink);
}

}  // namespace

SourceId Relay::add_source(RoomKey room) {
  const auto free = std::find_if(sources_.begin(), sources_.end(),
                                 [](const Source& source) { return !source.in_use; });
  const auto position = static_cast<std::size_t>(free - sources_.begin());
  if (free == sources_.end()) {
    sources_.emplace_back();
    permits_.resize(sources_.size());
  }
  const SourceId id{static_cast<std::uint32_t>(position)};
  sources_[position] = Source{};
  sources_[position].in_use = true;
  sources_[position].room = room;
  sources_[position].cname = "source-" + std::to_string(++sources_ever_);
  permits_.clear(id);
  return id;
}

void Relay::remove_source(SourceId id) {
  const auto legs = source(id).legs;
  for (const LegId leg : legs)
    remove_leg(leg);
  permits_.clear(id);
  source(id) = Source{};
}

LegId Relay::add_leg(LegConfig config) {
  const auto free = std::find(legs_.begin(), legs_.end(), nullptr);
  const auto position = static_cast<std::size_t>(free - legs_.begin());
  if (free == legs_.end()) legs_.emplace_back();
  const LegId id{static_cast<std::uint32_t>(position)};
  source(config.source).legs.push_back(id);
  legs_[position] = std::make_unique<Leg>(std::move(config));
  legs_[position]->id = id;
  set_timer(*legs_[position]);
  for (const Ssrc ssrc : legs_[position]->config().signalled_ssrcs) {
    claim_ssrc(*legs_[position], ssrc);
  }
  return id;
}

void Relay::reconfigure_leg(LegId id, LegConfig config) {
  Leg& leg = *legs_[index(id)];
  assert(config.source == leg.config().source);
  const auto before = leg.config().signalled_ssrcs;
  const auto took = leg.config().takes;
  leg.reconfigure(std::move(config));
  set_timer(leg);
  // A question that was cut short is none.
  if (leg.playback && (leg.config().takes != took || !leg.hears())) stop_asking(leg);
  for (const Ssrc ssrc : before)
    release_ssrc(leg.config().source, ssrc);
  for (const Ssrc ssrc : leg.config().signalled_ssrcs)
    claim_ssrc(leg, ssrc);
}

void Relay::remove_leg(LegId id) {
  stop_asking(*legs_[index(id)]);
  timers_.set(id, std::nullopt);
  forget_pictures(id);
  disconnect(id);
  const auto leg = std::exchange(legs_[index(id)], nullptr);
  const SourceId owner = leg->config().source;
  std::erase(source(owner).legs, id);
  for (const Ssrc ssrc : leg->config().signalled_ssrcs)
    release_ssrc(owner, ssrc);
  auto& parted = source(owner).parted;
  leg->for_each_stream([&](const IngressStream& stream) {
    release_ssrc(owner, stream.ssrc);
    for (const auto& delivery : stream.deliveries) {
      if (delivery.last && parted.size() < parted_max) parted.push_back(*delivery.last);
    }
  });
}

void Relay::disconnect(LegId id) {
  for (const auto& link : std::exchange(legs_[index(id)]->links, {})) {
    if (link) cut_links(*legs_[index(link->leg)], id);
  }
}

void Relay::connect(LegLink client, LegLink server) {
  const auto point = [this](LegLink from, LegLink to) {
    auto& links = legs_[index(from.leg)]->links;
    if (links.size() <= from.section) links.resize(from.section + std::size_t{1});
    links[from.section] = to;
  };
  point(client, server);
  point(server, client);
}

std::array<std::size_t, 2> Relay::leg_count() const {
  std::array<std::size_t, 2> count{};
  for (const auto& leg : legs_) {
    if (leg) ++count[static_cast<std::size_t>(leg->config().side)];
  }
  return count;
}

void Relay::set_sink(SinkId sink, SinkConfig config) {
  sinks_[index(sink)] = config;
}

void Relay::open_route(SourceId id, SinkId sink) {
  permits_.set(id, sink, Permit{});
  auto& set = sinks_[index(sink)].is_server ? source(id).server_gates : source(id).routes;
  set |= bit(sink);
}

void Relay::set_withheld_audio(SourceId id, SinkId purpose, WithheldAudio what) {
  auto& set = source(id).silenced;
  set = what == WithheldAudio::silence ? set | bit(purpose) : set & ~bit(purpose);
}

void Relay::close_route(TimePoint now, SourceId id, SinkId sink) {
  set_permit(now, id, sink, Permit{});
  source(id).routes &= ~bit(sink);
  source(id).server_gates &= ~bit(sink);
}

std::vector<CutMark> Relay::set_permit(TimePoint now, SourceId id, SinkId sink, Permit permit) {
  const bool was_open = permits_.admits(now, id, sink);
  const bool opens = now < permit.open_until;
  permits_.set(id, sink, permit);

  std::vector<CutMark> cut;
  Source& owner = source(id);
  if (opens && !was_open) owner.opened[index(sink)] = now;
  std::erase_if(owner.parted, [&](const CutMark& mark) {
    if (mark.sink != sink || (opens && mark.epoch == permit.epoch)) return false;
    if (!opens) cut.push_back(mark);
    return true;
  });
  for (const LegId leg_id : owner.legs) {
    Leg& leg = *legs_[index(leg_id)];
    if (leg.config().side != Side::client) continue;
    leg.for_each_stream([&](IngressStream& stream) {
      // Who is denied and was never heard claims no SSRC at the sink.
      if (!opens && stream.delivery_to(sink) == nullptr) return;
      Delivery& standing = delivery(id, stream, sink);
      leg.close_interval(standing);
      if (!opens && standing.last) cut.push_back(*standing.last);
      // A decision that is told twice is one decision.
      const bool same = opens && standing.last && standing.last->epoch == permit.epoch;
      if (!same) standing.last.reset();
      if (opens && !was_open && stream.packets != 0) {
        standing.not_before = stream.sequence.highest() + 1;
        standing.is_first = true;
        want_pictures(leg, stream, sink);
      }
    });
  }
  return cut;
}

SourceRecord Relay::settle(SourceId id) {
  const Source& from = source(id);
  SourceRecord record;
  for (const LegId leg_id : from.legs) {
    Leg& leg = *legs_[index(leg_id)];
    LegRecord& entry = record.emplace_back();
    entry.leg = leg_id;
    entry.side = leg.config().side;
    entry.counters = std::exchange(leg.counters, {});
    leg.for_each_stream([&](IngressStream& stream) {
      entry.ssrcs.push_back(stream.ssrc);
      for (auto& delivery : stream.deliveries)
        leg.close_interval(delivery);
    });
    entry.delivered = std::exchange(leg.settled(), {});
    if (leg.config().side != Side::client) continue;
    for (std::size_t i = 0; i < sinks_max; ++i) {
      const SinkId sink{static_cast<std::uint8_t>(i)};
      const bool open = ((from.routes | from.server_gates) & bit(sink)) != 0;
      auto counted = std::exchange(leg.route(sink), {});
      const bool any = counted.offered != 0 || counted.data_offered != 0;
      if (open || any) entry.routes.emplace_back(sink, counted);
    }
  }
  return record;
}

Delivery& Relay::delivery(SourceId id, IngressStream& stream, SinkId sink) {
  if (Delivery* known = stream.delivery_to(sink)) return *known;
  Delivery& opened = stream.deliveries.emplace_back();
  opened.sink = sink;
  // Its last packet may have been lost before the grant, and stand in the one at hand.
  opened.is_first = stream.last_heard - opus_packet_max < source(id).opened[index(sink)];
  opened.collides = sinks_[index(sink)].is_rtp && collides(id, sink, stream.ssrc);
  return opened;
}

// Asked once a stream and sink. The participant who was first keeps the SSRC; a sink that tells
// streams apart by SSRC alone would mix up two people.
bool Relay::collides(SourceId id, SinkId sink, Ssrc ssrc) const {
  for (const auto& leg : legs_) {
    if (!leg || leg->config().source == id || leg->config().side != Side::client) continue;
    bool heard = false;
    leg->for_each_stream([&](IngressStream& stream) {
      const Delivery* known = stream.ssrc == ssrc ? stream.delivery_to(sink) : nullptr;
      heard = heard || (known != nullptr && !known->collides);
    });
    if (heard) return true;
  }
  return false;
}

bool Relay::is_foreign(const Leg& leg, Ssrc ssrc) const {
  if (leg.config().side != Side::client) return false;  // a server sends what others sent it
  const auto& owner = sources_[index(leg.config().source)];
  const auto claimed = ssrc_owners_.find(owner_key(owner.room, ssrc));
  return claimed != ssrc_owners_.end() && claimed->second != leg.config().source;
}

void Relay::claim_ssrc(const Leg& leg, Ssrc ssrc) {
  if (leg.config().side != Side::client) return;
  const SourceId id = leg.config().source;
  ssrc_owners_.try_emplace(owner_key(source(id).room, ssrc), id);
}

void Relay::release_ssrc(SourceId id, Ssrc ssrc) {
  const auto claimed = ssrc_owners_.find(owner_key(source(id).room, ssrc));
  if (claimed == ssrc_owners_.end() || claimed->second != id) return;
  for (const LegId leg_id : source(id).legs) {
    const Leg& leg = *legs_[index(leg_id)];
    if (leg.config().side != Side::client) continue;
    const auto& signalled = leg.config().signalled_ssrcs;
    if (std::find(signalled.begin(), signalled.end(), ssrc) != signalled.end()) return;
    if (leg.carries(ssrc)) return;
  }
  ssrc_owners_.erase(claimed);
}

void Relay::report_conflict(Leg& leg, Ssrc ssrc) {
  if (leg.reported_conflict == ssrc) return;
  leg.reported_conflict = ssrc;
  events_.push_back(SsrcConflict{room_of(leg), leg.config().source, ssrc});
}

IngressStream* Relay::bind_stream(TimePoint now, Leg& leg, const RtpView& packet) {
  const Ssrc ssrc = packet.ssrc();
  const auto admission = leg.admit_stream(now, ssrc);
  if (admission.forgotten) release_ssrc(leg.config().source, *admission.forgotten);
  if (admission.stream == nullptr) return nullptr;
  admission.stream->section = leg.config().bundle.section_of(packet);
  admission.stream->is_video =
      leg.config().payload_types[packet.payload_type()] == Codec::other_video;
  claim_ssrc(leg, ssrc);
  events_.push_back(StreamBound{room_of(leg), leg.config().source, ssrc});
  return admission.stream;
}

}  // namespace assent::media
