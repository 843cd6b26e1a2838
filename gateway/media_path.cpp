#include "gateway/media_path.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "gateway/track_sink.hpp"
#include "media/datagram.hpp"
#include "media/stun.hpp"

namespace assent::gateway {
namespace {

// What the readiness set says of a socket: its leg and component.
std::uint64_t tag_of(media::LegId leg, media::Component component) {
  return (std::uint64_t{media::index(leg)} << 1) | static_cast<std::uint64_t>(component);
}
// Or that it is a sink's connection.
constexpr std::uint64_t stream_tag = std::uint64_t{1} << 63;
// Or one of the ports that WebRTC legs share.
constexpr std::uint64_t shared_tag = std::uint64_t{1} << 62;

bool leads_to_sink(const media::Lane& lane) {
  return lane.kind == media::Lane::Kind::sink_rtp || lane.kind == media::Lane::Kind::sink_rtcp;
}

// A shared port is drained this far before the others have their turn.
constexpr std::size_t shared_datagrams_max = 512;

}  // namespace

MediaPath::MediaPath(std::size_t worker)
    : readiness_{::epoll_create1(EPOLL_CLOEXEC)}, worker_{worker} {
  if (readiness_ < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  next_.resize(outbox_datagrams);
  touched_.reserve(outbox_datagrams);
  run_.reserve(outbox_datagrams);
  framed_run_.reserve(outbox_datagrams);
  run_index_.reserve(outbox_datagrams);
  touched_streams_.reserve(media::sinks_max);
}

MediaPath::~MediaPath() {
  ::close(readiness_);
}

void MediaPath::set_webrtc_ports(std::vector<UdpPort> ports) {
  for (auto& port : ports) {
    watch(port, shared_tag | webrtc_doors_.size());
    webrtc_doors_.push_back(Door{std::move(port)});
  }
}

media::LegId MediaPath::add_leg(media::LegConfig config, std::optional<LegPorts> ports) {
  const auto leg = relay_.add_leg(std::move(config));
  if (legs_.size() <= media::index(leg)) legs_.resize(media::index(leg) + 1);
  auto& doors = legs_[media::index(leg)].emplace();
  const auto* const webrtc = relay_.leg(leg).webrtc();
  if (webrtc && !ports) directory_.listen(leg, webrtc->local_ufrag());
  if (!ports) return leg;
  doors.rtp.emplace(Door{std::move(ports->rtp)});
  watch(doors.rtp->way, tag_of(leg, media::Component::rtp));
  if (ports->rtcp) {
    doors.rtcp.emplace(Door{std::move(*ports->rtcp)});
    watch(doors.rtcp->way, tag_of(leg, media::Component::rtcp));
  }
  return leg;
}

void MediaPath::reconfigure_leg(media::LegId leg, media::LegConfig config) {
  relay_.reconfigure_leg(leg, std::move(config));
  const auto* const webrtc = relay_.leg(leg).webrtc();
  const bool shares = !legs_[media::index(leg)]->rtp.has_value();
  if (webrtc && shares) directory_.listen(leg, webrtc->local_ufrag());
}

// Level-triggered and registered once: no system call re-arms a socket.
void MediaPath::watch(const UdpPort& port, std::uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (::epoll_ctl(readiness_, EPOLL_CTL_ADD, port.descriptor(), &event) != 0) {
    throw std::system_error(errno, std::system_category(), "epoll_ctl");
  }
}

void MediaPath::remove_leg(media::TimePoint now, media::LegId leg) {
  relay_.say_goodbye(now, leg, outbox_);
  flush(now);
  relay_.remove_leg(leg);
  directory_.remove(leg);
  legs_[media::index(leg)].reset();  // closing a socket takes it out of the readiness set
}

void MediaPath::remove_source(media::TimePoint now, media::SourceId source) {
  for (const auto leg : relay_.legs_of(source))
    relay_.say_goodbye(now, leg, outbox_);
  flush(now);
  for (const auto leg : relay_.legs_of(source)) {
    legs_[media::index(leg)].reset();
    directory_.remove(leg);
  }
  relay_.remove_source(source);
  for (auto& sink : sinks_) {
    if (auto* door = std::get_if<StreamDoor>(&sink)) door->way->cease(now, source);
  }
  if (media::index(source) < tracks_.size()) tracks_[media::index(source)] = {};
}

void MediaPath::set_rtp_sink(media::SinkId sink, UdpPort rtp, UdpPort rtcp) {
  sinks_[media::index(sink)].emplace<RtpSinkDoors>(
      RtpSinkDoors{{std::move(rtp)}, {std::move(rtcp)}});
}

void MediaPath::set_stream_sink(media::SinkId sink, const media::Endpoint& to,
                                std::function<void(bool open)> on_change) {
  RtpStream::Options options{to, readiness_, stream_tag | media::index(sink), std::move(on_change)};
  sinks_[media::index(sink)].emplace<StreamDoor>(
      StreamDoor{std::make_unique<RtpStream>(std::move(options))});
}

std::optional<StreamCounts> MediaPath::stream_counts(media::SinkId sink) const {
  const auto* door = std::get_if<StreamDoor>(&sinks_[media::index(sink)]);
  return door == nullptr ? std::nullopt : std::optional{door->way->counts()};
}

void MediaPath::set_track_sink(media::SinkId sink, TrackSink& tracks) {
  sinks_[media::index(sink)].emplace<TrackDoor>(TrackDoor{&tracks});
}

void MediaPath::set_track(media::SourceId source, media::SinkId sink, TrackId track) {
  if (tracks_.size() <= media::index(source)) tracks_.resize(media::index(source) + 1);
  tracks_[media::index(source)][media::index(sink)] = track;
}

std::vector<media::CutMark> MediaPath::set_permit(media::TimePoint now, media::SourceId source,
                                                  media::SinkId sink, media::Permit permit) {
  auto cut = relay_.set_permit(now, source, sink, permit);
  StreamDoor* door = stream_of(sink);
  if (door == nullptr) return cut;
  if (relay_.admits(now, source, sink)) {
    door->way->expect(source);
  } else {
    door->way->cease(now, source);
  }
  return cut;
}

std::optional<media::TimePoint> MediaPath::next_timeout() const {
  auto next = relay_.next_timeout();
  for (const auto& sink : sinks_) {
    const auto* door = std::get_if<StreamDoor>(&sink);
    const auto due = door != nullptr ? door->way->next_timeout() : std::nullopt;
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

void MediaPath::handle_timeout(media::TimePoint now) {
  relay_.handle_timeout(now, outbox_);
  flush(now);
  for (auto& sink : sinks_) {
    if (auto* door = std::get_if<StreamDoor>(&sink)) door->way->handle_timeout(now);
  }
}

std::size_t MediaPath::drain(media::TimePoint now) {
  std::array<epoll_event, ready_ports_max> ready;
  const int count = ::epoll_wait(readiness_, ready.data(), ready_ports_max, 0);
  std::size_t datagrams = 0;
  for (int i = 0; i < count; ++i) {
    const auto tag = ready[static_cast<std::size_t>(i)].data.u64;
    if ((tag & stream_tag) != 0) {
      handle_stream(now, tag & ~stream_tag);
    } else if ((tag & shared_tag) != 0) {
      datagrams += drain_shared(now, tag & ~shared_tag);
    } else {
      datagrams += drain_port(now, tag);
    }
  }
  flush(now);
  return datagrams;
}

void MediaPath::handle_stream(media::TimePoint now, std::size_t sink) {
  const media::SinkId id{static_cast<std::uint8_t>(sink)};
  stream_of(id)->way->handle_ready(
      now, [&](media::SourceId source) { return relay_.admits(now, source, id); });
}

std::size_t MediaPath::drain_port(media::TimePoint now, std::uint64_t tag) {
  const media::LegId leg{static_cast<std::uint32_t>(tag >> 1)};
  const auto component = static_cast<media::Component>(tag & 1);
  const auto& doors = legs_[media::index(leg)];
  const UdpPort& port = component == media::Component::rtp ? doors->rtp->way : doors->rtcp->way;
  std::size_t datagrams = 0;
  const auto messages = receive_.receive(port);
  for (std::size_t i = 0; i < messages; ++i) {
    receive_.for_each_datagram(i, [&](const media::Endpoint& from, std::span<std::byte> datagram) {
      if (!outbox_.has_room_for(media::Relay::datagrams_per_input_max)) flush(now);
      relay_.handle_datagram(now, leg, component, from, datagram, outbox_);
      ++datagrams;
    });
  }
  return datagrams;
}

std::size_t MediaPath::drain_shared(media::TimePoint now, std::size_t position) {
  const UdpPort& port = webrtc_doors_[position].way;
  std::size_t datagrams = 0;
  std::size_t messages = 0;
  do {
    messages = receive_.receive(port);
    for (std::size_t i = 0; i < messages; ++i) {
      receive_.for_each_datagram(i,
                                 [&](const media::Endpoint& from, std::span<std::byte> datagram) {
                                   if (!outbox_.has_room_for(media::Relay::datagrams_per_input_max))
                                     flush(now);
                                   take_shared(now, from, datagram);
                                   ++datagrams;
                                 });
    }
  } while (messages == ReceiveBatch::messages && datagrams < shared_datagrams_max);
  return datagrams;
}

// Whose it is a check says by its name, and everything else by where it came from.
void MediaPath::take_shared(media::TimePoint now, const media::Endpoint& from,
                            std::span<std::byte> datagram) {
  const bool is_check = media::classify_datagram(datagram) == media::DatagramClass::stun;
  std::optional<media::LegId> leg;
  if (!is_check) {
    leg = directory_.at(from);
  } else if (const auto check = media::parse_stun(datagram)) {
    leg = directory_.named(check->asked());
  }
  if (!leg) return;
  relay_.handle_datagram(now, *leg, media::Component::rtp, from, datagram, outbox_);
  if (!is_check || !relay_.leg(*leg).webrtc()->is_valid(from)) return;
  directory_.learn(
      *leg, from, [&](media::LegId other) { return relay_.leg(other).webrtc()->holds(now, from); });
}

MediaPath::Door* MediaPath::shared_door(const media::Endpoint& to) {
  for (auto& door : webrtc_doors_) {
    if (door.way.local().is_v4() == to.is_v4()) return &door;
  }
  return nullptr;
}

MediaPath::Door* MediaPath::door_of(const media::Outgoing& outgoing) {
  const auto& lane = outgoing.lane;
  switch (lane.kind) {
    case media::Lane::Kind::leg_rtp: {
      auto& own = legs_[lane.index]->rtp;
      return own ? &*own : shared_door(outgoing.to);
    }
    case media::Lane::Kind::leg_rtcp: {
      auto& doors = *legs_[lane.index];
      return doors.rtcp ? &*doors.rtcp : doors.rtp ? &*doors.rtp : shared_door(outgoing.to);
    }
    case media::Lane::Kind::sink_rtp:
    case media::Lane::Kind::sink_rtcp:
      break;
  }
  auto* sink = std::get_if<RtpSinkDoors>(&sinks_[lane.index]);
  if (sink == nullptr) return nullptr;
  return lane.kind == media::Lane::Kind::sink_rtp ? &sink->rtp : &sink->rtcp;
}

void MediaPath::flush(media::TimePoint now) {
  const auto outgoing = outbox_.outgoing();
  for (std::uint32_t i = 0; i < outgoing.size(); ++i) {
    if (Door* door = door_of(outgoing[i])) {
      link(*door, i, touched_);
    } else if (!leads_to_sink(outgoing[i].lane)) {
      relay_.give_back(outgoing[i], outbox_.bytes(outgoing[i]));  // no port of that address family
    } else if (auto* stream = std::get_if<StreamDoor>(&sinks_[outgoing[i].lane.index])) {
      link(*stream, i, touched_streams_);
    } else {
      hand_over(now, outgoing[i]);
    }
  }
  for (Door* door : touched_)
    send_chain(*door);
  for (StreamDoor* door : touched_streams_)
    send_chain(now, *door);
  touched_.clear();
  touched_streams_.clear();
  outbox_.clear();
}

template <class SomeDoor>
void MediaPath::link(SomeDoor& door, std::uint32_t outgoing, std::vector<SomeDoor*>& touched) {
  next_[outgoing] = none;
  if (door.first == none) {
    door.first = outgoing;
    touched.push_back(&door);
  } else {
    next_[door.last] = outgoing;
  }
  door.last = outgoing;
}

void MediaPath::send_chain(Door& door) {
  const auto outgoing = outbox_.outgoing();
  run_.clear();
  run_index_.clear();
  for (auto i = door.first; i != none; i = next_[i]) {
    run_.push_back({outbox_.bytes(outgoing[i]), outgoing[i].to});
    run_index_.push_back(i);
  }
  door.first = none;
  send_.send(door.way, run_, [&](std::size_t failed) {
    const auto& lost = outgoing[run_index_[failed]];
    relay_.give_back(lost, outbox_.bytes(lost));
  });
}

void MediaPath::send_chain(media::TimePoint now, StreamDoor& door) {
  const auto outgoing = outbox_.outgoing();
  framed_run_.clear();
  run_index_.clear();
  for (auto i = door.first; i != none; i = next_[i]) {
    framed_run_.push_back({outbox_.bytes(outgoing[i]), outgoing[i].source});
    run_index_.push_back(i);
  }
  door.first = none;
  door.way->send(now, framed_run_, [&](std::size_t failed) {
    const auto& lost = outgoing[run_index_[failed]];
    relay_.give_back(lost, outbox_.bytes(lost));
  });
}

void MediaPath::hand_over(media::TimePoint now, const media::Outgoing& outgoing) {
  if (outgoing.lane.kind != media::Lane::Kind::sink_rtp) return;
  const auto bytes = outbox_.bytes(outgoing);
  const auto packet = media::parse_rtp(bytes);
  const auto* door = std::get_if<TrackDoor>(&sinks_[outgoing.lane.index]);
  const auto source = media::index(outgoing.source);
  // A packet from before its stream's first one, across a wrap, has no place in a track.
  bool taken =
      packet && door != nullptr && source < tracks_.size() && outgoing.extended_sequence >= 0;
  if (taken) {
    RecordedPacket recorded;
    recorded.track = tracks_[source][outgoing.lane.index];
    recorded.ssrc = static_cast<std::uint32_t>(packet->ssrc());
    recorded.extended_sequence = static_cast<std::uint64_t>(outgoing.extended_sequence);
    recorded.rtp_timestamp = packet->timestamp();
    recorded.marker = packet->marker();
    recorded.captured = now;
    recorded.payload = packet->payload();
    const media::LegId leg{outgoing.came_from};
    recorded.codec = relay_.leg(leg).config().payload_types[packet->payload_type()];
    taken = door->sink->offer(worker_, recorded);
  }
  if (!taken) relay_.give_back(outgoing, bytes);
}

}  // namespace assent::gateway
