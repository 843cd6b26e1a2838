#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "media/leg.hpp"
#include "media/leg_timers.hpp"
#include "media/outbox.hpp"
#include "media/permit_table.hpp"
#include "media/rtcp.hpp"
#include "media/silence.hpp"

namespace assent::media {

enum class RoomKey : std::uint32_t {};  // participants of one room; an SSRC has one owner in it

using Codecs = std::uint32_t;  // set of Codec, one bit each
[[nodiscard]] constexpr Codecs codec_bit(Codec codec) {
  return Codecs{1} << static_cast<unsigned>(codec);
}
inline constexpr Codecs codecs_forkable =
    codec_bit(Codec::opus) | codec_bit(Codec::pcmu) | codec_bit(Codec::pcma) |
    codec_bit(Codec::g722) | codec_bit(Codec::other_audio) | codec_bit(Codec::other_video);

struct SinkConfig {
  Codecs accepts = codecs_forkable;
  bool is_rtp = false;     // tells streams apart by SSRC, takes sender reports
  bool is_server = false;  // the conference server performs this purpose: a gate on the uplink
  // And what participants write on data channels is part of it (a recording with its whiteboard).
  // False: of audio and video alone. To a sink data channels never go.
  bool covers_data = true;
  HeaderExtensions extensions = 0;  // that its copies keep; of CSRCs none ever does
};

// What happened on one leg since it was last asked for.
struct LegRecord {
  LegId leg{};
  Side side = Side::client;
  LegCounters counters;
  std::vector<std::pair<SinkId, RouteCounters>> routes;  // open ones, and closed ones that counted
  std::vector<DeliveredInterval> delivered;
  std::vector<Ssrc> ssrcs;
};
using SourceRecord = std::vector<LegRecord>;  // every leg of a participant

struct StreamBound {  // the first authenticated packet of an SSRC
  RoomKey room{};
  SourceId source{};
  Ssrc ssrc{};
};
struct RemoteLearned {  // a leg sends elsewhere from now on
  RoomKey room{};
  SourceId source{};
};
struct SsrcConflict {  // a packet carried an SSRC that another participant owns
  RoomKey room{};
  SourceId source{};
  Ssrc ssrc{};
};
struct KeyPressed {  // the answer to a question, which is over by it
  RoomKey room{};
  SourceId source{};
  QuestionId question{};
  Key key{};
  Ssrc ssrc{};
  std::int64_t sequence = 0;    // extended, of the first packet that was heard of it
  std::uint32_t timestamp = 0;  // RTP, of its beginning
  TimePoint at;
  std::chrono::milliseconds prompt_length{};
  std::chrono::milliseconds prompt_said{};  // until then
  bool authenticated = false;               // by SRTP; else only by the address that it came from
};
using RelayEvent = std::variant<StreamBound, RemoteLearned, SsrcConflict, KeyPressed>;

// The relay core of one worker: legs, streams, permits. Sans-I/O; owns no time and no bytes.
// Control calls come between batches, never inside one.
class Relay {
 public:
  // Ids are dense and are used again after removal.
  SourceId add_source(RoomKey room);
  void remove_source(SourceId source);  // and its legs
  LegId add_leg(LegConfig config);
  void reconfigure_leg(LegId leg, LegConfig config);
  void remove_leg(LegId leg);
  // Before remove_leg, if its end is in good order: has a leg of DTLS say so to its peer.
  void say_goodbye(TimePoint now, LegId leg, Outbox& out);
  // One more address under which the peer of a leg of ICE may be reached.
  void add_candidate(LegId leg, const IceCandidate& candidate);
  // The media of these two m-sections goes from either leg to the other from now on.
  void connect(LegLink client, LegLink server);
  void connect(LegId client, LegId server) { connect({client, 0}, {server, 0}); }
  // Of all of its m-sections.
  void disconnect(LegId leg);

  void set_sink(SinkId sink, SinkConfig config);
  // A purpose starts or stops for this participant: from here on every packet is counted as
  // delivered to the sink or withheld from it. A route starts denied.
  void open_route(SourceId source, SinkId sink);
  // What the server gets in the place of packets that are withheld on this purpose's account; where
  // they are withheld on several, each must say silence. `drop` until this is called.
  void set_withheld_audio(SourceId source, SinkId server_purpose, WithheldAudio what);
  void close_route(TimePoint now, SourceId source, SinkId sink);

