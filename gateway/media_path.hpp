#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "gateway/rtp_stream.hpp"
#include "gateway/udp_port.hpp"
#include "media/ice_directory.hpp"
#include "media/relay.hpp"

namespace assent::gateway {

class TrackSink;
enum class TrackId : std::uint32_t;

// The sockets of one leg. Without rtcp-mux RTCP has the port above (RFC 3550 §11).
struct LegPorts {
  UdpPort rtp;
  std::optional<UdpPort> rtcp;
};

// What one media worker owns: the sockets, the relay core, and the way between them. No threads,
// no Asio: the worker says when, and gives the time.
//
// The path of a packet: drain -> ReceiveBatch -> Relay::handle_datagram -> Outbox -> flush ->
// SendBatch. Everything a batch produced has left, or was given back, when drain returns.
class MediaPath {
 public:
  // `worker`: which of the rings of each TrackSink is this path's.
  explicit MediaPath(std::size_t worker);
  ~MediaPath();
  MediaPath(const MediaPath&) = delete;
  MediaPath& operator=(const MediaPath&) = delete;

  [[nodiscard]] media::Relay& relay() { return relay_; }

  // Between batches. A leg without ports is one of ICE and DTLS, on the ports that clients share.
  void set_webrtc_ports(std::vector<UdpPort> ports);  // one of each family at most, once
  media::LegId add_leg(media::LegConfig config, std::optional<LegPorts> ports);
  void reconfigure_leg(media::LegId leg, media::LegConfig config);
  // These say goodbye to peers that speak DTLS.
  void remove_leg(media::TimePoint now, media::LegId leg);
  void remove_source(media::TimePoint now, media::SourceId source);
  void set_rtp_sink(media::SinkId sink, UdpPort rtp, UdpPort rtcp);
  // A connection that takes both, framed: it is made, and made again, by itself.
  void set_stream_sink(media::SinkId sink, const media::Endpoint& to,
                       std::function<void(bool open)> on_change);
  [[nodiscard]] std::optional<StreamCounts> stream_counts(media::SinkId sink) const;
  // It outlives this path.
  void set_track_sink(media::SinkId sink, TrackSink& tracks);
  // Which of its tracks this participant's forks to `sink` belong to from now on.
  void set_track(media::SourceId source, media::SinkId sink, TrackId track);

  // As Relay::set_permit; and when it closes one, nothing of the participant is left on its way.
  std::vector<media::CutMark> set_permit(media::TimePoint now, media::SourceId source,
                                         media::SinkId sink, media::Permit permit);

  // Readable when a datagram waits on any leg's socket, or a sink's connection changes.
  [[nodiscard]] int readiness() const { return readiness_; }

  // When handle_timeout() has something to do; nullopt: nothing.
  [[nodiscard]] std::optional<media::TimePoint> next_timeout() const;
  // Sends what the gateway itself has to say by now, and connects to sinks.
  void handle_timeout(media::TimePoint now);

  // Relays what waits, up to one batch; gives the number of datagrams.
  std::size_t drain(media::TimePoint now);

 private:
  static constexpr std::size_t ready_ports_max = 64;
  static constexpr std::size_t outbox_datagrams = 2048;

  // A way out and what the batch at hand wants to send by it: a chain through `next_`.
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  template <class Way>
  struct DoorOf {
    Way way;
    std::uint32_t first = none;
    std::uint32_t last = none;
  };
  using Door = DoorOf<UdpPort>;
  using StreamDoor = DoorOf<std::unique_ptr<RtpStream>>;
  struct LegDoors {
    std::optional<Door> rtp;  // nothing: the shared ones
    std::optional<Door> rtcp;
  };
  struct RtpSinkDoors {
    Door rtp;
    Door rtcp;
  };
  struct TrackDoor {
    TrackSink* sink;
  };
  using SinkDoor = std::variant<std::monostate, RtpSinkDoors, StreamDoor, TrackDoor>;

  void watch(const UdpPort& port, std::uint64_t tag);
  std::size_t drain_port(media::TimePoint now, std::uint64_t tag);
  void handle_stream(media::TimePoint now, std::size_t sink);
  std::size_t drain_shared(media::TimePoint now, std::size_t position);
  void take_shared(media::TimePoint now, const media::Endpoint& from,
                   std::span<std::byte> datagram);
  void flush(media::TimePoint now);
  template <class SomeDoor>
  void link(SomeDoor& door, std::uint32_t outgoing, std::vector<SomeDoor*>& touched);
  void send_chain(Door& door);
  void send_chain(media::TimePoint now, StreamDoor& door);
  void hand_over(media::TimePoint now, const media::Outgoing& outgoing);
  [[nodiscard]] Door* door_of(const media::Outgoing& outgoing);
  [[nodiscard]] Door* shared_door(const media::Endpoint& to);
  [[nodiscard]] StreamDoor* stream_of(media::SinkId sink) {
    return std::get_if<StreamDoor>(&sinks_[media::index(sink)]);
  }

  media::Relay relay_;
  media::Outbox outbox_{outbox_datagrams};
  ReceiveBatch receive_;
  SendBatch send_;
  int readiness_ = -1;
  std::vector<std::optional<LegDoors>> legs_;
  std::vector<Door> webrtc_doors_;
  media::IceDirectory directory_;
  std::array<SinkDoor, media::sinks_max> sinks_;
  std::vector<std::array<TrackId, media::sinks_max>> tracks_;
  std::size_t worker_;

  std::vector<std::uint32_t> next_;
  std::vector<Door*> touched_;
  std::vector<StreamDoor*> touched_streams_;
  std::vector<Dispatch> run_;
  std::vector<FramedDispatch> framed_run_;
  std::vector<std::uint32_t> run_index_;
};

}  // namespace assent::gateway
