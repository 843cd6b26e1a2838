#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "media/bundle.hpp"
#include "media/codec.hpp"
#include "media/data_gate.hpp"
#include "media/drop_reason.hpp"
#include "media/endpoint.hpp"
#include "media/permit_table.hpp"
#include "media/question.hpp"
#include "media/rtp.hpp"
#include "media/srtp.hpp"
#include "media/time.hpp"
#include "media/webrtc_transport.hpp"

namespace assent::media {

enum class LegId : std::uint32_t {};  // dense, local to one relay

[[nodiscard]] constexpr std::size_t index(LegId id) {
  return static_cast<std::size_t>(id);
}

// Heard at the same time. Those that fall silent for long make room for others.
inline constexpr std::size_t streams_per_leg_max = 64;
// A sender that says nothing for two of the shortest RTCP intervals is no sender any more
// (RFC 3550 §6.2, §6.3.5).
inline constexpr std::chrono::seconds stream_idle_min{10};
// What a leg remembers of the streams that made room. Under SRTP no more than one key's: a replay
// window is never forgotten, and never begun again (RFC 3711 §3.3.2).
inline constexpr std::size_t retired_streams_max = srtp_streams_per_key_max;

enum class Component : std::uint8_t { rtp, rtcp };  // with rtcp-mux both arrive on rtp

// What offer/answer settled for one leg.
struct LegConfig {
  SourceId source{};
  Side side = Side::client;
  std::optional<SrtpKey> receive_key;  // both or neither: a secure leg never speaks clear RTP
  std::optional<SrtpKey> send_key;
  Endpoint remote_rtp;   // where the peer listens; not set: it only sends
  Endpoint remote_rtcp;  // the same as remote_rtp with rtcp-mux
  bool rtcp_mux = false;
  bool peer_listens = true;  // false on hold or for a peer that only sends: RTCP alone goes to it
  Bundle bundle;             // where the transport carries several m-sections
  std::uint32_t sections_on_hold = 0;  // set of SectionId that the peer does not listen to
  bool latching = false;               // plain RTP only: learn the address from the first packet
  std::optional<SectionId> data;       // the m-section of data channels: messages in DTLS
  // ICE and DTLS find the address and the keys, which are not given here then; rtcp_mux is on.
  std::optional<WebRtcConfig> webrtc;
  PayloadTypes payload_types{};  // of what the peer sends
  PayloadTypes takes{};          // what the peer may be sent by the gateway itself
  std::vector<Ssrc> signalled_ssrcs;
  ExtensionIds extension_ids{};  // in what the peer sends; those of a BUNDLE share them
};

// Media of one stream that went to one sink without a break in the decision it stood on.
struct DeliveredInterval {
  SinkId sink{};
  Ssrc ssrc{};
  std::uint64_t epoch = 0;
  std::int64_t first_sequence = 0;  // extended
  std::int64_t last_sequence = 0;   // extended, the highest
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // of clear RTP: bare to a sink, whole to the server
  TimePoint first_time;
  TimePoint last_time;
};

// Where one stream stood when its permit closed: nothing after it went to the sink in this epoch.
struct CutMark {
  SinkId sink{};
  Ssrc ssrc{};
  std::uint64_t epoch = 0;
  std::int64_t last_sequence = 0;  // extended
};

// One stream's standing with one sink.
struct Delivery {
  SinkId sink{};
  bool collides = false;  // quarantined: the sink hears this SSRC from another participant
  bool is_first = false;  // the next packet is the first after the grant
  std::int64_t not_before = INT64_MIN;  // extended: what precedes it was captured before the grant
  DeliveredInterval interval;           // packets == 0: nothing since it was last settled
  std::optional<CutMark> last;          // the latest packet that went to the sink in this epoch
};

// One SSRC that arrives on a leg.
struct IngressStream {
  explicit IngressStream(Ssrc id) : ssrc{id} {}

  Ssrc ssrc;
  SectionId section = 0;
  bool is_video = false;  // itself, by its first packet: no repair of one
  TimePoint last_heard{};
  ExtendedSequence sequence;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::vector<Delivery> deliveries;  // one a sink that ever heard this stream
  KeyPresses key_presses;

