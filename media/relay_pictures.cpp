// A grant begins in the middle of a video: what comes next can be decoded only from the next
// picture that needs no earlier one, so the sender is asked for one.
#include <algorithm>

#include "media/picture_request.hpp"
#include "media/relay.hpp"

namespace assent::media {

void Relay::want_pictures(const Leg& leg, const IngressStream& stream, SinkId sink) {
  const bool takes_video = (sinks_[index(sink)].accepts & codec_bit(Codec::other_video)) != 0;
  if (takes_video && stream.is_video) pictures_wanted_.push_back({leg.id, stream.ssrc});
}

void Relay::ask_for_pictures(TimePoint now, Outbox& out) {
  while (!pictures_wanted_.empty() && out.has_room_for(1)) {
    const auto wanted = pictures_wanted_.back();
    pictures_wanted_.pop_back();
    Leg& leg = *legs_[index(wanted.leg)];
    if (!leg.config().remote_rtcp.is_set() || now >= leg.sends_until()) continue;
    const auto room = out.room();
    write_picture_request(wanted.ssrc, room.first<picture_request_bytes>());
    const auto sealed = leg.seal_rtcp(room, picture_request_bytes);
    if (!sealed) continue;
    const auto lane = leg.config().rtcp_mux ? Lane::Kind::leg_rtp : Lane::Kind::leg_rtcp;
    Outgoing outgoing;
    outgoing.lane = {lane, static_cast<std::uint32_t>(wanted.leg)};
    outgoing.size = static_cast<std::uint16_t>(*sealed);
    outgoing.to = leg.config().remote_rtcp;
    outgoing.source = leg.config().source;
    outgoing.came_from = static_cast<std::uint32_t>(wanted.leg);  // the gateway's own
    out.push(outgoing);
  }
}

void Relay::forget_pictures(LegId leg) {
  std::erase_if(pictures_wanted_, [leg](const PictureWanted& wanted) { return wanted.leg == leg; });
}

}  // namespace assent::media