  // Takes effect with the next packet. Returns where each stream was cut if this closes the permit.
  std::vector<CutMark> set_permit(TimePoint now, SourceId source, SinkId sink, Permit permit);
  [[nodiscard]] bool admits(TimePoint now, SourceId source, SinkId sink) const {
    return permits_.admits(now, source, sink);
  }

  // Says the question to the participant in place of the call, and takes the first answer: a key
  // reported by RFC 4733 in a stream of its own. One that was open is over. False: no leg of the
  // participant hears it.
  bool ask(TimePoint now, SourceId source, const Question& question);
  void stop_asking(SourceId source);
  // When handle_timeout has something to send, long ago: at once; nullopt: nothing waits.
  [[nodiscard]] std::optional<TimePoint> next_timeout() const;
  // Sends what is due, as far as the outbox has room; of speech, what has none stays due.
  void handle_timeout(TimePoint now, Outbox& out);

  // Gives what was counted since the last call, and starts anew. Before remove_leg, or it is lost.
  [[nodiscard]] SourceRecord settle(SourceId source);

  // One datagram that arrived on a leg. The bytes are changed in place. Needs room in the outbox
  // for datagrams_per_input_max.
  void handle_datagram(TimePoint now, LegId leg, Component component, const Endpoint& from,
                       std::span<std::byte> datagram, Outbox& out);
  static constexpr std::size_t datagrams_per_input_max = 1 + sinks_max;
  // A check or two, and a flight of DTLS; what is beyond it is lost, and sent again.
  static constexpr std::size_t datagrams_per_timeout_max = 8;

  // The shell could not send this one.
  void give_back(const Outgoing& outgoing, std::span<const std::byte> bytes);

  [[nodiscard]] const Leg& leg(LegId leg) const { return *legs_[index(leg)]; }
  [[nodiscard]] std::array<std::size_t, 2> leg_count() const;  // by Side
  [[nodiscard]] const std::vector<LegId>& legs_of(SourceId source) const {
    return sources_[index(source)].legs;
  }
  [[nodiscard]] std::vector<RelayEvent>& events() { return events_; }

 private:
  struct Source {
    bool in_use = false;
    RoomKey room{};
    std::string cname;         // what sinks see: one pseudonym for all of the participant's streams
    std::uint32_t routes = 0;  // set of SinkId that get copies
    std::uint32_t server_gates = 0;  // set of SinkId that stand for the server's own purposes
    std::uint32_t silenced = 0;      // of these, which are answered with silence
    std::array<TimePoint, sinks_max> opened{};  // when the sink's permit last did
    std::vector<LegId> legs;
    std::vector<CutMark> parted;  // of what went to sinks from legs that are gone, in open epochs
  };