  [[nodiscard]] Delivery* delivery_to(SinkId sink);
  // Whether a cut would have to name it.
  [[nodiscard]] bool has_standing() const;
};

// rtp_packets = forwarded_packets + the sum of unforwarded + withheld_from_server, always.
struct LegCounters {
  std::uint64_t rtp_packets = 0;  // taken in: authentic, sound, its SSRC this leg's
  std::uint64_t rtp_bytes = 0;    // as they came, without transport headers
  std::uint64_t rtcp_packets = 0;
  std::array<std::uint64_t, drop_reasons> drops{};  // not taken in
  std::uint64_t forwarded_packets = 0;              // RTP handed to the peer leg
  std::uint64_t forwarded_bytes = 0;
  std::array<std::uint64_t, drop_reasons> unforwarded{};  // taken in, and lost to the call
  std::uint64_t withheld_from_server = 0;  // the server performs a purpose that is not permitted
  // Of data channels, where they were agreed: SCTP packets that were taken in, handed to the peer
  // leg as they were, and kept from the server in part or whole. The rest is among `drops`.
  std::uint64_t data_packets = 0;
  std::uint64_t data_forwarded = 0;
  std::uint64_t data_withheld = 0;
};

// What became of a leg's packets on one route to a sink.
// offered = delivered packets of the intervals + the sum of withheld, always;
// data_offered = data_delivered + the sum of data_withheld, too.
struct RouteCounters {
  std::uint64_t offered = 0;
  std::array<std::uint64_t, withheld_reasons> withheld{};
  // The same of SCTP packets with data of data channels, beside the RTP above, where the server
  // performs a purpose that covers them. A sink is offered none.
  std::uint64_t data_offered = 0;
  std::uint64_t data_delivered = 0;
  std::array<std::uint64_t, withheld_reasons> data_withheld{};
};

// Where the media of one of a leg's m-sections goes.
struct LegLink {
  LegId leg{};
  SectionId section = 0;  // of that leg

  bool operator==(const LegLink&) const = default;
};

// One transport between the gateway and one peer: opens what arrives, seals what leaves.
class Leg {
 public:
  explicit Leg(LegConfig config);

  // Takes a renegotiated configuration. Contexts whose key stays keep their roll-over counters.
  void reconfigure(LegConfig config);

  [[nodiscard]] const LegConfig& config() const { return config_; }
  // The peer takes RTP.
  [[nodiscard]] bool hears() const { return config_.remote_rtp.is_set() && config_.peer_listens; }
  [[nodiscard]] bool hears(SectionId section) const {
    return hears() && (config_.sections_on_hold >> section & 1U) == 0;
  }
  // Also before it has keys: then nothing is taken in.
  [[nodiscard]] bool is_secure() const { return inbound_.has_value() || webrtc_ != nullptr; }
  // Until then the peer may be sent to: the consent of RFC 7675; without ICE it has no end.
  [[nodiscard]] TimePoint sends_until() const { return sends_until_; }

  // Null: it is no leg of ICE and DTLS.
  [[nodiscard]] WebRtcTransport* webrtc() { return webrtc_.get(); }
  [[nodiscard]] const WebRtcTransport* webrtc() const { return webrtc_.get(); }
  // Takes over the address and the keys that the transport has found, or lost. True: a peer that
  // was sent to is sent to elsewhere from now on.
  bool follow_transport();

  // Parse, authenticate, replay check. On success the bytes are clear RTP or RTCP.
  [[nodiscard]] Parsed<std::span<std::byte>> open_rtp(std::span<std::byte> datagram);
  // The same for an SSRC that is not among the streams; also foreign_ssrc: one too many of a key.
  [[nodiscard]] Parsed<std::span<std::byte>> open_first_rtp(std::span<std::byte> datagram,
                                                            Ssrc claimed);
  [[nodiscard]] Parsed<std::span<std::byte>> open_rtcp(std::span<std::byte> datagram);

  // Seals `size` bytes at the front of `room` in place and gives the size on the wire.
  [[nodiscard]] Parsed<std::size_t> seal_rtp(std::span<std::byte> room, std::size_t size);
  [[nodiscard]] Parsed<std::size_t> seal_rtcp(std::span<std::byte> room, std::size_t size);
  // What sealing adds to an RTP packet.
  [[nodiscard]] std::size_t rtp_trailer_bytes() const {
    return config_.send_key ? sizes_of(config_.send_key->suite()).rtp_trailer_bytes : 0;
  }

  // Plain RTP: the address must be the peer's. A secure leg is judged by its key instead, with ICE
  // also by the addresses that its checks came from.
  [[nodiscard]] bool expects(const Endpoint& from, Component component) const;

  // An authenticated packet came from here (or, when latching, the first one did).
  // True when that changed where the leg sends.
  bool learn_remote(const Endpoint& from, Component component);

  // One that is heard at present.
  [[nodiscard]] IngressStream* stream(Ssrc ssrc);
  [[nodiscard]] std::span<const IngressStream> streams() const { return streams_; }
  // Also those that made room for others: they go on where they stood when they are heard again.
  template <class Visit>
  void for_each_stream(Visit&& visit) {
    for (auto& stream : streams_)
      visit(stream);
    for (auto& [ssrc, stream] : retired_)
      visit(stream);
  }
  [[nodiscard]] bool carries(Ssrc ssrc) const;

  struct Admission {
    IngressStream* stream = nullptr;  // null: no room
    std::optional<Ssrc> forgotten;    // for it, for good
  };
  // For the first authentic packet of an SSRC that is not among the streams. Where there is no
  // room, the stream retires that has been silent the longest, if it was for stream_idle_min.
  // Forgotten are only retired ones that no key protects and no cut would have to name.
  [[nodiscard]] Admission admit_stream(TimePoint now, Ssrc ssrc);

  [[nodiscard]] RouteCounters& route(SinkId sink) { return routes_[index(sink)]; }
  // Ends the interval at hand, if it holds anything.
  void close_interval(Delivery& delivery);
  [[nodiscard]] std::vector<DeliveredInterval>& settled() { return settled_; }

  // The first moves of the peer are told; a peer that hops about does not flood the control side.
  static constexpr unsigned moves_told_max = 8;
  unsigned moves = 0;

  LegCounters counters;
  std::optional<Ssrc> reported_conflict;  // said once, so that a flood of them says nothing
  LegId id{};
  std::vector<std::optional<LegLink>> links;  // by SectionId

  [[nodiscard]] const LegLink* link(SectionId section) const {
    return section < links.size() && links[section] ? &*links[section] : nullptr;
  }

  // Client legs: what is asked of the participant, and said to it by the gateway itself. While
  // something is said, nothing of what it is said in place of is forwarded here.
  std::optional<Asking> asking;
  std::optional<PromptPlayback> playback;
  SectionId playback_section = 0;
  std::optional<Voice> voice;  // nothing was said yet: none
  DataGate data_gate;

 private:
  template <auto Unprotect>
  Parsed<std::span<std::byte>> open_perhaps_first(std::span<std::byte> datagram, Ssrc claimed);
  [[nodiscard]] Parsed<std::span<std::byte>> unkeyed(std::span<std::byte> datagram) const;
  bool retire_one(TimePoint now, Admission& admission);
  void follow_keys();
  // Has the transport that `config` asks for, and fills in what it has found so far.
  void adopt_transport(LegConfig& config);

  LegConfig config_;
  std::unique_ptr<WebRtcTransport> webrtc_;
  TimePoint sends_until_ = TimePoint::max();
  std::optional<SrtpInbound> inbound_;
  std::optional<SrtpOutbound> outbound_;
  std::size_t keyed_ssrcs_ = 0;  // that authenticated under the key at hand
  std::vector<IngressStream> streams_;
  std::size_t last_stream_ = 0;
  std::unordered_map<Ssrc, IngressStream> retired_;
  std::vector<RouteCounters> routes_;  // client legs: one a SinkId
  std::vector<DeliveredInterval> settled_;
  Endpoint signalled_rtp_;  // as offer/answer said it, before anything was learned
  bool learned_ = false;    // the remote address is another than the signalled one
};

}  // namespace assent::media