  // Of these, the reason why the datagram was not taken in.
  std::optional<DropReason> relay_rtp(TimePoint now, Leg& leg, const Endpoint& from,
                                      std::span<std::byte> datagram, Outbox& out);
  std::optional<DropReason> relay_rtcp(TimePoint now, Leg& leg, Component component,
                                       const Endpoint& from, std::span<std::byte> datagram,
                                       Outbox& out);
  std::optional<DropReason> serve_transport(TimePoint now, Leg& leg, const Endpoint& from,
                                            std::span<const std::byte> datagram, Outbox& out);
  // After the transport of a leg has done something.
  void follow_transport(Leg& leg, Outbox& out);
  // Of data channels: what a leg's peer has said in DTLS, to the peer of the other leg.
  void relay_messages(TimePoint now, Leg& from, Outbox& out);
  std::optional<DropReason> relay_message(TimePoint now, Leg& from,
                                          std::span<const std::byte> message, Outbox& out);
  std::optional<DropReason> pass_gates(TimePoint now, Leg& from, Leg& to, const SctpView& packet,
                                       Outbox& out);
  std::optional<DropReason> send_message(TimePoint now, Leg& to, std::span<const std::byte> message,
                                         Outbox& out);
  // What each purpose of the server's that covers data answers to a packet with data.
  using DataAnswers = std::array<std::optional<Withheld>, sinks_max>;
  [[nodiscard]] std::uint32_t data_gates(SourceId source) const;
  void count_data(Leg& leg, const DataAnswers& answers, Withheld otherwise, bool delivered);
  void set_timer(const Leg& leg) {
    timers_.set(leg.id, leg.webrtc() ? leg.webrtc()->next_timeout() : std::nullopt);
  }
  // And why one that was taken in did not reach the peer leg's door.
  std::optional<DropReason> forward(TimePoint now, Leg& from, const LegLink* link,
                                    std::span<const std::byte> packet, Lane::Kind kind,
                                    Outbox& out);
  std::optional<DropReason> forward_reports(TimePoint now, Leg& from,
                                            std::span<const std::byte> packet, Outbox& out);
  // Where the packet would have gone, at its pace.
  void send_silence(TimePoint now, Leg& from, const LegLink* link, const RtpView& packet,
                    Outbox& out);
  // The leg at the other end, if that has somewhere to send to.
  Parsed<Leg*> reachable_peer(TimePoint now, const LegLink* link, bool rtp);
  void fork(TimePoint now, Leg& leg, IngressStream& stream, const RtpView& packet,
            std::int64_t sequence, Outbox& out);
  void fork_reports(TimePoint now, const Leg& leg, const RtcpCompound& reports, Outbox& out);
  // Toward a server that performs purposes itself: what each of them answers to a packet, which
  // goes where all are content, and what is counted then.
  struct GateAnswers {
    bool content = true;
    bool silence = true;  // is what all that are not content ask for
    std::array<std::optional<Withheld>, sinks_max> why;
  };
  GateAnswers ask_gates(TimePoint now, Leg& leg, IngressStream& stream, const RtpView& packet,
                        std::int64_t sequence);
  void count_at_gates(TimePoint now, Leg& leg, IngressStream& stream, const RtpView& packet,
                      std::int64_t sequence, const GateAnswers& answers, bool forwarded);
  [[nodiscard]] Withheld denial(SourceId source, SinkId sink) const;
  // What the sink may see of the packet; gives its size.
  [[nodiscard]] std::size_t write_copy(const Leg& leg, SinkId sink, const RtpView& packet,
                                       std::span<std::byte> out) const;
  // What else than the permit keeps a packet from a sink.
  std::optional<Withheld> judge(SinkId sink, Delivery& delivery, Codec codec, const RtpView& packet,
                                std::int64_t sequence) const;
  [[nodiscard]] bool reaches_before_grant(TimePoint now, const Leg& leg, SinkId sink,
                                          const RtpView& packet) const;
  [[nodiscard]] bool is_sent_by_others(const Leg& leg, Ssrc ssrc) const;
  void want_pictures(const Leg& leg, const IngressStream& stream, SinkId sink);
  void ask_for_pictures(TimePoint now, Outbox& out);
  void forget_pictures(LegId leg);
  void stop_asking(Leg& leg);
  void speak(TimePoint now, Outbox& out);
  void fall_silent(Leg& leg);
  void say_due(TimePoint now, Leg& leg, Outbox& out);
  void hear_keys(TimePoint now, Leg& leg, IngressStream& stream, const RtpView& packet,
                 std::int64_t sequence);
  void give_back_to_call(const Outgoing& outgoing, std::span<const std::byte> bytes);
  // Null: the leg has no room for one more.
  IngressStream* bind_stream(TimePoint now, Leg& leg, const RtpView& packet);
  [[nodiscard]] bool is_foreign(const Leg& leg, Ssrc ssrc) const;
  void report_conflict(Leg& leg, Ssrc ssrc);
  void claim_ssrc(const Leg& leg, Ssrc ssrc);
  // Frees what no leg of the source signals or carries any more.
  void release_ssrc(SourceId source, Ssrc ssrc);
  Delivery& delivery(SourceId source, IngressStream& stream, SinkId sink);
  [[nodiscard]] bool collides(SourceId source, SinkId sink, Ssrc ssrc) const;

  [[nodiscard]] RoomKey room_of(const Leg& leg) const {
    return sources_[index(leg.config().source)].room;
  }
  [[nodiscard]] Source& source(SourceId id) { return sources_[index(id)]; }

  PermitTable permits_;
  std::uint64_t sources_ever_ = 0;
  std::vector<Source> sources_;
  std::vector<std::unique_ptr<Leg>> legs_;
  std::array<SinkConfig, sinks_max> sinks_{};
  std::unordered_map<std::uint64_t, SourceId> ssrc_owners_;  // by room and SSRC
  std::vector<RelayEvent> events_;
  std::vector<LegId> speaking_;  // with a playback
  struct PictureWanted {
    LegId leg{};
    Ssrc ssrc{};
  };
  std::vector<PictureWanted> pictures_wanted_;  // and not asked for yet
  LegTimers timers_;             // of transports: handshakes, checks, consent to send
  std::vector<LegId> due_legs_;  // of the timeout at hand
};

}  // namespace assent::media
